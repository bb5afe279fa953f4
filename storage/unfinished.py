"""Unfinished pictures of requests that are being drawn, for processes that show pages and draw nothing themselves.

Of each picture the newest only, and nothing for long: what a process that died left behind goes with the next write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Database
from storage.tables import unfinished_pictures as table

_KEPT_SECONDS = 3600

_UPSERTS: dict[str, Any] = {
    dialect: statement.on_conflict_do_update(
        index_elements=[table.c.request_id, table.c.number],
        set_={name: statement.excluded[name] for name in ("came", "data", "share", "at")},
    )
    for dialect, statement in {"sqlite": sqlite.insert(table), "postgresql": postgresql.insert(table)}.items()
}


@dataclass(frozen=True, kw_only=True)
class UnfinishedRow:
    """`came` is how many there were of picture `number` so far (0: none, `data` is empty); `share` how much of the
    vendor's call that begins with it is done, 0.0 to 1.0, where the vendor says so.
    """

    request_id: str
    number: int
    came: int
    data: bytes = field(repr=False)
    share: float | None
    at: float


@dataclass(frozen=True, kw_only=True)
class UnfinishedSeen:
    """The same without its bytes."""

    number: int
    came: int
    share: float | None


class UnfinishedRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, rows: Sequence[UnfinishedRow]) -> None:
        values = [asdict(row) for row in rows]
        too_old = table.c.at < self._database.now() - _KEPT_SECONDS

        def work(connection: Connection) -> None:
            connection.execute(delete(table).where(too_old))
            connection.execute(_UPSERTS[connection.dialect.name], values)

        await self._database.write(work)

    async def of(self, request_id: str) -> list[UnfinishedSeen]:
        """By number; empty where nobody draws it, or nothing of it is there yet."""
        query = select(table.c.number, table.c.came, table.c.share).where(table.c.request_id == request_id)
        return await self._database.many(UnfinishedSeen, query.order_by(table.c.number))

    async def picture(self, request_id: str, number: int) -> bytes | None:
        query = select(table.c.data).where(
            table.c.request_id == request_id, table.c.number == number, table.c.came > 0
        )
        return await self._database.read(lambda connection: connection.scalar(query))

    async def clear(self, request_id: str) -> None:
        await self._database.change(delete(table).where(table.c.request_id == request_id))
