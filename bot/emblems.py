"""Our own small drawings for the signs of `marks`, and the way of them into Discord, once for an application."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable

import aiohttp
import discord
import structlog
from PIL import Image, ImageDraw

from bot.marks import Sign

SIDE = 96
"""Pixels; Discord shows them at 22 to 48 and takes up to 128."""
_EDITION = 1
"""Part of the names: a new drawing is a new emoji, so that old cards keep theirs."""
_FINER = 4
_WHITE = (255, 255, 255, 255)
_LINE = 0.10

_log = structlog.get_logger(__name__)

Pen = Callable[[list[tuple[float, float]]], None]


async def signs_of(client: discord.Client) -> dict[str, str]:
    """The markup of each sign by its name; what Discord lacks is uploaded. Those that it refuses are left out.

    Three requests of a second or so at the first start, one at each later one; rate limits are waited for.
    """
    try:
        there = {one.name: one for one in await client.fetch_application_emojis()}
        for which in Sign:
            name = _name(which)
            if name not in there:
                picture = await asyncio.to_thread(emblem, which)
                there[name] = await client.create_application_emoji(name=name, image=picture)
                _log.info("a sign was uploaded", sign=name)
    except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
        _log.warning("signs stay plain: Discord took no emoji", why=str(error))
        return {}
    return {which.name: f"<:{_name(which)}:{there[_name(which)].id}>" for which in Sign}


def emblem(which: Sign) -> bytes:
    """A PNG of SIDE pixels square: a disc whose colour says how it stands, with a figure for who sees no colours."""
    side = SIDE * _FINER
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    colour, figure = _DRAWN[which]
    edge = side * 0.03
    draw.ellipse((edge, edge, side - edge, side - edge), fill=colour)

    def stroke(points: list[tuple[float, float]]) -> None:
        """A line with round ends; places run from 0.0 to 1.0."""
        width = side * _LINE
        placed = [(x * side, y * side) for x, y in points]
        draw.line(placed, fill=_WHITE, width=round(width), joint="curve")
        for x, y in placed:
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=_WHITE)

    figure(stroke)
    file = io.BytesIO()
    picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
    return file.getvalue()


def _name(which: Sign) -> str:
    return f"atelier_{which.name.lower()}_{_EDITION}"


def _clock(stroke: Pen) -> None:
    stroke([(0.50, 0.24), (0.50, 0.52), (0.68, 0.64)])


def _brush(stroke: Pen) -> None:
    stroke([(0.72, 0.24), (0.44, 0.54)])
    stroke([(0.38, 0.60), (0.40, 0.66), (0.34, 0.74), (0.26, 0.75), (0.31, 0.66), (0.38, 0.60)])


def _tick(stroke: Pen) -> None:
    stroke([(0.27, 0.52), (0.44, 0.69), (0.74, 0.34)])


def _exclamation(stroke: Pen) -> None:
    stroke([(0.50, 0.24), (0.50, 0.55)])
    stroke([(0.50, 0.74), (0.50, 0.745)])


def _cross(stroke: Pen) -> None:
    stroke([(0.33, 0.33), (0.67, 0.67)])
    stroke([(0.67, 0.33), (0.33, 0.67)])


def _bars(stroke: Pen) -> None:
    stroke([(0.39, 0.33), (0.39, 0.67)])
    stroke([(0.61, 0.33), (0.61, 0.67)])


_DRAWN = {
    Sign.WAITING: ("#5b6b8c", _clock),
    Sign.DRAWING: ("#7c5cff", _brush),
    Sign.DONE: ("#2f9e62", _tick),
    Sign.FAILED: ("#d9534f", _exclamation),
    Sign.STOPPED: ("#6b7280", _cross),
    Sign.PAUSED: ("#c98a1b", _bars),
}
