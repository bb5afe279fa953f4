"""Pictures as bytes: what they are, whether they may be sent to a vendor, and how they become another format.

The functions here are plain and take their time, `inspect` apart; `Pixels` keeps the others off the event loop.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from bot.errors import BadImage
from bot.media_headers import NotAPicture, inspect

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "NotAPicture",
    "Pixels",
    "Prepared",
    "convert",
    "inspect",
    "prepare_input",
    "prepare_mask",
    "shrink_to",
]

MAX_INPUT_BYTES = 25 * 1024 * 1024
MAX_MASK_BYTES = 4 * 1024 * 1024
"""What OpenAI takes; no vendor takes less."""

MAX_PIXELS = 40_000_000

_READABLE = ("PNG", "JPEG", "WEBP", "GIF")
_LONGEST_WEBP = 16_383
_CHANGE_FROM = 128
"""A mask's grey from which on it means "change this"."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A picture that may leave the machine: whole, upright, still, without metadata."""

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int


class Pixels:
    """Two threads for work on pixels: the loop's own executor belongs to the job engine."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pixels")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *args, **kwargs))

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def prepare_input(data: bytes, *, name: str | None = None, max_bytes: int = MAX_INPUT_BYTES) -> Prepared:
    """Check a stranger's picture and strip it of everything but its pixels and colours. Raises BadImage."""
    with _opened(data, name, max_bytes) as picture:
        kind = picture.format or "PNG"
        upright = _upright(picture)
        if kind == "JPEG" and upright is picture:
            # The tables of the original are kept: no loss that a second encoding would add.
            return _prepared(picture, "JPEG", quality="keep")
        if kind in ("JPEG", "MPO"):
            return _prepared(upright, "JPEG", quality=95, subsampling=0)
        if kind == "WEBP":
            # A photograph would grow fivefold as PNG.
            return _prepared(_plain(upright), "WEBP", quality=95, method=2)
        return _prepared(_plain(upright), "PNG", compress_level=4)


def prepare_mask(
    data: bytes, *, size: tuple[int, int], name: str | None = None, max_bytes: int = MAX_MASK_BYTES
) -> Prepared:
    """A PNG that is transparent where the picture of `size` is to change.

    A mask without transparency is read as black and white, white being what changes. Raises BadImage.
    """
    with _opened(data, name, max_bytes) as picture:
        upright = _upright(picture)
        if upright.size != size:
            raise BadImage(problem="mask_size", name=name)
        keep = _kept_by(upright)
        if keep.getextrema() == (255, 255):
            raise BadImage(problem="mask_alpha", name=name)
        mask = upright.convert("RGB")
        mask.putalpha(keep)
        return _prepared(mask, "PNG", compress_level=6)


def convert(data: bytes, format: str, *, quality: int = 92) -> bytes:
    """The same picture as `png`, `jpeg` or `webp`; what is see-through becomes white in a jpeg."""
    with _opened(data, None, None) as picture:
        return _encoded(_plain(_upright(picture)), format, quality)


def shrink_to(data: bytes, limit_bytes: int) -> tuple[bytes, str]:
    """The bytes and their media type; unchanged when within the limit.

    Dimensions are kept as long as a lower quality will do, then the picture is scaled. Raises BadImage when nothing
    fits.
    """
    if len(data) <= limit_bytes:
        return data, inspect(data)[0]
    with _opened(data, None, None) as opened:
        picture = _plain(_upright(opened))
    for scale in (1.0, 0.85, 0.7, 0.5, 0.35, 0.25, 0.1):
        scaled = _scaled(picture, min(scale, _LONGEST_WEBP / max(picture.size)))
        for quality in (90, 80, 65) if scale == 1.0 else (80,):
            smaller = _encoded(scaled, "webp", quality)
            if len(smaller) <= limit_bytes:
                return smaller, "image/webp"
    raise BadImage(problem="too_many_bytes", limit=limit_bytes, actual=len(data))


def _opened(data: bytes, name: str | None, max_bytes: int | None) -> Image.Image:
    """The decoded picture. Its size and frames are looked at before a pixel is read."""
    # Here, because a bot that only passes pictures on never needs it.
    from PIL import Image, UnidentifiedImageError

    if max_bytes is not None and len(data) > max_bytes:
        raise BadImage(problem="too_many_bytes", name=name, limit=max_bytes, actual=len(data))
    try:
        _, width, height = inspect(data)
        if width * height > MAX_PIXELS:
            raise BadImage(problem="too_many_pixels", name=name, limit=MAX_PIXELS, actual=width * height)
        picture = Image.open(io.BytesIO(data), formats=_READABLE)
    except (NotAPicture, UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise BadImage(problem="not_a_picture", name=name) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImage(problem="too_many_pixels", name=name, limit=MAX_PIXELS) from error
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise BadImage(problem="too_many_pixels", name=name, limit=MAX_PIXELS, actual=width * height)
    # Telephones hang a second picture (depth, HDR) behind a JPEG: Pillow calls that MPO, and two frames.
    if picture.format != "MPO" and getattr(picture, "is_animated", False):
        raise BadImage(problem="animated", name=name)
    try:
        picture.load()
    except (OSError, ValueError, SyntaxError, IndexError, EOFError) as error:
        raise BadImage(problem="truncated", name=name) from error
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as its EXIF says; the same object when there is nothing to turn."""
    from PIL import ImageOps

    return ImageOps.exif_transpose(picture) if picture.getexif().get(0x0112, 1) not in (0, 1) else picture


def _plain(picture: Image.Image) -> Image.Image:
    """In a mode that every vendor reads: RGB, or RGBA where something is see-through."""
    if picture.mode == "RGBA" or (picture.mode == "RGB" and not picture.has_transparency_data):
        return picture
    if picture.mode.startswith("I"):
        # 16 bits: a plain conversion would clip at white instead of scaling.
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _kept_by(mask: Image.Image) -> Image.Image:
    """255 where the picture stays, 0 where it changes."""
    if mask.has_transparency_data:
        return mask.convert("RGBA").getchannel("A").point([0] + [255] * 255)
    return mask.convert("L").point([255] * _CHANGE_FROM + [0] * (256 - _CHANGE_FROM))


def _scaled(picture: Image.Image, scale: float) -> Image.Image:
    if scale >= 1.0:
        return picture
    edges = (max(1, int(picture.width * scale)), max(1, int(picture.height * scale)))
    return picture.resize(edges, reducing_gap=2.0)


def _prepared(picture: Image.Image, kind: str, **options: Any) -> Prepared:
    sink = io.BytesIO()
    colours = picture.info.get("icc_profile") if picture.mode in ("RGB", "RGBA") else None
    if kind == "JPEG" and picture.mode not in ("RGB", "L"):
        picture, options = picture.convert("RGB"), {"quality": 95, "subsampling": 0}
    picture.info = {}
    picture.save(sink, kind, icc_profile=colours, exif=b"", **options)
    return Prepared(
        data=sink.getvalue(), media_type=f"image/{kind.lower()}", width=picture.width, height=picture.height
    )


def _encoded(picture: Image.Image, format: str, quality: int) -> bytes:
    sink = io.BytesIO()
    colours = picture.info.get("icc_profile")
    match format:
        case "png":
            picture.save(sink, "PNG", compress_level=4, icc_profile=colours)
        case "webp":
            picture.save(sink, "WEBP", quality=quality, method=2, icc_profile=colours)
        case "jpeg":
            _on_white(picture).save(sink, "JPEG", quality=quality, icc_profile=colours)
        case _:
            raise ValueError(format)
    return sink.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    from PIL import Image

    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper
