"""The stage of a scenario: a simulated Discord with a server and people, and the bot as a process beside it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.playground.people import Member
from bot.playground.places import Channel, Guild
from bot.playground.sockets import SimulatedDiscord
from storage.database import open_database
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import Difference, RequestRow
from storage.tables import OPEN_STATES
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.process import BotProcess


@dataclass
class Stage:
    discord: SimulatedDiscord
    bot: BotProcess
    guild: Guild
    channel: Channel
    ada: Member
    bruno: Member
    camille: Member
    admin: Member
    moderator: Member

    async def differences(self) -> list[Difference]:
        """Counters that are not the ledger's sums, as a second program reads them beside the bot."""
        async with open_database(self.bot.database_url) as database:
            return await Ledger(database).verify()

    async def ended_rows(self, *members: Member, timeout: float = 30) -> list[RequestRow]:
        """Their requests once none is open any more: cards are seen a moment before the row says so."""
        async with asyncio.timeout(timeout):
            while True:
                rows = await self.rows(*members)
                if rows and not any(row.state in OPEN_STATES for row in rows):
                    return rows
                await asyncio.sleep(0.05)

    async def rows(self, *members: Member) -> list[RequestRow]:
        async with open_database(self.bot.database_url) as database:
            found = [await RequestRepository(database).of_user(member.id, limit=1000) for member in members]
            return [row for rows in found for row in rows]


@asynccontextmanager
async def staged(
    folder: Path, environment: dict[str, str], *, verb: Sequence[str] = ("run",)
) -> AsyncGenerator[Stage]:
    async with SimulatedDiscord() as discord:
        guild = discord.add_guild("The studio")
        stage = Stage(
            discord=discord,
            bot=BotProcess(discord, folder, environment, verb=verb),
            guild=guild,
            channel=guild.add_channel("pictures"),
            ada=guild.add_member("Ada"),
            bruno=guild.add_member("Bruno"),
            camille=guild.add_member("Camille", locale="fr"),
            admin=guild.add_member("Adele", permissions="manage_guild"),
            moderator=guild.add_member("Milo", permissions="manage_messages"),
        )
        try:
            yield stage
        finally:
            await stage.bot.kill()


StartStage = Callable[..., Awaitable[Stage]]


@pytest.fixture
async def start_stage(tmp_path: Path) -> AsyncIterator[StartStage]:
    """Gives `start`; `await start(QUOTA_IMAGES_PER_DAY="3")` is a stage whose bot runs with these settings."""
    async with AsyncExitStack() as stack:
        stages: list[Stage] = []

        async def start(*, run: bool = True, **environment: str) -> Stage:
            stage = await stack.enter_async_context(staged(tmp_path / f"bot{len(stages)}", environment))
            stages.append(stage)
            if run:
                await stage.bot.start()
            return stage

        yield start
        for stage in stages:
            unexpected = [str(one) for one in stage.discord.deviations]
            assert not unexpected, unexpected


@pytest.fixture
async def vendor() -> AsyncIterator[FakeOpenAI]:
    """OpenAI, as far as a bot can tell; what it was sent must have been what OpenAI's document allows."""
    async with FakeOpenAI() as fake:
        yield fake
        assert not fake.violations, fake.violations


@pytest.fixture
def with_openai(vendor: FakeOpenAI) -> dict[str, str]:
    """The settings of an owner with an OpenAI key."""
    return {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": vendor.url}


@pytest.fixture
async def stage(start_stage: StartStage) -> Stage:
    return await start_stage()


@pytest.fixture
async def whole(start_stage: StartStage, tmp_path: Path) -> Stage:
    """A bot with everything that has commands of its own: a second model, keys of members, pages."""
    catalog = tmp_path / "catalog.toml"
    catalog.write_text('[[models]]\nid = "demo/sketch"\nlike = "demo/studio"\nname = "Demo sketch"\n')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return await start_stage(
        CATALOG_FILE=str(catalog), HTTP_PORT=str(port), ALLOW_MEMBER_KEYS="true",
        OPENAI_BASE_URL="http://127.0.0.1:9/v1", MAX_OPEN_PER_MEMBER="50",
    )  # fmt: skip
