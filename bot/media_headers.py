"""What a picture is by its first bytes: kind and size, in microseconds, without an image library and on the event loop.

A header proves little about the rest of the file: strangers' pictures go through `bot.media` besides.
"""

from __future__ import annotations

from struct import error as struct_error
from struct import unpack_from

_JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""The frame headers; the three left out are tables."""

_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length behind them."""


class NotAPicture(ValueError):
    """Neither PNG, JPEG, WebP nor GIF, or cut off before its size is said."""


def inspect(data: bytes) -> tuple[str, int, int]:
    """Media type, width and height as the header states them. Raises NotAPicture."""
    try:
        if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR":
            found = ("image/png", *unpack_from(">II", data, 16))
        elif data[:3] == b"\xff\xd8\xff":
            found = ("image/jpeg", *_jpeg_size(data))
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            found = ("image/webp", *_webp_size(data))
        elif data[:6] in (b"GIF87a", b"GIF89a"):
            found = ("image/gif", *unpack_from("<HH", data, 6))
        else:
            raise NotAPicture("unknown first bytes")
    except (struct_error, IndexError) as error:
        raise NotAPicture("cut off in the header") from error
    media_type, width, height = found
    if not width or not height:
        raise NotAPicture("without a size")
    return media_type, width, height


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        if data[at] != 0xFF:
            raise NotAPicture("a JPEG without its markers")
        marker = data[at + 1]
        if marker == 0xFF or marker in _JPEG_BARE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _JPEG_SIZES:
            height, width = unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + int(unpack_from(">H", data, at + 2)[0])


def _webp_size(data: bytes) -> tuple[int, int]:
    match data[12:16]:
        case b"VP8 ":
            width, height = unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            edges = data[24:30]
            if len(edges) < 6:
                raise NotAPicture("cut off in the header")
            return int.from_bytes(edges[:3], "little") + 1, int.from_bytes(edges[3:], "little") + 1
        case _:
            raise NotAPicture("an unknown WebP")
