"""What can be said of a call: what the picture is to be, and how the call behaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from bot.images import ImageRequest, Kind

Preview = Callable[[int, bytes], None]
"""Told a picture's number (from 1) and its unfinished bytes, in the loop's thread."""

Share = Callable[[int, float], None]
"""Told a picture's number (from 1) and how much of it is drawn (0.0 to 1.0), where the vendor says so."""


class Options(TypedDict, total=False):
    """What can be said of every picture; what is left out is the model's own default. As in Discord."""

    model: str
    size: str
    quality: str
    count: int
    format: str
    background: str
    style: str
    seed: int
    negative: str


class Way(TypedDict, total=False):
    """How a call behaves. `timeout` in seconds; `cache` and `fallback` as in `Atelier`."""

    timeout: float | None
    cache: bool | None
    fallback: bool
    preview: Preview | None
    progress: Share | None


class Asked(Options, Way, total=False):
    """Both, for methods that take keywords only."""


@dataclass(frozen=True, kw_only=True)
class Manner:
    """A `Way` in which nothing is left open."""

    timeout: float | None
    cache: bool
    fallback: bool
    preview: Preview | None
    progress: Share | None


def wish_of(kind: Kind, prompt: str, asked: Asked) -> ImageRequest:
    return ImageRequest(
        kind=kind,
        prompt=prompt,
        model=asked.get("model") or "",
        count=asked.get("count", 1),
        size=asked.get("size") or "auto",
        quality=asked.get("quality"),
        format=asked.get("format"),
        background=asked.get("background"),
        style=asked.get("style"),
        seed=asked.get("seed"),
        negative=asked.get("negative"),
    )
