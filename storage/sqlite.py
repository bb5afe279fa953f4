"""The embedded database: one file, one writing thread, reads through aiosqlite. Its refusals are DatabaseErrors.

Reads are a statement or two and gain little from a thread of ours. A write is six statements and more in a row: one hop
for all of them costs a quarter of what aiosqlite's hop for each does (0.7 against 3.1 ms CPU).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, QueuePool

from storage.database import JSON_CODEC, Clock, Database, Result
from storage.errors import DatabaseDamaged, DatabaseError, DatabaseLocked, DatabaseUnwritable
from storage.migrate import upgrade

_READERS = 2
_JOB_ENGINE_POOL = 4


class SqliteDatabase(Database):
    """Writers queue for one thread, and begin IMMEDIATE: a deferred one that has read fails at once when busy."""

    dialect = "sqlite"

    def __init__(self, url: URL, *, clock: Clock, busy_timeout_seconds: float) -> None:
        super().__init__(clock)
        if not url.database or url.database == ":memory:":
            raise ValueError("SQLite needs a file: several connections share it")
        self._path = Path(url.database)
        self._busy_timeout_ms = int(busy_timeout_seconds * 1000)
        self._writing = self._engine(pool_size=1)
        event.listen(self._writing, "begin", _begin_immediate)
        self._reading = self._async_engine()
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        self._job_engine: Engine | None = None

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        return await self._in_writer(lambda: self._write(work))

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        try:
            async with self._reading.connect() as connection:
                return await connection.run_sync(work)
        except DBAPIError as error:
            told = self._explain(error)
            if told is None:
                raise
            raise told from error

    def sync_engine(self) -> Engine:
        if self._job_engine is None:
            self._job_engine = self._engine(pool_size=_JOB_ENGINE_POOL)
            # At each checkout: an engine that went through AUTOCOMMIT comes back to the pool as DEFERRED.
            event.listen(self._job_engine, "checkout", _immediate_by_default)
        return self._job_engine

    async def migrate(self) -> None:
        await self._in_writer(self._migrate)

    async def close(self) -> None:
        self._writer.shutdown()
        await self._reading.dispose()
        for engine in (self._writing, self._job_engine):
            if engine is not None:
                engine.dispose()

    async def _in_writer(self, function: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._writer, function)
        except DBAPIError as error:
            told = self._explain(error)
            if told is None:
                raise
            raise told from error

    def _write(self, work: Callable[[Connection], Result]) -> Result:
        with self._writing.begin() as connection:
            return work(connection)

    def _migrate(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnwritable(self._path, error.strerror or str(error)) from error
        with self._writing.connect() as connection:
            # Rebuilding a table drops it for a moment; the reference to it must not object. Not settable inside BEGIN.
            connection.connection.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    upgrade(connection)
            finally:
                connection.connection.execute("PRAGMA foreign_keys=ON")

    def _engine(self, *, pool_size: int) -> Engine:
        engine = create_engine(
            URL.create("sqlite", database=str(self._path)),
            connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 0},
            poolclass=QueuePool,
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,
            **JSON_CODEC,
        )
        event.listen(engine, "connect", self._prepare)
        return engine

    def _async_engine(self) -> AsyncEngine:
        engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=str(self._path)),
            connect_args={"isolation_level": None, "timeout": 0},
            poolclass=AsyncAdaptedQueuePool,
            pool_size=_READERS,
            max_overflow=0,
            # Nothing to roll back after reads that each stand for themselves: saves a hop to the connection's thread.
            pool_reset_on_return=None,
            hide_parameters=True,
            **JSON_CODEC,
        )
        event.listen(engine.sync_engine, "connect", self._prepare)
        return engine

    def _prepare(self, connection: sqlite3.Connection, record: object) -> None:
        # busy_timeout first: switching to WAL needs the lock as well.
        for pragma in (
            f"busy_timeout={self._busy_timeout_ms}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-4096",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def _explain(self, error: DBAPIError) -> DatabaseError | None:
        """The DatabaseError that `error` is, or None when it is not about the file."""
        detail = str(error.orig)
        match str(getattr(error.orig, "sqlite_errorname", "")).split("_")[1:2]:
            case ["BUSY" | "LOCKED"]:
                return DatabaseLocked(str(self._path))
            case ["CANTOPEN" | "READONLY" | "FULL" | "IOERR" | "PERM"]:
                return DatabaseUnwritable(self._path, detail)
            case ["NOTADB" | "CORRUPT"]:
                return DatabaseDamaged(self._path, detail)
            case _:
                return None


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _immediate_by_default(connection: sqlite3.Connection, record: object, proxy: object) -> None:
    connection.isolation_level = "IMMEDIATE"
