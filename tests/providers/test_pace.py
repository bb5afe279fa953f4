"""What vendors say of their limits, and how calls keep to it: nobody asks before the time, then one after the other."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest

from bot.errors import RateLimited
from bot.providers.limits import Limited, limited
from bot.providers.openai import OpenAIProvider
from bot.providers.pace import LONGEST_WAIT_SECONDS, Line, used_up
from storage.paces import MemoryPaces, Paces
from tests.fakes.openai_server import FakeOpenAI
from tests.providers.calls import Previews, call

_MODEL = "openai/gpt-image-2"


@pytest.mark.parametrize(
    ("headers", "limit"),
    [
        ({}, None),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "9s"}, None),
        ({"x-ratelimit-remaining-requests": "0"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, (360.0, None)),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1h2m3s"}, (3723.0, None)),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "350ms"}, (0.35, None)),
        ({"X-RateLimit-Remaining": "0", "x-ratelimit-reset": "12"}, (12.0, None)),
        (
            {
                "x-ratelimit-limit-images": "5",
                "x-ratelimit-remaining-images": "0",
                "x-ratelimit-reset-images": "1m",
            },
            (12.0, 12.0),
        ),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-images": "0",
                "x-ratelimit-reset-images": "30s",
            },
            (30.0, None),
        ),
    ],
)
def test_headers_say_when_the_next_call_may_come(
    headers: dict[str, str], limit: tuple[float, float | None] | None
) -> None:
    assert used_up(headers) == limit


def test_a_reset_may_be_an_instant() -> None:
    found = used_up({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 30)})
    assert found is not None
    assert found[0] == pytest.approx(30, abs=2)


def outside(vendor: FakeOpenAI, paces: Paces) -> Limited:
    provider = OpenAIProvider(api_key="sk-test", base_url=vendor.url)
    return limited(provider, concurrency=8, line=Line("openai", "openai", paces))


async def test_what_one_was_told_another_waits_for() -> None:
    async with FakeOpenAI() as vendor:
        paces = MemoryPaces()
        one, other = outside(vendor, paces), outside(vendor, paces)
        vendor.answers(status=429, code="rate_limit_exceeded", headers={"retry-after": "1"})
        first = asyncio.create_task(one.render(call(_MODEL), Previews()))
        await _told(paces)
        rest = [asyncio.create_task(other.render(call(_MODEL), Previews())) for _ in range(4)]
        await asyncio.gather(first, *rest)
        sent_away, *later = vendor.calls
        assert min(one.at for one in later) >= sent_away.ended + 1.0
        at = sorted(one.at for one in later)
        assert min(after - before for before, after in itertools.pairwise(at)) > 0.1
        await asyncio.gather(one.close(), other.close())


async def _told(paces: MemoryPaces) -> None:
    while True:
        if await paces.held("openai"):
            return
        await asyncio.sleep(0.01)


async def test_an_answer_that_used_up_the_limit_holds_the_next_call() -> None:
    async with FakeOpenAI() as vendor:
        provider = outside(vendor, MemoryPaces())
        vendor.answers(
            headers={
                "x-ratelimit-limit-images": "5",
                "x-ratelimit-remaining-images": "0",
                "x-ratelimit-reset-images": "5s",
            }
        )
        await provider.render(call(_MODEL), Previews())
        await provider.render(call(_MODEL), Previews())
        first, second = vendor.calls
        assert second.at >= first.ended + 1.0
        await provider.close()


async def test_who_would_wait_too_long_is_told_so_without_asking_the_vendor() -> None:
    async with FakeOpenAI() as vendor:
        paces = MemoryPaces()
        one, other = outside(vendor, paces), outside(vendor, paces)
        later = LONGEST_WAIT_SECONDS + 25
        vendor.answers(status=429, code="rate_limit_exceeded", headers={"retry-after": str(later)})
        for provider in (one, other):
            with pytest.raises(RateLimited) as caught:
                await provider.render(call(_MODEL), Previews())
            assert LONGEST_WAIT_SECONDS < (caught.value.retry_after_seconds or 0) <= later
            assert not caught.value.may_be_paid
        assert len(vendor.calls) == 1
        assert other.health().status == "ready"
        await asyncio.gather(one.close(), other.close())
