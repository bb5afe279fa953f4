"""Keeps what is stored within its owner's bounds: each night pictures and words past their time and bytes that nobody
shows, each hour the disk cap and what the job engine keeps of jobs that ended more than a day ago.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from bot.nights import Night
from storage.image_store import ImageStore
from storage.images import ImageRepository
from storage.privacy import PrivacyRepository
from storage.settings import SettingsRepository

EVERY_SECONDS = 3600.0
_DONE = ("app", "retention")
"""Where the date of the last night is kept whose work was done."""
_DAY_SECONDS = 86_400
_BATCH = 500

_log = structlog.get_logger(__name__)


class Jobs(Protocol):
    async def forget_ended(self, before: float) -> int: ...


class Housekeeping:
    """`retention_days` and `max_bytes` are None where the owner set no bound: then nothing is ever removed.

    `done` remembers across restarts and processes which night's work was done.
    """

    def __init__(
        self,
        store: ImageStore,
        images: ImageRepository,
        *,
        retention_days: int | None,
        max_bytes: int | None,
        done: SettingsRepository,
        night: Night | None = None,
        people: PrivacyRepository | None = None,
        retention_prompts_days: int | None = None,
        jobs: Jobs | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._images = store, images
        self._retention_days, self._max_bytes, self._now = retention_days, max_bytes, now
        self._people, self._prompts_days = people, retention_prompts_days
        self._done, self._night = done, night or Night()
        self._jobs = jobs

    async def once(self) -> None:
        """What is due now. Two processes that come at the same moment do the same work, once each, to no harm."""
        night = self._night.last(self._now()).isoformat()
        if await self._done.get(*_DONE) != night:
            await self._nightly()
            await self._done.set(*_DONE, night)
        if self._jobs is not None:
            await self._jobs.forget_ended(self._now() - _DAY_SECONDS)
        if self._max_bytes is not None:
            removed = await self._store.sweep(self._max_bytes, keep=lambda _: False)
            lost = await self._images.mark_lost(removed, self._now())
            if removed:
                _log.info("the disk cap was reached", removed=len(removed), pictures=len(lost))

    async def _nightly(self) -> None:
        if self._people is not None and self._prompts_days is not None:
            blanked = await self._people.forget_words(self._now() - self._prompts_days * _DAY_SECONDS)
            if blanked:
                _log.info("words past their time were blanked", requests=blanked)
        if self._retention_days is not None:
            await self._let_go(self._now() - self._retention_days * _DAY_SECONDS)

    async def run(self) -> None:
        """At once, then each hour and when the night's work is due, until cancelled."""
        while True:
            try:
                await self.once()
            except Exception:  # noqa: BLE001 - a full or absent disk today may be fine in an hour
                _log.exception("housekeeping failed")
            await asyncio.sleep(min(EVERY_SECONDS, max(1.0, self._night.next(self._now()) - self._now())))

    async def _let_go(self, before: float) -> None:
        """Pictures made before that instant, then bytes as old (uploads among them) that no picture shows any more."""
        gone = 0
        while old := await self._images.older_than(before, limit=_BATCH):
            gone += len(await self._images.mark_deleted([image.id for image in old], self._now()))
        stale = [item.key for item in await self._store.stored() if item.modified_at < before]
        for start in range(0, len(stale), _BATCH):
            batch = stale[start : start + _BATCH]
            for key in set(batch) - await self._images.keys_in_use(batch):
                await self._store.delete(key)
        if gone:
            _log.info("pictures past their time were let go", pictures=gone)
