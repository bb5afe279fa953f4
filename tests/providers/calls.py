"""Builds calls for providers, and notes the previews that come back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from bot.catalog import Catalog
from bot.images import ImageRequest, InputImage, Kind
from bot.media import inspect
from bot.providers.base import Picture, RenderCall
from tests.fakes.openai_pictures import picture

TODAY = date(2026, 11, 21)
SERVERS = Path(__file__).with_name("servers.toml")
CATALOGS = {
    name: Catalog.load(None, [name], today=lambda: TODAY)
    for name in ("openai", "gemini", "replicate", "stability", "a1111", "demo")
} | {"shed": Catalog.load(SERVERS, [], today=lambda: TODAY)}


class Previews(list[tuple[int, bytes]]):
    def __call__(self, number: int, data: bytes) -> None:
        self.append((number, data))


def input_picture(size: str = "1024x1024", kind: str = "png", label: str = "") -> Picture:
    data = picture(size, kind, label=label)
    media_type, width, height = inspect(data)
    return Picture(data=data, media_type=media_type, width=width, height=height)


def stored(sent: Picture) -> InputImage:
    return InputImage(
        key="0" * 64,
        media_type=sent.media_type,
        width=sent.width,
        height=sent.height,
        size_bytes=len(sent.data),
    )


def call(
    model: str = "openai/gpt-image-2.6-flare",
    *,
    inputs: tuple[Picture, ...] = (),
    mask: Picture | None = None,
    previews: int = 0,
    first: int = 1,
    count: int | None = None,
    **wishes: Any,
) -> RenderCall:
    """A call as the studio would make it: checked by the catalogue first."""
    catalog = CATALOGS[model.partition("/")[0]]
    wishes.setdefault("kind", Kind.EDIT if inputs else Kind.GENERATE)
    wishes.setdefault("prompt", "a fox in the snow")
    request = catalog.check(
        ImageRequest(
            model=model,
            inputs=tuple(stored(sent) for sent in inputs),
            mask=stored(mask) if mask else None,
            count=count or 1,
            **wishes,
        )
    )
    return RenderCall(
        request=request,
        model=catalog.find(model),
        prompt=request.prompt,
        first=first,
        count=request.count,
        inputs=inputs,
        mask=mask,
        previews=previews,
        requester="0123abcd",
    )
