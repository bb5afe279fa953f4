"""Who changed what, when, from what to what: rows are added, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select

from storage.database import Database
from storage.rows import AuditRow
from storage.tables import audit


def add_audit(
    connection: Connection,
    *,
    at: float,
    guild_id: int,
    actor_id: int,
    action: str,
    subject: str,
    before: Any,
    after: Any,
) -> None:
    """In the transaction of the change itself: one is not to be had without the other."""
    connection.execute(
        insert(audit).values(
            at=at,
            guild_id=guild_id,
            actor_id=actor_id,
            action=action,
            subject=subject,
            before=before,
            after=after,
        )
    )


class AuditRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        guild_id: int,
        actor_id: int,
        action: str,
        subject: str,
        *,
        before: Any = None,
        after: Any = None,
    ) -> None:
        """`before` and `after` are JSON values; None is "nothing there"."""
        now = self._database.now()
        await self._database.write(
            lambda connection: add_audit(
                connection,
                at=now,
                guild_id=guild_id,
                actor_id=actor_id,
                action=action,
                subject=subject,
                before=before,
                after=after,
            )
        )

    async def list(
        self,
        guild_id: int,
        *,
        limit: int = 20,
        before_id: int | None = None,
        action: str | None = None,
        actor_id: int | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> list[AuditRow]:
        """Newest first; `before_id` is the id of the last one of the page before. Times are Unix seconds, `until` not
        included.
        """
        page = select(audit).where(audit.c.guild_id == guild_id)
        if before_id is not None:
            page = page.where(audit.c.id < before_id)
        if action is not None:
            page = page.where(audit.c.action == action)
        if actor_id is not None:
            page = page.where(audit.c.actor_id == actor_id)
        if since is not None:
            page = page.where(audit.c.at >= since)
        if until is not None:
            page = page.where(audit.c.at < until)
        page = page.order_by(audit.c.id.desc()).limit(limit)
        return await self._database.many(AuditRow, page)

    async def actions(self, guild_id: int) -> Sequence[str]:
        """The kinds of rows that there are, by name."""
        query = select(audit.c.action).where(audit.c.guild_id == guild_id).distinct().order_by(audit.c.action)
        return await self._database.read(lambda connection: [str(one) for one in connection.scalars(query)])

    async def actors(self, guild_id: int, *, limit: int = 50) -> Sequence[int]:
        """Who did something of it, who did so last first."""
        query = (
            select(audit.c.actor_id)
            .where(audit.c.guild_id == guild_id)
            .group_by(audit.c.actor_id)
            .order_by(func.max(audit.c.id).desc())
            .limit(limit)
        )
        return await self._database.read(lambda connection: [int(one) for one in connection.scalars(query)])
