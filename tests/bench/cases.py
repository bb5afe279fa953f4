"""One bot under the loads of the bench: started, left alone, loaded, stopped; what each of it cost."""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
from sqlalchemy import text

from storage.database import open_database
from tests.bench.processes import Program, cpu_seconds, forget_peak, memory_mb, peak_mb
from tests.bench.results import CaseResult, LoadResult, Spread
from tests.bench.stage import Stage, Wish

WEIGHT = 1_500_000
VENDOR_SECONDS = 2.0
PREVIEW_SECONDS = 6.0
"""Longer where previews are wanted: Atelier shows none in the first two seconds."""

_NO_PREVIEWS = '[[models]]\nid = "openai/gpt-image-2.6-flare"\npreviews = 0\n'
_START_SECONDS = 60.0
_THREADS_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much of each load. `loads`, where there are any, replace the cases' own: wishes at once, such as `200`, or
    `200x4` for four pictures each; or `5/s`.
    """

    loads: Sequence[str] = ()
    steady_seconds: float = 30.0
    idle_seconds: float = 5.0
    alone: int = 3
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """Added to Atelier's environment."""


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    bot: str = "atelier"
    database: str = "sqlite"
    rows: int = 0
    previews: bool = False
    loads: Sequence[str] = ("1", "20", "5/s", "200")
    url: str | None = None
    """The database, made and filled before; none for the bare bot."""

    pid_of_database: int | None = None

    def at(self, url: str, pid: int | None = None) -> Case:
        return replace(self, url=url, pid_of_database=pid)


class Vendor:
    """The vendor's process, and what it says of itself."""

    def __init__(self, program: Program, http: aiohttp.ClientSession, url: str) -> None:
        self.program, self._http, self.url = program, http, url

    async def calls(self) -> list[dict[str, Any]]:
        async with self._http.get(f"{self.url.removesuffix('/v1')}/_control") as answer:
            return (await answer.json())["calls"]

    async def forget(self) -> None:
        async with self._http.post(f"{self.url.removesuffix('/v1')}/_control", json={"reset": True}):
            pass


@asynccontextmanager
async def vendor_process(seconds: float, folder: Path) -> AsyncGenerator[Vendor]:
    log = folder / "vendor.log"
    arguments = ["-m", "tests.bench.vendor", "--weight", str(WEIGHT), "--seconds", str(seconds)]
    program = await Program.start(arguments, log, {})
    try:
        async with aiohttp.ClientSession() as http:
            while "http" not in program.log():
                program.check_alive()
                await asyncio.sleep(0.05)
            yield Vendor(program, http, program.log().split()[-1])
    finally:
        await program.stop()


async def run_case(case: Case, plan: Plan, tell: Callable[[str], None]) -> CaseResult:
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as name:
        folder = Path(name)
        seconds = PREVIEW_SECONDS if case.previews else VENDOR_SECONDS
        async with vendor_process(seconds, folder) as vendor, Stage() as stage:
            running = Running(case, plan, folder, vendor, stage)
            return await running.measured(tell)


class Running:
    def __init__(self, case: Case, plan: Plan, folder: Path, vendor: Vendor, stage: Stage) -> None:
        self._case, self._plan, self._folder = case, plan, folder
        self._vendor, self._stage = vendor, stage
        self._watch = folder / "watch.json"
        self._bot: Program | None = None
        self._final = ""

    @property
    def bot(self) -> Program:
        assert self._bot is not None
        return self._bot

    async def measured(self, tell: Callable[[str], None]) -> CaseResult:
        try:
            start = await self._start()
            await self._warm_up()
            cpu = cpu_seconds(self.bot.pid)
            await asyncio.sleep(self._plan.idle_seconds)
            idle_cpu = (cpu_seconds(self.bot.pid) - cpu) / self._plan.idle_seconds
            idle = memory_mb(self.bot.pid)
            loads: list[LoadResult] = []
            for name in self._plan.loads or self._case.loads:
                loads.append(await self._load(name))
                tell(
                    f"  {self._case.name}, {name}: {loads[-1].cpu_ms} ms CPU, {loads[-1].added_ms.p50} ms added"
                )
            return CaseResult(
                name=self._case.name,
                bot=self._case.bot,
                database=self._case.database,
                rows=self._case.rows,
                previews=self._case.previews,
                start_s=round(start, 2),
                idle_mb=round(idle, 1),
                idle_cpu_percent=round(idle_cpu * 100, 1),
                loads=loads,
            )
        finally:
            if self._bot is not None:
                await self._bot.stop()

    async def _start(self) -> float:
        """Seconds until it is signed in and its commands are known."""
        arguments = ["-m", "tests.bench.watched", str(self._watch)]
        arguments += ["tests.bench.bare"] if self._case.bot == "bare" else ["bot", "run"]
        begun = time.perf_counter()
        self._bot = await Program.start(arguments, self._folder / "bot.log", self._environment())
        ready = asyncio.gather(
            self._stage.wait_ready(_START_SECONDS), self._stage.wait_synced(_START_SECONDS)
        )
        try:
            while not ready.done():
                self.bot.check_alive()
                await asyncio.wait([ready], timeout=0.2)
            await ready
        finally:
            ready.cancel()
        return time.perf_counter() - begun

    def _environment(self) -> dict[str, str]:
        catalog = self._folder / "catalog.toml"
        catalog.write_text("" if self._case.previews else _NO_PREVIEWS)
        shared = {
            "DISCORD_TOKEN": self._stage.token,
            "DISCORD_API_URL": self._stage.rest_url,
            "DISCORD_GATEWAY_URL": self._stage.gateway_url,
            "OPENAI_API_KEY": "sk-fake",
            "OPENAI_BASE_URL": self._vendor.url,
        }
        if self._case.bot == "bare":
            return {**shared, **({"BARE_PREVIEWS": "1"} if self._case.previews else {})}
        return {
            **shared,
            "DATA_DIR": str(self._folder / "data"),
            **({"DATABASE_URL": self._case.url, "SECRET_KEY": "b" * 43} if self._case.url else {}),
            "CATALOG_FILE": str(catalog),
            "HTTP_PORT": "",
            "LOG_FORMAT": "json",
            # Limits that hold for everybody and are never reached: a counter each for member, owner and day.
            "QUOTA_IMAGES_PER_DAY": "1000000",
            "QUOTA_USD_PER_MONTH": "1000000",
            "OWNER_USD_PER_DAY": "1000000",
            **self._plan.settings,
        }

    async def _warm_up(self) -> None:
        """Two pictures: the first call of everything imports, connects and compiles."""
        wishes = await self._stage.burst(2)
        # With previews something is seen before the vendor has ended, and only then it knows its picture.
        async with asyncio.timeout(4 * PREVIEW_SECONDS):
            while not (made := (await self._vendor.calls())[0]["pictures"]):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        self._final = made[0]
        await self._stage.granted(wishes, self._final)
        await asyncio.sleep(1.0)

    async def _load(self, name: str) -> LoadResult:
        await self._vendor.forget()
        self._stage.requests.clear()
        threads = (await self._stalls())["threads"]
        forget_peak(self.bot.pid)
        before, begun = self._spent(), time.time()
        wishes = await self._wishes(name)
        # What follows a picture belongs to it: the row that says that it was delivered.
        await asyncio.sleep(0.3)
        spent = [after - first for after, first in zip(self._spent(), before, strict=True)]
        peak, stalls = peak_mb(self.bot.pid), await self._stalls()
        self.bot.check_alive()
        if self._stage.deviations:
            raise RuntimeError(f"the bot broke Discord's rules: {self._stage.deviations[0]}")
        ended = {call["fields"]["prompt"]: call["ended"] for call in await self._vendor.calls()}
        seen = [wish.seen_at[self._final] for wish in wishes]
        pictures = len(wishes) * _pictures_of(name)
        each = [seconds * 1e3 / pictures for seconds in spent]
        added = [(at - ended[wish.prompt]) * 1e3 for wish, at in zip(wishes, seen, strict=True)]
        return LoadResult(
            load=name,
            pictures=pictures,
            first_answer_ms=Spread.of([wish.first_answer_seconds * 1e3 for wish in wishes]),
            added_ms=Spread.of(added),
            wait_s=Spread.of([at - w.interaction.created for w, at in zip(wishes, seen, strict=True)], 3),
            cpu_ms=round(each[0], 1),
            requests=round(len(self._stage.requests) / pictures, 2),
            stall_ms=stalls["stall_ms"],
            stalls=stalls["over_60_ms"],
            peak_mb=round(peak, 1),
            stage_cpu_ms=round(each[1], 1),
            vendor_cpu_ms=round(each[2], 1),
            database_cpu_ms=round(each[3], 1),
            stages_ms=await self._stages(begun),
            threads_ms=_by_thread(threads, stalls["threads"], pictures),
        )

    def _wishes(self, name: str) -> Awaitable[list[Wish]]:
        if name.endswith("/s"):
            rate = float(name.removesuffix("/s"))
            return self._stage.steady(rate, self._plan.steady_seconds, final=self._final)
        count, pictures = int(name.partition("x")[0]), _pictures_of(name)
        rounds = self._plan.alone if count == 1 else 1
        return self._stage.burst(count, rounds=rounds, pictures=pictures, final=self._final)

    def _spent(self) -> list[float]:
        """CPU seconds so far of the bot, of this process (the simulated Discord), of the vendor, of the database."""
        database = self._case.pid_of_database
        return [
            cpu_seconds(self.bot.pid),
            time.process_time(),
            cpu_seconds(self._vendor.program.pid),
            cpu_seconds(database) if database else 0.0,
        ]

    async def _stalls(self) -> dict[str, Any]:
        self._watch.unlink(missing_ok=True)
        self.bot.tell(signal.SIGUSR1)
        async with asyncio.timeout(10):
            while not self._watch.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.02)
        return json.loads(self._watch.read_text())

    async def _stages(self, since: float) -> dict[str, float]:
        """Median milliseconds of each stage that the bot itself noted on the rows of this load."""
        if self._case.bot == "bare":
            return {}
        url = self._case.url or f"sqlite:///{self._folder / 'data' / 'atelier.db'}"
        query = text("SELECT stages FROM requests WHERE created_at >= :since AND state = 'delivered'")
        async with open_database(url) as database:
            rows = await database.read(lambda connection: connection.execute(query, {"since": since}).all())
        taken: dict[str, list[float]] = {}
        for (stages,) in rows:
            told = json.loads(stages) if isinstance(stages, str) else stages
            for stage, (_, seconds) in told.items():
                taken.setdefault(stage, []).append(seconds * 1e3)
        return {stage: round(median(values), 1) for stage, values in taken.items()}


def _pictures_of(load: str) -> int:
    """That each wish of a load is for."""
    return int(load.partition("x")[2] or 1)


def _by_thread(before: Mapping[str, float], after: Mapping[str, float], pictures: int) -> dict[str, float]:
    """CPU milliseconds for one picture, the busiest kinds of threads first."""
    spent = {
        name: round((seconds - before.get(name, 0.0)) * 1e3 / pictures, 2) for name, seconds in after.items()
    }
    return dict(sorted(spent.items(), key=lambda item: -item[1])[:_THREADS_SHOWN])
