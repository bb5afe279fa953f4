"""The main job with OpenAI's formats on the wire: what the vendor made is what is posted, byte for byte."""

from __future__ import annotations

import hashlib
import io

from PIL import Image

from bot.playground import Upload
from bot.playground.messages import Message
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import StartStage


def hashes(card: Message) -> list[str]:
    return [hashlib.sha256(data).hexdigest() for data in card.pictures]


def photo() -> Upload:
    held = io.BytesIO()
    Image.new("RGB", (320, 240), "orange").save(held, "JPEG")
    return Upload("photo.jpg", held.getvalue(), "image/jpeg")


async def test_pictures_of_all_three_commands_arrive_as_the_vendor_sent_them(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai)
    discord, ada, channel = stage.discord, stage.ada, stage.channel
    drawn = await (await discord.slash(ada, channel, "imagine", {"prompt": "a fox", "count": 2})).card()
    assert sorted(hashes(drawn)) == sorted(sha for call in vendor.calls for sha in call.pictures)
    edited = await (
        await discord.slash(ada, channel, "edit", {"prompt": "at night", "image": photo()})
    ).card()
    assert hashes(edited) == vendor.calls[-1].pictures
    varied = await (await discord.slash(ada, channel, "variations", {"image": photo(), "count": 2})).card()
    assert hashes(varied) == vendor.calls[-1].pictures
    assert vendor.calls[-1].path.endswith("/images/edits")
    assert not await stage.differences()


async def test_an_edit_of_an_edit_sends_the_first_edits_picture(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai)
    discord, ada = stage.discord, stage.ada
    card = await (await discord.slash(ada, stage.channel, "imagine", {"prompt": "a house"})).card()
    for words in ("at night", "with a lantern"):
        made = vendor.calls[-1].pictures
        modal = await (await discord.click(ada, card, "Edit")).modal()
        card = await (await discord.submit(ada, modal, {"prompt": words})).card()
        assert [file["sha256"] for file in vendor.calls[-1].files] == made
        assert vendor.calls[-1].fields["prompt"] == words
    assert hashes(card) == vendor.calls[-1].pictures
    rows = await stage.rows(ada)
    assert [row.parent_image_id is None for row in rows] == [False, False, True]


async def test_previews_show_while_the_vendor_draws(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai)
    vendor.answers(partials=2, hold_half=True)
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a slow fox"})
    growing = await asked.until(lambda message: message if message.pictures else None, timeout=15)
    assert "Drawing" in growing.text
    assert [button.label for button in growing.buttons] == ["Cancel"]
    vendor.release()
    card = await asked.until(
        lambda message: message if any(b.label == "Repeat" for b in message.buttons) else None
    )
    assert hashes(card) == vendor.calls[0].pictures


async def test_a_member_who_cancels_pays_nothing(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai, QUOTA_IMAGES_PER_DAY="2")
    vendor.answers(hold=True)
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "never mind"})
    waiting = await asked.until(lambda message: message if message.buttons else None, timeout=10)
    await stage.discord.click(stage.ada, waiting, "Cancel")
    ended = await asked.until(lambda message: message if "Cancelled" in message.text else None)
    assert "Nothing was charged" in ended.text
    await vendor.ended(1)
    assert vendor.calls[0].outcome == "abandoned"
    shown = await stage.discord.slash(stage.ada, stage.channel, "quota show")
    assert "2 pictures of 2 pictures left" in (await shown.says("left")).text
    assert not await stage.differences()


async def test_part_of_a_request_is_delivered_and_only_that_part_is_charged(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai, QUOTA_IMAGES_PER_DAY="10")
    vendor.answers(status=400, code="moderation_blocked", type="image_generation_user_error")
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "four", "count": 4})
    card = await asked.card()
    assert len(card.pictures) == 3
    assert "3 of 4 pictures" in card.text
    assert "7 pictures left today" in card.text
    assert not await stage.differences()
