"""The main job, whole: a member types a command and gets pictures, with the demo provider."""

from __future__ import annotations

import hashlib
import io

from PIL import Image

from bot.playground import Answer, Upload
from tests.scenarios.conftest import Stage, StartStage


def png(width: int = 256, height: int = 256, colour: str = "teal") -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(held, "PNG")
    return held.getvalue()


async def test_imagine_posts_a_card_with_picture_prompt_and_buttons(stage: Stage) -> None:
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a *fox* in the snow"})
    assert await asked.answered() is Answer.DEFERRED
    card = await asked.card()
    assert len(card.pictures) == 1
    assert "a \\*fox\\* in the snow" in card.text
    assert "1024×1024" in card.text
    assert [button.label for button in card.buttons] == [
        "Repeat", "Change", "Vary", "Edit", "Enlarge", "Keep", "Details", "Original", "To my DMs", "Delete",
    ]  # fmt: skip
    assert card.alt_texts == ["Picture 1: a *fox* in the snow"]


async def test_four_pictures_can_each_be_varied(stage: Stage) -> None:
    asked = await stage.discord.slash(
        stage.ada, stage.channel, "imagine", {"prompt": "four boats", "count": 4}
    )
    card = await asked.card()
    assert len(card.pictures) == 4
    window = await (await stage.discord.click(stage.bruno, card, "Vary")).modal()
    varied = await stage.discord.submit(stage.bruno, window, {"which": "2"})
    variation = await varied.card()
    assert len(variation.pictures) == 1
    assert variation.pictures[0] not in card.pictures


async def test_an_edit_of_an_edit_goes_through_the_modal(stage: Stage) -> None:
    first = await (
        await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a house"})
    ).card()
    opened = await (await stage.discord.click(stage.ada, first, "Edit")).modal()
    second = await (await stage.discord.submit(stage.ada, opened, {"prompt": "at night"})).card()
    opened = await (await stage.discord.click(stage.ada, second, "Edit")).modal()
    third = await (await stage.discord.submit(stage.ada, opened, {"prompt": "with a lantern"})).card()
    assert len({hashlib.sha256(card.pictures[0]).hexdigest() for card in (first, second, third)}) == 3
    assert "with a lantern" in third.text


async def test_edit_and_variations_start_from_an_attachment(stage: Stage) -> None:
    upload = Upload("mine.png", png(), "image/png")
    edited = await stage.discord.slash(
        stage.ada, stage.channel, "edit", {"prompt": "warmer", "image": upload}
    )
    assert len((await edited.card()).pictures) == 1
    varied = await stage.discord.slash(
        stage.ada, stage.channel, "variations", {"image": upload, "count": 3, "strength": "strong"}
    )
    assert len((await varied.card()).pictures) == 3


async def test_a_private_picture_is_seen_by_its_requester_only(stage: Stage) -> None:
    asked = await stage.discord.slash(
        stage.ada, stage.channel, "imagine", {"prompt": "a secret", "private": True}
    )
    card = await asked.card()
    assert card.ephemeral
    assert not stage.channel.messages


async def test_threads_and_direct_messages_work_too(stage: Stage) -> None:
    thread = stage.channel.add_thread("night", owner=stage.ada)
    assert (
        await (await stage.discord.slash(stage.ada, thread, "imagine", {"prompt": "a moth"})).card()
    ).pictures
    direct = stage.discord.dm(stage.ada)
    assert (
        await (await stage.discord.slash(stage.ada.user, direct, "imagine", {"prompt": "a moth"})).card()
    ).pictures


async def test_only_its_owner_or_a_moderator_deletes_a_card(stage: Stage) -> None:
    card = await (await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a vase"})).card()
    refused = await stage.discord.click(stage.bruno, card, "Delete")
    assert "Only the one who asked" in (await refused.followup()).text
    assert not card.deleted
    await stage.discord.click(stage.moderator, card, "Delete")
    await card.until_deleted()


async def test_cards_and_refusals_speak_french(stage: Stage) -> None:
    asked = await stage.discord.slash(stage.camille, stage.channel, "imagine", {"prompt": "un renard"})
    card = await asked.card()
    assert [button.label for button in card.buttons] == [
        "Refaire",
        "Changer",
        "Varier",
        "Modifier",
        "Agrandir",
        "Garder",
        "Détails",
        "Original",
        "Dans mes MP",
        "Supprimer",
    ]
    refused = await stage.discord.slash(
        stage.camille, stage.channel, "imagine", {"prompt": "un renard", "model": "dall-e-3"}
    )
    assert "a été retiré" in (await refused.followup()).text


async def test_the_quota_ends_politely_and_is_shown(start_stage: StartStage) -> None:
    stage = await start_stage(QUOTA_IMAGES_PER_DAY="1")
    first = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "one"})
    assert "0 pictures left today" in (await first.card()).text
    second = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "two"})
    told = await second.followup()
    assert told.ephemeral
    assert "Your quota is used up" in told.text
    assert second.message is not None
    assert "Not drawn" in second.message.text
    shown = await stage.discord.slash(stage.ada, stage.channel, "quota show")
    assert "0 pictures of 1 picture left" in (await shown.says("left")).text


async def test_an_admin_sets_a_quota_and_members_cannot(stage: Stage) -> None:
    refused = await stage.discord.slash(stage.ada, stage.channel, "quota set", {"images": 5}, force=True)
    assert "people who may manage" in (await refused.says("manage")).text
    done = await stage.discord.slash(
        stage.admin, stage.channel, "quota set", {"images": 2, "user": stage.ada}
    )
    assert "2 pictures a day" in (await done.says("✅")).text
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "two", "count": 2})
    assert "0 pictures left today" in (await asked.card()).text
    listed = await stage.discord.slash(stage.admin, stage.channel, "quota list")
    assert "2 pictures a day" in (await listed.says("Limits")).text
