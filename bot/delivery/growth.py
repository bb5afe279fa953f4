"""What a page shows of a request while it is drawn: the newest unfinished pictures and how much is done, in memory.

It stands before the board that edits the waiting message in Discord, and passes everything on to it. Only the process
that draws knows any of this; nothing of it is kept for long once the request has ended.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from storage.rows import NewRequest, RequestRow

DOOR = "web"
"""Of requests that come from a page."""


_LINGER_SECONDS = 10.0
"""A browser that was just told of an unfinished picture still finds it."""


class Board(Protocol):
    def begin(self, row: NewRequest | RequestRow) -> None: ...
    def drawing(self, row: RequestRow) -> None: ...
    def preview(self, request_id: str, number: int, data: bytes) -> None: ...
    def progress(self, request_id: str, number: int, share: float) -> None: ...
    def wants_previews(self, row: RequestRow) -> bool: ...
    async def end(self, request_id: str) -> None: ...
    async def close(self) -> None: ...


@dataclass
class Unfinished:
    """`previews` by the picture's number (from 1): how many came before it, and its bytes; `shares` by vendor call."""

    previews: dict[int, tuple[int, bytes]] = field(default_factory=dict[int, tuple[int, bytes]])
    shares: dict[int, float] = field(default_factory=dict[int, float])

    @property
    def share(self) -> float | None:
        """Of the whole request, 0.0 to 1.0; None where the vendor says nothing."""
        return sum(self.shares.values()) / len(self.shares) if self.shares else None


class Growth:
    def __init__(self, board: Board) -> None:
        self._board = board
        self._growing: dict[str, Unfinished] = {}

    def of(self, request_id: str) -> Unfinished | None:
        """None where this process is not drawing it."""
        return self._growing.get(request_id)

    def begin(self, row: NewRequest | RequestRow) -> None:
        self._board.begin(row)

    def drawing(self, row: RequestRow) -> None:
        if row.door == DOOR:
            # Of the others nobody looks here, and a crowd's unfinished pictures would fill the memory.
            self._growing.setdefault(row.id, Unfinished())
        self._board.drawing(row)

    def preview(self, request_id: str, number: int, data: bytes) -> None:
        if growing := self._growing.get(request_id):
            before, _ = growing.previews.get(number, (0, b""))
            growing.previews[number] = (before + 1, data)
        self._board.preview(request_id, number, data)

    def progress(self, request_id: str, number: int, share: float) -> None:
        if growing := self._growing.get(request_id):
            growing.shares[number] = share
        self._board.progress(request_id, number, share)

    def wants_previews(self, row: RequestRow) -> bool:
        return row.door == DOOR or self._board.wants_previews(row)

    async def end(self, request_id: str) -> None:
        if request_id in self._growing:
            asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._growing.pop, request_id, None)
        await self._board.end(request_id)

    async def close(self) -> None:
        self._growing.clear()
        await self._board.close()
