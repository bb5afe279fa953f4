"""What a page shows of a request while it is drawn: the newest unfinished pictures and how much is done.

It stands before the board that edits the waiting message in Discord, and passes everything on to it. The process that
draws keeps it in memory; where others show the pages, it shares what was asked for on one through the database.
Everything here may fail without harm, and nothing of it is kept for long once the request has ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

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
    """`previews` by the picture's number: how many came, and the newest; `shares` by vendor call."""

    previews: dict[int, tuple[int, bytes]] = field(default_factory=dict[int, tuple[int, bytes]])
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

    async def of(self, request_id: str) -> Seen | None:
        """None where nothing is known of it. Raises StorageError."""
        if growing := self._growing.get(request_id):
            return _seen(growing.shares, {number: came for number, (came, _) in growing.previews.items()})
        rows = await self._shared.of(request_id) if self._shared else ()
        shares = {row.number: row.share for row in rows if row.share is not None}
        return _seen(shares, {row.number: row.came for row in rows if row.came}) if rows else None

    async def picture(self, request_id: str, number: int) -> bytes | None:
        """The newest unfinished one. Raises StorageError."""
        if growing := self._growing.get(request_id):
            return growing.previews.get(number, (0, None))[1]
        return await self._shared.picture(request_id, number) if self._shared else None

    def begin(self, row: NewRequest | RequestRow) -> None:
        self._board.begin(row)

    def drawing(self, row: RequestRow) -> None:
        if row.door == DOOR and row.id not in self._growing:
            # Of the others nobody looks here, and a crowd's unfinished pictures would fill the memory.
            growing = self._growing[row.id] = _Growing()
            if self._shared is not None:
                sharing = asyncio.create_task(
                    self._share(self._shared, row.id, growing), name=f"share {row.id}"
                )
                self._sharing[row.id] = sharing
        self._board.drawing(row)

    def preview(self, request_id: str, number: int, data: bytes) -> None:
        if growing := self._growing.get(request_id):
            before, _ = growing.previews.get(number, (0, b""))
            growing.previews[number] = (before + 1, data)
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
            asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._growing.pop, request_id, None)
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
    now, nothing = time.time(), (0, b"")
    return [
        UnfinishedRow(
            request_id=request_id, number=number, came=growing.previews.get(number, nothing)[0],
            data=growing.previews.get(number, nothing)[1], share=growing.shares.get(number), at=now,
        )
        for number in sorted(changed)
    ]  # fmt: skip
