"""The owner's bounds on what is kept are kept, and what is still shown stays."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from bot.housekeeping import Housekeeping
from bot.nights import Night
from storage.database import Database, open_database
from storage.errors import ImageMissing
from storage.image_store import ImageStore
from storage.images import ImageRepository
from storage.requests import RequestRepository
from storage.rows import ImageRow
from storage.settings import SettingsRepository
from tests.storage.builders import new_request

DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


def keeping(
    database: Database,
    store: ImageStore,
    images: ImageRepository,
    clock: Clock,
    *,
    retention_days: int | None,
    max_bytes: int | None,
) -> Housekeeping:
    return Housekeeping(
        store, images, retention_days=retention_days, max_bytes=max_bytes, done=SettingsRepository(database),
        now=clock,
    )  # fmt: skip


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
        await keeping(database, store, images, clock, retention_days=30, max_bytes=None).once()
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
        await keeping(database, store, images, clock, retention_days=None, max_bytes=None).once()
        assert await store.get(row.key) == b"old"
        store.close()


async def test_over_the_cap_the_oldest_bytes_go_and_their_pictures_are_marked(tmp_path: Path) -> None:
    clock = Clock()
    async with open_database(f"sqlite:///{tmp_path / 'a.db'}") as database:
        store, images = ImageStore("memory://"), ImageRepository(database)
        row = await a_picture(database, store, 1, bytes(1000), clock.time)
        store._now = lambda: 4_000_000_000.0
        await keeping(database, store, images, clock, retention_days=None, max_bytes=10).once()
        with pytest.raises(ImageMissing):
            await store.get(row.key)
        gone = await images.get(row.id)
        assert gone is not None
        assert gone.deleted_at is not None
        store.close()


async def test_what_can_wait_is_done_once_a_night_and_after_a_night_that_was_slept_through(
    tmp_path: Path,
) -> None:
    clock, night = Clock(), Night.parse("03:00 Europe/Paris")
    clock.time = datetime(2026, 11, 20, 22, 0, tzinfo=night.zone).timestamp()
    async with open_database(f"sqlite:///{tmp_path / 'a.db'}", clock=clock) as database:
        store, images = ImageStore("memory://", clock=clock), ImageRepository(database)
        keeper = Housekeeping(
            store, images, retention_days=1, max_bytes=None, done=SettingsRepository(database), night=night,
            now=clock,
        )  # fmt: skip
        await keeper.once()
        row = await a_picture(database, store, 1, b"old", clock.time - 4 * DAY)
        await keeper.once()
        assert await store.get(row.key) == b"old", "this night's work was done"
        assert night.next(clock.time) == clock.time + 5 * 3600
        clock.time += 2 * DAY
        await keeper.once()
        gone = await images.get(row.id)
        assert gone is not None
        assert gone.deleted_at == clock.time
        store.close()


@pytest.mark.parametrize("text", ["24:00", "3", "03:60", "03:00 Middle/Earth", "night"])
def test_a_night_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be a time|no time zone"):
        Night.parse(text)


def test_a_night_of_a_changing_clock_still_comes_once() -> None:
    night = Night.parse("02:30 Europe/Paris")
    before = datetime(2026, 3, 28, 12, 0, tzinfo=night.zone).timestamp()
    first = night.next(before)
    assert night.last(first).isoformat() == "2026-03-29"
    assert night.next(first) - first == pytest.approx(23 * 3600, abs=3600)
