"""What Discord numbers for the application: learned once, read by those who only deliver, and plain until then."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from bot import marks
from bot.emblems import SIDE, emblem
from bot.marks import Sign
from storage.database import open_database
from storage.settings import SettingsRepository

DISCORDS_LARGEST_BYTES = 256 * 1024


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    marks.forget()
    yield
    marks.forget()


def test_without_numbers_commands_are_code_and_signs_are_unicode() -> None:
    assert marks.with_links("see `/quota show`, not `code`") == "see `/quota show`, not `code`"
    assert marks.sign(Sign.DONE) == "✅"


async def test_a_process_that_tells_discord_nothing_reads_what_another_wrote_down(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'atelier.db'}") as database:
        settings = SettingsRepository(database)
        reading = asyncio.create_task(marks.keep_reading(settings, 7))
        # As after the very first start: a process that delivers looks before the other one has asked Discord.
        await asyncio.sleep(0.2)
        await settings.set(
            "app", marks.commands_key(7), {"digest": "x", "ids": {"quota": "11", "admin": "12"}}
        )
        await settings.set("app", marks.signs_key(7), {"DONE": "<:atelier_done_1:13>"})
        async with asyncio.timeout(15):
            while True:
                if marks.sign(Sign.DONE) != "✅":
                    break
                await asyncio.sleep(0.01)
        reading.cancel()
    assert marks.sign(Sign.DONE) == "<:atelier_done_1:13>"
    assert marks.sign(Sign.FAILED) == "⚠️"
    words = "see `/quota show`, `/admin block list` and `/history`"
    assert marks.with_links(words) == "see </quota show:11>, </admin block list:12> and `/history`"


@pytest.mark.parametrize("which", list(Sign))
def test_each_sign_is_a_small_picture_of_its_own(which: Sign) -> None:
    drawn = emblem(which)
    assert len(drawn) <= DISCORDS_LARGEST_BYTES
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.format == "PNG"
        assert picture.size == (SIDE, SIDE)
        assert picture.getpixel((0, 0))[3] == 0, "transparent around the disc"  # type: ignore[index]
    assert all(drawn != emblem(other) for other in Sign if other is not which)
