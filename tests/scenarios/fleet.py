"""A gateway and workers as processes of their own on one PostgreSQL, beside a simulated Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bot.playground.interactions import Interaction
from tests.scenarios.conftest import Stage, staged
from tests.scenarios.process import BotProcess


class Fleet:
    """`stage.bot` is the gateway."""

    def __init__(self, stage: Stage, folder: Path, settings: Mapping[str, str]) -> None:
        self.stage, self.workers = stage, list[BotProcess]()
        self._folder, self._settings = folder, settings
        self._gateways = 0

    async def ask(self, *prompts: str) -> list[Interaction]:
        """Each prompt by a member of its own."""
        discord, channel = self.stage.discord, self.stage.channel
        members = [self.stage.guild.add_member(f"m{number}") for number in range(len(prompts))]
        return await asyncio.gather(
            *(
                discord.slash(member, channel, "imagine", {"prompt": prompt})
                for member, prompt in zip(members, prompts, strict=True)
            )
        )

    async def replace_gateway(self) -> int:
        """The heir first: when it hears Discord, the old one is told to go. What that one ended with."""
        self._gateways += 1
        discord, old = self.stage.discord, self.stage.bot
        heir = BotProcess(
            discord, self._folder / f"gateway{self._gateways}", self._settings, verb=("gateway",)
        )
        sessions = discord.gateway.identifies
        await heir.spawn()
        await discord.gateway.signal.until(
            lambda: discord.gateway.identifies > sessions or None, 30, lambda: heir.log()[-2000:]
        )
        self.stage.bot = heir
        return await old.stop()

    async def add_worker(self) -> BotProcess:
        folder = self._folder / f"worker{len(self.workers)}"
        worker = BotProcess(self.stage.discord, folder, self._settings, verb=("worker",))
        self.workers.append(worker)
        await worker.spawn()
        await worker.says("logged in")
        return worker


@asynccontextmanager
async def fleet_of(
    folder: Path, database_url: str, environment: Mapping[str, str], *, workers: int
) -> AsyncGenerator[Fleet]:
    settings = {
        "DATABASE_URL": database_url,
        "SECRET_KEY": "one-secret-for-all-the-processes",
        "IMAGE_STORE_URL": (folder / "images").as_uri(),
        **environment,
    }
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(staged(folder / "gateway", settings, verb=("gateway",)))
        fleet = Fleet(stage, folder, settings)
        try:
            await asyncio.gather(stage.bot.start(), *(fleet.add_worker() for _ in range(workers)))
            yield fleet
        finally:
            await asyncio.gather(*(worker.end() for worker in fleet.workers))
