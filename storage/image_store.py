"""The bytes of pictures, by the SHA-256 of their content: a local folder, memory, or a bucket with the S3 API.

Written once, never changed. What a picture is (type, size, whose) is in the `images` table, not here.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from storage.errors import ImageMissing, StoreFull, StoreUnreachable, StoreUnwritable

if TYPE_CHECKING:
    from obstore.store import RetryConfig  # exists only for type checkers

_THREADS = 4
_HASH_ON_LOOP_BYTES = 256 * 1024
# A sweep leaves younger ones alone: their row may not be written yet.
_SETTLED_SECONDS = 3600.0
_KEY = re.compile(r"[0-9a-f]{64}")
_PARTIAL = "partial"
# Half a minute at most: a member waits for the picture.
_BUCKET_RETRIES: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, kw_only=True)
class StoredBytes:
    key: str
    size_bytes: int
    modified_at: float


class ImageStore:
    """At `url`: a path or `file://` address of a folder (made when missing), `memory://`, or `s3://bucket/prefix`.

    Options of a bucket come from the usual `AWS_*` variables. Raises StoreUnwritable when the folder cannot be made,
    StoreUnreachable for an address of no store.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        self._location = url
        self._now = clock
        self._folder = _folder_of(url)
        self._threads = ThreadPoolExecutor(_THREADS, "image-store")
        self._store: ObjectStore = self._open(url)

    def close(self) -> None:
        self._threads.shutdown()

    async def put(self, data: bytes) -> str:
        """The key under which `data` is found from now on, also after a power cut. Known content is not written again.

        Raises StoreFull, StoreUnwritable or StoreUnreachable.
        """
        if self._folder is not None:
            try:
                return await self._in_thread(_write_durably, self._folder, data, self._now())
            except OSError as error:
                raise self._explain(error) from error
        key = await self._hash(data)
        try:
            if not await self._is_fresh(key):
                await obstore.put_async(self._store, _path(key), data)
        except (BaseError, OSError) as error:
            raise self._explain(error) from error
        return key

    async def get(self, key: str) -> bytes:
        """Raises ImageMissing, or StoreUnreachable."""
        try:
            if self._folder is not None:
                return await self._in_thread((self._folder / _path(key)).read_bytes)
            answer = await obstore.get_async(self._store, _path(key))
            return bytes(await answer.bytes_async())
        except FileNotFoundError as error:
            raise ImageMissing(key) from error
        except (BaseError, OSError) as error:
            raise self._explain(error) from error

    async def exists(self, key: str) -> bool:
        return await self._head(key) is not None

    async def delete(self, key: str) -> None:
        """Gone, or not there in the first place."""
        try:
            await obstore.delete_async(self._store, _path(key))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise self._explain(error) from error

    async def total_bytes(self) -> int:
        return sum([stored.size_bytes async for stored in self._all()])

    async def sweep(self, max_bytes: int, keep: Callable[[str], bool]) -> list[str]:
        """Delete, oldest first, until at most `max_bytes` are left; the keys that went.

        What is younger than an hour, or what `keep` holds on to, stays even when that is more. Also clears away what
        an interrupted write left.
        """
        await self._drop_partial()
        stored = sorted([item async for item in self._all()], key=lambda item: item.modified_at)
        excess = sum(item.size_bytes for item in stored) - max_bytes
        removed: list[str] = []
        for item in stored:
            if excess <= 0 or item.modified_at > self._now() - _SETTLED_SECONDS:
                break
            # Looked at again: the same content may have been put anew since it was listed.
            if not keep(item.key) and await self._head(item.key) == item:
                await self.delete(item.key)
                excess -= item.size_bytes
                removed.append(item.key)
        return removed

    async def stored(self) -> list[StoredBytes]:
        """All there is, in no order."""
        return [item async for item in self._all()]

    def _open(self, url: str) -> ObjectStore:
        if urlsplit(url).scheme == "memory":
            return MemoryStore()
        if self._folder is None:
            try:
                return from_url(url, retry_config=_BUCKET_RETRIES)
            except (BaseError, ValueError) as error:
                raise StoreUnreachable(url, str(error).partition("\n")[0]) from error
        try:
            (self._folder / _PARTIAL).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._explain(error) from error
        return LocalStore(self._folder)

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        # Not asyncio.to_thread: the loop's default executor belongs to the job engine.
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    async def _hash(self, data: bytes) -> str:
        if len(data) <= _HASH_ON_LOOP_BYTES:
            return key_of(data)
        return await self._in_thread(key_of, data)

    async def _head(self, key: str) -> StoredBytes | None:
        try:
            found = await obstore.head_async(self._store, _path(key))
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise self._explain(error) from error
        return StoredBytes(key=key, size_bytes=found["size"], modified_at=found["last_modified"].timestamp())

    async def _is_fresh(self, key: str) -> bool:
        """Present, and too young for a sweep that runs at this moment to take it away."""
        found = await self._head(key)
        return found is not None and found.modified_at > self._now() - _SETTLED_SECONDS / 2

    async def _all(self) -> AsyncGenerator[StoredBytes]:
        async for item in self._listed(""):
            key = item["path"].rpartition("/")[2]
            if _KEY.fullmatch(key):
                yield StoredBytes(
                    key=key, size_bytes=item["size"], modified_at=item["last_modified"].timestamp()
                )

    async def _drop_partial(self) -> None:
        if self._folder is None:
            return
        async for item in self._listed(_PARTIAL):
            if item["last_modified"].timestamp() < self._now() - _SETTLED_SECONDS:
                await obstore.delete_async(self._store, item["path"])

    async def _listed(self, prefix: str) -> AsyncGenerator[Any]:
        try:
            async for batch in obstore.list(self._store, prefix):
                for item in batch:
                    yield item
        except (BaseError, OSError) as error:
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> StoreFull | StoreUnwritable | StoreUnreachable:
        code = error.errno if isinstance(error, OSError) else None
        if code in _FULL:
            return StoreFull(self._location)
        detail = str(error).partition("\n")[0]  # a bucket's error goes on with pages of its own insides
        if self._folder is not None or isinstance(
            error, (OSError, PermissionDeniedError, UnauthenticatedError)
        ):
            return StoreUnwritable(self._location, detail)
        return StoreUnreachable(self._location, detail)


def _folder_of(url: str) -> Path | None:
    """The local folder that `url` means; None for memory and buckets."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    # A drive letter is no scheme.
    return Path(url) if len(parts.scheme) < 2 else None


def key_of(data: bytes) -> str:
    """Where these bytes are, if they are in any store."""
    return hashlib.sha256(data).hexdigest()


def _path(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ImageMissing(key)
    return f"{key[:2]}/{key}"


def _write_durably(folder: Path, data: bytes, now: float) -> str:
    """Write beside, sync, rename, sync the folder: at no moment is there half a file under the key."""
    key = key_of(data)
    target = folder / _path(key)
    try:
        os.utime(
            target, (now, now)
        )  # known: young again, so that no sweep takes it away before its row is there
    except FileNotFoundError:
        pass
    else:
        return key
    partial = folder / _PARTIAL / f"{key}-{secrets.token_hex(4)}"
    try:
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            _sync_folder(folder)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)
    return key


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows cannot open a folder, and journals renames by itself
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
