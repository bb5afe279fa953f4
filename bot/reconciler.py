"""Ends accepted requests that no job will end any more: settled or released, and their requester told.

A job can be lost to people in ways that the engine alone does not mend: it gave up after its attempts, its workflow
broke, or a restored database knows rows that the engine does not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from bot.errands import cut_off, lives_elsewhere
from bot.errors import AtelierError, Parked
from bot.images import State
from storage.requests import RequestRepository

EVERY_SECONDS = 60.0
SOON_SECONDS = 5.0
"""After the start, when the engine has looked at what an earlier process left and may have given up on some of it."""

_UNDER_WAY = frozenset({"PENDING", "ENQUEUED", "DELAYED"})
_GAVE_UP = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
_ATTEMPTS = 3

_log = structlog.get_logger(__name__)


class Engine(Protocol):
    async def statuses(self, request_ids: Sequence[str]) -> dict[str, str]: ...
    def is_alive(self, request_id: str) -> bool: ...
    async def pick_up(self) -> int: ...


class Finisher(Protocol):
    async def finish(self, request_id: str, failure: AtelierError | None) -> None: ...


class Reconciler:
    def __init__(self, requests: RequestRepository, engine: Engine, work: Finisher) -> None:
        self._requests, self._engine, self._work = requests, engine, work

    async def once(self) -> int:
        """How many requests were ended; jobs that were only forgotten begin again."""
        await self._engine.pick_up()
        rows = [row for row in await self._requests.open_requests() if not self._engine.is_alive(row.id)]
        if not rows:
            return 0
        statuses = await self._engine.statuses([row.id for row in rows])
        ended = 0
        for row in rows:
            status = statuses.get(row.id, "missing")
            if status in _UNDER_WAY or self._engine.is_alive(row.id) or lives_elsewhere(row, time.time()):
                continue
            failure = Parked(attempts=_ATTEMPTS) if status == _GAVE_UP else cut_off(row)
            _log.warning("reconciled", request=row.id, state=row.state, engine=status)
            await self._work.finish(row.id, None if State(row.state) is State.RENDERED else failure)
            ended += 1
        return ended

    async def run(self) -> None:
        """At once, soon after and then each minute, until cancelled; a round's failure is the next one's to mend."""
        pause = SOON_SECONDS
        while True:
            try:
                await self.once()
            except Exception:  # noqa: BLE001 - the next round tries again
                _log.exception("reconciling failed")
            await asyncio.sleep(pause)
            pause = EVERY_SECONDS
