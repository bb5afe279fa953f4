"""A request that takes the process down each time it is tried: set aside after three attempts, released, and told."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.parked import Parked
from bot.roles import Role
from bot.settings import load_settings
from bot.wiring import build
from storage.rows import RequestRow
from storage.users import UserRepository
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import Stage, StartStage
from tests.storage.builders import new_request

_KILLS_AT_MOST = 8


async def parked_row(stage: Stage, timeout: float) -> RequestRow | None:
    try:
        async with asyncio.timeout(timeout):
            while True:
                (row,) = await stage.rows(stage.ada)
                if row.state == "parked":
                    return row
                await asyncio.sleep(0.1)
    except TimeoutError:
        return None


async def test_what_kills_the_process_three_times_is_parked(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai, QUOTA_IMAGES_PER_DAY="1")
    vendor.always(hold=True)
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "poison"})
    await vendor.arrived(1)
    for calls in range(2, _KILLS_AT_MOST):
        await stage.bot.kill()
        await stage.bot.start()
        arriving = asyncio.create_task(vendor.arrived(calls))
        parking = asyncio.create_task(parked_row(stage, 20))
        await asyncio.wait([arriving, parking], return_when=asyncio.FIRST_COMPLETED)
        arriving.cancel()
        if parking.done():
            break
        parking.cancel()
    (row,) = await stage.rows(stage.ada)
    assert (row.state, row.failure_kind, row.charged_microusd) == ("parked", "parked", 0)
    told = await asked.until(lambda message: message if "set aside" in message.text else None, 10)
    assert "Nothing was charged" in told.text
    assert len(vendor.calls) <= 4
    assert not await stage.differences()


async def test_a_parked_request_is_asked_again_or_closed(tmp_path: Path) -> None:
    settings = load_settings({"DATA_DIR": str(tmp_path), "HTTP_PORT": ""}, tmp_path)
    settings.prepare_data_dir()
    async with build(settings, Role.RUN) as program:
        await asyncio.to_thread(program.queue.open)
        requests = program.requests
        parked = Parked(requests, UserRepository(program.database), program.studio)
        for number in (1, 2):
            model = {"model": "demo/studio", "request": {**new_request().request, "model": "demo/studio"}}
            row = new_request(number, **model)
            await requests.accept(row)
            await requests.fail(row.id, "parked", {"attempts": 3}, state="parked")
        first, second = sorted(row.id for row in await parked.list())
        again = await parked.retry(first)
        accepted = await requests.get(again.id)
        assert accepted is not None
        assert (accepted.state, accepted.prompt) == ("accepted", "a fox")
        await parked.close(second)
        assert await parked.list() == []
        await asyncio.to_thread(program.queue.close)
