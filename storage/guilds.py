"""Servers: their names, zones and settings; `bot` keeps all of it in memory and writes through."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.audit import add_audit
from storage.database import Database
from storage.rows import GuildRow, Json
from storage.tables import guilds

_INSERTS = {"sqlite": sqlite.insert(guilds), "postgresql": postgresql.insert(guilds)}
_UPSERTS: dict[str, Any] = {
    dialect: statement.on_conflict_do_update(
        index_elements=[guilds.c.id],
        set_={"name": statement.excluded.name, "locale": statement.excluded.locale, "left_at": None},
    )
    for dialect, statement in _INSERTS.items()
}


class GuildRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def upsert(self, guild_id: int, name: str, locale: str | None) -> None:
        """The bot is in this server; settings and time zone stay as they were."""
        values = {
            "id": guild_id,
            "name": name,
            "locale": locale,
            "settings": {},
            "joined_at": self._database.now(),
        }
        await self._database.write(
            lambda connection: connection.execute(_UPSERTS[connection.dialect.name], values)
        )

    async def mark_left(self, guild_id: int, now: float) -> None:
        await self._database.change(update(guilds).where(guilds.c.id == guild_id).values(left_at=now))

    async def get(self, guild_id: int) -> GuildRow | None:
        return await self._database.one(GuildRow, select(guilds).where(guilds.c.id == guild_id))

    async def list(self) -> list[GuildRow]:
        """All, those that were left included: what a cache in memory starts from."""
        return await self._database.many(GuildRow, select(guilds).order_by(guilds.c.id))

    async def change(
        self, guild_id: int, *, actor_id: int, settings: Json | None = None, time_zone: str | None = None
    ) -> bool:
        """Replace all settings, the time zone (an IANA name), or both, audited. False for an unknown server."""
        after: dict[str, Any] = {}
        if settings is not None:
            after["settings"] = settings
        if time_zone is not None:
            after["time_zone"] = time_zone
        now = self._database.now()
        return await self._database.write(
            lambda connection: _change(connection, guild_id, after, actor_id=actor_id, now=now)
        )


def _change(
    connection: Connection, guild_id: int, after: dict[str, Any], *, actor_id: int, now: float
) -> bool:
    locked = select(guilds).where(guilds.c.id == guild_id).with_for_update()
    row = connection.execute(locked).mappings().one_or_none()
    if row is None:
        return False
    before = {name: row[name] for name in after}
    if before != after:
        connection.execute(update(guilds).where(guilds.c.id == guild_id).values(after))
        add_audit(
            connection,
            at=now,
            guild_id=guild_id,
            actor_id=actor_id,
            action="guild.change",
            subject="server",
            before=before,
            after=after,
        )
    return True
