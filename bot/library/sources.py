"""Pictures to start from, in all the forms in which programs have them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import BadImage
from bot.images import InputImage
from bot.library.base64 import decoded
from bot.library.results import Artwork

if TYPE_CHECKING:
    from bot.workshop import Workshop

Source = str | Path | bytes | Artwork
"""A picture to start from: a file, its bytes, base64 or a data address, one of our ids (`img_…_1`), or a result's."""

_OURS = re.compile(r"img_[a-z2-7]{13}(_\d+)?")


class Sources:
    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    async def picture(self, source: Source) -> InputImage:
        """Raises BadImage, or NotFound for an id of ours that is not there."""
        found = await self._found(source)
        if found is not None:
            return found
        data, name = await self._read(source)
        return await self._shop.picture(data, name)

    async def mask(self, source: Source, of: InputImage) -> InputImage:
        data, name = await self._read(source)
        return await self._shop.mask(data, of, name)

    async def _found(self, source: Source) -> InputImage | None:
        """A picture of ours, so that lineage follows the link."""
        named = source.id if isinstance(source, Artwork) else source
        if isinstance(named, str) and _OURS.fullmatch(named):
            return await self._shop.picture_of(named)
        return None

    async def _read(self, source: Source) -> tuple[bytes, str | None]:
        if isinstance(source, Artwork):
            return source.data, None
        if isinstance(source, bytes):
            return source, None
        if isinstance(source, str) and (data := decoded(source)) is not None:
            return data, None
        path = Path(source)
        try:
            return await asyncio.to_thread(path.read_bytes), path.name
        except (OSError, ValueError) as error:
            raise BadImage(problem="no_file", name=path.name[:100]) from error
