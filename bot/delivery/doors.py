"""Each result goes back through the door at which it was asked for."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Protocol

from bot.errors import AtelierError
from storage.rows import ImageRow, RequestRow


class Delivery(Protocol):
    async def deliver(
        self, row: RequestRow, images: Sequence[ImageRow], failure: AtelierError | None
    ) -> str | None: ...


class Doors:
    """`others` by the door's name; what came through none of them goes to `otherwise`."""

    def __init__(self, otherwise: Delivery, others: Mapping[str, Delivery]) -> None:
        self._otherwise, self._others = otherwise, others

    async def deliver(
        self, row: RequestRow, images: Sequence[ImageRow], failure: AtelierError | None
    ) -> str | None:
        return await self._others.get(row.door, self._otherwise).deliver(row, images, failure)


class InHand:
    """For processes that wait for their own results: what is in `mine` has arrived with that.

    The process that asked for any other has ended: its pictures are kept, and found in the history.
    """

    def __init__(self, mine: Container[str] = ()) -> None:
        self._mine = mine

    async def deliver(
        self, row: RequestRow, images: Sequence[ImageRow], failure: AtelierError | None
    ) -> str | None:
        return None if row.id in self._mine else "the process that asked has ended"
