"""The demo paints for real: deterministic, with every option of a paid model, and it fails as it is told."""

from __future__ import annotations

import io
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.errors import OutOfCredit, PolicyRefusal, ProviderUnavailable, RateLimited
from bot.images import Kind
from bot.media import Pixels, inspect
from bot.providers.base import Picture, Rendering
from bot.providers.demo import DemoProvider
from tests.providers.calls import Previews, call
from tests.providers.conftest import Sleeps

DEMO = "demo/studio"
SIZE = "512x512"


@pytest.fixture(scope="module")
def pixels() -> Generator[Pixels]:
    pixels = Pixels()
    yield pixels
    pixels.close()


@pytest.fixture
def demo(pixels: Pixels, sleeps: Sleeps) -> DemoProvider:
    return DemoProvider(pixels, sleep=sleeps)


def picture_of(rendering: Rendering) -> Picture:
    image = rendering.images[0]
    return Picture(data=image.data, media_type=image.media_type, width=image.width, height=image.height)


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data))


def difference(one: Picture, other: Picture) -> float:
    """The mean distance of two pictures of the same size, 0 to 255."""
    distance = ImageChops.difference(opened(one).convert("RGB"), opened(other).convert("RGB"))
    return sum(ImageStat.Stat(distance).mean) / 3


async def test_the_same_words_and_seed_paint_the_same_bytes(demo: DemoProvider) -> None:
    asked = call(DEMO, prompt="a harbour at dusk", seed=7, size=SIZE)
    first, second = await demo.render(asked, Previews()), await demo.render(asked, Previews())
    assert first.images == second.images
    assert first.cost_microusd == 0


async def test_other_seeds_and_other_words_paint_other_pictures(demo: DemoProvider) -> None:
    asked = [
        call(DEMO, prompt=prompt, seed=seed, size=SIZE)
        for prompt, seed in (("sea", 1), ("sea", 2), ("city", 1))
    ]
    painted = {(await demo.render(one, Previews())).images[0].data for one in asked}
    assert len(painted) == 3


async def test_each_picture_of_a_request_has_its_own_seed(demo: DemoProvider) -> None:
    rendering = await demo.render(call(DEMO, count=3, seed=40, size=SIZE, first=2), Previews())
    assert [image.seed for image in rendering.images] == [41, 42, 43]
    assert len({image.data for image in rendering.images}) == 3


@pytest.mark.parametrize("size", ["512x512", "1536x1024", "9:16", "1792x1024"])
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
async def test_size_and_format_are_what_was_asked_for(size: str, kind: str, demo: DemoProvider) -> None:
    asked = call(DEMO, size=size, format=kind, quality="low")
    (image,) = (await demo.render(asked, Previews())).images
    assert inspect(image.data) == (f"image/{kind}", image.width, image.height)
    assert f"{image.width}x{image.height}" == asked.request.size


async def test_a_transparent_background_is_transparent(demo: DemoProvider) -> None:
    rendering = await demo.render(call(DEMO, background="transparent", size=SIZE), Previews())
    alpha = opened(picture_of(rendering)).getchannel("A")
    assert (alpha.getpixel((0, 0)), alpha.getpixel((256, 256))) == (0, 255)


async def test_previews_come_nearer_to_the_picture(demo: DemoProvider) -> None:
    previews = Previews()
    rendering = await demo.render(call(DEMO, seed=3, size="1024x1024", previews=3), previews)
    final = opened(picture_of(rendering)).convert("RGB").resize((512, 512))
    sharpness = [
        ImageStat.Stat(ImageChops.difference(Image.open(io.BytesIO(data)).convert("RGB"), final)).mean[0]
        for _, data in previews
    ]
    assert sharpness == sorted(sharpness, reverse=True)
    assert len(sharpness) == 3


async def test_the_time_it_pretends_to_take_is_shared_by_its_previews(pixels: Pixels, sleeps: Sleeps) -> None:
    slow = DemoProvider(pixels, latency_seconds=8, sleep=sleeps)
    await slow.render(call(DEMO, size=SIZE, previews=3), Previews())
    assert sleeps.asked == [2.0, 2.0, 2.0, 2.0]


async def test_an_edit_changes_only_where_the_mask_is_transparent(demo: DemoProvider) -> None:
    before = picture_of(await demo.render(call(DEMO, prompt="sunset", seed=1, size=SIZE), Previews()))
    mask = Image.new("RGBA", (512, 512), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (100, 120, 300, 400))
    sink = io.BytesIO()
    mask.save(sink, "PNG")
    sent = Picture(data=sink.getvalue(), media_type="image/png", width=512, height=512)
    after = picture_of(
        await demo.render(call(DEMO, prompt="night", inputs=(before,), mask=sent, seed=2), Previews())
    )
    changed = (
        ImageChops.difference(opened(before).convert("RGB"), opened(after).convert("RGB"))
        .convert("L")
        .getbbox()
    )
    assert changed is not None
    assert changed[0] >= 100
    assert changed[1] >= 120
    assert changed[2] <= 300
    assert changed[3] <= 400
    assert (changed[2] - changed[0]) * (changed[3] - changed[1]) > 200 * 280 * 0.8


async def test_an_edit_is_of_its_input_and_yet_another_picture(demo: DemoProvider) -> None:
    before = picture_of(await demo.render(call(DEMO, prompt="sunset", seed=1, size=SIZE), Previews()))
    other = picture_of(await demo.render(call(DEMO, prompt="snow", seed=9, size=SIZE), Previews()))
    edited = picture_of(await demo.render(call(DEMO, prompt="green", inputs=(before,), seed=1), Previews()))
    pair = picture_of(
        await demo.render(call(DEMO, prompt="green", inputs=(before, other), seed=1), Previews())
    )
    assert edited.data not in (before.data, other.data)
    assert difference(edited, pair) > 1
    assert (edited.width, edited.height) == (512, 512)


async def test_variations_go_further_with_strength(demo: DemoProvider) -> None:
    before = picture_of(await demo.render(call(DEMO, prompt="sunset lake", seed=1, size=SIZE), Previews()))
    far: list[float] = []
    for strength in (0.0, 0.25, 1.0):
        asked = call(DEMO, kind=Kind.VARIATIONS, prompt="x", inputs=(before,), strength=strength, seed=5)
        far.append(difference(before, picture_of(await demo.render(asked, Previews()))))
    assert 0 < far[0] < far[1] < far[2]


async def test_a_picture_is_painted_in_a_fraction_of_a_second(demo: DemoProvider) -> None:
    await demo.render(call(DEMO), Previews())
    spent: list[float] = []
    for seed in range(3):
        started = time.process_time()
        await demo.render(call(DEMO, prompt="a forest by a lake", seed=seed, quality="high"), Previews())
        spent.append(time.process_time() - started)
    # Half of it is usual; the margin is for slow machines.
    assert min(spent) < 0.3


@pytest.mark.parametrize(
    ("prompt", "becomes"),
    [("a fox [refuse]", PolicyRefusal), ("[down] a fox", ProviderUnavailable), ("[credit]", OutOfCredit)],
)
async def test_a_prompt_can_ask_for_trouble_where_that_is_allowed(
    prompt: str, becomes: type[Exception], pixels: Pixels, sleeps: Sleeps
) -> None:
    with pytest.raises(becomes):
        await DemoProvider(pixels, switches=True, sleep=sleeps).render(call(DEMO, prompt=prompt), Previews())
    assert (
        await DemoProvider(pixels, sleep=sleeps).render(call(DEMO, prompt=prompt, size=SIZE), Previews())
    ).images


async def test_trouble_can_say_how_long(pixels: Pixels, sleeps: Sleeps) -> None:
    demo = DemoProvider(pixels, switches=True, sleep=sleeps)
    with pytest.raises(RateLimited) as caught:
        await demo.render(call(DEMO, prompt="[limit 20]"), Previews())
    assert caught.value.retry_after_seconds == 20
    await demo.render(call(DEMO, prompt="[slow 12] a fox", size=SIZE), Previews())
    assert sleeps.asked == [0.0, 12.0]


async def test_failures_can_be_scripted(pixels: Pixels, sleeps: Sleeps) -> None:
    always = DemoProvider(pixels, fail="out_of_credit", sleep=sleeps)
    with pytest.raises(OutOfCredit):
        await always.render(call(DEMO), Previews())
    second = DemoProvider(
        pixels,
        fail=lambda asked: ProviderUnavailable(provider="demo") if asked.first == 2 else None,
        sleep=sleeps,
    )
    assert (await second.render(call(DEMO, size=SIZE), Previews())).images
    with pytest.raises(ProviderUnavailable):
        await second.render(call(DEMO, first=2), Previews())


async def test_a_file_can_make_trouble_from_outside(pixels: Pixels, sleeps: Sleeps, tmp_path: Path) -> None:
    file = tmp_path / "trouble.json"
    demo = DemoProvider(pixels, trouble_file=file, sleep=sleeps)
    for nothing in (None, "", '{"fail": "out_of'):
        if nothing is not None:
            file.write_text(nothing, encoding="utf-8")
        assert (await demo.render(call(DEMO, size=SIZE), Previews())).images
    file.write_text('{"slow_seconds": 4, "fail": "out_of_credit"}', encoding="utf-8")
    with pytest.raises(OutOfCredit):
        await demo.render(call(DEMO, size=SIZE), Previews())
    assert sleeps.asked[-1] == 2.0
