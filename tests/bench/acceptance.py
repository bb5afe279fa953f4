"""What an acceptance costs beside a bare commit of one row: `python -m tests.bench.acceptance [database url]`.

Without an address: a SQLite file in a new temporary folder. Both are measured in the same run, in turns,
because a disk's sync time changes from minute to minute.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy import Connection, text

from storage.database import Database, open_database
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import NewRequest
from storage.windows import Window
from tests.storage.builders import NOON, a_limit, charges, new_request

ROUNDS, PER_ROUND, BURST = 8, 50, 200
MEMBERS = 40


async def measure(url: str) -> None:
    async with open_database(url) as database:
        bench = Bench(database)
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in bench.cases}
        for case in bench.cases.values():
            await bench.once(case)
        for _ in range(ROUNDS):
            for name, case in bench.cases.items():
                taken[name] += [await bench.once(case) for _ in range(PER_ROUND)]
        for name, times in taken.items():
            wall = [seconds * 1e3 for seconds, _ in times]
            cpu = sum(seconds for _, seconds in times) * 1e3 / len(times)
            print(
                f"{name:34} p50 {median(wall):5.2f} ms  p99 {quantiles(wall, n=100)[98]:5.2f} ms  CPU {cpu:5.2f} ms"
            )
        await bench.burst()
        differences = await Ledger(database).verify()
        print(f"ledger and counters differ in {len(differences)} places")


class Bench:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.requests, self.ledger = RequestRepository(database), Ledger(database)
        self.number = int(time.time()) * 10_000
        self.cases: dict[str, Callable[[int], Awaitable[object]]] = {
            "bare commit of one row": self.bare,
            "accept, no limits": self.accept_freely,
            "accept, 4 limits and open requests": self.accept_within_limits,
            "settle 2 pictures": self.settle,
        }

    async def once(self, case: Callable[[int], Awaitable[object]]) -> tuple[float, float]:
        """Seconds on the wall, and of the processor."""
        self.number += 1
        if case == self.settle:
            await self.accept_freely(self.number)
        started, processor = time.perf_counter(), time.process_time()
        await case(self.number)
        return time.perf_counter() - started, time.process_time() - processor

    async def bare(self, number: int) -> None:
        def insert(connection: Connection) -> None:
            connection.execute(
                text("INSERT INTO settings (scope, key) VALUES ('bench', :key)"), {"key": str(number)}
            )

        await self.database.write(insert)

    async def accept_freely(self, number: int) -> None:
        await self.requests.accept(self.request(number))

    async def accept_within_limits(self, number: int) -> None:
        row = self.request(number)
        limits = [
            a_limit(10**6, subject=f"user:{row.user_id}"),
            a_limit(10**12, unit="usd", window=Window.MONTH, subject=f"user:{row.user_id}"),
            a_limit(10**12, unit="usd", subject="owner", scope="owner"),
            a_limit(10**12, unit="usd", window=Window.MONTH, subject="owner", scope="owner"),
        ]
        await self.requests.accept(row, limits, open_limit=10**6)

    async def settle(self, number: int) -> None:
        await self.ledger.settle(self.request(number).id, charges(self.request(number), 40_000, 40_000), NOON)

    async def burst(self) -> None:
        numbers = range(self.number + 1, self.number + 1 + BURST)
        cpu, started = time.process_time(), time.perf_counter()
        await asyncio.gather(*(self.accept_within_limits(number) for number in numbers))
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
        print(
            f"{BURST} acceptances at once               {took * 1e3:.0f} ms, {cpu / BURST * 1e3:.2f} ms CPU each"
        )

    @staticmethod
    def request(number: int) -> NewRequest:
        return new_request(number, user_id=number % MEMBERS + 1, user_name=f"member {number % MEMBERS}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        address = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{Path(folder) / 'bench.db'}"
        asyncio.run(measure(address))
