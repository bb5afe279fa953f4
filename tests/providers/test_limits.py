"""Limits and breaker around a provider: its own abilities stay, and what it does is noted."""

from __future__ import annotations

import asyncio

import pytest

from bot.breaker import Breaker
from bot.errors import ProviderUnavailable
from bot.providers.base import resumable
from bot.providers.limits import limited
from tests.providers.calls import Previews, call
from tests.providers.contract import standing


async def test_a_provider_that_names_its_work_still_does_so_behind_its_limit() -> None:
    async with standing("replicate") as replicate, standing("openai") as openai:
        outside = resumable(limited(replicate.provider, concurrency=1))
        assert outside is not None
        assert resumable(limited(openai.provider, concurrency=1)) is None
        asked = call(replicate.case.model)
        job_id = await outside.begin(asked)
        assert (await outside.collect(asked, job_id, Previews())).request_id == job_id


async def test_the_latency_of_named_work_is_the_drawing_not_the_order() -> None:
    async with standing("replicate") as replicate:
        outside = limited(replicate.provider, concurrency=1)
        named, asked = resumable(outside), call(replicate.case.model)
        assert named is not None
        job_id = await named.begin(asked)
        assert outside.health().latency_seconds is None
        await named.collect(asked, job_id, Previews())
        assert outside.health().latency_seconds is not None


async def test_no_more_calls_at_once_than_there_are_places() -> None:
    async with standing("gemini") as gemini:
        outside = limited(gemini.provider, concurrency=2)
        gemini.vendor.will("hold", times=4)
        drawing = [asyncio.create_task(outside.render(call(gemini.case.model), Previews())) for _ in range(4)]
        await gemini.vendor.arrived(2)
        assert (len(gemini.vendor.calls), outside.waiting) == (2, 2)
        gemini.vendor.release()
        await asyncio.gather(*drawing)
        assert len(gemini.vendor.calls) == 4


async def test_a_provider_that_is_down_is_not_asked_a_fourth_time() -> None:
    async with standing("stability") as stability:
        outside = limited(stability.provider, concurrency=2, breaker=Breaker("stability", pause_seconds=60))
        stability.vendor.always("down")
        for _ in range(5):
            with pytest.raises(ProviderUnavailable):
                await outside.render(call(stability.case.model), Previews())
        assert len(stability.vendor.calls) == 3
        assert outside.health().status == "paused"
