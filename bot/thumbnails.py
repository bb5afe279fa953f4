"""Small pictures for lists: made once, off the loop, kept beside the data; what is missing is made again."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import secrets
from pathlib import Path

from PIL import Image, ImageOps

from bot import media
from storage.image_store import ImageStore

EDGE = 480
"""Pixels of the longer side: a column of the gallery at twice its width on a phone."""
MEDIA_TYPE = "image/webp"
_QUALITY = 80


class Thumbnails:
    """Files named like the picture's key in `folder`; deleting the folder loses nothing."""

    def __init__(self, store: ImageStore, pixels: media.Pixels, folder: Path) -> None:
        self._store, self._pixels, self._folder = store, pixels, folder
        self._making: dict[str, asyncio.Task[Path]] = {}

    async def of(self, key: str) -> Path:
        """The file. Raises StorageError when the picture itself cannot be read."""
        path = self._folder / key[:2] / f"{key}.webp"
        if await asyncio.to_thread(path.exists):
            return path
        # A page asks for the same one twice, and twenty at once: each is made once.
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._make(key, path))
            making.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(making)

    async def _make(self, key: str, path: Path) -> Path:
        data = await self._store.get(key)
        await self._pixels.run(_write, data, path)
        return path


def _write(data: bytes, path: Path) -> None:
    with Image.open(io.BytesIO(data)) as picture:
        picture.draft("RGB", (EDGE, EDGE))
        small = ImageOps.contain(
            picture.convert("RGBA" if "A" in picture.getbands() else "RGB"), (EDGE, EDGE)
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{secrets.token_hex(4)}")
    try:
        small.save(part, "WEBP", quality=_QUALITY, method=3)
        # In one step: another process may be writing, or reading, the same one.
        os.replace(part, path)  # noqa: PTH105
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
