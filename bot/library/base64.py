"""Pictures as base64 text to files and back, with an answer that is true: it worked, or it did not."""

from __future__ import annotations

import binascii
from pathlib import Path

import pybase64

from bot.media_headers import NotAPicture, inspect


def decoded(text: str) -> bytes | None:
    """The picture's bytes, from plain base64 or a data address; None where that is no picture."""
    head, _, tail = text.strip().partition(",")
    try:
        data = pybase64.b64decode(tail if head.startswith("data:") else text.strip(), validate=True)
        inspect(data)
    except (binascii.Error, ValueError, NotAPicture):
        return None
    return data


def save_image_from_b64(text: str, path: str | Path) -> bool:
    """Whether the file is there now, whole and a picture. Replaces a file of that name, as one write to it would."""
    data = decoded(text)
    if data is None:
        return False
    from bot.outputs import put_latest

    try:
        put_latest(Path(path), data)
    except OSError:
        return False
    return True


def load_image_to_b64(path: str | Path) -> str | None:
    """The file as base64; None where it cannot be read or is no picture."""
    try:
        data = Path(path).read_bytes()
        inspect(data)
    except (OSError, NotAPicture):
        return None
    return pybase64.b64encode(data).decode("ascii")
