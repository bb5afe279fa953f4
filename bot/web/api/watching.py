"""Jobs that somebody waits for: one query for all of them, a few times a second, whichever process draws them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from typing import Protocol

import structlog

from storage.errors import StorageError
from storage.rows import RequestRow

LOOK_EVERY_SECONDS = 0.4

_log = structlog.get_logger(__name__)

Seen = tuple[RequestRow, int]
"""A request and how many of its pictures are there."""


class Requests(Protocol):
    async def with_counts(self, request_ids: Collection[str]) -> list[Seen]: ...


class Watcher:
    def __init__(self, requests: Requests, *, every_seconds: float = LOOK_EVERY_SECONDS) -> None:
        self._requests, self._every = requests, every_seconds
        self._watched: dict[str, set[asyncio.Queue[Seen]]] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def watching(self) -> int:
        return sum(len(queues) for queues in self._watched.values())

    async def follow(self, request_id: str) -> AsyncGenerator[Seen]:
        """The request as each look finds it, until the caller has seen enough."""
        queue: asyncio.Queue[Seen] = asyncio.Queue(maxsize=1)
        self._watched.setdefault(request_id, set()).add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look(), name="watching jobs")
        try:
            while True:
                yield await queue.get()
        finally:
            self._watched[request_id].discard(queue)
            if not self._watched[request_id]:
                del self._watched[request_id]

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        """As long as anybody watches."""
        while self._watched:
            try:
                for seen in await self._requests.with_counts(list(self._watched)):
                    for queue in self._watched.get(seen[0].id, ()):
                        if queue.full():
                            queue.get_nowait()
                        queue.put_nowait(seen)
            except StorageError as error:
                _log.warning("watched jobs could not be read", why=str(error))
            await asyncio.sleep(self._every)
