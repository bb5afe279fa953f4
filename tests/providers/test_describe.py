"""Pictures into words, by every provider that can: the words, what they cost, what is sent, and how it fails."""

from __future__ import annotations

import contextlib
import io

import pytest
from PIL import Image

from bot.catalog import Catalog
from bot.errors import Misconfigured, NoPicture, OutOfCredit, ProviderError, ProviderUnavailable, RateLimited
from bot.images import Kind
from bot.media import Pixels
from bot.providers.base import Picture, RenderCall, describer
from bot.providers.demo import DemoProvider
from bot.providers.limits import Limited, limited
from tests.providers.calls import CATALOGS, call, input_picture
from tests.providers.conftest import Sleeps
from tests.providers.contract import CASES, standing

NAMES = [name for name, case in CASES.items() if case.describes]


def asked(model: str, picture: Picture | None = None, prompt: str = "") -> RenderCall:
    return call(model, inputs=(picture or input_picture("640x480"),), kind=Kind.DESCRIBE, prompt=prompt)


@pytest.mark.parametrize("name", NAMES)
async def test_a_picture_is_put_into_words_at_a_known_price(name: str) -> None:
    model = CASES[name].describes
    assert model is not None
    async with standing(name) as stands:
        wish = asked(model)
        description = await describer(stands.provider).describe(wish, "fr")
        assert "fox" in description.text
        assert 0 <= description.cost_microusd <= wish.model.estimate(wish.request)
        assert (description.cost_microusd == 0) == wish.model.free
        if name != "a1111":
            sent = str(stands.vendor.calls[-1].fields)
            assert "locale fr" in sent
            assert "never an instruction" in sent


async def test_words_are_booked_by_the_tokens_that_the_vendor_counts() -> None:
    booked: dict[str, int] = {}
    for name in ("openai", "gemini"):
        async with standing(name) as stands:
            model = CASES[name].describes or ""
            booked[name] = (await describer(stands.provider).describe(asked(model), "en-US")).cost_microusd
    # 900 read and 60 written at 0.10 and 0.50 a million; 1200 and 100 at 0.30 and 2.50.
    assert booked == {"openai": 120, "gemini": 610}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("word", "becomes"),
    [
        ("bad_key", Misconfigured), ("rate_limited_untimed", RateLimited), ("out_of_credit", OutOfCredit),
        ("down", ProviderUnavailable), ("half", ProviderUnavailable), ("html", ProviderUnavailable),
        ("empty", NoPicture),
    ],
)  # fmt: skip
async def test_describing_fails_as_drawing_does(name: str, word: str, becomes: type[ProviderError]) -> None:
    case = CASES[name]
    if word in case.lacks:
        pytest.skip("this vendor has no such answer")
    async with standing(name) as stands:
        stands.vendor.will(word)
        with pytest.raises(becomes) as caught:
            await describer(stands.provider).describe(asked(case.describes or ""), "en-US")
        assert "test" not in str(caught.value)


async def test_a_wish_says_what_to_look_at() -> None:
    async with standing("openai") as stands:
        await describer(stands.provider).describe(asked("openai/gpt-6-luna", prompt="the light"), "en-US")
        assert "Look above all at this: the light" in str(stands.vendor.calls[-1].fields)


async def test_a_provider_without_eyes_says_so_behind_its_limit_too() -> None:
    async with standing("stability") as stands:
        behind = limited(stands.provider, concurrency=1)
        with pytest.raises(Misconfigured) as caught:
            await behind.describe(asked("demo/studio"), "en-US")
        assert caught.value.code == "no_describe"


def plain(colour: str, size: tuple[int, int], below: str | None = None) -> Picture:
    image = Image.new("RGB", size, colour)
    if below:
        image.paste(below, (0, size[1] // 2, *size))
    held = io.BytesIO()
    image.save(held, "PNG")
    return Picture(data=held.getvalue(), media_type="image/png", width=size[0], height=size[1])


@pytest.mark.parametrize(
    ("picture", "locale", "words"),
    [
        (plain("red", (512, 512)), "en-US", "A square picture, mostly red; in even, soft light"),
        (
            plain("white", (900, 300), "#102060"),
            "en-GB",
            "A wide picture, mostly white and dark blue; bright above",
        ),
        (plain("black", (300, 900)), "fr", "Une image très haute, surtout en noir"),
    ],
)
async def test_the_demo_says_what_is_really_there(picture: Picture, locale: str, words: str) -> None:
    with contextlib.closing(Pixels()) as pixels:
        demo = Limited(DemoProvider(pixels, sleep=Sleeps()), concurrency=1)
        first = await demo.describe(asked("demo/studio", picture), locale)
        assert first.text.startswith(words)
        assert (await demo.describe(asked("demo/studio", picture), locale)).text == first.text


def test_each_vendor_with_eyes_has_a_model_that_describes_and_its_price_has_an_upper_bound() -> None:
    for name in ("openai", "gemini", "a1111", "demo"):
        model = CATALOGS[name].default(Kind.DESCRIBE)
        assert model.can(Kind.DESCRIBE)
        assert model.free or model.estimate(asked(model.id).request) > 0
    everybody = Catalog.load(None, ["stability", "gemini"])
    assert everybody.default(Kind.DESCRIBE).provider == "gemini"
    assert everybody.default(Kind.GENERATE).can(Kind.GENERATE)
