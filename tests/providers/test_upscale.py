"""Pictures made larger, by every provider that can, each in its own way."""

from __future__ import annotations

import contextlib

import pytest

from bot.catalog import Catalog
from bot.failover import others
from bot.images import ImageRequest, Kind
from bot.media import Pixels
from bot.providers.demo import DemoProvider
from tests.providers.calls import Previews, call, input_picture, stored
from tests.providers.conftest import Sleeps
from tests.providers.contract import standing

SMALL = input_picture("320x240")


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("stability/upscale-fast", "/upscale/fast"),
        ("stability/upscale-conservative", "/upscale/conservative"),
        ("replicate/nightmareai/real-esrgan", "/v1/predictions"),
        ("replicate/recraft-ai/recraft-crisp-upscale", "/recraft-crisp-upscale/predictions"),
        ("a1111/default", "/extra-single-image"),
    ],
)
@pytest.mark.parametrize("prompt", ["", "a fox"])
async def test_each_enlarges_in_its_own_way(model: str, path: str, prompt: str) -> None:
    async with standing(model.partition("/")[0]) as stands:
        asked = call(model, inputs=(SMALL,), kind=Kind.UPSCALE, prompt=prompt)
        rendering = await stands.provider.render(asked, Previews())
        assert len(rendering.images) == 1
        assert rendering.cost_microusd <= asked.model.estimate(asked.request)
        assert stands.vendor.calls[-1].path.endswith(path)


async def test_the_web_ui_takes_its_best_enlarger_and_any_size() -> None:
    async with standing("a1111") as stands:
        for size, expected in (("auto", (640, 480)), ("1024x768", (1024, 768))):
            asked = call("a1111/default", inputs=(SMALL,), kind=Kind.UPSCALE, prompt="", size=size)
            image = (await stands.provider.render(asked, Previews())).images[0]
            assert (image.width, image.height) == expected
        assert stands.vendor.calls[-1].fields["upscaler_1"] == "R-ESRGAN 4x+"


async def test_the_demo_doubles_what_is_there() -> None:
    with contextlib.closing(Pixels()) as pixels:
        asked = call("demo/studio", inputs=(SMALL,), kind=Kind.UPSCALE, prompt="")
        image = (await DemoProvider(pixels, sleep=Sleeps()).render(asked, Previews())).images[0]
        assert (image.width, image.height) == (640, 480)


def test_enlarging_goes_elsewhere_although_only_tools_can_do_it() -> None:
    catalog = Catalog.load(None, ["stability", "replicate", "a1111"])
    wish = catalog.check(
        ImageRequest(
            kind=Kind.UPSCALE,
            prompt="",
            model="stability/upscale-fast",
            inputs=(stored(SMALL),),
            chosen=False,
        )
    )
    assert [request.model for request in others(catalog, wish, avoid={"stability"})] == [
        "replicate/nightmareai/real-esrgan",
        "a1111/default",
    ]
