"""A gateway and workers as processes of their own on one PostgreSQL: what one promised, another keeps."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.playground.faults import Fault
from bot.playground.interactions import Interaction
from bot.playground.messages import Message
from storage.database import open_database
from storage.paces import FIRST_GAP_SECONDS
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios import everybody
from tests.scenarios.conftest import staged
from tests.scenarios.fleet import Fleet, fleet_of
from tests.scenarios.process import BotProcess
from tests.scenarios.test_crashes import all_delivered_once, finished
from tests.storage.postgres_server import PostgresServer

StartFleet = Callable[..., Awaitable[Fleet]]

_SLOW_SECONDS = 2.0
"""Below what the gateway waits for the end of its own edit."""


@pytest.fixture
async def start_fleet(
    tmp_path: Path, postgres: PostgresServer, with_openai: dict[str, str]
) -> AsyncIterator[StartFleet]:
    """Gives `start`; `await start(workers=2, MEMBER_CONCURRENCY="1")` runs a gateway and two workers."""
    async with AsyncExitStack() as stack:
        fleets: list[Fleet] = []

        async def start(*, workers: int, **environment: str) -> Fleet:
            settings = {**with_openai, **environment}
            fleet = await stack.enter_async_context(
                fleet_of(tmp_path, postgres.empty_database(), settings, workers=workers)
            )
            fleets.append(fleet)
            return fleet

        yield start
        for fleet in fleets:
            assert not fleet.stage.discord.deviations, [str(one) for one in fleet.stage.discord.deviations]


async def accepted(fleet: Fleet, asked: Interaction) -> None:
    """Until its row is there."""
    assert asked.member is not None
    async with asyncio.timeout(20):
        rows = await fleet.stage.rows(asked.member)
        while not rows:
            await asyncio.sleep(0.05)
            rows = await fleet.stage.rows(asked.member)


async def one_says(workers: Sequence[BotProcess], text: str) -> None:
    async with asyncio.timeout(30):
        while True:
            if any(text in worker.log() for worker in workers):
                return
            await asyncio.sleep(0.05)


async def test_a_gateway_accepts_and_workers_draw_and_deliver(start_fleet: StartFleet) -> None:
    fleet = await start_fleet(workers=2, QUOTA_IMAGES_PER_DAY="5")
    asked = await fleet.ask(*(f"wish {number}" for number in range(8)))
    await all_delivered_once(fleet.stage, asked)
    drew = [worker.log().count("request ended") for worker in fleet.workers]
    assert sum(drew) == 8
    # A card that a worker posted, pressed at the gateway.
    card, who = await asked[0].card(), asked[0].member
    assert who is not None
    told = await fleet.stage.discord.click(who, card, "Details")
    assert "wish 0" in (await told.says("Reference")).text
    window = await (await fleet.stage.discord.click(who, card, "Vary")).modal()
    varied = await (await fleet.stage.discord.submit(who, window, {"direction": "light"})).card(timeout=30)
    assert varied.alt_texts == ["Variation 1, Other light: wish 0"]
    for button in card.buttons:
        if button.label != "Delete":
            heard = await everybody.told(
                await fleet.stage.discord.click(who, card, button.label), drawn=False
            )
            assert heard.text or heard.message, button
    await fleet.stage.discord.click(who, card, "Delete")
    await card.until_deleted()
    assert not everybody.errors_logged(fleet.stage)
    assert fleet.stage.bot.log().count("request ended") == 0
    assert await fleet.stage.bot.stop() == 0
    assert [await worker.stop() for worker in fleet.workers] == [0, 0]


async def test_the_growing_picture_and_its_cancel_button_reach_the_worker(
    start_fleet: StartFleet, vendor: FakeOpenAI
) -> None:
    fleet = await start_fleet(workers=1)
    vendor.answers(partials=2, hold_half=True)
    (asked,) = await fleet.ask("a slow fox")
    growing = await asked.until(lambda message: message if message.pictures else None, timeout=20)
    assert asked.member is not None
    await fleet.stage.discord.click(asked.member, growing, "Cancel")
    ended = await asked.until(lambda message: message if "Cancelled" in message.text else None, timeout=20)
    assert "Nothing was charged" in ended.text
    await vendor.ended(1)
    assert vendor.calls[0].outcome == "abandoned"
    assert not await fleet.stage.differences()


async def test_who_waits_for_a_worker_reads_the_place_in_the_line_until_the_worker_begins(
    start_fleet: StartFleet, vendor: FakeOpenAI
) -> None:
    fleet = await start_fleet(workers=0)
    asked = await fleet.ask("first")
    first = await asked[0].until(in_line, timeout=20)
    # Two at the same moment may be accepted in either order.
    asked += await fleet.ask("second")
    second = await asked[1].until(in_line, timeout=20)
    assert "Next in the queue" in first.text
    assert "1 ahead" in second.text
    assert [button.label for button in second.buttons] == ["Cancel"]
    vendor.answers(times=2, partials=1, hold_half=True)
    await fleet.add_worker()
    growing = [
        await one.until(lambda message: message if message.pictures else None, timeout=30) for one in asked
    ]
    assert all("Drawing" in message.text for message in growing)
    vendor.release()
    await all_delivered_once(fleet.stage, asked)


async def test_a_slow_word_of_the_line_never_replaces_the_finished_card(start_fleet: StartFleet) -> None:
    fleet = await start_fleet(workers=1)
    # The first job of a process is a slow one.
    warm = await fleet.ask("warm")
    await all_delivered_once(fleet.stage, warm)
    slow = fleet.stage.discord.faults.slow(_SLOW_SECONDS, method="PATCH")
    (worker,) = fleet.workers
    worker.tell(signal.SIGSTOP)
    asked = await fleet.ask("a quick fox")
    await struck(slow)
    # The gateway's word is on its way; the worker would be done before it arrives.
    worker.tell(signal.SIGCONT)
    await asked[0].until(finished, timeout=30)
    await asyncio.sleep(_SLOW_SECONDS)
    await all_delivered_once(fleet.stage, warm + asked)
    assert all(finished(message) for message in fleet.stage.channel.messages)


async def struck(fault: Fault) -> None:
    async with asyncio.timeout(20):
        while True:
            if fault.struck:
                return
            await asyncio.sleep(0.02)


def in_line(message: Message) -> Message | None:
    return message if "the queue" in message.text else None


async def test_what_waits_for_its_turn_is_released_at_once_when_it_is_cancelled(
    start_fleet: StartFleet, vendor: FakeOpenAI
) -> None:
    fleet = await start_fleet(workers=0)
    (asked,) = await fleet.ask("nobody draws yet")
    assert asked.member is not None
    await accepted(fleet, asked)
    offered = await fleet.stage.discord.autocomplete(
        asked.member, fleet.stage.channel, "cancel", {}, focused=("request", "nobody")
    )
    assert [choice["name"] for choice in offered] == ["nobody draws yet"]
    said = await fleet.stage.discord.slash(asked.member, fleet.stage.channel, "cancel")
    await said.says("Cancelled: 1")
    await asked.until(lambda message: message if "Nothing was charged" in message.text else None)
    (row,) = await fleet.stage.rows(asked.member)
    assert (row.state, row.charged_microusd) == ("cancelled", 0)
    assert not vendor.calls


async def test_a_worker_that_never_comes_back_is_inherited_from(
    start_fleet: StartFleet, vendor: FakeOpenAI
) -> None:
    fleet = await start_fleet(workers=1)
    vendor.answers(times=4, hold=True)
    asked = await fleet.ask(*(f"wish {number}" for number in range(4)))
    await vendor.arrived(4)
    heir = await fleet.add_worker()
    await fleet.workers[0].end()
    await all_delivered_once(fleet.stage, asked)
    assert "took over" in heir.log()


@pytest.mark.parametrize("woken", ["while the other draws", "after the other delivered"])
async def test_a_worker_that_lost_its_seat_ends_itself_and_its_jobs_go_on_elsewhere(
    start_fleet: StartFleet, vendor: FakeOpenAI, woken: str
) -> None:
    """It hung (SIGSTOP), the server ended its session, another took over; then it wakes up and goes on where it was."""
    fleet = await start_fleet(workers=1)
    vendor.answers(times=4, hold=True)
    asked = await fleet.ask(*(f"wish {number}" for number in range(4)))
    await vendor.arrived(4)
    hung = fleet.workers[0]
    heir = await fleet.add_worker()
    hung.tell(signal.SIGSTOP)
    assert await end_session_of_seat(fleet) == 1
    await heir.says("took over")
    # The old calls and the new ones are all under way: whoever is answered first must not show it twice.
    await vendor.arrived(8)
    vendor.release()
    if woken == "after the other delivered":
        # Its previews are due since long, and would take the place of finished cards.
        await all_delivered_once(fleet.stage, asked)
    hung.tell(signal.SIGCONT)
    assert await hung.ended() == 1
    assert "another process took over" in hung.log()
    await all_delivered_once(fleet.stage, asked)
    assert heir.log().count("request ended") == 4


async def end_session_of_seat(fleet: Fleet) -> int:
    """What a server does with a client that does not answer any more; how many sessions it ended: the oldest seat's."""
    ended = text(
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND granted AND objsubid = 1 ORDER BY backend_start LIMIT 1"
    )
    async with open_database(fleet.stage.bot.database_url) as database:
        return await database.read(lambda connection: len(connection.execute(ended).all()))


async def test_a_new_worker_carries_on_while_the_old_one_ends_what_it_has(
    start_fleet: StartFleet, vendor: FakeOpenAI
) -> None:
    fleet = await start_fleet(workers=2)
    vendor.answers(times=2, hold=True)
    first = await fleet.ask("one", "two")
    await vendor.arrived(2)
    stopping = asyncio.create_task(fleet.workers[0].stop())
    second = await fleet.ask("three", "four")
    await asyncio.gather(*(one.until(finished, timeout=30) for one in second))
    vendor.release()
    await all_delivered_once(fleet.stage, first + second)
    assert await stopping == 0
    assert len(vendor.calls) == 4


async def test_while_a_gateway_is_replaced_every_command_is_heard_and_done_once(
    start_fleet: StartFleet,
) -> None:
    fleet = await start_fleet(workers=1)
    replaced = asyncio.Event()
    asking = asyncio.create_task(ask_until(replaced, fleet, pause_seconds=0.25))
    assert await fleet.replace_gateway() == 0
    replaced.set()
    asked = await asking
    await all_delivered_once(fleet.stage, asked)
    rows = await fleet.stage.rows(*(one.member for one in asked if one.member))
    assert len(rows) == len(asked)


async def ask_until(done: asyncio.Event, fleet: Fleet, *, pause_seconds: float) -> list[Interaction]:
    asked: list[Interaction] = []
    while not done.is_set() or len(asked) < 8:
        member = fleet.stage.guild.add_member(f"steady{len(asked)}")
        wish = {"prompt": f"wish {len(asked)}"}
        asked.append(await fleet.stage.discord.slash(member, fleet.stage.channel, "imagine", wish))
        await asyncio.sleep(pause_seconds)
    return asked


async def test_several_processes_on_sqlite_are_refused_in_words(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, verb=("worker",)) as stage:
        await stage.bot.spawn()
        assert await stage.bot.ended() == 1
        assert "PostgreSQL" in stage.bot.log()
        assert "Traceback" not in stage.bot.log()


async def test_after_a_refusal_to_one_worker_no_worker_asks_before_the_time(
    start_fleet: StartFleet, vendor: FakeOpenAI
) -> None:
    fleet = await start_fleet(workers=2, QUEUE_CONCURRENCY="5")
    vendor.answers(status=429, code="rate_limit_exceeded", headers={"retry-after": "4"})
    first = await fleet.ask("sent away")
    await one_says(fleet.workers, "asks for a pause")
    rest = await fleet.ask(*(f"wish {number}" for number in range(8)))
    await all_delivered_once(fleet.stage, first + rest)
    refused, *later = vendor.calls
    assert len(later) == 9
    assert min(call.at for call in later) >= refused.ended + 4
    # Not all of them in the moment when the time was over.
    assert max(call.at for call in later) >= refused.ended + 4 + 7 * FIRST_GAP_SECONDS
    assert all("waiting for the vendor" in worker.log() for worker in fleet.workers)
