"""A painted region in words, for models that take no mask: where it is and how much of the picture."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

_ROWS = ("upper", "middle", "lower")
_COLUMNS = ("left", "centre", "right")


@dataclass(frozen=True, kw_only=True)
class Region:
    """`box` is left, top, right, bottom and `share` the painted part, each from 0.0 to 1.0 of the picture."""

    box: tuple[float, float, float, float]
    share: float


def region_of(mask: bytes) -> Region:
    """Of a checked mask: transparent where the picture is to change."""
    with Image.open(io.BytesIO(mask)) as picture:
        changes = picture.getchannel("A").point([255] + [0] * 255)
    box = changes.getbbox() or (0, 0, *changes.size)
    width, height = changes.size
    painted = changes.histogram()[255] / (width * height)
    left, top, right, bottom = box
    return Region(box=(left / width, top / height, right / width, bottom / height), share=painted)


def in_words(prompt: str, region: Region) -> str:
    """The wish with the place said: in English, which every model reads."""
    left, top, right, bottom = region.box
    column, row = _third(left, right, _COLUMNS), _third(top, bottom, _ROWS)
    where = "centre" if (row, column) == ("middle", "centre") else f"{row} {column}"
    return (
        f"Change only the {where} of the picture, from {left:.0%} to {right:.0%} of its width and from {top:.0%} to "
        f"{bottom:.0%} of its height; keep everything else exactly as it is. There: {prompt}"
    )


def _third(low: float, high: float, names: tuple[str, str, str]) -> str:
    return names[min(2, int((low + high) / 2 * 3))]
