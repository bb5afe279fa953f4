"""The message that waits: queue place, stage, unfinished pictures; edited seldom enough for Discord and people alike.

No edit in the first two and a half seconds (quick pictures are there by then), at most one every three seconds,
the newest state only. Everything here may fail without harm: delivery replaces the message anyway.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from bot import media
from bot.delivery.address import Address
from bot.estimates import Estimates
from bot.i18n import texts_for
from bot.images import ImageRequest
from bot.views import Card, CardFile, waiting_card
from bot.wording import alt_text
from storage.rows import NewRequest, RequestRow

FIRST_EDIT_SECONDS = 2.5
EDIT_EVERY_SECONDS = 3.0
_EDIT_TIMEOUT_SECONDS = 10.0
_UNSURE_SECONDS = 1.0
"""Between two looks whether these are this process's jobs again."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Unfinished:
    """A picture as far as it is: `number` of its request's (from 1), and how many unfinished ones of it have `come`."""

    number: int
    come: int
    data: bytes = field(repr=False)


@dataclass(kw_only=True)
class _Waiting:
    address: Address
    request: ImageRequest
    estimate_microusd: int
    started_at: float
    drawing: bool = False
    drawing_since: float | None = None
    preview: Unfinished | None = None
    done: dict[int, float] = field(default_factory=dict[int, float])
    """How much of each vendor call is done, by its first picture's number."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class PreviewBoard:
    """`ours`: whether this process's jobs are certainly still its own.

    One that hung for a while does not know yet that another has finished its jobs, and what it would show of them
    would replace the finished card for good.
    """

    def __init__(
        self,
        edit: Callable[[Address, Card], Awaitable[object]],
        address_of: Callable[[NewRequest | RequestRow], Address],
        place_of: Callable[[str], Awaitable[int]],
        *,
        estimates: Estimates | None = None,
        first_edit_seconds: float = FIRST_EDIT_SECONDS,
        edit_every_seconds: float = EDIT_EVERY_SECONDS,
        previews: bool = True,
        ours: Callable[[], bool] = lambda: True,
    ) -> None:
        self._edit, self._address_of, self._place_of = edit, address_of, place_of
        self._estimates = estimates
        self._first, self._every, self._previews = first_edit_seconds, edit_every_seconds, previews
        self._ours, self._waiting = ours, dict[str, _Waiting]()

    def begin(self, row: NewRequest | RequestRow) -> None:
        """Called before acceptance and again when the job starts, which after a crash is another process."""
        if row.id in self._waiting or row.token is None or row.door != "discord":
            return
        waiting = _Waiting(
            address=self._address_of(row),
            request=ImageRequest.from_json(row.request),
            estimate_microusd=row.estimate_microusd,
            started_at=row.created_at,
        )
        waiting.changed.set()
        waiting.task = asyncio.create_task(self._show(waiting), name=f"preview {row.id}")
        self._waiting[row.id] = waiting

    def drawing(self, row: RequestRow) -> None:
        if waiting := self._waiting.get(row.id):
            waiting.drawing, waiting.drawing_since = True, time.time()
            waiting.changed.set()

    def preview(self, request_id: str, number: int, data: bytes) -> None:
        if waiting := self._waiting.get(request_id):
            before = waiting.preview
            waiting.preview = Unfinished(number, before.come + 1 if before else 1, data)
            waiting.changed.set()

    def unfinished(self, request_id: str) -> Unfinished | None:
        """What the waiting message shows, or is about to."""
        waiting = self._waiting.get(request_id)
        return waiting.preview if waiting else None

    def progress(self, request_id: str, number: int, share: float) -> None:
        """A vendor says how far a call is; what nobody would see changes nothing."""
        waiting = self._waiting.get(request_id)
        if waiting is None or round(waiting.done.get(number, -1), 2) == round(share, 2):
            return
        waiting.done[number] = share
        waiting.changed.set()

    def wants_previews(self, row: RequestRow) -> bool:
        return self._previews and row.id in self._waiting

    async def end(self, request_id: str) -> None:
        """No edit is under way any more when this returns: a late one would replace the finished card."""
        waiting = self._waiting.pop(request_id, None)
        if waiting is None or waiting.task is None:
            return
        waiting.ending.set()
        await asyncio.wait([waiting.task])

    async def close(self) -> None:
        await asyncio.gather(*(self.end(request_id) for request_id in list(self._waiting)))

    async def _show(self, waiting: _Waiting) -> None:
        pause = self._first
        while not await _happens(waiting.ending, pause):
            if await _first_of(waiting.ending, waiting.changed):
                return
            if not self._ours():
                pause = _UNSURE_SECONDS
                continue
            waiting.changed.clear()
            try:
                async with asyncio.timeout(_EDIT_TIMEOUT_SECONDS):
                    place = 0 if waiting.drawing else await self._place_of(waiting.address.request_id)
                    await self._edit(waiting.address, self._card(waiting, place))
            except Exception as error:  # noqa: BLE001 - a nicety that failed must not touch the picture
                _log.debug(
                    "a waiting message could not be edited",
                    request=waiting.address.request_id,
                    error=repr(error),
                )
            pause = self._every

    def _card(self, waiting: _Waiting, place: int) -> Card:
        t = texts_for(waiting.address.locale)
        file = None
        if waiting.preview is not None:
            number, data = waiting.preview.number, waiting.preview.data
            media_type, _, _ = media.inspect(data)
            file = CardFile(
                name=f"preview_{number}.{media_type.removeprefix('image/')}",
                data=data,
                description=alt_text(t, waiting.request, number),
                spoiler=waiting.address.spoiler,
            )
        ready_at = (
            self._estimates.ready_at(waiting.request.model, place, waiting.drawing_since)
            if self._estimates
            else None
        )
        return waiting_card(
            t, waiting.request, waiting.address.request_id, started_at=waiting.started_at,
            drawing=waiting.drawing, place=place, preview=file, ready_at=ready_at,
            done=sum(waiting.done.values()) / len(waiting.done) if waiting.done else None,
            estimate_microusd=waiting.estimate_microusd,
        )  # fmt: skip


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _first_of(ending: asyncio.Event, changed: asyncio.Event) -> bool:
    """Wait for either; True when it was the end."""
    waits = [asyncio.ensure_future(ending.wait()), asyncio.ensure_future(changed.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return ending.is_set()
