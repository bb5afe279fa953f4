"""Gemini: what is sent for edits and sizes, how refusals are told, what is booked."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator

import pytest

from bot.errors import Misconfigured, NoPicture, PolicyRefusal, ProviderError
from bot.images import Kind
from tests.fakes.openai_pictures import picture
from tests.providers.calls import Previews, call, input_picture
from tests.providers.contract import Standing, standing

NANO, PRO = "gemini/gemini-nano-banana-2.1", "gemini/gemini-3-pro-image"


@pytest.fixture
async def gemini() -> AsyncGenerator[Standing]:
    async with standing("gemini") as gemini:
        yield gemini


async def failure_of(gemini: Standing, body: dict[str, object]) -> ProviderError:
    gemini.vendor.says(body)
    with pytest.raises(ProviderError) as caught:
        await gemini.provider.render(call(NANO), Previews())
    return caught.value


async def test_an_edit_sends_its_pictures_behind_the_words(gemini: Standing) -> None:
    inputs = (input_picture("640x480", "jpeg", "a"), input_picture("512x512", "png", "b"))
    await gemini.provider.render(call(NANO, inputs=inputs, prompt="put them together"), Previews())
    words, first, second = gemini.vendor.calls[-1].fields["contents"][0]["parts"]
    assert words["text"] == "put them together"
    sent = [base64.urlsafe_b64decode(part["inlineData"]["data"]) for part in (first, second)]
    assert sent == [given.data for given in inputs]


async def test_a_variation_says_in_words_how_far_it_may_go(gemini: Standing) -> None:
    asked = call(NANO, inputs=(input_picture(),), kind=Kind.VARIATIONS, prompt="a variation", strength=0.1)
    await gemini.provider.render(asked, Previews())
    assert "almost as it is" in gemini.vendor.calls[-1].fields["contents"][0]["parts"][0]["text"]


@pytest.mark.parametrize(
    ("typed", "ratio", "area"),
    [("16:9 2K", "16:9", "2K"), ("1:8", "1:8", "1K"), ("auto", "1:1", "1K"), ("4096x4096", "1:1", "4K")],
)
async def test_sizes_go_as_ratio_and_class(gemini: Standing, typed: str, ratio: str, area: str) -> None:
    await gemini.provider.render(call(NANO, size=typed), Previews())
    sent = gemini.vendor.calls[-1].fields["generationConfig"]
    assert sent["imageConfig"] == {"aspectRatio": ratio, "imageSize": area}
    assert sent["responseModalities"] == ["IMAGE"]


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "OTHER"])
async def test_a_blocked_prompt_is_a_refusal_whatever_the_reason(gemini: Standing, reason: str) -> None:
    error = await failure_of(gemini, {"promptFeedback": {"blockReason": reason}})
    assert isinstance(error, PolicyRefusal)
    assert error.code == reason


@pytest.mark.parametrize("reason", ["IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "SPII"])
async def test_a_blocked_picture_is_a_refusal_with_its_reason(gemini: Standing, reason: str) -> None:
    candidate = {"finishReason": reason, "finishMessage": "Unable to show this picture."}
    error = await failure_of(gemini, {"candidates": [candidate]})
    assert isinstance(error, PolicyRefusal)
    assert (error.categories, error.detail) == ([reason], "Unable to show this picture.")


@pytest.mark.parametrize("reason", ["NO_IMAGE", "IMAGE_OTHER", "MAX_TOKENS", "STOP"])
async def test_words_instead_of_a_picture_are_no_picture(gemini: Standing, reason: str) -> None:
    parts = [{"text": "thinking", "thought": True}, {"text": "I would rather talk."}]
    body: dict[str, object] = {"candidates": [{"content": {"parts": parts}, "finishReason": reason}]}
    gemini.vendor.says(body)
    error = await failure_of(gemini, body)
    assert isinstance(error, NoPicture)
    assert error.detail == error.said == "I would rather talk."
    assert error.may_be_paid
    assert len(gemini.vendor.calls) == (1 if reason == "MAX_TOKENS" else 2)


@pytest.mark.parametrize("reason", ["NO_IMAGE", "IMAGE_OTHER", "OTHER", "MALFORMED_RESPONSE", "STOP"])
async def test_a_model_that_drew_nothing_is_asked_once_more_and_both_tries_are_booked(
    gemini: Standing, reason: str
) -> None:
    usage = {"promptTokenCount": 12, "thoughtsTokenCount": 400, "totalTokenCount": 412}
    gemini.vendor.says({"candidates": [{"finishReason": reason}], "usageMetadata": usage})
    asked = call(NANO)
    rendering = await gemini.provider.render(asked, Previews())
    assert len(gemini.vendor.calls) == 2
    assert rendering.cost_microusd == (12 * 1.5 + 400 * 7.5) + (12 * 1.5 + 1120 * 30 + 100 * 7.5)
    assert rendering.cost_microusd <= asked.model.estimate(asked.request)


async def test_what_was_reserved_must_pay_for_the_second_try(gemini: Standing) -> None:
    usage = {"promptTokenCount": 12, "thoughtsTokenCount": 1700, "totalTokenCount": 1712}
    error = await failure_of(gemini, {"candidates": [{"finishReason": "NO_IMAGE"}], "usageMetadata": usage})
    assert isinstance(error, NoPicture)
    assert len(gemini.vendor.calls) == 1


async def test_a_limited_account_is_the_owners_to_mend(gemini: Standing) -> None:
    error = await failure_of(gemini, {"candidates": [{"finishReason": "PUP_LIMITED_DISABLED"}]})
    assert isinstance(error, Misconfigured)


async def test_of_several_pictures_the_last_is_the_one(gemini: Standing) -> None:
    drafts = [picture("64x64", "png", label="draft"), picture("64x64", "jpeg", label="done")]
    parts = [
        {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(data).decode()}} for data in drafts
    ]
    gemini.vendor.says({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]})
    rendering = await gemini.provider.render(call(NANO), Previews())
    [image] = rendering.images
    assert (image.data, image.media_type) == (drafts[1], "image/jpeg")


async def test_the_bill_comes_from_the_tokens_and_stays_under_the_estimate(gemini: Standing) -> None:
    for model, microusd in ((NANO, 12 * 1.5 + 1120 * 30 + 100 * 7.5), (PRO, 12 * 2 + 1120 * 120 + 100 * 12)):
        asked = call(model)
        rendering = await gemini.provider.render(asked, Previews())
        assert rendering.cost_microusd == microusd
        assert rendering.cost_microusd <= asked.model.estimate(asked.request)
