"""What several processes are for: twice the workers, twice the pace; and restarts one after the other unnoticed.

python -m tests.chaos.fleet --speed            a fixed load by one worker and by two
python -m tests.chaos.fleet --rolling 180      gateway and workers restarted in turn under 5 requests a second
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bot.playground.errors import NoAnswer, NotPossible
from bot.playground.people import Member
from storage.database import open_database
from storage.ledger import Ledger
from storage.tables import OPEN_STATES
from tests.bench.processes import cpu_seconds
from tests.chaos.reading import all_rows, cards_of
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.fleet import Fleet, fleet_of
from tests.storage.postgres_server import PostgresServer, postgres_server

_LOAD = 48
_SLOTS = 4
_LATENCY_SECONDS = 2.0


async def pace(postgres: PostgresServer, folder: Path, workers: int) -> tuple[float, float]:
    """Seconds until the load is done, and CPU seconds a job, with so many workers of four slots each."""
    async with FakeOpenAI(latency_seconds=_LATENCY_SECONDS) as vendor:
        settings = {
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": vendor.url,
            "QUEUE_CONCURRENCY": str(_SLOTS),
        }
        async with fleet_of(folder, postgres.empty_database(), settings, workers=workers) as fleet:
            await ended(fleet, await warmed(fleet))
            before = sum(cpu_seconds(worker.pid) for worker in fleet.workers)
            started = time.monotonic()
            asked = await fleet.ask(*(f"wish {number}" for number in range(_LOAD)))
            await ended(fleet, len(asked) + workers * _SLOTS)
            took = time.monotonic() - started
            spent = sum(cpu_seconds(worker.pid) for worker in fleet.workers) - before
            return took, spent / _LOAD


async def warmed(fleet: Fleet) -> int:
    """The first jobs of a process import its provider: not what is measured."""
    first = await fleet.ask(*(f"warm {number}" for number in range(len(fleet.workers) * _SLOTS)))
    return len(first)


async def ended(fleet: Fleet, count: int) -> None:
    while True:
        rows = await all_rows(fleet.stage.bot.database_url)
        if sum(row.state not in OPEN_STATES for row in rows) >= count:
            return
        await asyncio.sleep(0.1)


async def speed(postgres: PostgresServer, folder: Path) -> bool:
    one, one_cpu = await pace(postgres, folder / "one", 1)
    two, two_cpu = await pace(postgres, folder / "two", 2)
    print(
        f"{_LOAD} requests, vendor {_LATENCY_SECONDS:g} s, {_SLOTS} slots a worker: "
        f"one worker {one:.1f} s and {one_cpu * 1000:.0f} ms CPU a job; two {two:.1f} s and {two_cpu * 1000:.0f} ms: "
        f"{one / two:.2f} times as fast, CPU {two_cpu / one_cpu - 1:+.0%}"
    )
    return one / two >= 1.8


async def rolling(postgres: PostgresServer, folder: Path, seconds: float, rate: float) -> bool:
    async with FakeOpenAI(latency_seconds=1.0) as vendor:
        settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": vendor.url, "STOP_GRACE_SECONDS": "60"}
        async with fleet_of(folder, postgres.empty_database(), settings, workers=2) as fleet:
            until = time.monotonic() + seconds
            restarting = asyncio.create_task(_restart_in_turn(fleet, until))
            unanswered = await _ask_steadily(fleet, until, rate)
            restarts = await restarting
            rows = await all_rows(fleet.stage.bot.database_url)
            await ended(fleet, len(rows))
            rows = await all_rows(fleet.stage.bot.database_url)
            seen = cards_of([fleet.stage.channel], fleet.stage.discord).pictures
            states = Counter(row.state for row in rows)
            cards = Counter(seen[row.id] for row in rows[-1500:])
            bought = Counter(str(call.fields["prompt"]) for call in vendor.calls)
            twice = sum(times > 1 for times in bought.values())
            async with open_database(fleet.stage.bot.database_url) as database:
                differences = len(await Ledger(database).verify())
    print(
        f"{restarts} restarts in {seconds:.0f} s at {rate:g}/s: {len(rows)} accepted, {dict(states)}, "
        f"finished cards a request {dict(cards)}, {twice} bought twice, ledger difference {differences}; "
        f"{unanswered} commands met no gateway and were never accepted"
    )
    return set(states) == {"delivered"} and set(cards) == {1} and not differences


async def _ask_steadily(fleet: Fleet, until: float, rate: float) -> int:
    """How many commands got no first answer."""
    members = itertools.cycle([fleet.stage.guild.add_member(f"m{number}") for number in range(60)])
    waiting: set[asyncio.Task[bool]] = set()
    number = 0
    while time.monotonic() < until:
        number += 1
        member = next(members)

        async def ask(who: Member = member, wish: int = number) -> bool:
            try:
                asked = await fleet.stage.discord.slash(
                    who,
                    fleet.stage.channel,
                    "imagine",
                    {"prompt": f"wish {wish}"},
                )
                await asked.answered(4)
            except (NoAnswer, NotPossible):
                return False
            return True

        waiting.add(asyncio.create_task(ask()))
        await asyncio.sleep(1 / rate)
    return [await one for one in waiting].count(False)


async def _restart_in_turn(fleet: Fleet, until: float) -> int:
    """One after the other, as a deploy does: workers stopped and started anew, the gateway with its heir beside it."""
    restarts = 0
    while time.monotonic() + 15 < until:
        for worker in fleet.workers:
            await asyncio.sleep(3)
            lines = worker.log().count("logged in")
            await worker.stop()
            await worker.spawn()
            await worker.says("logged in", times=lines + 1)
        await asyncio.sleep(3)
        await fleet.replace_gateway()
        restarts += len(fleet.workers) + 1
    return restarts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.fleet", description=__doc__)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--rolling", type=float, metavar="SECONDS")
    parser.add_argument("--rate", type=float, default=5.0, help="requests a second (5)")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="atelier-fleet-"))
    good = True
    with postgres_server() as postgres:
        if options.speed:
            good = asyncio.run(speed(postgres, folder / "speed"))
        if options.rolling:
            good = asyncio.run(rolling(postgres, folder / "rolling", options.rolling, options.rate)) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
