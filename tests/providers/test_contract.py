"""What every provider does alike, each against a local server that speaks its vendor's format."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator

import aiohttp
import pytest

from bot.errors import (
    Misconfigured,
    NoPicture,
    OutOfCredit,
    PolicyRefusal,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
)
from bot.media import Pixels
from tests.providers.calls import Previews, call
from tests.providers.conftest import Sleeps
from tests.providers.contract import CASES, Made, Standing, standing

NAMES = list(CASES)


@pytest.fixture(params=NAMES)
async def stands(request: pytest.FixtureRequest) -> AsyncGenerator[Standing]:
    async with standing(request.param) as stands:
        yield stands


async def failure_of(stands: Standing, word: str, times: int = 1) -> ProviderError:
    if word in stands.case.lacks:
        pytest.skip("this vendor has no such answer")
    stands.vendor.will(word, times)
    with pytest.raises(ProviderError) as caught:
        await stands.provider.render(call(stands.case.model), Previews())
    error = caught.value
    assert error.provider == stands.provider.name
    assert "test" not in str(error), "the key, or a piece of it, is in the error"
    return error


async def test_a_picture_comes_as_the_vendor_sent_it(stands: Standing) -> None:
    rendering = await stands.provider.render(call(stands.case.model), Previews())
    [image] = rendering.images
    assert [hashlib.sha256(image.data).hexdigest()] == stands.vendor.calls[-1].pictures
    assert (image.media_type, image.width, image.height) == ("image/png", 1024, 1024)
    assert rendering.cost_microusd == 0 if call(stands.case.model).model.free else rendering.cost_microusd > 0


async def test_a_bad_key_is_the_owners_to_mend(stands: Standing) -> None:
    error = await failure_of(stands, "bad_key")
    assert isinstance(error, Misconfigured)
    assert error.setting
    assert not error.may_be_paid
    assert len(stands.vendor.calls) == 1


async def test_a_rate_limit_with_a_short_time_is_waited_for(stands: Standing) -> None:
    stands.vendor.will("rate_limited")
    rendering = await stands.provider.render(call(stands.case.model), Previews())
    assert len(rendering.images) == 1
    assert 7.0 in stands.sleeps.asked
    assert len(stands.vendor.calls) == 2


async def test_a_rate_limit_that_stays_is_told_with_its_time(stands: Standing) -> None:
    error = await failure_of(stands, "rate_limited", times=3)
    assert isinstance(error, RateLimited)
    assert error.retry_after_seconds == 7
    assert len(stands.vendor.calls) == 3


async def test_a_rate_limit_without_a_time_is_told_at_once(stands: Standing) -> None:
    error = await failure_of(stands, "rate_limited_untimed")
    assert isinstance(error, RateLimited)
    assert error.retry_after_seconds is None
    assert len(stands.vendor.calls) == 1


async def test_a_refusal_is_one_and_is_not_tried_again(stands: Standing) -> None:
    assert isinstance(await failure_of(stands, "refused"), PolicyRefusal)
    assert len(stands.vendor.calls) == 1


async def test_an_account_without_credit_is_not_asked_twice(stands: Standing) -> None:
    assert isinstance(await failure_of(stands, "out_of_credit"), OutOfCredit)
    assert len(stands.vendor.calls) == 1


async def test_a_vendor_that_is_down_cannot_have_been_paid(stands: Standing) -> None:
    error = await failure_of(stands, "down")
    assert isinstance(error, ProviderUnavailable)
    assert not error.may_be_paid


@pytest.mark.parametrize("name", NAMES)
async def test_a_vendor_that_never_answers_is_given_up(name: str) -> None:
    async with standing(name, timeout_seconds=0.4) as stands:
        error = await failure_of(stands, "hold")
        assert isinstance(error, ProviderTimeout)
        assert error.may_be_paid
        assert len(stands.vendor.calls) == 1


@pytest.mark.parametrize("word", ["half", "huge", "html", "not_a_picture", "empty"])
async def test_an_answer_that_is_none_fails_and_may_have_been_paid(stands: Standing, word: str) -> None:
    tries = stands.case.tries.get(word, 1)
    error = await failure_of(stands, word, times=tries)
    assert isinstance(error, ProviderUnavailable | NoPicture)
    assert error.may_be_paid or call(stands.case.model).model.free
    assert len(stands.vendor.calls) == tries


async def test_what_is_cancelled_ends_at_the_vendor(stands: Standing) -> None:
    stands.vendor.will("hold")
    drawing = asyncio.create_task(stands.provider.render(call(stands.case.model), Previews()))
    await stands.vendor.arrived(1)
    await asyncio.sleep(0)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    async with asyncio.timeout(10):
        await stands.vendor.ended(1)
    assert stands.vendor.calls[0].outcome == "abandoned"


async def test_several_pictures_are_all_different(stands: Standing) -> None:
    asked = call(stands.case.model, count=2)
    plan = asked.model.plan(asked.request)
    renderings = [
        await stands.provider.render(call(stands.case.model, first=first, count=count), Previews())
        for first, count in plan
    ]
    images = [image for rendering in renderings for image in rendering.images]
    assert len({image.data for image in images}) == 2


@pytest.mark.parametrize("name", NAMES)
async def test_nobody_at_the_address_is_unavailable_and_unpaid(name: str) -> None:
    async with CASES[name].vendor() as vendor:
        gone = vendor.url
    async with aiohttp.ClientSession() as http:
        with contextlib.closing(Pixels()) as pixels:
            made = Made(http=http, pixels=pixels, url=gone, sleep=Sleeps(), timeout_seconds=20)
            provider = CASES[name].make(made)
            with pytest.raises(ProviderUnavailable) as caught:
                await provider.render(call(CASES[name].model), Previews())
            await provider.close()
    assert not caught.value.may_be_paid


@pytest.mark.parametrize("name", NAMES)
async def test_closing_twice_is_closing_once(name: str) -> None:
    async with standing(name) as stands:
        await stands.provider.render(call(stands.case.model), Previews())
        await stands.provider.close()
