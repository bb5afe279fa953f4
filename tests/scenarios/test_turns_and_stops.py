"""What waits for its member's turn when the bot is stopped: begun by nobody meanwhile, drawn after the next start."""

from __future__ import annotations

import asyncio

from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import StartStage
from tests.scenarios.test_crashes import finished


async def test_a_request_that_waits_for_its_turn_is_drawn_after_the_restart(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai, MEMBER_CONCURRENCY="1", QUOTA_IMAGES_PER_DAY="5")
    vendor.answers(hold=True)
    asked = [
        await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": words})
        for words in ("first", "second", "third")
    ]
    await vendor.arrived(1)
    async with asyncio.timeout(20):
        rows = await stage.rows(stage.ada)
        while len(rows) < 3:
            await asyncio.sleep(0.05)
            rows = await stage.rows(stage.ada)
    stopping = asyncio.create_task(stage.bot.stop())
    await stage.bot.says("no more jobs are begun")
    vendor.release()
    assert await stopping == 0
    assert len(vendor.calls) == 1
    stage.discord.gateway.drop()
    await stage.bot.start()
    await asyncio.gather(*(one.until(finished, timeout=30) for one in asked))
    assert sorted(call.fields["prompt"] for call in vendor.calls) == ["first", "second", "third"]
    assert {row.state for row in await stage.ended_rows(stage.ada)} == {"delivered"}
    assert not await stage.differences()
