"""For a process that takes commands and draws nothing: whoever still waits after a moment is told how long the line is.

Told once, and only while the request's row is held, so that no worker can begin before the message is written: what the
worker then shows, and the finished card, are never overwritten.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog

from bot.delivery.address import Address
from bot.delivery.previews import FIRST_EDIT_SECONDS, Unfinished
from bot.estimates import Estimates
from bot.i18n import texts_for
from bot.images import ImageRequest
from bot.views import Card, waiting_card
from storage.rows import NewRequest, RequestRow

_AT_ONCE = 2
"""Each holds a connection to the database while Discord answers."""

_EDIT_SECONDS = 3.0
_FRESH_SECONDS = 10.0

_log = structlog.get_logger(__name__)


class Waiting(Protocol):
    def not_begun(self, request_id: str) -> AbstractAsyncContextManager[bool]: ...
    async def recent_seconds(self) -> list[tuple[str, float]]: ...


class LineBoard:
    """`slots` is how many calls one worker makes at once: with more workers it goes faster than is said."""

    def __init__(
        self,
        edit: Callable[[Address, Card], Awaitable[object]],
        address_of: Callable[[NewRequest | RequestRow], Address],
        place_of: Callable[[str], Awaitable[int]],
        waiting: Waiting,
        *,
        slots: int,
        first_edit_seconds: float = FIRST_EDIT_SECONDS,
    ) -> None:
        self._edit, self._address_of, self._place_of, self._waiting = edit, address_of, place_of, waiting
        self._slots, self._first = slots, first_edit_seconds
        self._estimates, self._fresh_until = Estimates(slots), 0.0
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._telling: dict[str, asyncio.Task[None]] = {}

    def begin(self, row: NewRequest | RequestRow) -> None:
        """Called before acceptance."""
        if row.token is not None and row.door == "discord":
            self._telling[row.id] = asyncio.create_task(self._tell(row), name=f"line {row.id}")

    async def end(self, request_id: str) -> None:
        """No edit is under way any more when this returns."""
        task = self._telling.pop(request_id, None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        await asyncio.gather(*(self.end(request_id) for request_id in list(self._telling)))

    def drawing(self, row: RequestRow) -> None:
        """Nothing is drawn here."""

    def preview(self, request_id: str, number: int, data: bytes) -> None:
        """Nothing is drawn here."""

    def progress(self, request_id: str, number: int, share: float) -> None:
        """Nothing is drawn here."""

    def wants_previews(self, row: RequestRow) -> bool:
        return False

    def unfinished(self, request_id: str) -> Unfinished | None:
        """Nothing is drawn here."""

    async def _tell(self, row: NewRequest | RequestRow) -> None:
        try:
            await asyncio.sleep(self._first)
            async with self._turns:
                await self._tell_now(row)
        except Exception as error:  # noqa: BLE001 - a nicety that failed must not touch the picture
            _log.debug("nobody could be told of the line", request=row.id, error=repr(error))
        finally:
            self._telling.pop(row.id, None)

    async def _tell_now(self, row: NewRequest | RequestRow) -> None:
        await self._learn()
        place, address = await self._place_of(row.id), self._address_of(row)
        request = ImageRequest.from_json(row.request)
        card = waiting_card(
            texts_for(address.locale), request, row.id, started_at=row.created_at, drawing=False, place=place,
            ready_at=self._estimates.ready_at(request.model, place), estimate_microusd=row.estimate_microusd,
        )  # fmt: skip
        async with self._waiting.not_begun(row.id) as waits, asyncio.timeout(_EDIT_SECONDS):
            if waits:
                await self._edit(address, card)

    async def _learn(self) -> None:
        if time.monotonic() < self._fresh_until:
            return
        self._fresh_until = time.monotonic() + _FRESH_SECONDS
        estimates = Estimates(self._slots)
        for model, seconds in await self._waiting.recent_seconds():
            estimates.note(model, seconds)
        self._estimates = estimates
