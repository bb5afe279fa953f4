"""One storm: people ask all the time, the bot is killed at random moments, Discord and the vendor answer badly."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.playground.errors import NoAnswer, NotPossible
from bot.playground.messages import Message
from bot.playground.places import Channel
from storage.database import open_database
from storage.ledger import Ledger
from storage.rows import RequestRow
from storage.tables import OPEN_STATES
from tests.chaos import purchases
from tests.chaos.disturbances import Trouble, WallClock, fill_disk
from tests.chaos.purchases import Purchases
from tests.chaos.reading import Seen, all_rows, cards_of, reserved_left
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.replicate_server import FakeReplicate
from tests.scenarios.conftest import Stage, staged
from tests.storage.postgres_server import PostgresServer

_MEMBERS = 40
_ASKED_PER_CHANNEL = 400
_CALM_SECONDS = 120.0
_MOMENTS, _MOMENT_SECONDS, _LATER_SECONDS = 24, 6.0, 0.2
_JOB_MODEL = "replicate/black-forest-labs/flux-schnell"


@dataclass(kw_only=True)
class Plan:
    """`kills` of the bot; between them `restarts` of Postgres, full `disks`, `jumps` of the clock on the wall.

    `in_flight` requests at all times, every second one for a vendor with job ids.
    """

    kills: int
    restarts: int = 0
    disks: int = 0
    jumps: int = 0
    in_flight: int = 8
    latency_seconds: float = 0.3
    seed: int = 0
    faults: bool = True


@dataclass(kw_only=True)
class Damage:
    """What the storm did, and what came of it: `is_none` says whether all is as it must be."""

    kills: int = 0
    restarts: int = 0
    disks: int = 0
    jumps: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])
    asked: int = 0
    accepted: int = 0
    delivered: int = 0
    told: Counter[str] = field(default_factory=Counter[str])
    lost: list[str] = field(default_factory=list[str])
    doubled: list[str] = field(default_factory=list[str])
    purchases: Purchases = field(default_factory=Purchases)
    differences: int = 0
    still_reserved: int = 0

    @property
    def is_none(self) -> bool:
        bad = (self.lost, self.doubled, self.purchases.wrong, self.purchases.jobs_twice)
        return not any(bad) and not self.differences and not self.still_reserved


class Storm:
    def __init__(
        self,
        stage: Stage,
        vendors: tuple[FakeOpenAI, FakeReplicate],
        plan: Plan,
        *,
        restart: Callable[[], None] | None,
        clock: WallClock,
        dice: random.Random,
    ) -> None:
        self._stage, self._plan, self._restart, self._clock, self._dice = stage, plan, restart, clock, dice
        self._openai, self._replicate = vendors
        self._trouble = Trouble(stage.discord, *vendors, dice)
        self._members = [stage.guild.add_member(f"m{number}") for number in range(_MEMBERS)]
        self._channels = [stage.channel]
        self._damage = Damage(faults=self._trouble.caused)
        self._up = asyncio.Event()
        self._over = False
        self._killed_at: list[float] = []
        self._full: list[tuple[float, float]] = []

    async def blow(self) -> Damage:
        self._openai.always(latency_seconds=self._plan.latency_seconds)
        self._replicate.latency_seconds = self._plan.latency_seconds
        await self._stage.bot.start()
        self._up.set()
        crowd = [asyncio.create_task(self._ask(number)) for number in range(self._plan.in_flight)]
        for blow in self._blows():
            if self._plan.faults:
                self._trouble.cause()
            await self._a_random_moment()
            await blow()
        self._over = True
        await asyncio.gather(*crowd)
        await self._calm()
        await self._count()
        return self._damage

    async def _a_random_moment(self) -> None:
        """After so much has happened, rather than after so long: a busy machine is slow to come to the point."""
        until = self._happened() + self._dice.randrange(_MOMENTS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_MOMENT_SECONDS):
                await self._has_happened(until)
        await asyncio.sleep(self._dice.uniform(0, _LATER_SECONDS))

    async def _has_happened(self, count: int) -> None:
        while True:
            if self._happened() >= count:
                return
            await asyncio.sleep(0.005)

    def _happened(self) -> int:
        """Steps of requests as the vendors saw them."""
        openai, replicate = self._openai, self._replicate
        ended = sum(call.outcome != "open" for call in openai.calls)
        return len(openai.calls) + ended + len(replicate.calls) + replicate.looked

    def _blows(self) -> Sequence[Callable[[], Awaitable[None]]]:
        plan = self._plan
        blows = [
            *[self._kill] * plan.kills,
            *[self._restart_database] * plan.restarts,
            *[self._fill_disk] * plan.disks,
            *[self._jump] * plan.jumps,
        ]
        self._dice.shuffle(blows)
        return blows

    async def _ask(self, number: int) -> None:
        """One after the other: who gets no first answer (the bot was down) asks again, as people do."""
        turn = 0
        while not self._over:
            await self._up.wait()
            member = self._members[(number + turn * self._plan.in_flight) % _MEMBERS]
            turn += 1
            prompt = f"wish {number}-{turn}"
            try:
                wish = {"prompt": prompt} | ({"model": _JOB_MODEL} if number % 2 else {})
                asked = await self._stage.discord.slash(member, self._where(), "imagine", wish)
                self._damage.asked += 1
                await asked.answered(4)
                await asked.until(_has_ended, timeout=20)
            except (NoAnswer, NotPossible):
                await asyncio.sleep(0.1)

    def _where(self) -> Channel:
        # A simulated channel remembers so many messages; none may be forgotten before it was counted.
        if self._damage.asked >= _ASKED_PER_CHANNEL * len(self._channels):
            self._channels.append(self._stage.guild.add_channel(f"pictures-{len(self._channels)}"))
        return self._channels[-1]

    async def _kill(self) -> None:
        self._up.clear()
        self._killed_at.append(time.time())
        await self._stage.bot.kill()
        self._damage.kills += 1
        await self._stage.bot.start()
        self._up.set()

    async def _restart_database(self) -> None:
        assert self._restart is not None
        await asyncio.to_thread(self._restart)
        self._damage.restarts += 1

    async def _fill_disk(self) -> None:
        begun = time.time()
        await fill_disk(self._stage.bot.pid)
        self._full.append((begun, time.time()))
        self._damage.disks += 1

    async def _jump(self) -> None:
        self._trouble.caused[self._clock.jump()] += 1
        self._damage.jumps += 1

    async def _calm(self) -> None:
        """Everything works again; until no request is open, or two minutes are over."""
        self._stage.discord.faults.clear()
        if not self._up.is_set():
            await self._stage.bot.start()
        until = time.monotonic() + _CALM_SECONDS
        url = self._stage.bot.database_url
        while time.monotonic() < until:
            if not any(row.state in OPEN_STATES for row in await all_rows(url)):
                return
            await asyncio.sleep(0.3)

    async def _count(self) -> None:
        damage, url = self._damage, self._stage.bot.database_url
        rows = await all_rows(url)
        damage.accepted = len(rows)
        seen = cards_of(self._channels, self._stage.discord)
        for row in rows:
            self._judge(row, seen)
        damage.purchases = purchases.count(
            rows,
            self._openai.calls,
            list(self._replicate.predictions.values()),
            self._killed_at,
            self._full,
            self._stage.bot.log(),
        )
        async with open_database(url) as database:
            damage.differences = len(await Ledger(database).verify())
            damage.still_reserved = await reserved_left(database)

    def _judge(self, row: RequestRow, seen: Seen) -> None:
        damage = self._damage
        shown = seen.pictures[row.id]
        if shown > 1:
            damage.doubled.append(row.id)
        if row.state == "delivered":
            damage.delivered += 1
            if not shown:
                damage.lost.append(f"{row.id}: delivered, but nobody sees it")
        elif row.state in OPEN_STATES or row.settled_at is None:
            damage.lost.append(f"{row.id}: still {row.state}")
        else:
            damage.told[f"{row.state} {row.failure_kind or row.delivery_note}"] += 1


def _has_ended(message: Message) -> Message | None:
    """The card of a success has Repeat, that of a failure a reference, a refusal its line."""
    said = message.text
    ended = any(button.label in ("Repeat", "Try again") for button in message.buttons)
    return message if ended or "Nothing was charged" in said or "Not drawn" in said else None


async def blow(folder: Path, plan: Plan, postgres: PostgresServer | None = None) -> Damage:
    """One storm on SQLite, or on `postgres`. The bot's log stays in `folder`."""
    dice = random.Random(plan.seed)
    clock = WallClock(folder, dice)
    async with FakeOpenAI() as openai, FakeReplicate() as replicate:
        settings = {
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": openai.url,
            "REPLICATE_API_TOKEN": "r8_test",
            "REPLICATE_BASE_URL": replicate.url,
            "QUOTA_IMAGES_PER_DAY": "100000",
            "OWNER_USD_PER_DAY": "100000",
            "SECRET_KEY": "one-secret-for-all-the-processes",
            **clock.environment,
        }
        if postgres is not None:
            settings["DATABASE_URL"] = postgres.empty_database()
        async with staged(folder, settings) as stage:
            restart = postgres.restart if postgres else None
            storm = Storm(stage, (openai, replicate), plan, restart=restart, clock=clock, dice=dice)
            return await storm.blow()
