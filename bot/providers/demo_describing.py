"""What the demo says of a picture: its true shape, light, colours and calm, in the member's language."""

from __future__ import annotations

import colorsys
import io
from collections import Counter

from PIL import Image, ImageFilter, ImageStat

from bot.i18n import Texts, texts_for

_SMALL = (64, 64)
_COLOURS = 3
_BUSY = 14.0
"""The mean strength of edges, 0 to 255, from which on a picture is full of detail."""

_APART = 24.0
"""Levels of brightness between two halves that anybody sees."""


def describe(data: bytes, locale: str) -> str:
    """The same words for the same pixels."""
    t = texts_for(locale)
    with Image.open(io.BytesIO(data)) as opened:
        width, height = opened.size
        small = opened.convert("RGB").resize(_SMALL)
    grey = small.convert("L")
    return t(
        "{shape}, mostly {colours}; {light}, {detail}.",
        shape=_shape(t, width / height),
        colours=_listed(t, _colours(t, small)),
        light=_light(t, grey),
        detail=_detail(t, grey),
    )


def _shape(t: Texts, ratio: float) -> str:
    if ratio > 1.6:
        return t("A wide picture")
    if ratio > 1.1:
        return t("A landscape format")
    if ratio > 0.9:
        return t("A square picture")
    return t("A portrait format") if ratio > 0.6 else t("A tall picture")


def _light(t: Texts, grey: Image.Image) -> str:
    edge = grey.height // 2
    above, below = (ImageStat.Stat(grey.crop((0, top, grey.width, top + edge))).mean[0] for top in (0, edge))
    if above - below > _APART:
        return t("bright above and darker below")
    if below - above > _APART:
        return t("dark above and brighter below")
    mean = (above + below) / 2
    if mean < 70:
        return t("dark all over")
    return t("bright all over") if mean > 170 else t("in even, soft light")


def _detail(t: Texts, grey: Image.Image) -> str:
    # The filter draws a frame of its own around the picture.
    inner = grey.filter(ImageFilter.FIND_EDGES).crop((1, 1, grey.width - 1, grey.height - 1))
    return t("full of detail") if ImageStat.Stat(inner).mean[0] > _BUSY else t("with large calm areas")


def _colours(t: Texts, small: Image.Image) -> list[str]:
    """The names of those that cover most, the widest first."""
    pixels = iter(small.tobytes())
    names = (_name(t, *colour) for colour in zip(pixels, pixels, pixels, strict=True))
    return [name for name, _ in Counter(names).most_common(_COLOURS)]


def _name(t: Texts, red: int, green: int, blue: int) -> str:
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if value < 0.16:
        return t("black")
    if saturation < 0.14:
        return t("white") if value > 0.88 else t("grey")
    named = {
        0.04: t("red"), 0.11: t("orange"), 0.19: t("yellow"), 0.44: t("green"), 0.53: t("turquoise"),
        0.70: t("blue"), 0.83: t("violet"), 0.95: t("pink"), 1.0: t("red"),
    }  # fmt: skip
    name = next(word for end, word in named.items() if hue <= end)
    return t("dark {colour}", colour=name) if value < 0.45 else name


def _listed(t: Texts, names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    return t("{first} and {last}", first=", ".join(names[:-1]), last=names[-1])
