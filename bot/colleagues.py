"""What a process that draws does for others on the same Postgres: obeys wishes to cancel, takes over from the dead."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Collection
from typing import Protocol

import structlog

from storage.errors import StorageError
from storage.presence import Presence, SeatLost

CANCEL_EVERY_SECONDS = 1.0
LOOK_EVERY_SECONDS = 2.0
LOOKS = 3
"""A restart of the server frees every seat for a moment: only one that stays free this often in a row is a death."""
SURE_SECONDS = LOOK_EVERY_SECONDS * (LOOKS - 1) - 1.0
"""So long after a process found itself on its seat, no other can have taken over; a second is for what it does then."""

_log = structlog.get_logger(__name__)


class Jobs(Protocol):
    @property
    def alive(self) -> list[str]: ...
    def cancel(self, request_id: str) -> None: ...


class Wishes(Protocol):
    async def cancelled_among(self, request_ids: Collection[str]) -> list[str]: ...


class Engine(Protocol):
    async def executors_at_work(self) -> set[str]: ...
    async def recover(self, executor_id: str) -> int: ...


async def obey(wishes: Wishes, jobs: Jobs) -> None:
    """Cancel running jobs whose row says so: the press may have come to another process. Until cancelled itself."""
    while True:
        if running := jobs.alive:
            try:
                for request_id in await wishes.cancelled_among(running):
                    jobs.cancel(request_id)
            except StorageError as error:
                _log.warning("wishes to cancel could not be read", why=str(error))
        await asyncio.sleep(CANCEL_EVERY_SECONDS)


class Succession:
    def __init__(self, presence: Presence, engine: Engine) -> None:
        self._presence, self._engine = presence, engine
        self._found_free: Counter[str] = Counter()

    async def once(self) -> int:
        """How many jobs of processes that are gone went back into the queue. Raises SeatLost."""
        await self._presence.keep()
        at_work = await self._engine.executors_at_work()
        recovered = 0
        for name in at_work:
            if await self._presence.is_taken(name):
                del self._found_free[name]
                continue
            self._found_free[name] += 1
            if self._found_free[name] >= LOOKS and await self._presence.take(name):
                recovered += await self._inherit(name)
        for name in set(self._found_free) - at_work:
            del self._found_free[name]
        return recovered

    async def _inherit(self, name: str) -> int:
        """On the dead one's seat, so that of several heirs one inherits, and nobody sits down there meanwhile."""
        try:
            jobs = await self._engine.recover(name)
            _log.warning("took over from a process that is gone", executor=name, jobs=jobs)
            return jobs
        finally:
            await self._presence.leave(name)

    async def run(self) -> None:
        """Every two seconds until cancelled. Ends the process at once when its own seat, and so its jobs, are taken."""
        while True:
            try:
                await self.once()
            except SeatLost as error:
                _log.critical("another process took over: this one was cut off for too long", seat=str(error))
                os._exit(1)
            except Exception as error:  # noqa: BLE001 - the server may be restarting; the next look will tell
                _log.warning("could not look after the others", why=repr(error))
            await asyncio.sleep(LOOK_EVERY_SECONDS)
