"""The owner's own web UI: one job at a time, previews, masks, and an interrupt for what is cancelled."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
from collections.abc import AsyncGenerator

import aiohttp
import pytest
from PIL import Image

from bot.errors import Misconfigured, ProviderTimeout
from bot.media import Pixels
from bot.providers.a1111 import A1111Provider
from tests.fakes.a1111_server import FakeA1111
from tests.providers.calls import Previews, call, input_picture
from tests.providers.contract import Standing, standing
from tests.providers.masks import mask_of

MODEL = "a1111/default"


@pytest.fixture
async def a1111() -> AsyncGenerator[Standing]:
    async with standing("a1111") as a1111:
        yield a1111


async def test_two_wishes_are_drawn_one_after_the_other(a1111: Standing) -> None:
    await asyncio.gather(*(a1111.provider.render(call(MODEL), Previews()) for _ in range(3)))
    assert len(a1111.vendor.calls) == 3


async def test_the_growing_picture_shows_and_the_seeds_come_back(a1111: Standing) -> None:
    a1111.vendor.will("hold")
    previews, shown = Previews(), asyncio.Event()

    def note(number: int, data: bytes) -> None:
        previews(number, data)
        shown.set()

    drawing = asyncio.create_task(a1111.provider.render(call(MODEL, previews=1, seed=5, first=2), note))
    async with asyncio.timeout(10):
        await shown.wait()
    a1111.vendor.release()
    rendering = await drawing
    assert [number for number, _ in previews] == [2]
    assert [image.seed for image in rendering.images] == [6]


async def test_what_is_cancelled_or_too_slow_is_interrupted_there() -> None:
    async with standing("a1111", timeout_seconds=0.3) as a1111:
        a1111.vendor.will("hold")
        with pytest.raises(ProviderTimeout):
            await a1111.provider.render(call(MODEL), Previews())
        assert a1111.vendor.interrupted == 1
    async with standing("a1111") as a1111:
        a1111.vendor.will("hold")
        drawing = asyncio.create_task(a1111.provider.render(call(MODEL), Previews()))
        await a1111.vendor.arrived(1)
        drawing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await drawing
        assert a1111.vendor.interrupted == 1


async def test_an_edit_with_a_mask_repaints_what_is_white(a1111: Standing) -> None:
    given = input_picture("512x512")
    await a1111.provider.render(
        call(MODEL, inputs=(given,), mask=mask_of(512, 512), strength=None, negative="rain"), Previews()
    )
    fields = a1111.vendor.calls[-1].fields
    assert base64.b64decode(fields["init_images"][0]) == given.data
    assert fields["negative_prompt"] == "rain"
    with Image.open(io.BytesIO(base64.b64decode(fields["mask"]))) as mask:
        assert (mask.getpixel((10, 10)), mask.getpixel((500, 500))) == (255, 0)


async def test_user_and_password_of_the_address_go_into_the_header_only() -> None:
    async with FakeA1111(key="anna:p@ss") as vendor, aiohttp.ClientSession() as http:
        with contextlib.closing(Pixels()) as pixels:
            for password, becomes in (("p%40ss", None), ("wrong", Misconfigured)):
                address = vendor.url.replace("://", f"://anna:{password}@")
                provider = A1111Provider(http, base_url=address, pixels=pixels)
                if becomes is None:
                    assert len((await provider.render(call(MODEL), Previews())).images) == 1
                else:
                    with pytest.raises(becomes):
                        await provider.render(call(MODEL), Previews())
    assert not vendor.violations
