"""When a vendor may be asked again: nobody before the time it named, then one after the other, in any process."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from storage.database import open_database
from storage.paces import (
    CALM_SECONDS,
    FIRST_GAP_SECONDS,
    LONGEST_HOLD_SECONDS,
    UNTOLD_SECONDS,
    MemoryPaces,
    Pace,
    SharedPaces,
)
from tests.storage.postgres_server import PostgresServer


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def paces(clock: Clock) -> MemoryPaces:
    return MemoryPaces(clock)


async def turns(paces: MemoryPaces, count: int, longest: float = 60) -> list[float]:
    return [await paces.turn("openai", longest) for _ in range(count)]


async def test_nobody_waits_while_nothing_was_said(paces: MemoryPaces) -> None:
    assert await turns(paces, 3) == [0, 0, 0]


async def test_after_a_refusal_they_go_one_after_the_other(paces: MemoryPaces) -> None:
    await paces.told("openai", 7)
    assert await turns(paces, 3) == [7, 7 + FIRST_GAP_SECONDS, 7 + 2 * FIRST_GAP_SECONDS]
    assert await paces.turn("gemini", 60) == 0


async def test_without_a_time_there_is_a_short_pause(paces: MemoryPaces) -> None:
    await paces.told("openai", None)
    assert await paces.turn("openai", 60) == UNTOLD_SECONDS


async def test_who_would_wait_too_long_takes_no_place(paces: MemoryPaces) -> None:
    await paces.told("openai", 30)
    assert await turns(paces, 3, longest=20) == [30, 30, 30]
    assert await paces.turn("openai", 60) == 30


async def test_the_vendors_own_rate_is_the_gap(paces: MemoryPaces) -> None:
    await paces.told("openai", 2, gap=2)
    assert await turns(paces, 3) == [2, 4, 6]


async def test_calls_sent_away_together_do_not_slow_the_line(paces: MemoryPaces, clock: Clock) -> None:
    for _ in range(8):
        await paces.told("openai", 5)
    assert await turns(paces, 2) == [5, 5 + FIRST_GAP_SECONDS]


async def test_who_was_sent_away_again_slows_the_line(paces: MemoryPaces, clock: Clock) -> None:
    await paces.told("openai", 5)
    await turns(paces, 1)
    clock.now += 5.1
    await paces.told("openai", 5)
    first, second = await turns(paces, 2)
    assert second - first == 2 * FIRST_GAP_SECONDS


async def test_a_later_refusal_holds_those_who_had_a_place_already(paces: MemoryPaces, clock: Clock) -> None:
    await paces.told("openai", 1)
    await turns(paces, 2)
    clock.now += 1.0
    assert await paces.held("openai") == 0
    await paces.told("openai", 9)
    assert await paces.held("openai") == 9


async def test_a_calm_minute_forgets(paces: MemoryPaces, clock: Clock) -> None:
    await paces.told("openai", 1)
    clock.now += 1 + CALM_SECONDS
    assert await turns(paces, 3) == [0, 0, 0]


async def test_no_word_and_no_clock_closes_an_account_for_days(paces: MemoryPaces, clock: Clock) -> None:
    await paces.told("openai", 86_400)
    assert await paces.turn("openai", 60) == LONGEST_HOLD_SECONDS
    clock.now -= 7200
    assert await paces.turn("openai", 60) == 0


def test_a_pace_of_the_far_future_does_not_count() -> None:
    assert not Pace(held_until=10_000, next_at=10_000, gap=1).counts(1000)


@pytest.fixture
async def two(postgres: PostgresServer) -> AsyncIterator[tuple[SharedPaces, SharedPaces]]:
    """As two processes have them: each with its own connections to one database."""
    url = postgres.empty_database()
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(open_database(url)) for _ in range(2)]
        yield SharedPaces(one), SharedPaces(other)


async def test_what_one_process_was_told_another_keeps_to(two: tuple[SharedPaces, SharedPaces]) -> None:
    one, other = two
    assert await other.turn("openai", 60) == 0
    await one.told("openai", 7)
    assert await other.turn("openai", 60) == pytest.approx(7, abs=1)
    assert await other.held("openai") == pytest.approx(7, abs=1)
    assert await other.turn("openai", 3) > 3
    assert await other.turn("gemini", 60) == 0


async def test_of_many_at_once_no_two_get_the_same_place(two: tuple[SharedPaces, SharedPaces]) -> None:
    await two[0].told("openai", 20, gap=0.5)
    waits = await asyncio.gather(*(two[number % 2].turn("openai", 60) for number in range(20)))
    gaps = [later - earlier for earlier, later in itertools.pairwise(sorted(waits))]
    # Each was computed at another moment of the server's clock.
    assert min(gaps) > 0.5 - 0.4
    assert max(waits) - min(waits) == pytest.approx(19 * 0.5, abs=2)


async def test_processes_that_are_told_at_the_same_moment_agree(two: tuple[SharedPaces, SharedPaces]) -> None:
    await asyncio.gather(*(two[number % 2].told("openai", 5) for number in range(8)))
    first, second = [await two[0].turn("openai", 60) for _ in range(2)]
    assert second - first == pytest.approx(FIRST_GAP_SECONDS, abs=0.2)
