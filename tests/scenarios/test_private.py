"""A private result, link by link of its way: to its requester alone or kept, whatever breaks; never into a channel."""

from __future__ import annotations

import asyncio

import pytest

from bot.playground.interactions import Interaction
from bot.playground.messages import Message
from storage.rows import RequestRow
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import Stage, StartStage

_QUARTER_OF_AN_HOUR = 16 * 60


@pytest.fixture
async def stage(start_stage: StartStage, with_openai: dict[str, str]) -> Stage:
    return await start_stage(**with_openai, QUOTA_IMAGES_PER_DAY="5")


async def ask_a_secret(stage: Stage, vendor: FakeOpenAI) -> Interaction:
    """Under way at the vendor, which waits to be released."""
    vendor.answers(hold=True)
    asked = await stage.discord.slash(
        stage.ada, stage.channel, "imagine", {"prompt": "a secret", "private": True}
    )
    await vendor.arrived(1)
    return asked


def has_picture(message: Message) -> bool:
    return bool(message.pictures)


async def the_only_row(stage: Stage) -> RequestRow:
    (row,) = await stage.ended_rows(stage.ada, timeout=60)
    return row


def nobody_else_saw_it(stage: Stage) -> bool:
    return not stage.channel.messages and all(
        message.reader is not None and message.reader.id == stage.ada.id
        for message in stage.channel.ephemerals
    )


async def test_while_the_token_lives_it_is_the_answer_that_only_its_requester_sees(
    stage: Stage, vendor: FakeOpenAI
) -> None:
    asked = await ask_a_secret(stage, vendor)
    vendor.release()
    card = await asked.card()
    assert card.ephemeral
    assert (await the_only_row(stage)).state == "delivered"
    assert nobody_else_saw_it(stage)


async def test_when_the_token_died_it_is_a_direct_message(stage: Stage, vendor: FakeOpenAI) -> None:
    await ask_a_secret(stage, vendor)
    stage.discord.clock.advance(_QUARTER_OF_AN_HOUR)
    vendor.release()
    await stage.discord.dm(stage.ada).wait_for_message(has_picture, timeout=30)
    assert (await the_only_row(stage)).state == "delivered"
    assert nobody_else_saw_it(stage)


async def test_when_the_token_died_and_direct_messages_are_closed_it_is_kept(
    stage: Stage, vendor: FakeOpenAI
) -> None:
    await ask_a_secret(stage, vendor)
    stage.ada.user.dms_open = False
    stage.discord.clock.advance(_QUARTER_OF_AN_HOUR)
    vendor.release()
    row = await the_only_row(stage)
    assert (row.state, row.made) == ("undelivered", 1)
    assert nobody_else_saw_it(stage)
    assert not await stage.differences()


async def test_after_a_crash_and_a_dead_token_it_is_a_direct_message(
    stage: Stage, vendor: FakeOpenAI
) -> None:
    await ask_a_secret(stage, vendor)
    await stage.bot.kill()
    stage.discord.clock.advance(_QUARTER_OF_AN_HOUR)
    vendor.release()
    await stage.bot.start()
    direct = stage.discord.dm(stage.ada)
    await direct.wait_for_message(has_picture, timeout=30)
    await the_only_row(stage)
    assert sum(has_picture(message) for message in direct.messages) == 1
    assert nobody_else_saw_it(stage)


async def test_an_answer_lost_on_the_way_to_a_direct_message_shows_it_once(
    stage: Stage, vendor: FakeOpenAI
) -> None:
    await ask_a_secret(stage, vendor)
    stage.discord.clock.advance(_QUARTER_OF_AN_HOUR)
    stage.discord.faults.lose_answer(method="POST", route="/messages")
    vendor.release()
    direct = stage.discord.dm(stage.ada)
    await direct.wait_for_message(has_picture, timeout=30)
    await the_only_row(stage)
    assert sum(has_picture(message) for message in direct.messages) == 1
    assert nobody_else_saw_it(stage)


async def test_a_failure_of_a_private_request_is_told_to_its_requester_alone(
    stage: Stage, vendor: FakeOpenAI
) -> None:
    vendor.answers(status=500)
    asked = await stage.discord.slash(
        stage.ada, stage.channel, "imagine", {"prompt": "a secret", "private": True}
    )
    told = await asked.says("Nothing was charged", 20)
    assert told.ephemeral
    assert nobody_else_saw_it(stage)
    await asyncio.wait_for(the_only_row(stage), 20)


async def test_a_failure_after_the_token_died_stays_out_of_the_channel(
    stage: Stage, vendor: FakeOpenAI
) -> None:
    vendor.answers(status=400, code="moderation_blocked", hold=True)
    await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a secret", "private": True})
    await vendor.arrived(1)
    stage.discord.clock.advance(_QUARTER_OF_AN_HOUR)
    vendor.release()
    direct = stage.discord.dm(stage.ada)
    await direct.wait_for_message(lambda message: "Nothing was charged" in message.text, timeout=30)
    row = await the_only_row(stage)
    assert (row.state, row.made) == ("refused", 0)
    assert nobody_else_saw_it(stage)
    assert len(direct.messages) == 1


async def test_the_cheaper_picture_at_a_limit_is_as_private_and_as_hidden_as_the_wish(
    start_stage: StartStage, with_openai: dict[str, str]
) -> None:
    stage = await start_stage(**with_openai, QUOTA_USD_PER_MONTH="0.05")
    wish = {"prompt": "a secret", "model": "openai/gpt-image-2", "quality": "high"}
    for private in (True, False):
        sight = {"private": private, "spoiler": True}
        asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", wish | sight)
        landing = await asked.says("go over your quota", 15)
        assert landing.buttons[0].label.startswith("Draw with ")
        card = await (await stage.discord.click(stage.ada, landing, 0)).card(30)
        assert card.ephemeral is private
        newest, *_ = await stage.ended_rows(stage.ada)
        assert (newest.private, newest.spoiler) == (private, True)
