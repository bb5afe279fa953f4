"""Every row of OpenAI's errors, and every way for an answer to go wrong: what it becomes, and what comes after."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest

from bot.errors import (
    BadInput,
    Misconfigured,
    NoPicture,
    OutOfCredit,
    PolicyRefusal,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
)
from bot.providers.openai import OpenAIProvider
from tests.fakes.openai_server import FakeOpenAI
from tests.providers.calls import Previews, call
from tests.providers.conftest import Sleeps


@dataclass(kw_only=True)
class Row:
    answer: dict[str, Any]
    becomes: type[ProviderError]
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    may_be_paid: bool = False


USER_ERROR = "image_generation_user_error"
ROWS = {
    "refused by moderation": Row(
        answer={
            "status": 400,
            "type": USER_ERROR,
            "code": "moderation_blocked",
            "message": "Your request was rejected by the safety system. safety_violations=[sexual, self-harm].",
        },
        becomes=PolicyRefusal,
        facts={"categories": ["sexual", "self-harm"], "status": 400},
        may_be_paid=True,
    ),
    "refused, old style": Row(
        answer={"status": 400, "code": "content_policy_violation"},
        becomes=PolicyRefusal,
        facts={"categories": None},
    ),
    "refused by Azure": Row(answer={"status": 400, "code": "content_filter"}, becomes=PolicyRefusal),
    "spend limit": Row(answer={"status": 400, "code": "billing_hard_limit_reached"}, becomes=OutOfCredit),
    "no credit": Row(
        answer={"status": 429, "type": "insufficient_quota", "code": "insufficient_quota"},
        becomes=OutOfCredit,
    ),
    "no credit at a gateway": Row(answer={"status": 402}, becomes=OutOfCredit),
    "too fast, come back late": Row(
        answer={
            "status": 429,
            "type": "images",
            "code": "rate_limit_exceeded",
            "headers": {"retry-after": "70"},
        },
        becomes=RateLimited,
        facts={"retry_after_seconds": 70.0},
    ),
    "too fast, nobody says for how long": Row(
        answer={"status": 429, "code": "rate_limit_exceeded"},
        becomes=RateLimited,
        facts={"retry_after_seconds": None},
    ),
    "too fast, said in words": Row(
        answer={"status": 429, "code": "rate_limit_exceeded", "message": "Please try again in 2m."},
        becomes=RateLimited,
        facts={"retry_after_seconds": 120.0},
    ),
    "unknown model": Row(answer={"status": 404, "code": "model_not_found"}, becomes=Misconfigured),
    "wrong address": Row(
        answer={"status": 404, "html": "<html>Not Found</html>"},
        becomes=Misconfigured,
        facts={"setting": "OPENAI_BASE_URL"},
    ),
    "moved": Row(
        answer={"status": 308, "html": ""}, becomes=Misconfigured, facts={"setting": "OPENAI_BASE_URL"}
    ),
    "bad size": Row(
        answer={"status": 400, "code": "invalid_value", "param": "size"},
        becomes=BadInput,
        facts={"param": "size"},
    ),
    "bad mask": Row(
        answer={"status": 400, "type": USER_ERROR, "code": "invalid_mask", "param": "mask"},
        becomes=BadInput,
        facts={"param": "mask"},
    ),
    "body too large": Row(answer={"status": 413, "html": "too large"}, becomes=BadInput),
    "wrong key": Row(
        answer={
            "status": 401,
            "code": "invalid_api_key",
            "message": "Incorrect API key provided: sk-abc***xyz1.",
        },
        becomes=Misconfigured,
        facts={"setting": "OPENAI_API_KEY", "detail": "Incorrect API key provided: …"},
    ),
    "unverified organisation": Row(
        answer={"status": 403, "message": "Your organization must be verified."},
        becomes=Misconfigured,
        facts={"setting": "OPENAI_API_KEY"},
    ),
    "server error": Row(
        answer={"status": 500, "type": "server_error"}, becomes=ProviderUnavailable, may_be_paid=True
    ),
    "bad gateway in HTML": Row(
        answer={"status": 502, "html": "<html><h1>502</h1></html>"},
        becomes=ProviderUnavailable,
        may_be_paid=True,
    ),
    "overloaded": Row(answer={"status": 503, "html": "busy"}, becomes=ProviderUnavailable),
    "gateway timed out": Row(answer={"status": 504, "html": ""}, becomes=ProviderTimeout, may_be_paid=True),
    "a huge error": Row(
        answer={"status": 500, "huge_bytes": 50_000_000}, becomes=ProviderUnavailable, may_be_paid=True
    ),
    "connection dropped before the answer": Row(
        answer={"drop": "before"}, becomes=ProviderUnavailable, may_be_paid=True
    ),
    "connection dropped after the headers": Row(
        answer={"drop": "headers"}, becomes=ProviderUnavailable, may_be_paid=True
    ),
    "half a body": Row(answer={"drop": "half"}, becomes=ProviderUnavailable, may_be_paid=True),
    "a huge body": Row(answer={"huge_bytes": 120_000_000}, becomes=ProviderUnavailable, may_be_paid=True),
    "a page instead of JSON": Row(
        answer={"html": "<html>welcome</html>"}, becomes=ProviderUnavailable, may_be_paid=True
    ),
    "a list instead of an object": Row(answer={"body": "[1]"}, becomes=ProviderUnavailable, may_be_paid=True),
    "an error with status 200": Row(
        answer={"body": '{"error": {"code": "content_policy_violation"}}'}, becomes=PolicyRefusal
    ),
    "an empty list": Row(answer={"count": 0}, becomes=NoPicture, may_be_paid=True),
    "no data at all": Row(answer={"body": '{"created": 1}'}, becomes=NoPicture, may_be_paid=True),
    "data of the wrong type": Row(
        answer={"body": '{"data": {"b64_json": 1}}'}, becomes=NoPicture, may_be_paid=True
    ),
    "bytes that are no picture": Row(
        answer={"data": "aGVsbG8gd29ybGQh"}, becomes=NoPicture, may_be_paid=True
    ),
    "text that is no base64": Row(answer={"data": "%%%"}, becomes=NoPicture, may_be_paid=True),
}


@pytest.mark.parametrize("name", ROWS)
async def test_each_failure_becomes_its_error_after_one_call(
    name: str, vendor: FakeOpenAI, openai: OpenAIProvider, sleeps: Sleeps
) -> None:
    row = ROWS[name]
    vendor.answers(**row.answer)
    with pytest.raises(ProviderError) as caught:
        await openai.render(call(), Previews())
    assert type(caught.value) is row.becomes
    told = caught.value.facts()
    assert told == told | row.facts | {"provider": "openai", "may_be_paid": row.may_be_paid}
    assert told["request_id"] == (None if row.answer.get("drop") == "before" else "req_1")
    assert (len(vendor.calls), sleeps.asked) == (1, [])


async def test_a_failure_inside_a_stream_is_judged_by_its_code(
    vendor: FakeOpenAI, openai: OpenAIProvider
) -> None:
    vendor.answers(stream_error="moderation_blocked", message="safety_violations=[violence]")
    with pytest.raises(PolicyRefusal) as caught:
        await openai.render(call(previews=1), Previews())
    assert caught.value.categories == ["violence"]


async def test_a_busy_word_inside_a_stream_is_not_tried_again(
    vendor: FakeOpenAI, openai: OpenAIProvider, sleeps: Sleeps
) -> None:
    vendor.answers(stream_error="rate_limit_exceeded", message="Please try again in 1s.")
    with pytest.raises(RateLimited) as caught:
        await openai.render(call(previews=1), Previews())
    assert caught.value.may_be_paid
    assert (len(vendor.calls), sleeps.asked) == (1, [])


@pytest.mark.parametrize("answer", [{"stream_cut": True}, {"drop": "half"}])
async def test_a_stream_that_ends_early_may_have_been_paid(
    answer: dict[str, Any], vendor: FakeOpenAI, openai: OpenAIProvider
) -> None:
    vendor.answers(**answer)
    with pytest.raises(ProviderUnavailable) as caught:
        await openai.render(call(previews=1), Previews())
    assert caught.value.may_be_paid
    assert len(vendor.calls) == 1


@pytest.mark.parametrize(
    ("answer", "waited"),
    [
        ({"status": 429, "code": "rate_limit_exceeded", "headers": {"retry-after": "3"}}, 3.0),
        ({"status": 429, "code": "rate_limit_exceeded", "headers": {"retry-after-ms": "2500"}}, 2.5),
        ({"status": 429, "code": "rate_limit_exceeded", "message": "Please try again in 4.5s."}, 4.5),
        ({"status": 503, "html": "busy", "headers": {"retry-after": "1"}}, 1.0),
        ({"status": 503, "html": "busy", "headers": {"retry-after": "0"}}, 0.3),
    ],
)
async def test_where_the_vendor_did_nothing_the_call_is_made_again(
    answer: dict[str, Any], waited: float, vendor: FakeOpenAI, openai: OpenAIProvider, sleeps: Sleeps
) -> None:
    vendor.answers(**answer)
    assert (await openai.render(call(), Previews())).images
    assert (len(vendor.calls), sleeps.asked) == (2, [waited])


async def test_a_date_to_come_back_at_is_read(vendor: FakeOpenAI, openai: OpenAIProvider) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    vendor.answers(status=429, code="rate_limit_exceeded", headers={"retry-after": later})
    with pytest.raises(RateLimited) as caught:
        await openai.render(call(), Previews())
    assert caught.value.retry_after_seconds == pytest.approx(600, abs=5)


async def test_three_refusals_in_a_row_are_the_end(
    vendor: FakeOpenAI, openai: OpenAIProvider, sleeps: Sleeps
) -> None:
    vendor.always(status=429, code="rate_limit_exceeded", headers={"retry-after": "2"})
    with pytest.raises(RateLimited):
        await openai.render(call(), Previews())
    assert (len(vendor.calls), sleeps.asked) == (3, [2.0, 2.0])


async def test_a_vendor_that_is_not_there_is_tried_again(sleeps: Sleeps, unused_tcp_port: int) -> None:
    provider = OpenAIProvider(api_key="x", base_url=f"http://127.0.0.1:{unused_tcp_port}/v1", sleep=sleeps)
    with pytest.raises(ProviderUnavailable) as caught:
        await provider.render(call(), Previews())
    await provider.close()
    assert (caught.value.code, caught.value.may_be_paid) == ("unreachable", False)
    assert len(sleeps.asked) == 2


async def test_a_vendor_that_does_not_answer_in_time_may_have_drawn(vendor: FakeOpenAI) -> None:
    provider = OpenAIProvider(api_key="x", base_url=vendor.url, timeout_seconds=0.2)
    vendor.answers(hold=True)
    with pytest.raises(ProviderTimeout) as caught:
        await provider.render(call(), Previews())
    await provider.close()
    assert (caught.value.seconds, caught.value.may_be_paid) == (0.2, True)
    assert len(vendor.calls) == 1


async def test_a_vendor_that_stops_in_the_middle_is_given_up(vendor: FakeOpenAI) -> None:
    provider = OpenAIProvider(api_key="x", base_url=vendor.url, stall_seconds=0.1)
    vendor.answers(hold_half=True)
    with pytest.raises(ProviderTimeout) as caught:
        await provider.render(call(), Previews())
    await provider.close()
    assert (caught.value.code, caught.value.may_be_paid) == ("Stalled", True)


async def test_a_pause_between_previews_is_no_stall(vendor: FakeOpenAI) -> None:
    provider = OpenAIProvider(api_key="x", base_url=vendor.url, stall_seconds=0.05)
    vendor.answers(hold_half=True)
    seen = asyncio.Event()
    drawing = asyncio.create_task(provider.render(call(previews=1), lambda number, data: seen.set()))
    await seen.wait()
    await asyncio.wait([drawing], timeout=0.3)
    vendor.release()
    assert (await drawing).images
    await provider.close()


async def test_a_wrong_key_is_said_by_the_real_check(vendor: FakeOpenAI) -> None:
    async with FakeOpenAI(key="sk-right") as strict:
        provider = OpenAIProvider(api_key="sk-wrong-key-0000", base_url=strict.url)
        with pytest.raises(Misconfigured) as caught:
            await provider.render(call(), Previews())
        await provider.close()
    assert "sk-wrong" not in str(caught.value)


async def test_the_control_page_scripts_the_fake_from_outside(
    vendor: FakeOpenAI, openai: OpenAIProvider
) -> None:
    control = vendor.url.removesuffix("/v1") + "/_control"
    async with aiohttp.ClientSession() as session:
        async with session.post(
            control, json={"answers": [{"status": 401, "code": "invalid_api_key"}]}
        ) as answer:
            assert answer.status == 200
        with pytest.raises(Misconfigured):
            await openai.render(call(), Previews())
        async with session.get(control) as answer:
            told = await answer.json()
    assert (told["calls"][0]["outcome"], told["violations"]) == ("refused", [])
