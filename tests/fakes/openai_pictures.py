"""Pictures for a fake vendor: real ones of the size asked for, cheap, padded to a weight, and different each time."""

from __future__ import annotations

import io
import os
import struct
import zlib
from functools import lru_cache

from PIL import Image

_DEFAULT = (1024, 1024)


def dimensions(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    return (int(width), int(height)) if width.isdigit() and height.isdigit() else _DEFAULT


def picture(size: str, kind: str, *, weight: int = 0, label: str = "") -> bytes:
    """At least `weight` bytes of noise where that is set; `label` is written into the file and makes it unique."""
    plain = _plain(dimensions(size), kind)
    padded = _padding(max(0, weight - len(plain)))
    return _extended(plain, kind, padded + label.encode())


@lru_cache(maxsize=64)
def _plain(size: tuple[int, int], kind: str) -> bytes:
    sink = io.BytesIO()
    small = Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    small.resize(size, Image.Resampling.NEAREST).save(sink, kind.upper(), quality=60)
    return sink.getvalue()


@lru_cache(maxsize=4)
def _padding(length: int) -> bytes:
    return os.urandom(length)


def _extended(plain: bytes, kind: str, extra: bytes) -> bytes:
    """The file with bytes in a place that decoders pass by."""
    if not extra:
        return plain
    match kind:
        case "png":
            chunk = (
                struct.pack(">I", len(extra))
                + b"paDd"
                + extra
                + struct.pack(">I", zlib.crc32(b"paDd" + extra))
            )
            # Before the last chunk, which is always these twelve bytes.
            return plain[:-12] + chunk + plain[-12:]
        case "jpeg":
            parts = [extra[at : at + 65_000] for at in range(0, len(extra), 65_000)]
            comments = b"".join(b"\xff\xfe" + struct.pack(">H", len(part) + 2) + part for part in parts)
            return plain[:2] + comments + plain[2:]
        case _:
            chunk = b"paDd" + struct.pack("<I", len(extra)) + extra + b"\0" * (len(extra) % 2)
            whole = plain[8:] + chunk
            return b"RIFF" + struct.pack("<I", len(whole)) + whole
