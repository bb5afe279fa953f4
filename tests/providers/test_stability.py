"""Stability: each model's and tool's form, filtered pictures, and what they cost."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from PIL import Image

from bot.errors import BadInput, InvalidRequest, PolicyRefusal
from bot.images import Kind
from bot.providers.stability_recipes import recipe_of
from tests.providers.calls import CATALOGS, Previews, call, input_picture
from tests.providers.contract import Standing, standing
from tests.providers.masks import mask_of

MODELS = {model.vendor_id: model for model in CATALOGS["stability"].models()}
MASKED = {"inpaint", "erase"}


@pytest.fixture
async def stability() -> AsyncGenerator[Standing]:
    async with standing("stability") as stability:
        yield stability


@pytest.mark.parametrize("name", sorted(MODELS))
async def test_every_model_and_tool_draws_for_its_price(stability: Standing, name: str) -> None:
    model = MODELS[name]
    kinds = [kind for kind in (Kind.GENERATE, Kind.EDIT, Kind.UPSCALE) if model.can(kind)]
    for kind in kinds:
        given = () if kind is Kind.GENERATE else (input_picture("768x512"),)
        asked = call(
            model.id,
            kind=kind,
            prompt="the fox -> a cat",
            inputs=given,
            mask=mask_of(768, 512) if name in MASKED else None,
            seed=11 if model.seed else None,
            negative="rain" if model.negative else None,
            format=model.formats[-1],
        )
        asked = replace(asked, preset="photographic" if model.presets else None)
        rendering = await stability.provider.render(asked, Previews())
        assert stability.vendor.calls[-1].fields.get("style_preset") == asked.preset
        [image] = rendering.images
        assert image.media_type == f"image/{model.formats[-1]}"
        assert rendering.cost_microusd == model.price_tag() == asked.model.estimate(asked.request)
        assert stability.vendor.calls[-1].path.endswith(recipe_of(name).path)
        assert not model.seed or image.seed == 11


async def test_a_picture_that_was_filtered_is_a_refusal_although_its_status_is_success(
    stability: Standing,
) -> None:
    with pytest.raises(PolicyRefusal) as caught:
        await stability.provider.render(call("stability/core", prompt="blurred"), Previews())
    assert caught.value.may_be_paid


async def test_a_mask_is_white_where_the_picture_changes(stability: Standing) -> None:
    asked = call("stability/inpaint", inputs=(input_picture("512x512"),), mask=mask_of(512, 512))
    await stability.provider.render(asked, Previews())
    [sent] = [file for file in stability.vendor.calls[-1].files if file.field == "mask"]
    with Image.open(io.BytesIO(sent.data)) as mask:
        assert (mask.getpixel((10, 10)), mask.getpixel((500, 500))) == (255, 0)


async def test_outpaint_grows_to_the_shape_that_was_asked_for(stability: Standing) -> None:
    for size, expected in (("16:9", (910, 512)), ("9:16", (512, 910)), ("auto", (640, 640))):
        asked = call("stability/outpaint", inputs=(input_picture("512x512"),), size=size)
        rendering = await stability.provider.render(asked, Previews())
        assert (rendering.images[0].width, rendering.images[0].height) == expected


async def test_search_and_replace_reads_an_arrow_and_refuses_words_without_one(stability: Standing) -> None:
    asked = call("stability/search-and-replace", inputs=(input_picture(),), prompt="the red hat -> a crown")
    await stability.provider.render(asked, Previews())
    fields = stability.vendor.calls[-1].fields
    assert (fields["search_prompt"], fields["prompt"]) == ("the red hat", "a crown")
    with pytest.raises(BadInput):
        await stability.provider.render(
            call("stability/search-and-replace", inputs=(input_picture(),), prompt="a crown"), Previews()
        )
    assert len(stability.vendor.calls) == 1


def test_a_tool_that_needs_a_mask_says_so_before_anything_is_sent() -> None:
    with pytest.raises(InvalidRequest) as caught:
        call("stability/inpaint", inputs=(input_picture(),))
    assert (caught.value.field, caught.value.problem) == ("mask", "missing")


def test_a_tool_is_never_anybodys_default() -> None:
    catalog = CATALOGS["stability"]
    assert not any(catalog.default(kind).tool for kind in (Kind.GENERATE, Kind.EDIT, Kind.VARIATIONS))
