"""Replicate: inputs by the model's own schema, uploads, versions, and work that outlives us."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator

import pytest
from PIL import Image

from bot.errors import BadInput, Misconfigured, PolicyRefusal, ProviderTimeout
from bot.providers.base import RenderCall, resumable
from bot.providers.replicate_inputs import ModelInputs
from tests.providers.calls import Previews, call, input_picture
from tests.providers.contract import Standing, standing
from tests.providers.masks import mask_of

SCHNELL = "replicate/black-forest-labs/flux-schnell"
DEV, SDXL = "replicate/black-forest-labs/flux-dev", "replicate/stability-ai/sdxl"


@pytest.fixture
async def replicate() -> AsyncGenerator[Standing]:
    async with standing("replicate") as replicate:
        yield replicate


async def sent(replicate: Standing, asked: RenderCall) -> dict[str, object]:
    await replicate.provider.render(asked, Previews())
    return replicate.vendor.calls[-1].fields["input"]


async def test_four_pictures_are_one_prediction_with_one_seed(replicate: Standing) -> None:
    rendering = await replicate.provider.render(
        call(SCHNELL, count=4, seed=7, size="16:9", format="jpeg"), Previews()
    )
    assert replicate.vendor.calls[-1].fields["input"] == {
        "prompt": "a fox in the snow",
        "seed": 7,
        "num_outputs": 4,
        "aspect_ratio": "16:9",
        "output_format": "jpg",
    }
    assert [image.seed for image in rendering.images] == [7, None, None, None]
    assert rendering.cost_microusd == 12_000


async def test_a_community_model_is_named_with_its_version_and_paid_by_the_second(
    replicate: Standing,
) -> None:
    rendering = await replicate.provider.render(
        call(SDXL, negative="rain", size="1344x768", seed=3), Previews()
    )
    assert replicate.vendor.calls[-1].path == "/v1/predictions"
    fields = replicate.vendor.calls[-1].fields["input"]
    assert (fields["width"], fields["height"], fields["negative_prompt"]) == (1344, 768, "rain")
    assert rendering.cost_microusd == 1950


async def test_a_small_picture_travels_inside_and_a_large_one_is_uploaded(replicate: Standing) -> None:
    small, large = input_picture("256x256"), input_picture("1024x1024", "png", "x" * 300_000)
    for given in (small, large):
        fields = await sent(replicate, call(DEV, inputs=(given,), strength=0.4))
        assert replicate.vendor.bytes_of(fields["image"]) == given.data
        assert fields["prompt_strength"] == 0.4
    assert str(fields["image"]).startswith("http")


async def test_a_mask_is_white_where_the_picture_changes(replicate: Standing) -> None:
    given = input_picture("512x512")
    fields = await sent(replicate, call(SDXL, inputs=(given,), mask=mask_of(512, 512)))
    with Image.open(io.BytesIO(replicate.vendor.bytes_of(fields["mask"]))) as mask:
        assert mask.getpixel((10, 10)) == 255
        assert mask.getpixel((500, 500)) == 0


async def test_a_wish_that_the_model_has_no_field_for_is_refused_before_anything_is_bought() -> None:
    inputs = ModelInputs({"components": {"schemas": {"Input": {"properties": {"prompt": {}}}}}})
    with pytest.raises(BadInput):
        inputs.fit(call(DEV, inputs=(input_picture(),)), ["https://example.org/a.png"])


@pytest.mark.parametrize(
    "text",
    [
        "NSFW content detected.",
        "The input or output was flagged as sensitive. (E005)",
        "Error: safety checker",
    ],
)
async def test_a_refusal_is_read_from_the_models_own_words(replicate: Standing, text: str) -> None:
    replicate.vendor.will("hold")
    job_id = await replicate.provider.begin(call(SCHNELL))
    replicate.vendor.predictions[job_id] |= {"status": "failed", "error": text}
    with pytest.raises(PolicyRefusal):
        await replicate.provider.collect(call(SCHNELL), job_id, Previews())


async def test_what_has_begun_is_collected_by_another_one_of_us(replicate: Standing) -> None:
    assert resumable(replicate.provider) is not None
    job_id = await replicate.provider.begin(call(SCHNELL))
    async with standing("replicate"):
        rendering = await replicate.provider.collect(call(SCHNELL), job_id, Previews())
    assert rendering.request_id == job_id
    assert len(replicate.vendor.predictions) == 1


async def test_a_prediction_that_takes_too_long_is_cancelled_at_the_vendor() -> None:
    async with standing("replicate", timeout_seconds=0.4) as replicate:
        replicate.vendor.will("hold")
        with pytest.raises(ProviderTimeout):
            await replicate.provider.render(call(SCHNELL), Previews())
        assert replicate.vendor.cancelled == list(replicate.vendor.predictions)


async def test_a_vendor_that_is_away_for_a_moment_loses_nothing_that_was_paid(replicate: Standing) -> None:
    replicate.vendor.blind = 4
    rendering = await replicate.provider.render(call(SCHNELL), Previews())
    assert len(rendering.images) == 1
    assert replicate.vendor.looked == 5
    assert len(replicate.vendor.predictions) == 1


async def test_a_model_that_is_gone_is_the_owners_to_mend(replicate: Standing) -> None:
    with pytest.raises(Misconfigured):
        await replicate.provider._known("black-forest-labs/flux-2")
