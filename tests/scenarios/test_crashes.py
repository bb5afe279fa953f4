"""kill -9 at the worst moments: each accepted request ends in one message and one charge, nothing is bought twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections import Counter

import pytest

from bot.playground.faults import Fault
from bot.playground.interactions import Interaction
from bot.playground.messages import Message
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.replicate_server import FakeReplicate
from tests.scenarios.conftest import Stage, StartStage

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "2"))
"""Ten by hand; two in the daily check, where each costs two starts of the bot."""

IN_FLIGHT = 8


async def ask_eight(stage: Stage, round_number: int) -> list[Interaction]:
    members = [stage.guild.add_member(f"m{round_number}-{number}") for number in range(IN_FLIGHT)]
    return await asyncio.gather(
        *(
            stage.discord.slash(member, stage.channel, "imagine", {"prompt": f"{member.name}"})
            for member in members
        )
    )


def finished(message: Message) -> Message | None:
    return message if any(button.label == "Repeat" for button in message.buttons) else None


async def all_delivered_once(stage: Stage, asked: list[Interaction]) -> None:
    cards = await asyncio.gather(*(one.until(finished, timeout=60) for one in asked))
    assert all(len(card.pictures) == 1 for card in cards)
    rows = await stage.ended_rows(*(one.member for one in asked if one.member))
    assert {row.user_id for row in rows} == {one.user.id for one in asked}
    assert {(row.state, row.made) for row in rows} == {("delivered", 1)}
    shown = Counter(message.interaction.id for message in stage.channel.messages if message.interaction)
    assert {shown[one.id] for one in asked} == {1}
    assert all(not one.followups for one in asked)
    assert len(stage.channel.messages) == sum(shown.values())
    assert not await stage.differences()


async def test_a_kill_while_the_vendor_draws_loses_nothing(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai, QUOTA_IMAGES_PER_DAY="5", OWNER_USD_PER_DAY="100")
    for number in range(ROUNDS):
        before = len(vendor.calls)
        vendor.answers(times=IN_FLIGHT // 2, latency_seconds=0.05)
        vendor.answers(times=IN_FLIGHT // 2, hold=True)
        asked = await ask_eight(stage, number)
        await vendor.arrived(before + IN_FLIGHT)
        await vendor.ended(before + IN_FLIGHT // 2)
        await asyncio.gather(*_first_half_stored(stage, asked))
        await stage.bot.kill()
        await vendor.ended(before + IN_FLIGHT)
        await stage.bot.start()
        await all_delivered_once(stage, asked)
        bought = Counter(
            call.fields["prompt"] for call in vendor.calls[before:] if call.outcome == "answered"
        )
        assert set(bought.values()) == {1}, "a call that had come back was bought again"
        print(
            f"round {number + 1}: 8 in flight, killed while drawing: 8 delivered once, {bought.total()} bought"
        )


def _first_half_stored(stage: Stage, asked: list[Interaction]) -> list[asyncio.Task[None]]:
    async def stored() -> None:
        while True:
            rows = [row for one in asked if one.member for row in await stage.rows(one.member)]
            if sum("render_1" in row.stages for row in rows) >= IN_FLIGHT // 2:
                return
            await asyncio.sleep(0.02)

    return [asyncio.create_task(stored())]


async def _struck(stage: Stage, fault: Fault, times: int) -> None:
    reached = stage.discord.requested.until
    await reached(lambda: fault.struck >= times or None, 20, lambda: f"only {fault.struck} on their way")


async def test_a_kill_while_results_are_delivered_shows_each_once(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai, QUOTA_IMAGES_PER_DAY="5", OWNER_USD_PER_DAY="100")
    for number in range(ROUNDS):
        before = len(vendor.calls)
        seen = sum(1 for one in stage.discord.requests if one.method == "PATCH")
        slow = stage.discord.faults.slow(1.0, method="PATCH", times=IN_FLIGHT)
        asked = await ask_eight(stage, number)
        await _struck(stage, slow, IN_FLIGHT)
        await stage.bot.kill()
        stage.discord.faults.clear()
        await stage.bot.start()
        await all_delivered_once(stage, asked)
        answered = [call for call in vendor.calls[before:] if call.outcome == "answered"]
        assert max(Counter(call.fields["prompt"] for call in answered).values()) == 1
        patched = sum(1 for one in stage.discord.requests if one.method == "PATCH") - seen
        print(f"round {number + 1}: killed while delivering: 8 delivered once after {patched} edits")


async def test_an_answer_lost_after_discord_applied_it_is_not_a_second_message(stage: Stage) -> None:
    stage.discord.faults.lose_answer(method="PATCH", route="/messages/", times=2)
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "an echo"})
    await asked.until(finished, timeout=30)
    await stage.channel.wait_for_message(lambda message: bool(message.pictures))
    assert len(stage.channel.messages) == 1
    assert [row.state for row in await stage.ended_rows(stage.ada)] == ["delivered"]


@pytest.mark.parametrize("signals", [1, 2])
async def test_sigterm_lets_running_jobs_end_and_a_second_one_leaves_them_to_the_next_start(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI, signals: int
) -> None:
    stage = await start_stage(**with_openai)
    vendor.answers(hold=True)
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a goodbye"})
    await vendor.arrived(1)
    stage.bot.tell(signal.SIGTERM)
    late = await stage.discord.slash(stage.bruno, stage.channel, "imagine", {"prompt": "too late"})
    assert "restarting" in (await late.followup()).text
    if signals == 1:
        vendor.release()
        await asked.until(finished, timeout=20)
        assert await stage.bot.ended() == 0
        assert len(vendor.calls) == 1
    else:
        stage.bot.tell(signal.SIGTERM)
        assert await stage.bot.ended() == 0
        vendor.release()
        stage.discord.gateway.drop()
        await stage.bot.start()
        await asked.until(finished, timeout=20)
    assert not await stage.differences()


async def test_whoever_waited_over_a_minute_is_called_back(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai)
    vendor.answers(hold=True)
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "patience"})
    await vendor.arrived(1)
    await stage.bot.kill()
    with sqlite3.connect(stage.bot.database) as database:
        database.execute("UPDATE requests SET created_at = created_at - 61")
    database.close()
    await stage.bot.start()
    ping = await asked.followup(30)
    assert "your picture is ready" in ping.text
    assert ping.pings == {str(stage.ada.id)}
    assert asked.message is not None
    assert finished(asked.message)


async def test_what_was_ordered_just_before_a_kill_is_found_and_not_ordered_again(
    start_stage: StartStage,
) -> None:
    """The vendor took the order; the kill came before its name arrived."""
    async with FakeReplicate() as vendor:
        stage = await start_stage(REPLICATE_API_TOKEN="r8_test", REPLICATE_BASE_URL=vendor.url)
        vendor.confirming.clear()
        members = [stage.guild.add_member(f"twin{number}") for number in range(3)]
        # The same words: only the seeds tell them apart.
        asked = [
            await stage.discord.slash(member, stage.channel, "imagine", {"prompt": "twins"})
            for member in members
        ]
        await vendor.ordered(3)
        await stage.bot.kill()
        vendor.confirming.set()
        # Nor where the vendor cannot say at first what was ordered: more often than one call is tried.
        vendor.silent = 7
        await stage.bot.start()
        await all_delivered_once(stage, asked)
        assert vendor.silent == 0
        assert len(vendor.predictions) == 3
        rows = await stage.rows(*members)
        assert {name for row in rows for name in row.provider_request_ids} == set(vendor.predictions)
        assert not vendor.violations, vendor.violations


async def test_a_kill_after_a_failover_goes_on_with_who_was_asked_last(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    """The first provider is busy; the kill comes before the second is told the order, then while it takes one.

    After it nobody knows how far that was: the first must not draw the same, well as it may be. And the model has no
    seed, so that the second one's order has none of the member's to be known by.
    """
    async with FakeReplicate() as other:
        stage = await start_stage(**with_openai, REPLICATE_API_TOKEN="r8_test", REPLICATE_BASE_URL=other.url)
        for number, member in enumerate((stage.ada, stage.bruno), 1):
            vendor.always(status=429, code="rate_limit_exceeded")
            gate = other.describing if number == 1 else other.confirming
            gate.clear()
            asked = await stage.discord.slash(
                member, stage.channel, "imagine", {"prompt": f"elsewhere {number}"}
            )
            await (other.asked(1) if gate is other.describing else other.ordered(number))
            await stage.bot.kill()
            vendor.always()
            gate.set()
            await stage.bot.start()
            await all_delivered_once(stage, [asked])
            assert len(other.predictions) == number
            (row,) = await stage.rows(member)
            assert row.provider_request_ids == [list(other.predictions)[-1]]
        assert "answered" not in {call.outcome for call in vendor.calls}, "bought at both"
        assert not other.violations, other.violations
