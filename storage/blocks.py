"""Who may not use the bot in a server, why and until when; each change is written with its audit row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.audit import add_audit
from storage.database import Database
from storage.rows import BlockRow
from storage.tables import blocks

_KEY = (blocks.c.guild_id, blocks.c.user_id)
_UPSERTS: dict[str, Any] = {
    dialect: statement.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={name: statement.excluded[name] for name in ("reason", "until", "blocked_by", "blocked_at")},
    )
    for dialect, statement in {
        "sqlite": sqlite.insert(blocks),
        "postgresql": postgresql.insert(blocks),
    }.items()
}


class BlockRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, guild_id: int, user_id: int, reason: str, until: float | None, *, actor_id: int
    ) -> None:
        """`until` is an instant (Unix seconds), None for no end. A second block replaces the first."""
        now = self._database.now()
        values = {
            "guild_id": guild_id,
            "user_id": user_id,
            "reason": reason,
            "until": until,
            "blocked_by": actor_id,
            "blocked_at": now,
        }

        def work(connection: Connection) -> None:
            connection.execute(_UPSERTS[connection.dialect.name], values)
            add_audit(
                connection, at=now, guild_id=guild_id, actor_id=actor_id, action="block.add",
                subject=f"user:{user_id}", before=None, after={"reason": reason, "until": until},
            )  # fmt: skip

        await self._database.write(work)

    async def remove(self, guild_id: int, user_id: int, *, actor_id: int) -> bool:
        """Whether there was one."""
        now = self._database.now()

        def work(connection: Connection) -> bool:
            which = (blocks.c.guild_id == guild_id, blocks.c.user_id == user_id)
            before = connection.execute(select(blocks).where(*which)).mappings().one_or_none()
            if before is None:
                return False
            connection.execute(delete(blocks).where(*which))
            add_audit(
                connection, at=now, guild_id=guild_id, actor_id=actor_id, action="block.remove",
                subject=f"user:{user_id}", before={"reason": before["reason"], "until": before["until"]}, after=None,
            )  # fmt: skip
            return True

        return await self._database.write(work)

    async def list(self, guild_id: int) -> list[BlockRow]:
        """Those in force, by when they were made."""
        in_force = or_(blocks.c.until.is_(None), blocks.c.until > self._database.now())
        query = select(blocks).where(blocks.c.guild_id == guild_id, in_force)
        return await self._database.many(BlockRow, query.order_by(blocks.c.blocked_at))
