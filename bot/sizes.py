"""Which sizes a model has, and the one nearest to what a member asked for.

A size is written `1024x1024`, `16:9`, `16:9 2K` or `auto`. Three kinds of models: those with a list of sizes, those
with ratios (and perhaps classes 1K, 2K, 4K), and those that take any size within rules.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Protocol

AUTO = "auto"
CLASS_EDGES = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}
"""A class is the edge of a square of the same area, in pixels."""

_LONGEST_ASKED = 100_000
_PIXELS = re.compile(r"(\d{1,6})\s*[x×*]\s*(\d{1,6})", re.IGNORECASE)
_RATIO = re.compile(
    r"(\d{1,4}(?:\.\d{1,3})?)\s*:\s*(\d{1,4}(?:\.\d{1,3})?)(?:\s+(512|[124]k))?", re.IGNORECASE
)
_CLASS = re.compile(r"(512|[124]k)", re.IGNORECASE)
_WORDS = {"square": "1:1", "landscape": "3:2", "portrait": "2:3", "wide": "16:9", "tall": "9:16"}


@dataclass(frozen=True)
class Asked:
    """What a member typed, understood: a shape (width by height), and whether it was pixels, a ratio or a class."""

    width: float
    height: float
    exact: bool
    area_class: str | None = None

    @property
    def ratio(self) -> float:
        return self.width / self.height


def understand(typed: str) -> Asked | None:
    """None for `auto`; raises ValueError for anything that is no size."""
    text = " ".join(typed.split()).casefold()
    text = _WORDS.get(text, text)
    if text in ("", AUTO):
        return None
    if found := _PIXELS.fullmatch(text):
        width, height = int(found[1]), int(found[2])
        if 0 < width <= _LONGEST_ASKED and 0 < height <= _LONGEST_ASKED:
            return Asked(width, height, exact=True)
    elif found := _RATIO.fullmatch(text):
        across, down = float(found[1]), float(found[2])
        if across > 0 and down > 0:
            return _shaped(across / down, found[3])
    elif found := _CLASS.fullmatch(text):
        return _shaped(1.0, found[1])
    raise ValueError(typed)


def dimensions(size: str) -> tuple[int, int] | None:
    """Width and height of a size in pixels, approximate for a ratio; None for `auto`."""
    asked = understand(size)
    return None if asked is None else (round(asked.width), round(asked.height))


def _shaped(ratio: float, area_class: str | None) -> Asked:
    edge = CLASS_EDGES[area_class.upper()] if area_class else 1024
    root = math.sqrt(ratio)
    return Asked(edge * root, edge / root, exact=False, area_class=area_class.upper() if area_class else None)


def _apart(asked: Asked, width: float, height: float) -> tuple[float, float]:
    """How far two shapes are from each other: first in ratio, then in area."""
    by_ratio = abs(math.log(asked.ratio * height / width))
    return round(by_ratio, 3), abs(math.log(asked.width * asked.height / (width * height)))


class Sizes(Protocol):
    """`resolve` never raises: every shape has a nearest one."""

    @property
    def offered(self) -> tuple[str, ...]: ...

    def resolve(self, asked: Asked | None) -> str: ...


@dataclass(frozen=True)
class ListedSizes:
    """Exactly these; `("auto",)` alone is a model that takes the input's size."""

    offered: tuple[str, ...]

    def resolve(self, asked: Asked | None) -> str:
        measured = [(size, shape) for size in self.offered if (shape := dimensions(size))]
        if not measured or (asked is None and AUTO in self.offered):
            return self.offered[0]
        if asked is None:
            return measured[0][0]
        return min(measured, key=lambda entry: _apart(asked, *entry[1]))[0]


@dataclass(frozen=True)
class RatioSizes:
    """Ratios in words like `16:9`; with `classes` a size is both, like `16:9 2K`."""

    ratios: tuple[str, ...]
    classes: tuple[str, ...] = ()

    @property
    def offered(self) -> tuple[str, ...]:
        if not self.classes:
            return self.ratios
        return tuple(f"{ratio} {area}" for area in self.classes for ratio in self.ratios)

    def resolve(self, asked: Asked | None) -> str:
        square = asked or _shaped(1.0, None)
        shapes = {ratio: dimensions(ratio) or (1, 1) for ratio in self.ratios}
        ratio = min(self.ratios, key=lambda name: _apart(square, *shapes[name])[0])
        if not self.classes:
            return ratio
        wanted = square.width * square.height
        if not (square.exact or square.area_class):
            return f"{ratio} {self.classes[0]}"
        area = min(self.classes, key=lambda name: abs(math.log(wanted / CLASS_EDGES[name] ** 2)))
        return f"{ratio} {area}"


@dataclass(frozen=True, kw_only=True)
class FreeSizes:
    """Any width and height within the rules; `suggested` are what people pick from, and what a ratio becomes.

    Edges are multiples of `multiple` and at most `longest`; the area lies between the two pixel counts; the longer edge
    is at most `max_ratio` times the shorter one.
    """

    multiple: int
    min_pixels: int
    max_pixels: int
    longest: int
    max_ratio: float
    suggested: tuple[str, ...]

    @property
    def offered(self) -> tuple[str, ...]:
        return self.suggested

    def allows(self, width: int, height: int) -> bool:
        return (
            width % self.multiple == 0
            and height % self.multiple == 0
            and self.min_pixels <= width * height <= self.max_pixels
            and max(width, height) <= self.longest
            and max(width, height) <= self.max_ratio * min(width, height)
        )

    def resolve(self, asked: Asked | None) -> str:
        if asked is None:
            return AUTO if AUTO in self.suggested else self.suggested[0]
        if not asked.exact and (known := self._suggestion(asked)):
            return known
        width, height = self._within(asked)
        return f"{width}x{height}"

    def _suggestion(self, asked: Asked) -> str | None:
        """A suggested size of the same ratio and about the same area: people know those, and their prices."""
        near = [
            (apart[1], size)
            for size in self.suggested
            if (shape := dimensions(size))
            and (apart := _apart(asked, *shape))[0] < 0.01
            and apart[1] < math.log(2.1)
        ]
        return min(near)[1] if near else None

    def _within(self, asked: Asked) -> tuple[int, int]:
        """The legal size nearest to the wish: first the shape is brought within the rules, then onto the grid."""
        across = min(max(asked.ratio, 1 / self.max_ratio), self.max_ratio)
        area = min(max(asked.width * asked.height, self.min_pixels), self.max_pixels)
        wide = math.sqrt(area * across)
        wide = min(wide, self.longest, self.longest * across)
        tall = wide / across
        grid = [
            (width, height)
            for width in self._around(wide)
            for height in self._around(tall)
            if self.allows(width, height)
        ]
        # A tie goes to the larger one: 1920x1080 becomes 1920x1088 on a grid of 16.
        return min(
            grid, key=lambda edges: (abs(edges[0] - wide) + abs(edges[1] - tall), -edges[0] * edges[1])
        )

    def _around(self, edge: float) -> list[int]:
        base = int(edge // self.multiple)
        return [step * self.multiple for step in range(max(1, base - 2), base + 4)]
