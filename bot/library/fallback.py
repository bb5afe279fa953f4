"""For programs that must always show something: grey stripes and plain words, nothing that looks like a result."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING

from bot.i18n import texts_for

if TYPE_CHECKING:
    from bot.errors import AtelierError

WIDE = 1024
_STRIPE = 64
_DARK, _LIGHT, _INK = "#c8c8c8", "#d6d6d6", "#303030"


def draw(prompt: str, failure: AtelierError, locale: str = "en") -> bytes:
    """A PNG, `WIDE` pixels in square, that says that there is no picture, and why."""
    from PIL import Image, ImageDraw, ImageFont

    from bot.plain import plain_words

    t = texts_for(locale)
    picture = Image.new("RGB", (WIDE, WIDE), _LIGHT)
    pen = ImageDraw.Draw(picture)
    for x in range(-WIDE, WIDE, 2 * _STRIPE):
        pen.polygon([(x, WIDE), (x + _STRIPE, WIDE), (x + _STRIPE + WIDE, 0), (x + WIDE, 0)], fill=_DARK)
    pen.rectangle((96, 300, WIDE - 96, 760), fill="white", outline=_INK, width=6)
    large, small = ImageFont.load_default(72), ImageFont.load_default(30)
    pen.text((WIDE / 2, 390), t("NO PICTURE"), font=large, fill=_INK, anchor="mm")
    words = [*textwrap.wrap(plain_words(failure, t), 52)[:4], "", *textwrap.wrap(f"“{prompt}”", 52)[:2]]
    pen.multiline_text((WIDE / 2, 590), "\n".join(words), font=small, fill=_INK, anchor="mm", align="center")
    held = io.BytesIO()
    picture.save(held, "PNG", optimize=True)
    return held.getvalue()
