"""The owner's bounds on what is kept are kept, and what is still shown stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.housekeeping import Housekeeping
from storage.database import Database, open_database
from storage.errors import ImageMissing
from storage.image_store import ImageStore
from storage.images import ImageRepository
from storage.requests import RequestRepository
from storage.rows import ImageRow
from tests.storage.builders import new_request

DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


async def a_picture(database: Database, store: ImageStore, number: int, data: bytes, now: float) -> ImageRow:
    request = new_request(number)
    await RequestRepository(database).accept(request)
    row = ImageRow(
        id=f"{request.id}_1", request_id=request.id, number=1, key=await store.put(data), media_type="image/png",
        width=1, height=1, size_bytes=len(data), cost_microusd=0, created_at=now,
    )  # fmt: skip
    await ImageRepository(database).add([row])
    return row


async def test_pictures_past_their_time_go_and_younger_ones_stay(tmp_path: Path) -> None:
    clock = Clock()
    async with open_database(f"sqlite:///{tmp_path / 'a.db'}", clock=clock) as database:
        store, images = ImageStore("memory://", clock=clock), ImageRepository(database)
        old = await a_picture(database, store, 1, b"old", clock.time - 40 * DAY)
        young = await a_picture(database, store, 2, b"young", clock.time)
        clock.time += DAY
        await Housekeeping(store, images, retention_days=30, max_bytes=None, now=clock).once()
        gone, kept = await images.get(old.id), await images.get(young.id)
        assert gone is not None
        assert gone.deleted_at == clock.time
        assert kept is not None
        assert kept.deleted_at is None
        assert await store.get(young.key) == b"young"
        store.close()


async def test_without_bounds_nothing_is_ever_removed(tmp_path: Path) -> None:
    clock = Clock()
    async with open_database(f"sqlite:///{tmp_path / 'a.db'}", clock=clock) as database:
        store, images = ImageStore("memory://", clock=clock), ImageRepository(database)
        row = await a_picture(database, store, 1, b"old", clock.time - 4000 * DAY)
        await Housekeeping(store, images, retention_days=None, max_bytes=None, now=clock).once()
        assert await store.get(row.key) == b"old"
        store.close()


async def test_over_the_cap_the_oldest_bytes_go_and_their_pictures_are_marked(tmp_path: Path) -> None:
    clock = Clock()
    async with open_database(f"sqlite:///{tmp_path / 'a.db'}") as database:
        store, images = ImageStore("memory://"), ImageRepository(database)
        row = await a_picture(database, store, 1, bytes(1000), clock.time)
        store._now = lambda: 4_000_000_000.0
        await Housekeeping(store, images, retention_days=None, max_bytes=10, now=clock).once()
        with pytest.raises(ImageMissing):
            await store.get(row.key)
        gone = await images.get(row.id)
        assert gone is not None
        assert gone.deleted_at is not None
        store.close()
