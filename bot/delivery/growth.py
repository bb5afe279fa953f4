"""What a page shows of a request while it is drawn: the newest unfinished pictures and how much is done.

It stands before the board that edits the waiting message in Discord, and passes everything on to it. The process that
draws keeps how much is done of every request, and unfinished pictures of what was asked for on a page; those of others
are the waiting message's own, so that nothing is held twice. Where other processes show the pages, it shares what was
asked for on one through the database.
Everything here may fail without harm, and nothing of it is kept for long once the request has ended.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from bot.delivery.previews import Unfinished
from storage.errors import StorageError
from storage.rows import NewRequest, RequestRow
from storage.unfinished import UnfinishedRow, UnfinishedSeen

DOOR = "web"
"""Of requests that come from a page."""
_LINGER_SECONDS = 10.0
"""A browser that was just told of an unfinished picture still finds it."""
_SHARE_EVERY_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class Board(Protocol):
    def begin(self, row: NewRequest | RequestRow) -> None: ...
    def drawing(self, row: RequestRow) -> None: ...
    def preview(self, request_id: str, number: int, data: bytes) -> None: ...
    def progress(self, request_id: str, number: int, share: float) -> None: ...
    def wants_previews(self, row: RequestRow) -> bool: ...
    def unfinished(self, request_id: str) -> Unfinished | None: ...
    async def end(self, request_id: str) -> None: ...
    async def close(self) -> None: ...


class Shared(Protocol):
    async def put(self, rows: Sequence[UnfinishedRow]) -> None: ...
    async def of(self, request_id: str) -> Sequence[UnfinishedSeen]: ...
    async def picture(self, request_id: str, number: int) -> bytes | None: ...
    async def clear(self, request_id: str) -> None: ...


@dataclass(frozen=True)
class Seen:
    """`share` of the whole request, 0.0 to 1.0, None where the vendor says nothing; `previews` says of each picture (by
    its number, from 1) how many unfinished ones have come.
    """

    share: float | None
    previews: Mapping[int, int]


@dataclass
class _Growing:
    """`previews` by the picture's number, the newest of each, where it `keeps` them; `shares` by vendor call."""

    keeps: bool
    previews: dict[int, Unfinished] = field(default_factory=dict[int, Unfinished])
    shares: dict[int, float] = field(default_factory=dict[int, float])
    changed: set[int] = field(default_factory=set[int])
    news: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def note(self, number: int) -> None:
        self.changed.add(number)
        self.news.set()


class Growth:
    """`shared` where processes that draw nothing show pages too."""

    def __init__(self, board: Board, shared: Shared | None = None) -> None:
        self._board, self._shared = board, shared
        self._growing: dict[str, _Growing] = {}
        self._sharing: dict[str, asyncio.Task[None]] = {}
        self._watched: Counter[str] = Counter()

    @contextmanager
    def watched(self, request_id: str) -> Generator[None]:
        """Meanwhile somebody looks at it: what was last told of it can still be fetched when it ends."""
        self._watched[request_id] += 1
        try:
            yield
        finally:
            self._watched[request_id] -= 1
            if not self._watched[request_id]:
                del self._watched[request_id]

    async def of(self, request_id: str) -> Seen | None:
        """None where nothing is known of it. Raises StorageError."""
        if growing := self._growing.get(request_id):
            previews = self._previews(request_id, growing)
            return _seen(growing.shares, {number: one.come for number, one in previews.items()})
        rows = await self._shared.of(request_id) if self._shared else ()
        shares = {row.number: row.share for row in rows if row.share is not None}
        return _seen(shares, {row.number: row.came for row in rows if row.came}) if rows else None

    async def picture(self, request_id: str, number: int) -> bytes | None:
        """The newest unfinished one. Raises StorageError."""
        if growing := self._growing.get(request_id):
            found = self._previews(request_id, growing).get(number)
            return found.data if found else None
        return await self._shared.picture(request_id, number) if self._shared else None

    def _previews(self, request_id: str, growing: _Growing) -> Mapping[int, Unfinished]:
        waiting = None if growing.keeps else self._board.unfinished(request_id)
        return {waiting.number: waiting} if waiting else growing.previews

    def begin(self, row: NewRequest | RequestRow) -> None:
        self._board.begin(row)

    def drawing(self, row: RequestRow) -> None:
        if row.id not in self._growing:
            # Few look here at what was asked elsewhere: a crowd's unfinished pictures would fill the memory.
            growing = self._growing[row.id] = _Growing(keeps=row.door == DOOR)
            if self._shared is not None and growing.keeps:
                sharing = asyncio.create_task(
                    self._share(self._shared, row.id, growing), name=f"share {row.id}"
                )
                self._sharing[row.id] = sharing
        self._board.drawing(row)

    def preview(self, request_id: str, number: int, data: bytes) -> None:
        growing = self._growing.get(request_id)
        if growing and growing.keeps:
            before = growing.previews.get(number)
            growing.previews[number] = Unfinished(number, before.come + 1 if before else 1, data)
            growing.note(number)
        self._board.preview(request_id, number, data)

    def progress(self, request_id: str, number: int, share: float) -> None:
        growing = self._growing.get(request_id)
        if growing and round(growing.shares.get(number, -1.0), 2) != round(share, 2):
            growing.shares[number] = share
            growing.note(number)
        self._board.progress(request_id, number, share)

    def wants_previews(self, row: RequestRow) -> bool:
        return row.door == DOOR or self._board.wants_previews(row)

    async def end(self, request_id: str) -> None:
        if growing := self._growing.get(request_id):
            growing.ended = True
            growing.news.set()
            if growing.keeps or request_id in self._watched:
                growing.previews, growing.keeps = dict(self._previews(request_id, growing)), True
                asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._growing.pop, request_id, None)
            else:
                del self._growing[request_id]
        await self._board.end(request_id)

    async def close(self) -> None:
        for sharing in self._sharing.values():
            sharing.cancel()
        await asyncio.gather(*self._sharing.values(), return_exceptions=True)
        self._growing.clear()
        await self._board.close()

    async def _share(self, shared: Shared, request_id: str, growing: _Growing) -> None:
        try:
            while True:
                await growing.news.wait()
                growing.news.clear()
                if growing.ended:
                    break
                await shared.put(_rows(request_id, growing))
                await asyncio.sleep(_SHARE_EVERY_SECONDS)
            await asyncio.sleep(_LINGER_SECONDS)
            await shared.clear(request_id)
        except StorageError as error:
            _log.debug("an unfinished picture could not be shared", request=request_id, why=str(error))
        finally:
            self._sharing.pop(request_id, None)


def _seen(shares: Mapping[int, float], previews: Mapping[int, int]) -> Seen:
    return Seen(sum(shares.values()) / len(shares) if shares else None, dict(sorted(previews.items())))


def _rows(request_id: str, growing: _Growing) -> list[UnfinishedRow]:
    """What is new since the last time."""
    changed, growing.changed = growing.changed, set()
    now = time.time()
    newest = [growing.previews.get(number, Unfinished(number, 0, b"")) for number in sorted(changed)]
    return [
        UnfinishedRow(
            request_id=request_id, number=one.number, came=one.come, data=one.data,
            share=growing.shares.get(one.number), at=now,
        )
        for one in newest
    ]  # fmt: skip
