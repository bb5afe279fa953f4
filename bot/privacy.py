"""What a person may take with them and may have erased: the export as a zip, the erasure with the bytes behind it."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from storage.errors import ImageMissing
from storage.image_store import ImageStore
from storage.images import ImageRepository
from storage.privacy import PrivacyRepository
from storage.rows import ImageRow, RequestRow, UserRow

_SECRET = frozenset({"token", "application_id", "token_expires_at", "raw_error_code", "limits", "stages"})
"""Of no use to a person, or dangerous in a file that gets passed on."""


@dataclass(frozen=True, kw_only=True)
class Export:
    data: bytes
    requests: int
    pictures: int
    left_out: int
    """Pictures that the size limit had no room for."""


class Privacy:
    def __init__(self, people: PrivacyRepository, images: ImageRepository, store: ImageStore) -> None:
        self._people, self._images, self._store = people, images, store

    async def export(self, user_id: int, *, limit_bytes: int) -> Export:
        """A zip of everything that is kept about this person: data.json and, the newest first, their pictures."""
        person, requests, images = await self._people.of(user_id)
        held, files, left_out = 0, list[tuple[str, bytes]](), 0
        room = limit_bytes - 64 * 1024 - 600 * len(requests)
        for image in reversed(images):
            if held + image.size_bytes > room:
                left_out += 1
                continue
            try:
                data = await self._store.get(image.key)
            except ImageMissing:
                continue
            held += len(data)
            files.append((f"pictures/{image.id}.{image.media_type.removeprefix('image/')}", data))
        told = _told(person, requests, images)
        packed = await asyncio.to_thread(_zip, told, files)
        return Export(data=packed, requests=len(requests), pictures=len(files), left_out=left_out)

    async def erase(self, user_id: int, *, guild_id: int = 0, actor_id: int) -> tuple[int, int]:
        """(requests, pictures) that were erased; bytes go where no other picture shows them."""
        erased = await self._people.erase(user_id, guild_id=guild_id, actor_id=actor_id)
        kept = await self._images.keys_in_use(erased.keys)
        for key in set(erased.keys) - kept:
            await self._store.delete(key)
        return erased.requests, erased.images


def _told(person: UserRow | None, requests: list[RequestRow], images: list[ImageRow]) -> dict[str, Any]:
    return {
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "person": asdict(person) if person else None,
        "requests": [
            {name: value for name, value in asdict(row).items() if name not in _SECRET} for row in requests
        ],
        "pictures": [asdict(image) for image in images],
    }


def _zip(told: dict[str, Any], files: list[tuple[str, bytes]]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        text = json.dumps(told, indent=1, ensure_ascii=False, default=str)
        archive.writestr("data.json", text, compress_type=zipfile.ZIP_DEFLATED)
        for name, data in files:
            archive.writestr(name, data)  # pictures do not shrink
    return held.getvalue()
