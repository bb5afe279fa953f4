"""The shared database: PostgreSQL through asyncpg, READ COMMITTED, with timeouts so that nobody waits for ever."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy import URL, Connection, Engine, Executable, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from storage.database import JSON_CODEC, Clock, Database, Result
from storage.errors import DatabaseError, DatabaseLocked, DatabaseUnreachable
from storage.migrate import upgrade

_JOB_ENGINE_POOL = 8
_STATEMENT_TIMEOUT_MS = 30_000
_TRIES = (True, True, False)
# Said by the server when it chose this transaction as the loser: deadlock, serialization failure.
_LOST_A_RACE = {"40P01", "40001"}
_LOCK_NOT_AVAILABLE = "55P03"
_MIGRATION_LOCK = 0x41746C01


class PostgresDatabase(Database):
    dialect = "postgresql"

    def __init__(self, url: URL, *, clock: Clock, lock_timeout_seconds: float, pool_size: int) -> None:
        super().__init__(clock)
        self._url = url
        self._lock_timeout_ms = int(lock_timeout_seconds * 1000)
        self._engine = create_async_engine(
            _for_asyncpg(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            hide_parameters=True,
            connect_args={
                "timeout": 10,
                "server_settings": {
                    "application_name": "atelier",
                    "lock_timeout": str(self._lock_timeout_ms),
                    "statement_timeout": str(_STATEMENT_TIMEOUT_MS),
                    "idle_in_transaction_session_timeout": "60000",
                },
            },
            **JSON_CODEC,
        )
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._job_engine: Engine | None = None

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        return await self._run(self._engine.begin, work)

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        return await self._run(self._reading.connect, work)

    def sync_engine(self) -> Engine:
        if self._job_engine is None:
            self._job_engine = create_engine(
                _for_psycopg(self._url),
                pool_size=_JOB_ENGINE_POOL,
                max_overflow=_JOB_ENGINE_POOL,
                pool_pre_ping=True,
                hide_parameters=True,
            )
        return self._job_engine

    async def migrate(self) -> None:
        await self.write(_migrate)

    async def session(self) -> AsyncConnection:
        """A connection that is the caller's for as long as they like; each statement commits by itself."""
        return await self._reading.connect()

    @asynccontextmanager
    async def holding(self, query: Executable) -> AsyncGenerator[bool]:
        """Whether a query FOR UPDATE found a row, which nobody else can change until the end."""
        async with self._engine.begin() as connection:
            yield (await connection.execute(query)).first() is not None

    async def close(self) -> None:
        await self._engine.dispose()
        if self._job_engine is not None:
            self._job_engine.dispose()

    async def _run(
        self,
        connect: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        work: Callable[[Connection], Result],
    ) -> Result:
        """A few tries, as long as what failed cannot have been committed: a lost race, or a connection that had died.

        That is cheaper than asking, before each transaction, whether the connection still lives (0.3 ms).
        """
        for may_try_again in _TRIES:
            is_connected = is_done = False
            try:
                async with connect() as connection:
                    is_connected = True
                    result = await connection.run_sync(work)
                    is_done = True
                return result
            except DBAPIError as error:
                is_passing = error.connection_invalidated or _sqlstate(error) in _LOST_A_RACE
                if is_passing and may_try_again and not is_done:
                    continue
                told = self._explain(error)
                if told is None:
                    raise
                raise told from error
            except OSError as error:
                if is_connected:
                    raise  # the work's own
                raise self._unreachable(error) from error
        raise AssertionError("the last try raises or returns")

    def _explain(self, error: DBAPIError) -> DatabaseError | None:
        """The DatabaseError that `error` is, or None when it is about the statement."""
        state = _sqlstate(error) or ""
        if state == _LOCK_NOT_AVAILABLE:
            return DatabaseLocked(self._address)
        # 08: connection; 28: password; 3D: no such database; 53: no room for us; 57P: the server is going or coming.
        if error.connection_invalidated or state.startswith(("08", "28", "3D", "53", "57P")):
            return self._unreachable(error.orig or error)
        return None

    def _unreachable(self, error: BaseException) -> DatabaseError:
        return DatabaseUnreachable(self._address, str(error).strip() or type(error).__name__)

    @property
    def _address(self) -> str:
        return self._url.render_as_string(hide_password=True)


def _migrate(connection: Connection) -> None:
    # Several processes may start at once; the first migrates, the rest find it done.
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL lock_timeout = '120s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    upgrade(connection)


def _for_asyncpg(url: URL) -> URL:
    query = dict(url.query)
    if "sslmode" in query:  # libpq's word for it; asyncpg's is `ssl`
        query["ssl"] = query.pop("sslmode")
    return url.set(drivername="postgresql+asyncpg", query=query)


def _for_psycopg(url: URL) -> URL:
    query = dict(url.query)
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    return url.set(drivername="postgresql+psycopg", query=query)


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
