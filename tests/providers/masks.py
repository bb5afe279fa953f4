"""A mask as the studio hands it over: transparent where the picture changes."""

from __future__ import annotations

import io

from PIL import Image

from bot.providers.base import Picture


def mask_of(width: int, height: int) -> Picture:
    """The left upper quarter changes."""
    whole = Image.new("RGBA", (width, height), (0, 0, 0, 255))
    whole.paste((0, 0, 0, 0), (0, 0, width // 2, height // 2))
    sink = io.BytesIO()
    whole.save(sink, "PNG")
    return Picture(data=sink.getvalue(), media_type="image/png", width=width, height=height)
