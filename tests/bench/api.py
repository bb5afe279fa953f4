"""Fifty questions a second while a hundred jobs run: how soon they are answered, and what Discord feels of them.

    python -m tests.bench.api [--status 50] [--jobs 100]

One run of a real bot on SQLite: jobs are asked for over HTTP at even distances, so many that as many as wanted run at
any moment, and members ask in Discord twice a second; first without the questions, then with them. Each answer's time
counts from the moment at which its question was due, so that a queue before us is counted too.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import tempfile
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.cases import vendor_process
from tests.bench.processes import Program, cpu_seconds
from tests.bench.results import Spread
from tests.bench.stage import Stage, Wish
from tests.scenarios.test_health import free_port

VENDOR_SECONDS = 12.0
PHASE_SECONDS = 15.0
WISHES_A_SECOND = 2.0
_START_SECONDS = 60.0
_NO_LINES = (
    "PROVIDER_CONCURRENCY",
    "MAX_OPEN",
    "MAX_OPEN_PER_MEMBER",
    "MEMBER_CONCURRENCY",
    "QUEUE_CONCURRENCY",
)
"""Nothing waits in line: what is measured is what the questions cost."""


@dataclass
class Load:
    """`open` holds the jobs that were accepted last: about as many as run."""

    http: aiohttp.ClientSession
    base: str
    open: deque[str]
    statuses_ms: list[float] = field(default_factory=list[float])
    accepted_ms: list[float] = field(default_factory=list[float])
    running: list[float] = field(default_factory=list[float])

    async def job(self, due: float) -> None:
        body = {"prompt": "a lighthouse in the fog", "quality": None, "style": None}
        async with self.http.post(f"{self.base}/api/images/generate", json=body) as answer:
            told = await answer.json()
            assert answer.status == 202, told
        self.accepted_ms.append((time.perf_counter() - due) * 1e3)
        self.open.append(told["job_id"])

    async def status(self, due: float) -> None:
        job_id = random.choice(self.open)
        async with self.http.get(f"{self.base}/api/images/status/{job_id}") as answer:
            told = await answer.json()
            assert answer.status == 200, told
        self.statuses_ms.append((time.perf_counter() - due) * 1e3)

    async def count(self, _due: float) -> None:
        async with self.http.get(f"{self.base}/metrics") as answer:
            found = re.findall(r'atelier_jobs_open\{state="rendering"\} ([\d.]+)', await answer.text())
        self.running.append(float(found[0]))


@dataclass(frozen=True)
class Felt:
    """One phase: the first answers in Discord, and the jobs that ran, as often as they were counted."""

    first_answer_ms: Spread
    running: Spread
    cpu_percent: float


async def evenly(a_second: float, seconds: float, act: Callable[[float], Coroutine[Any, Any, None]]) -> None:
    """Starts `act` at even distances, however long each takes; raises what any of them raises."""
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(a_second * seconds)):
            due = begun + number / a_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(act(due))


async def measured(jobs: int, questions: int) -> None:
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as name:
        folder = Path(name)
        async with vendor_process(VENDOR_SECONDS, folder) as vendor, Stage() as stage:
            port = free_port()
            environment = _environment(stage, vendor.url, folder, port)
            key = await _key(folder, environment)
            bot = await Program.start(["-m", "bot", "run"], folder / "bot.log", environment)
            try:
                await asyncio.gather(stage.wait_ready(_START_SECONDS), stage.wait_synced(_START_SECONDS))
                headers = {"Authorization": f"Bearer {key}"}
                async with aiohttp.ClientSession(headers=headers) as http:
                    load = Load(http, f"http://127.0.0.1:{port}", deque(maxlen=jobs))
                    await _phases(load, stage, bot, jobs, questions)
            finally:
                await bot.kill()


async def _phases(load: Load, stage: Stage, bot: Program, jobs: int, questions: int) -> None:
    # What lasts VENDOR_SECONDS and comes so often runs in that number.
    rate = jobs / VENDOR_SECONDS
    filling = asyncio.create_task(evenly(rate, VENDOR_SECONDS + 2 * PHASE_SECONDS + 5, load.job))
    await asyncio.sleep(VENDOR_SECONDS + 2)
    alone = await _phase(load, stage, bot, 0)
    asked = await _phase(load, stage, bot, questions)
    filling.cancel()
    await asyncio.gather(filling, return_exceptions=True)
    statuses = Spread.of(load.statuses_ms)
    print(f"{'':34}{'p50':>9}{'p99':>9}{'max':>9}")
    for what, spread in (
        (f"{len(load.statuses_ms)} status answers, ms", statuses),
        (f"{len(load.accepted_ms)} jobs accepted, ms", Spread.of(load.accepted_ms)),
        ("Discord's first answers alone, ms", alone.first_answer_ms),
        (f"… with {questions} questions a second, ms", asked.first_answer_ms),
    ):
        print(f"{what:34}{spread.p50:9}{spread.p99:9}{spread.max:9}")
    print(f"jobs running: {alone.running.p50:.0f} alone, {asked.running.p50:.0f} with the questions")
    print(f"processor of the bot: {alone.cpu_percent} % alone, {asked.cpu_percent} % with the questions")
    assert not stage.deviations, stage.deviations[0]


async def _phase(load: Load, stage: Stage, bot: Program, questions: int) -> Felt:
    wishes: list[Wish] = []
    members = stage.crowd(40)

    async def wish(_due: float) -> None:
        wishes.append(await stage.wish(members[len(wishes) % len(members)]))

    load.running.clear()
    before = cpu_seconds(bot.pid)
    await asyncio.gather(
        evenly(WISHES_A_SECOND, PHASE_SECONDS, wish),
        evenly(questions, PHASE_SECONDS, load.status),
        evenly(0.5, PHASE_SECONDS, load.count),
    )
    spent = (cpu_seconds(bot.pid) - before) / PHASE_SECONDS
    await asyncio.gather(*(one.interaction.answered() for one in wishes))
    answers = Spread.of([one.first_answer_seconds * 1e3 for one in wishes])
    return Felt(answers, Spread.of(load.running), round(100 * spent, 1))


def _environment(stage: Stage, vendor: str, folder: Path, port: int) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": stage.token,
        "DISCORD_API_URL": stage.rest_url,
        "DISCORD_GATEWAY_URL": stage.gateway_url,
        "OPENAI_API_KEY": "sk-fake",
        "OPENAI_BASE_URL": vendor,
        "DATA_DIR": str(folder / "data"),
        "HTTP_PORT": str(port),
        "LOG_FORMAT": "json",
        "QUOTA_IMAGES_PER_DAY": "1000000",
        **dict.fromkeys(_NO_LINES, "1000"),
    }


async def _key(folder: Path, environment: dict[str, str]) -> str:
    log = folder / "key.log"
    arguments = ["-m", "bot", "apikey", "create", "bench", "--per-minute", "100000"]
    program = await Program.start(arguments, log, environment)
    await program.ended()
    found = re.search(r"atl_\S+", program.log())
    assert found, program.log()
    return found[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.api", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--jobs", type=int, default=100, help="that run at the same time")
    parser.add_argument("--status", type=int, default=50, help="questions for their status, a second")
    options = parser.parse_args()
    asyncio.run(measured(options.jobs, options.status))


if __name__ == "__main__":
    main()
