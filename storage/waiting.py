"""What a process that only accepts knows of those who wait: whether a job has begun, how long the last ones took."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from sqlalchemy import select

from storage.database import Database
from storage.postgres import PostgresDatabase
from storage.tables import images, requests

_RECENT = 60
_NOT_BEGUN = ("accepted", "queued")


class WaitingRepository:
    def __init__(self, database: Database) -> None:
        assert isinstance(database, PostgresDatabase), "on SQLite who accepts draws as well"
        self._database = database

    def not_begun(self, request_id: str) -> AbstractAsyncContextManager[bool]:
        """Whether it waits still; its job cannot begin before the end of this. A row that is being changed is left."""
        mine = select(requests.c.id).where(requests.c.id == request_id, requests.c.state.in_(_NOT_BEGUN))
        return self._database.holding(mine.with_for_update(skip_locked=True))

    async def recent_seconds(self) -> list[tuple[str, float]]:
        """Of the last pictures, oldest first: the model, and how long its vendor call took."""
        latest = (
            select(requests.c.model, requests.c.stages)
            .join(images, images.c.request_id == requests.c.id)
            .where(images.c.number == 1)
            .order_by(images.c.created_at.desc())
            .limit(_RECENT)
        )
        rows = await self._database.read(lambda connection: connection.execute(latest).all())
        return [(row.model, row.stages["render_1"][1]) for row in reversed(rows) if "render_1" in row.stages]
