"""Whatever goes wrong at whichever provider costs nobody anything, and the ledger is exact after each of it.

One bot with every provider, real clients against local servers of the vendors, and a limit of every kind in force.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.playground.messages import Message
from bot.playground.people import Member
from storage.database import open_database
from storage.rows import RequestRow
from storage.tables import counters, ledger
from tests.fakes.openai_server import FakeOpenAI
from tests.providers.contract import CASES
from tests.scenarios.conftest import Stage, StartStage
from tests.scenarios.test_admins import say

SETTINGS = {
    "openai": {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": "URL"},
    "gemini": {"GEMINI_API_KEY": "AIza-test", "GEMINI_BASE_URL": "URL"},
    "replicate": {"REPLICATE_API_TOKEN": "r8_test", "REPLICATE_BASE_URL": "URL"},
    "stability": {"STABILITY_API_KEY": "sk-test", "STABILITY_BASE_URL": "URL"},
    "a1111": {"A1111_BASE_URL": "URL"},
    "shed": {},
}
FAILURES = (
    "down", "bad_key", "half", "rate_limited_untimed", "huge", "refused", "html", "out_of_credit", "not_a_picture",
    "empty", "hold",
)  # fmt: skip
"""As `tests.fakes.vendor` has them; `hold` is a vendor that never answers. Those after which a provider would rest do
not come three times in a row.
"""
SHED = """
[[servers]]
name = "shed"
base_url = "URL"
accepts = ["n", "size", "output_format"]

[[models]]
id = "shed/gpt-image-2"
name = "The shed"
kinds = ["generate"]
images_per_call = 4
formats = ["png"]
sizes = { list = ["1024x1024"] }
price = { usd = 0.01 }
"""


@dataclass
class House:
    stage: Stage
    vendors: dict[str, Any]
    members: dict[str, Member]

    async def asks(self, name: str, **options: Any) -> Message:
        """The card, or the words, that this provider's member ends with."""
        values = {"prompt": "trouble", "model": CASES[name].model, **options}
        asked = await self.stage.discord.slash(self.members[name], self.stage.channel, "imagine", values)
        return await asked.until(_ended, timeout=40)

    async def row(self, name: str) -> RequestRow:
        return (await self.stage.ended_rows(self.members[name]))[0]

    async def sums(self) -> tuple[int, dict[str, int]]:
        """(what is still reserved anywhere, the used images by subject of a counter of the day)."""
        async with open_database(self.stage.bot.database_url) as database:
            total = select(func.sum(ledger.c.reserved_images), func.sum(ledger.c.reserved_microusd))
            images, microusd = await database.read(lambda connection: connection.execute(total).one())
            rows = await database.read(
                lambda connection: connection.execute(
                    select(counters.c.subject, counters.c.used_images, counters.c.reserved_images).where(
                        counters.c.window == "day"
                    )
                ).all()
            )
        held = abs(images or 0) + abs(microusd or 0) + sum(row.reserved_images for row in rows)
        return held, {row.subject: row.used_images for row in rows}


def _ended(message: Message) -> Message | None:
    labels = {str(button.label) for button in message.buttons}
    return message if "Reference" in message.text or "Repeat" in labels else None


@asynccontextmanager
async def vendors_of_all() -> AsyncGenerator[dict[str, Any]]:
    async with AsyncExitStack() as stack:
        vendors = {name: await stack.enter_async_context(case.vendor()) for name, case in CASES.items()}
        yield vendors
        assert not [fault for vendor in vendors.values() for fault in vendor.violations]


@pytest.fixture
async def house(start_stage: StartStage, tmp_path: Path) -> AsyncGenerator[House]:
    async with vendors_of_all() as vendors:
        catalog = tmp_path / "catalog.toml"
        catalog.write_text(SHED.replace("URL", vendors["shed"].url), encoding="utf-8")
        said = {
            key: vendors[name].url if value == "URL" else value
            for name, settings in SETTINGS.items()
            for key, value in settings.items()
        }
        stage = await start_stage(
            run=False, **said, CATALOG_FILE=str(catalog), PROVIDER_TIMEOUT_SECONDS="3", PROVIDER_PAUSE_SECONDS="0.05",
            QUOTA_IMAGES_PER_DAY="4", QUOTA_USD_PER_MONTH="10", OWNER_USD_PER_DAY="100", OWNER_USD_PER_MONTH="100",
        )  # fmt: skip
        members = {name: stage.guild.add_member(name.title()) for name in CASES}
        await stage.bot.start(OWNER_IDS=str(stage.admin.id))
        await say(stage, stage.admin, "admin budget", {"images": 100, "usd": 100.0, "window": "day"})
        await say(stage, stage.admin, "quota set", {"channel": stage.channel, "images": 100})
        for name in CASES:
            budget = {"images": 100, "usd": 100.0, "window": "day", "provider": name}
            await say(stage, stage.admin, "admin budget", budget)
        yield House(stage, vendors, members)


async def test_each_failure_of_each_provider_releases_the_whole_reservation(house: House) -> None:
    table: list[str] = []

    async def fails(name: str, word: str) -> None:
        if word in CASES[name].lacks:
            return
        if word == "empty" and isinstance(house.vendors[name], FakeOpenAI):
            # With previews it streams, and would go on to send a picture.
            house.vendors[name].answers(count=0, ignore_stream=True)
        else:
            # Gemini is asked once more after an answer without a picture.
            house.vendors[name].will(word, 2 if (name, word) == ("gemini", "empty") else 1)
        told = await house.asks(name, count=1)
        assert "Reference" in told.text, (name, word, told.text)
        row = await house.row(name)
        assert row.state in ("failed", "refused"), (name, word, row.state)
        assert (row.charged_microusd, row.cost_microusd, row.made) == (0, 0, 0), (name, word)
        table.append(f"{name:10} {word:22} {row.failure_kind or '':16} charged 0")

    for word in FAILURES:
        await asyncio.gather(*(fails(name, word) for name in CASES))
        assert not await house.stage.differences(), word
        held, used = await house.sums()
        assert held == 0, word
        assert set(used.values()) == {0}, (word, used)
    print("\n".join(sorted(table)))
    assert len(table) == sum(word not in case.lacks for case in CASES.values() for word in FAILURES)
    standing = await say(house.stage, house.members["gemini"], "quota show")
    assert "4 pictures of 4 pictures left" in standing.text


_THREE_OF_FOUR = {
    "openai": lambda vendor: vendor.will("down"),
    "shed": lambda vendor: vendor.answers(count=3),
    "gemini": lambda vendor: vendor.will("refused"),
    "stability": lambda vendor: vendor.will("down"),
}
"""Where one call makes four pictures, it makes fewer; where each picture is a call, one of them fails."""


async def test_three_pictures_of_four_are_charged_as_three(house: House) -> None:
    async def partly(name: str) -> None:
        _THREE_OF_FOUR[name](house.vendors[name])
        card = await house.asks(name, count=4)
        row = await house.row(name)
        assert row.made == 3, (name, row)
        assert len(card.pictures) == 3, name
        assert row.charged_microusd is not None
        assert 0 < row.charged_microusd <= row.estimate_microusd * 3 // 4 + 1, name
        print(
            f"{name:10} asked 4, made 3, charged {row.charged_microusd} of {row.estimate_microusd} reserved"
        )

    await asyncio.gather(*map(partly, _THREE_OF_FOUR))
    assert not await house.stage.differences()
    held, used = await house.sums()
    assert held == 0
    for name in _THREE_OF_FOUR:
        assert used[f"user:{house.members[name].id}"] == 3
        assert used[f"provider:{name}"] == 3
    assert used["server"] == used["owner"] == 3 * len(_THREE_OF_FOUR)
