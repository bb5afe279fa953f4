"""Works on batches: asks for their parts as turns come free and shows how it goes, until each of them is over.

What is left to do is read from the database in each round, so a kill loses nothing; of several processes one has a
batch at a time.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from bot.batches import Batches, Progress
from storage.batches import BatchRepository, BatchRow

DOORS = ("discord",)
"""Batches of other doors are worked on by whoever asked: a command line waits for its own."""

_BUSY_SECONDS, _IDLE_SECONDS = 1.0, 3.0
_TAKEN_SECONDS = 30.0
_PAUSE_SECONDS = 10.0
"""After a failure, before the next try on the same batch."""

_DRAFTS_SECONDS, _TIDY_EVERY_SECONDS = 24 * 3600.0, 3600.0

_log = structlog.get_logger(__name__)


class Stage(Protocol):
    async def open(self, progress: Progress) -> bool: ...
    async def show(self, progress: Progress) -> None: ...
    async def finish(self, progress: Progress) -> None: ...


class Foreman:
    """`at_once` is how many parts of one batch are under way together; `bell` is rung when there is news."""

    def __init__(
        self, batches: Batches, rows: BatchRepository, stage: Stage, bell: asyncio.Event, *, at_once: int
    ) -> None:
        self._batches, self._rows, self._stage, self._bell = batches, rows, stage, bell
        self._at_once = at_once
        self._worker = secrets.token_hex(8)
        self._not_before: dict[str, float] = {}
        self._tidied = 0.0

    async def run(self) -> None:
        """Until cancelled; a round's failure is the next one's to mend."""
        while True:
            busy = False
            self._bell.clear()
            try:
                busy = await self.once()
            except Exception:  # noqa: BLE001 - the next round tries again
                _log.exception("working on batches failed")
            try:
                await asyncio.wait_for(self._bell.wait(), _BUSY_SECONDS if busy else _IDLE_SECONDS)
            except TimeoutError:
                pass

    async def once(self) -> bool:
        """One round; whether there was anything to do."""
        await self._tidy()
        rows = await self._rows.take(self._worker, seconds=_TAKEN_SECONDS, doors=DOORS)
        await self._all(rows)
        return bool(rows)

    async def _all(self, rows: Sequence[BatchRow]) -> None:
        await asyncio.gather(*(self._guarded(row) for row in rows))

    async def _guarded(self, row: BatchRow) -> None:
        if self._not_before.get(row.id, 0.0) > time.monotonic():
            return
        try:
            await self._work_on(row)
            self._not_before.pop(row.id, None)
        except Exception:  # noqa: BLE001 - one batch must not hold up the others
            _log.exception("a batch could not go on", batch=row.id)
            self._not_before[row.id] = time.monotonic() + _PAUSE_SECONDS

    async def _work_on(self, row: BatchRow) -> None:
        progress = await self._batches.progress(row.id)
        while await self._stage.open(progress):
            progress = await self._batches.progress(row.id)
        progress = await self._batches.advance(row.id, at_once=self._at_once)
        if not progress.is_over:
            await self._stage.show(progress)
            return
        await self._stage.finish(progress)
        await self._rows.told(row.id, progress.row.round)
        made = sum(bool(part.images) for part in progress.parts)
        _log.info("batch over", batch=row.id, state=progress.row.state, made=made, parts=len(progress.parts))

    async def _tidy(self) -> None:
        if time.monotonic() - self._tidied < _TIDY_EVERY_SECONDS and self._tidied:
            return
        self._tidied = time.monotonic()
        await self._rows.forget_drafts(time.time() - _DRAFTS_SECONDS)
