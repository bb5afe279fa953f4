"""What members keep and come back to: batches, histories, galleries, boards; one parcel of services for the doors."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bot.batches import Batches
from bot.boards import Boards
from bot.delivery.batches import BatchStage
from bot.i18n import Texts
from bot.images import ImageRequest
from bot.thumbnails import Thumbnails
from bot.views import CardFile
from bot.wording import alt_text
from storage.batches import BatchRepository
from storage.errors import StorageError
from storage.pasts import PastRepository
from storage.rows import ImageRow, RequestRow


@dataclass(frozen=True, kw_only=True)
class Keepsakes:
    batches: Batches
    batch_rows: BatchRepository
    stage: BatchStage
    pasts: PastRepository
    boards: Boards
    thumbnails: Thumbnails

    async def thumbs(self, t: Texts, pictures: Sequence[tuple[ImageRow, RequestRow]]) -> dict[str, CardFile]:
        """Small files by the ids of the pictures; one whose bytes are gone has none."""
        made = await asyncio.gather(*(self._thumb(t, *pair) for pair in pictures))
        return {image.id: file for (image, _), file in zip(pictures, made, strict=True) if file is not None}

    async def _thumb(self, t: Texts, image: ImageRow, row: RequestRow) -> CardFile | None:
        try:
            path = await self.thumbnails.of(image.key)
            data = await asyncio.to_thread(path.read_bytes)
        except (StorageError, OSError):
            return None
        told = alt_text(t, ImageRequest.from_json(row.request), image.number)
        return CardFile(name=f"{image.id}.webp", data=data, description=told)
