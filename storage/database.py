"""The one door to the database: opening, migrating, and running a function inside a transaction.

A transaction's body is a plain function of a `sqlalchemy.Connection`. On SQLite a write runs in a thread of ours and a
read through aiosqlite, on Postgres both through asyncpg's `run_sync`. One hop for a whole write costs a quarter of what
awaiting each statement does (0.7 against 3.1 ms CPU for six), and the job engine's rows go along on the same.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import orjson
from sqlalchemy import URL, Connection, Engine, Executable, make_url
from sqlalchemy.exc import ArgumentError

Result = TypeVar("Result")
RowType = TypeVar("RowType")
Clock = Callable[[], float]


class Database(ABC):
    """`now` is the clock (Unix seconds) that repositories stamp rows with."""

    dialect: str

    def __init__(self, clock: Clock) -> None:
        self.now = clock

    @abstractmethod
    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a write transaction, commit, and return what it returned; any exception rolls back.

        `work` must not await, and may run a second time when the database rolled the first one back. Cancelling the
        caller does not undo it: on SQLite, work that has begun in its thread still commits.
        """

    @abstractmethod
    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work`, which only reads. Each statement sees its own snapshot."""

    async def one(self, row_type: Callable[..., RowType], query: Executable) -> RowType | None:
        """The only row, made into a `row_type` by its columns' names; None when there is none."""
        row = await self.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return None if row is None else row_type(**row)

    async def many(self, row_type: Callable[..., RowType], query: Executable) -> list[RowType]:
        rows = await self.read(lambda connection: connection.execute(query).mappings().all())
        return [row_type(**row) for row in rows]

    async def change(self, statement: Executable) -> int:
        """How many rows one statement changed, in a transaction of its own."""
        return await self.write(lambda connection: connection.execute(statement).rowcount)

    @abstractmethod
    def sync_engine(self) -> Engine:
        """A synchronous engine on the same database for the job engine, made once, disposed of on close."""

    @abstractmethod
    async def migrate(self) -> None:
        """Bring the schema to this release's revision; raises DatabaseNewer when it is past it."""

    @abstractmethod
    async def close(self) -> None: ...


@asynccontextmanager
async def open_database(
    url: str, *, clock: Clock = time.time, busy_timeout_seconds: float = 10.0, pool_size: int = 5
) -> AsyncGenerator[Database]:
    """The database at `url`, migrated: `sqlite+aiosqlite:///path` or `postgresql+asyncpg://…`; drivers may be left out.

    A SQLite file's folder is made. `busy_timeout_seconds` is how long a writer waits for another process's (SQLite) or
    for a row (Postgres). Raises a DatabaseError, or ValueError for any other kind of address.
    """
    try:
        parts = make_url(url)
    except ArgumentError as error:
        raise ValueError("no address of a database") from error
    database = _choose(parts, clock, busy_timeout_seconds, pool_size)
    try:
        await database.migrate()
        yield database
    finally:
        await database.close()


def _choose(url: URL, clock: Clock, busy_timeout_seconds: float, pool_size: int) -> Database:
    # Imported here: the driver of the other dialect costs start-up time and may not be installed.
    match url.get_backend_name():
        case "sqlite":
            from storage.sqlite import SqliteDatabase

            return SqliteDatabase(url, clock=clock, busy_timeout_seconds=busy_timeout_seconds)
        case "postgresql" | "postgres":
            from storage.postgres import PostgresDatabase

            return PostgresDatabase(
                url, clock=clock, lock_timeout_seconds=busy_timeout_seconds, pool_size=pool_size
            )
        case other:
            raise ValueError(f"neither SQLite nor PostgreSQL: {other}")


def json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def json_value(stored: Any) -> Any:
    # A bare number comes out of SQLite as a number: its JSON columns have numeric affinity.
    return orjson.loads(stored) if isinstance(stored, (str, bytes)) else stored


# Prompts and tokens are parameters: `hide_parameters`, on every engine, keeps them out of errors and so out of logs.
JSON_CODEC: dict[str, Any] = {"json_serializer": json_text, "json_deserializer": json_value}
