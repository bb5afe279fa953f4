"""Our masks are transparent where the picture changes; several vendors want them white there."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from bot.providers.base import Picture


def white_where_it_changes(mask: Picture) -> Picture:
    """A grey PNG without alpha. CPU work: not for the loop."""
    with Image.open(io.BytesIO(mask.data)) as opened:
        alpha = opened.convert("RGBA").getchannel("A")
    sink = io.BytesIO()
    ImageOps.invert(alpha).save(sink, "PNG", compress_level=1)
    return Picture(data=sink.getvalue(), media_type="image/png", width=mask.width, height=mask.height)
