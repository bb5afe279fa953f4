"""Jobs that a process runs itself, without the engine: the command line and the library, beside a bot or alone.

A request of this door lives as long as its process: while that works on it, it says so on the row, and whoever finds a
row that has been silent for a minute (a running bot's reconciler, the next command line) releases what it holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import structlog

from bot.colleagues import obey
from bot.drawing import Begun
from bot.errors import AtelierError, Broken, Cancelled, Interrupted
from bot.images import State
from storage.errors import StorageError
from storage.requests import RequestRepository
from storage.rows import NewRequest, RequestRow

DOOR = "cli"
"""The door of requests that no engine knows."""

BEAT_SECONDS = 15.0
SILENT_SECONDS = 60.0
"""How long a living process may be busy or swapped out before others take it for dead."""

_PATIENCE_SECONDS = 10.0

_log = structlog.get_logger(__name__)


class Work(Protocol):
    """What a job does; `bot.jobs` has the same with the engine's checkpoints between the lines."""

    def turn(self, request_id: str) -> AbstractAsyncContextManager[None]: ...
    async def plan(self, request_id: str) -> Sequence[tuple[int, int]]: ...
    async def render(self, request_id: str, first: int, count: int) -> list[str] | Begun: ...
    async def collect(self, request_id: str, first: int, count: int, begun: Begun) -> list[str]: ...
    async def finish(self, request_id: str, failure: AtelierError | None) -> None: ...


class Finisher(Protocol):
    async def finish(self, request_id: str, failure: AtelierError | None) -> None: ...


def lives_elsewhere(row: RequestRow, now: float) -> bool:
    """Whether a process without the engine works on it now, as far as its row tells (`now` in Unix seconds)."""
    return row.door == DOOR and now - row.updated_at < SILENT_SECONDS


class Errands:
    """For `Studio`, the way to jobs: nothing is enqueued, because who accepts a request here also runs it."""

    def __init__(self, requests: RequestRepository) -> None:
        self._requests = requests
        self._calls: dict[str, set[asyncio.Task[Any]]] = {}
        self._cancelled: set[str] = set()

    def reserve(self, row: NewRequest) -> None:
        """No place is kept: who accepts a request here calls `run` for it."""

    def job(self, request_id: str, start: object) -> None:
        """None is written: the request's row alone is enough."""

    def begin(self, start: object) -> None: ...

    def forgo(self, start: object) -> None: ...

    def cancel(self, request_id: str) -> None:
        if request_id in self._calls:
            self._cancelled.add(request_id)
            for call in self._calls[request_id]:
                call.cancel()

    @property
    def alive(self) -> list[str]:
        """What this process works on now."""
        return list(self._calls)

    async def run(self, work: Work, request_id: str) -> None:
        """The whole of an accepted request: made, settled, handed over. Its failure is on its row.

        Cancelling this ends the vendor's work, settles what was made and releases the rest before it raises.
        """
        self._calls[request_id] = set()
        running = asyncio.ensure_future(self._run(work, request_id))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            while not running.done():
                # Again if need be: a `wait_for` that ends at the same moment swallows a cancel (Python 3.11).
                self.cancel(request_id)
                await asyncio.wait([running], timeout=_PATIENCE_SECONDS)
            raise
        finally:
            self._cancelled.discard(request_id)
            del self._calls[request_id]

    async def _run(self, work: Work, request_id: str) -> None:
        async with work.turn(request_id):
            calls = [] if request_id in self._cancelled else await work.plan(request_id)
            failures = await asyncio.gather(
                *(
                    self._called(request_id, self._draw(work, request_id, first, count))
                    for first, count in calls
                )
            )
            failure = next((failure for failure in failures if failure is not None), None)
            if request_id in self._cancelled and not calls:
                failure = Cancelled()
            await work.finish(request_id, failure)

    async def _draw(self, work: Work, request_id: str, first: int, count: int) -> None:
        made = await work.render(request_id, first, count)
        if isinstance(made, Begun):
            await work.collect(request_id, first, count, made)

    async def _called(self, request_id: str, drawing: Coroutine[Any, Any, None]) -> AtelierError | None:
        call = asyncio.create_task(drawing, name=f"errand {request_id}")
        self._calls[request_id].add(call)
        if request_id in self._cancelled:
            call.cancel()
        try:
            await call
        except asyncio.CancelledError:
            return Cancelled()
        except AtelierError as error:
            return error
        except Exception:  # noqa: BLE001 - it must end in words and a release, whatever broke
            _log.exception("an errand broke", request=request_id)
            return Broken()
        return None

    @asynccontextmanager
    async def attended(self) -> AsyncGenerator[None]:
        """While inside, what runs says that it lives, and obeys wishes to cancel that came in elsewhere."""
        tasks = [asyncio.create_task(self._beat()), asyncio.create_task(obey(self._requests, self))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._requests.touch(self.alive)
            except StorageError as error:
                _log.warning("a sign of life could not be written", why=str(error))


async def release_abandoned(
    requests: RequestRepository, work: Finisher, now: float, *, parts: bool = True
) -> int:
    """End what processes of this door left behind when they were killed; how many. What was made is kept and paid.

    Without `parts`, those of scripts are left to whoever comes to go on with them.
    """
    rows = [
        row
        for row in await requests.open_requests()
        if row.door == DOOR and not lives_elsewhere(row, now) and (parts or row.batch_id is None)
    ]
    for row in rows:
        await work.finish(row.id, None if State(row.state) is State.RENDERED else cut_off(row))
    return len(rows)


def cut_off(row: RequestRow) -> Interrupted:
    """How an open request ends whose process is gone. Here who asked is who pays, and has to know about the money."""
    at_vendor = row.door == DOOR and State(row.state) is State.RENDERING
    return Interrupted(may_be_paid=at_vendor and row.estimate_microusd > 0)
