"""What is too much is refused in words before anything is reserved; who waits is told until when, as far as known."""

from __future__ import annotations

import re

from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import StartStage


async def test_above_the_owners_limit_a_request_is_refused_and_costs_nothing(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai, MAX_OPEN="2", QUOTA_IMAGES_PER_DAY="5")
    vendor.answers(times=2, hold=True)
    for who in (stage.ada, stage.bruno):
        await stage.discord.slash(who, stage.channel, "imagine", {"prompt": "a slow one"})
    await vendor.arrived(2)
    late = await stage.discord.slash(stage.camille, stage.channel, "imagine", {"prompt": "one more"})
    assert "charg" not in (await late.until(lambda message: message if message.text else None)).text
    assert "factur" in (await late.followup()).text
    assert not await stage.rows(stage.camille)
    vendor.release()
    again = await stage.ended_rows(stage.ada, stage.bruno)
    assert [row.state for row in again] == ["delivered", "delivered"]
    assert not await stage.differences()


async def test_who_waits_longer_is_told_when_the_picture_may_be_ready(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai, QUOTA_IMAGES_PER_DAY="9")
    vendor.answers(times=3, latency_seconds=6.0)
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "three", "count": 3})
    await asked.card(30)
    vendor.answers(hold=True)
    slow = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a fourth"})
    waiting = await slow.until(
        lambda message: message if "as far as I can tell" in message.text else None, 15
    )
    assert re.search(r"ready <t:\d+:R>", waiting.text)
    vendor.release()
    await slow.card()
