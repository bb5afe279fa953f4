"""What one process meets at a provider, the others can tell their members. On both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.breaker import Health
from bot.wellbeing import Unasked, Wellbeing
from storage.database import Database, open_database
from storage.health import HealthRepository
from tests.storage.builders import Clock
from tests.storage.conftest import clock, dialect, migrated_file, sqlite_url, url

__all__ = ["clock", "dialect", "migrated_file", "sqlite_url", "url"]


class Met:
    def __init__(self) -> None:
        self.now = Health(status="ready")

    def health(self) -> Health:
        return self.now


@pytest.fixture
async def database(url: str, clock: Clock) -> AsyncIterator[Database]:
    async with open_database(url, clock=clock) as opened:
        yield opened


def worker(database: Database, clock: Clock, name: str) -> tuple[Wellbeing, Met]:
    met = Met()
    shared = Wellbeing(
        HealthRepository(database), {"openai": met}, process=name, tells=True, listens=True, now=clock
    )
    return shared, met


async def test_a_gateway_tells_what_the_workers_meet_until_it_is_over(
    database: Database, clock: Clock
) -> None:
    (first, met), (second, also) = worker(database, clock, "w0"), worker(database, clock, "w1")
    gateway = Wellbeing(
        HealthRepository(database),
        {"openai": Unasked()},
        process="gateway",
        tells=False,
        listens=True,
        now=clock,
    )

    async def around() -> Health:
        for process in (first, second, gateway):
            await process.exchange()
        return gateway["openai"].health()

    assert await around() == Health(status="ready")
    met.now = Health(status="paused", until=clock() + 30, latency_seconds=4.0)
    also.now = Health(status="ready", latency_seconds=2.0)
    assert await around() == Health(status="paused", until=clock() + 30, latency_seconds=3.0)
    # The one that drew well says what the other met, too.
    assert second["openai"].health().status == "paused"
    clock.now += 31
    assert (await around()).status == "ready"
    also.now = Health(status="out_of_credit")
    assert (await around()).status == "out_of_credit"
    # A process that is gone takes its word with it.
    clock.now += 200
    await gateway.exchange()
    assert gateway["openai"].health() == Health(status="ready")


async def test_an_idle_process_writes_nothing(database: Database, clock: Clock) -> None:
    idle, met = worker(database, clock, "w0")
    await idle.exchange()
    repository = HealthRepository(database)
    assert await repository.told(0) == []
    met.now = Health(status="ready", latency_seconds=1.234)
    await idle.exchange()
    [row] = await repository.told(0)
    assert row.latency_seconds == 1.2
    clock.now += 5
    await idle.exchange()
    assert await repository.told(0) == [row]
