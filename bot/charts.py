"""A stacked bar chart as a PNG. The dark one reads well on Discord's light and dark ground: a card of its own.

Pure drawing: no database, no words of its own but numbers. Call it off the loop.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

from PIL import Image, ImageDraw, ImageFont

_WIDTH, _HEIGHT, _SCALE = 900, 460, 2
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 96, 48
_MOST_LABELS = 12


@dataclass(frozen=True, kw_only=True)
class Look:
    """`colours` are the bars', one a series."""

    ground: str
    ink: str
    quiet: str
    line: str
    colours: tuple[str, ...]


# Okabe and Ito's colours, which colour-blind people can tell apart; on white those of them that are dark enough.
DARK = Look(
    ground="#2b2d31", ink="#f2f3f5", quiet="#b5bac1", line="#45484f",
    colours=("#56B4E9", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#9AA0A6"),
)  # fmt: skip
LIGHT = Look(
    ground="#ffffff", ink="#1c1a26", quiet="#5b5768", line="#d9d6e4",
    colours=("#0072B2", "#D55E00", "#009E73", "#B8860B", "#CC79A7", "#6B7075"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Series:
    name: str
    values: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """`labels` are as many as each series has values."""

    title: str
    series: Sequence[Series]
    labels: Sequence[str]
    look: Look = DARK


def draw(chart: Chart) -> bytes:
    image = Image.new("RGB", (_WIDTH * _SCALE, _HEIGHT * _SCALE), chart.look.ground)
    pen = ImageDraw.Draw(image)
    _text(pen, (_LEFT, 20), chart.title, size=20, fill=chart.look.ink)
    _legend(pen, chart)
    top = _round_up(max((sum(column) for column in _columns(chart)), default=0))
    _grid(pen, chart.look, top)
    _bars(pen, chart, top)
    _labels(pen, chart)
    held = io.BytesIO()
    image.save(held, "PNG", compress_level=3)
    return held.getvalue()


def _columns(chart: Chart) -> list[tuple[int, ...]]:
    return list(zip(*(series.values for series in chart.series), strict=True))


def _legend(pen: ImageDraw.ImageDraw, chart: Chart) -> None:
    x = float(_LEFT)
    for number, one in enumerate(chart.series):
        name = one.name if len(one.name) <= 24 else one.name[:23] + "…"
        wide = _font(14).getlength(name) / _SCALE
        if x + 18 + wide > _WIDTH - _RIGHT:
            break
        _box(pen, (x, 58, x + 12, 70), _colour(chart, number))
        _text(pen, (x + 18, 55), name, size=14, fill=chart.look.quiet)
        x += wide + 40


def _grid(pen: ImageDraw.ImageDraw, look: Look, top: int) -> None:
    steps = 4 if top >= 4 else max(top, 1)
    for step in range(steps + 1):
        y = _y(top * step / steps, top)
        pen.line(
            [(_LEFT * _SCALE, y * _SCALE), ((_WIDTH - _RIGHT) * _SCALE, y * _SCALE)],
            fill=look.line,
            width=_SCALE,
        )
        _text(pen, (_LEFT - 10, y - 9), _short(top * step // steps), size=14, fill=look.quiet, anchor="ra")


def _bars(pen: ImageDraw.ImageDraw, chart: Chart, top: int) -> None:
    slots = len(chart.labels)
    each = (_WIDTH - _LEFT - _RIGHT) / max(slots, 1)
    gap = min(each * 0.2, 8.0)
    for slot, column in enumerate(_columns(chart)):
        x, below = _LEFT + slot * each, 0
        for number, value in enumerate(column):
            if value:
                box = (x + gap / 2, _y(below + value, top), x + each - gap / 2, _y(below, top))
                _box(pen, box, _colour(chart, number))
                below += value


def _labels(pen: ImageDraw.ImageDraw, chart: Chart) -> None:
    labels = chart.labels
    each = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    every = -(-len(labels) // _MOST_LABELS)
    for slot in range(0, len(labels), max(every, 1)):
        _text(
            pen,
            (_LEFT + (slot + 0.5) * each, _HEIGHT - 36),
            labels[slot],
            size=13,
            fill=chart.look.quiet,
            anchor="ma",
        )


def _colour(chart: Chart, number: int) -> str:
    return chart.look.colours[number % len(chart.look.colours)]


def _y(value: float, top: int) -> float:
    return _HEIGHT - _BOTTOM - value / top * (_HEIGHT - _TOP - _BOTTOM)


def _round_up(most: int) -> int:
    """The next number that four lines divide well: 4, 8, 20, 40, 80, 200, …"""
    step, factors = 4, cycle((2, 2.5, 2))
    while step < most:
        step = int(step * next(factors))
    return step


def _short(number: int) -> str:
    return f"{number / 1000:g}k" if number >= 10_000 else str(number)


def _box(pen: ImageDraw.ImageDraw, box: tuple[float, float, float, float], fill: str) -> None:
    pen.rectangle([round(edge * _SCALE) for edge in box], fill=fill)


def _text(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    *,
    size: int,
    fill: str,
    anchor: str = "la",
) -> None:
    pen.text((at[0] * _SCALE, at[1] * _SCALE), _drawable(text), font=_font(size), fill=fill, anchor=anchor)


def _drawable(text: str) -> str:
    """Pillow's own font has plain Latin letters only: accents go, rather than become boxes."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return "".join(one for one in bare if one.isascii() or one in "’“”–—…·")


def _font(size: int) -> ImageFont.FreeTypeFont:
    # Pillow brings this one along, so that the chart looks the same on every machine.
    font = ImageFont.load_default(size * _SCALE)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
