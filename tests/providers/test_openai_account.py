"""OpenAI's moderation, and the last days that it tells of its models."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import date

import aiohttp
import pytest

from bot.catalog import Catalog
from bot.errors import Misconfigured, PolicyRefusal, ProviderUnavailable, RetiredModel
from bot.providers.openai_account import OpenAIAccount
from tests.fakes.openai_server import FakeOpenAI
from tests.providers.calls import call, input_picture


@pytest.fixture
async def http() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


def account(http: aiohttp.ClientSession, vendor: FakeOpenAI, *, pictures: bool = False) -> OpenAIAccount:
    return OpenAIAccount(http, api_key="sk-test", base_url=vendor.url, pictures=pictures)


async def test_what_is_flagged_is_refused_with_its_categories(
    http: aiohttp.ClientSession, vendor: FakeOpenAI
) -> None:
    vendor.forbidden = {"gore"}
    await account(http, vendor).check(call(prompt="a fox"))
    with pytest.raises(PolicyRefusal) as caught:
        await account(http, vendor).check(call(prompt="gore everywhere"))
    assert caught.value.categories == ["violence"]
    assert not caught.value.may_be_paid


async def test_pictures_are_judged_one_by_one_where_the_owner_wants_it(
    http: aiohttp.ClientSession, vendor: FakeOpenAI
) -> None:
    vendor.forbidden = {"pictures"}
    asked = call(inputs=(input_picture(), input_picture(label="b")))
    await account(http, vendor).check(asked)
    with pytest.raises(PolicyRefusal):
        await account(http, vendor, pictures=True).check(asked)
    vendor.forbidden.clear()
    before = len(vendor.judged)
    await account(http, vendor, pictures=True).check(asked)
    assert len(vendor.judged) - before == 3


async def test_nobody_to_ask_means_that_nothing_is_drawn(http: aiohttp.ClientSession) -> None:
    async with FakeOpenAI() as vendor:
        gone = vendor.url
    with pytest.raises(ProviderUnavailable):
        await OpenAIAccount(http, api_key="x", base_url=gone, timeout_seconds=5).check(call())


async def test_the_vendors_last_days_go_over_the_catalogues(
    http: aiohttp.ClientSession, vendor: FakeOpenAI
) -> None:
    catalog = Catalog.load(None, ["openai"], today=lambda: date(2026, 11, 21))
    vendor.shutdown_dates = {"gpt-image-2": "2027-10-21", "gpt-image-2.5-flare": "2026-11-20"}
    await account(http, vendor).learn_ends(catalog)
    assert catalog.end_of(catalog.find("gpt-image-2")) == date(2027, 10, 21)
    with pytest.raises(RetiredModel) as caught:
        catalog.find("gpt-image-2.5-flare")
    assert caught.value.since == "2026-11-20"
    assert catalog.end_of(catalog.find("gpt-image-1.5")) == date(2026, 12, 1)


async def test_a_vendor_that_does_not_tell_leaves_the_catalogues_days(http: aiohttp.ClientSession) -> None:
    async with FakeOpenAI() as vendor:
        gone = vendor.url
    catalog = Catalog.load(None, ["openai"], today=lambda: date(2026, 11, 21))
    await OpenAIAccount(http, api_key="x", base_url=gone, timeout_seconds=5).learn_ends(catalog)
    assert catalog.end_of(catalog.find("gpt-image-1.5")) == date(2026, 12, 1)


async def test_a_refused_key_is_told_as_the_owners(http: aiohttp.ClientSession) -> None:
    async with FakeOpenAI() as vendor:
        wrong = OpenAIAccount(http, api_key="x", base_url=vendor.url.replace("/v1", "/v2"), timeout_seconds=5)
        with pytest.raises(Misconfigured):
            await wrong.check(call())
