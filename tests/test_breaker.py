"""The circuit breaker: who is asked after failures, and what is known of a provider's health."""

from __future__ import annotations

import pytest

from bot.breaker import Breaker
from bot.errors import (
    BadInput,
    Misconfigured,
    OutOfCredit,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("acme", pause_seconds=30, now=clock)


def fail(breaker: Breaker, error: ProviderError | None = None) -> None:
    error = error or ProviderUnavailable(provider="acme")
    with pytest.raises(type(error)), breaker.passing():
        raise error


def succeed(breaker: Breaker, clock: Clock | None = None, seconds: float = 0.0) -> None:
    with breaker.passing():
        if clock is not None:
            clock.now += seconds


def is_refused(breaker: Breaker) -> bool:
    try:
        with breaker.passing():
            return False
    except ProviderUnavailable as error:
        return error.code == "paused" and not error.may_be_paid


def test_the_third_failure_in_a_row_opens_and_a_probe_closes(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    fail(breaker, ProviderTimeout(provider="acme"))
    assert breaker.health().status == "ready"
    fail(breaker)
    assert breaker.health().status == "paused"
    assert breaker.health().until == 1030
    assert is_refused(breaker)
    clock.now += 30
    succeed(breaker)
    assert breaker.health().status == "ready"
    fail(breaker)
    assert not is_refused(breaker)


def test_a_success_in_between_starts_the_count_anew(breaker: Breaker) -> None:
    for _ in range(4):
        fail(breaker)
        fail(breaker)
        succeed(breaker)
    assert breaker.health().status == "ready"


def test_a_failed_probe_rests_twice_as_long(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        fail(breaker)
    clock.now += 30
    fail(breaker)
    clock.now += 59
    assert is_refused(breaker)
    clock.now += 1
    assert not is_refused(breaker)


def test_one_probe_at_a_time(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        fail(breaker)
    clock.now += 30
    with breaker.passing():
        assert is_refused(breaker)
    assert not is_refused(breaker)


def test_a_probe_that_is_cancelled_proves_nothing_and_another_may_come(
    breaker: Breaker, clock: Clock
) -> None:
    for _ in range(3):
        fail(breaker)
    clock.now += 30
    with pytest.raises(KeyboardInterrupt), breaker.passing():
        raise KeyboardInterrupt
    assert not is_refused(breaker)


def test_a_wish_that_is_refused_says_nothing_against_the_provider(breaker: Breaker) -> None:
    for _ in range(5):
        fail(breaker, BadInput(provider="acme"))
    assert breaker.health().status == "ready"


@pytest.mark.parametrize("kind", [OutOfCredit, Misconfigured])
def test_trouble_with_the_account_shows_until_a_call_succeeds(
    breaker: Breaker, kind: type[ProviderError]
) -> None:
    fail(breaker, kind(provider="acme"))
    assert breaker.health().status == kind.kind
    succeed(breaker)
    assert breaker.health().status == "ready"


def test_the_latency_is_the_median_of_the_last_hour(breaker: Breaker, clock: Clock) -> None:
    assert breaker.health().latency_seconds is None
    for seconds in (1, 9, 2):
        succeed(breaker, clock, seconds)
    assert breaker.health().latency_seconds == 2
    clock.now += 3700
    assert breaker.health().latency_seconds is None
