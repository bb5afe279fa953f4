"""What an acceptance costs beside a bare commit, also after a long past, and what its statements look through."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from statistics import median
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from bot.jobs import JobQueue
from storage.database import Database, open_database
from storage.postgres import PostgresDatabase
from storage.requests import RequestRepository
from storage.rows import Limit, NewRequest
from storage.sqlite import SqliteDatabase
from storage.windows import Window, renews_at, window_start
from tests.storage.builders import new_request

_PAIRS = 500
"""One after the other, for two or three seconds: what else the machine does is then done to both."""
_WARM_MEMBERS = 20


@dataclass(frozen=True, kw_only=True)
class AcceptanceResult:
    """Medians of a database's acceptances and bare commits, taken in turns; `scans` are full passes over big tables."""

    database: str
    rows: int
    bare_commit_ms: float
    accept_ms: float
    first_of_the_day_ms: float
    statements: int
    plan: list[str]
    scans: list[str]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def ratio(self) -> float:
        return round(self.accept_ms / self.bare_commit_ms, 2)


async def measure_acceptance(url: str, rows: int) -> AcceptanceResult:
    async with open_database(url) as database:
        bench = _Acceptances(database)
        fresh = [await bench.timed(bench.accept, member) for member in range(1, _WARM_MEMBERS + 1)]
        bare: list[float] = []
        accepted: list[float] = []
        for number in range(_PAIRS):
            bare.append(await bench.timed(bench.bare, number))
            accepted.append(await bench.timed(bench.accept, number % _WARM_MEMBERS + 1))
        statements = await bench.statements_of(_WARM_MEMBERS + 1)
        plan = await _plan(database, statements)
        return AcceptanceResult(
            database=database.dialect,
            rows=rows,
            bare_commit_ms=round(median(bare), 2),
            accept_ms=round(median(accepted), 2),
            first_of_the_day_ms=round(median(fresh[1:]), 2),
            statements=len(statements),
            plan=plan,
            scans=[
                line
                for line in plan
                if _is_scan(line) and any(f" {table}" in line for table in ("ledger", "requests"))
            ],
        )


class _Acceptances:
    """What the bot commits for one wish: the row, reservations on three counters, the ledger's row, the job."""

    def __init__(self, database: Database) -> None:
        self._database, self._requests = database, RequestRepository(database)
        self._jobs = JobQueue(database.sync_engine())
        self._jobs.open()
        self._number = time.time_ns() // 1000

    async def timed(self, do: Callable[[int], Any], number: int) -> float:
        """Milliseconds."""
        started = time.perf_counter()
        await do(number)
        return (time.perf_counter() - started) * 1e3

    async def bare(self, number: int) -> None:
        self._number += 1
        statement = text("INSERT INTO settings (scope, key) VALUES ('bench', :key)")
        await self._database.write(
            lambda connection: connection.execute(statement, {"key": str(self._number)})
        )

    async def accept(self, member: int) -> None:
        row = self._row(member)
        await self._requests.accept(row, _limits(row), job=self._jobs.job(row.id), open_limit=10**6)

    async def statements_of(self, member: int) -> list[tuple[str, Any]]:
        """Each statement of one acceptance, for a member whose counters are born by it, with its parameters."""
        seen: list[tuple[str, Any]] = []

        def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
            seen.append((statement, parameters))

        engine = _engine(self._database)
        event.listen(engine, "before_cursor_execute", note)
        try:
            await self.accept(member)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return seen

    def _row(self, member: int) -> NewRequest:
        self._number += 1
        now = time.time()
        day = time.strftime("%Y-%m-%d", time.gmtime(now))
        return new_request(
            self._number, user_id=member, user_name=f"member {member}", guild_id=1, channel_id=1, provider="openai",
            count=1, estimate_microusd=40_000, day=day, owner_day=day, created_at=now,
        )  # fmt: skip


def _limits(row: NewRequest) -> list[Limit]:
    def limit(scope: Any, guild_id: int, subject: str, unit: Any, window: Window) -> Limit:
        day = date.fromisoformat(row.day)
        return Limit(
            scope=scope, guild_id=guild_id, subject=subject, unit=unit, window=window.value,
            window_start=window_start(window, day).isoformat(), amount=10**12,
            renews_at=int(renews_at(window, day)),
        )  # fmt: skip

    member = f"user:{row.user_id}"
    return [
        limit("everyone", row.guild_id, member, "images", Window.DAY),
        limit("everyone", row.guild_id, member, "usd", Window.MONTH),
        limit("owner", 0, "owner", "usd", Window.DAY),
    ]


def _engine(database: Database) -> Engine:
    if isinstance(database, SqliteDatabase):
        return database._writing
    assert isinstance(database, PostgresDatabase)
    return database._engine.sync_engine


async def _plan(database: Database, statements: list[tuple[str, Any]]) -> list[str]:
    """How the database finds the rows of each statement: the lines of its own explanation that name a table."""
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "

    def work(connection: Connection) -> list[str]:
        found: list[str] = []
        for statement, parameters in statements:
            if statement.split()[0] in ("SELECT", "INSERT", "UPDATE", "WITH"):
                rows = connection.exec_driver_sql(explain + statement, parameters)
                found += [str(row[-1]).strip() for row in rows]
        return [line for line in found if "SCAN" in line or "SEARCH" in line or "Scan" in line]

    return await database.read(work)


def _is_scan(line: str) -> bool:
    return line.startswith("SCAN") or "Seq Scan" in line
