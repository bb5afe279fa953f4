"""The image store: what was put is there, whole, under its own hash."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from storage.errors import ImageMissing, StoreFull, StoreUnreachable, StoreUnwritable
from storage.image_store import ImageStore
from tests.storage.bucket_server import BucketServer
from tests.storage.builders import Clock

SMALL, LARGE = b"\x89PNG small", os.urandom(700_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "some" / "images"


@pytest.fixture(params=["folder", "file url", "memory"])
def store(request: pytest.FixtureRequest, folder: Path) -> Generator[ImageStore]:
    url = {"folder": str(folder), "file url": folder.as_uri(), "memory": "memory:///"}[request.param]
    opened = ImageStore(url)
    yield opened
    opened.close()


@pytest.fixture
def on_disk(folder: Path) -> Generator[ImageStore]:
    opened = ImageStore(str(folder))
    yield opened
    opened.close()


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("data", [SMALL, LARGE, b""])
async def test_bytes_come_back_as_they_went_in(store: ImageStore, data: bytes) -> None:
    key = await store.put(data)
    assert key == hashlib.sha256(data).hexdigest()
    assert await store.get(key) == data
    assert await store.exists(key)


async def test_what_is_not_there_is_missing(store: ImageStore) -> None:
    absent = "0" * 64
    assert not await store.exists(absent)
    await store.delete(absent)
    for key in (absent, "../../etc/passwd", "short", ""):
        with pytest.raises(ImageMissing) as caught:
            await store.get(key)
        assert caught.value.key == key


async def test_deleted_bytes_are_gone_and_can_come_back(store: ImageStore) -> None:
    key = await store.put(SMALL)
    await store.delete(key)
    assert not await store.exists(key)
    assert await store.put(SMALL) == key
    assert await store.get(key) == SMALL


async def test_the_total_counts_each_content_once(store: ImageStore) -> None:
    for data in (SMALL, LARGE, SMALL):
        await store.put(data)
    assert await store.total_bytes() == len(SMALL) + len(LARGE)
    assert {item.key for item in await store.stored()} == {await store.put(SMALL), await store.put(LARGE)}


async def test_known_content_is_not_written_again(on_disk: ImageStore, folder: Path) -> None:
    key = await on_disk.put(SMALL)
    path = folder / key[:2] / key
    before = path.stat()
    os.utime(path, (1000, 1000))
    await on_disk.put(SMALL)
    after = path.stat()
    assert after.st_ino == before.st_ino
    assert after.st_mtime > 1000, "young again: a sweep must not take it before its new row is written"


async def test_another_process_finds_what_was_put(on_disk: ImageStore, folder: Path) -> None:
    key = await on_disk.put(LARGE)
    other = ImageStore(str(folder))
    assert await other.get(key) == LARGE
    other.close()


@pytest.mark.parametrize(
    ("code", "expected"),
    [(errno.ENOSPC, StoreFull), (errno.EDQUOT, StoreFull), (errno.EACCES, StoreUnwritable)],
)
async def test_a_write_that_fails_halfway_leaves_nothing(
    on_disk: ImageStore, folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, expected: type[Exception]
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(expected):
            await on_disk.put(LARGE)
    assert files_in(folder) == []
    key = await on_disk.put(LARGE)
    assert await on_disk.get(key) == LARGE


async def test_bytes_and_folder_are_synced_before_the_key_is_given(
    on_disk: ImageStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    key = await on_disk.put(SMALL)
    first, *rest = synced
    assert first.parent == folder / "partial"
    assert rest == [folder, folder / key[:2]]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnwritable) as caught:
        ImageStore(str(tmp_path / "file" / "images"))
    assert str(tmp_path) in caught.value.location


async def test_a_sweep_takes_the_oldest_first_and_stops_at_the_cap(folder: Path, clock: Clock) -> None:
    store = ImageStore(str(folder), clock=clock)
    keys: list[str] = []
    for number in range(5):
        clock.now += 60
        key = await store.put(bytes([number]) * 100)
        os.utime(folder / key[:2] / key, (clock.now, clock.now))
        keys.append(key)
    assert await store.sweep(250, lambda key: False) == [], (
        "younger than an hour: their rows may not be written yet"
    )
    clock.now += 7200
    assert await store.sweep(250, lambda key: key == keys[1]) == [keys[0], keys[2], keys[3]]
    assert await store.total_bytes() == 200
    assert await store.sweep(250, lambda key: False) == []
    assert await store.get(keys[1])
    store.close()


async def test_a_sweep_spares_what_is_put_again_while_it_runs(on_disk: ImageStore, folder: Path) -> None:
    key = await on_disk.put(SMALL)
    path = folder / key[:2] / key
    os.utime(path, (1000, 1000))

    def put_again(asked: str) -> bool:
        path.touch()
        return False

    assert await on_disk.sweep(0, put_again) == []
    assert await on_disk.get(key) == SMALL


async def test_a_sweep_clears_away_what_a_killed_writer_left(on_disk: ImageStore, folder: Path) -> None:
    left, writing = folder / "partial" / "left", folder / "partial" / "writing"
    left.write_bytes(b"half")
    writing.write_bytes(b"half")
    os.utime(left, (1000, 1000))
    assert await on_disk.total_bytes() == 0
    await on_disk.sweep(10**9, lambda key: True)
    assert files_in(folder) == [writing]


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[BucketServer]:
    server = BucketServer()
    async with TestServer(server.app) as running:
        for name, value in {
            "AWS_ENDPOINT": f"http://127.0.0.1:{running.port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-west-3",
        }.items():
            monkeypatch.setenv(name, value)
        yield server


async def test_a_bucket_does_what_a_folder_does(bucket: BucketServer) -> None:
    store = ImageStore("s3://pictures/atelier")
    key = await store.put(LARGE)
    assert list(bucket.objects) == [f"atelier/{key[:2]}/{key}"]
    assert await store.put(LARGE) == key
    assert bucket.puts == 1
    assert await store.get(key) == LARGE
    assert await store.total_bytes() == len(LARGE)
    await store.delete(key)
    assert not await store.exists(key)
    with pytest.raises(ImageMissing):
        await store.get(key)
    store.close()


async def test_a_bucket_that_forbids_is_unwritable(bucket: BucketServer) -> None:
    store = ImageStore("s3://pictures")
    bucket.refuses = 403
    with pytest.raises(StoreUnwritable):
        await store.put(SMALL)
    store.close()


async def test_a_bucket_that_keeps_failing_is_unreachable(bucket: BucketServer) -> None:
    store = ImageStore("s3://pictures")
    bucket.refuses = 500
    with pytest.raises(StoreUnreachable):
        await store.get("0" * 64)
    store.close()
