"""Members as they were last seen, and what they chose for themselves."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Database
from storage.rows import Json, UserRow
from storage.tables import users

_INSERTS = {"sqlite": sqlite.insert(users), "postgresql": postgresql.insert(users)}
_UPSERTS: dict[str, Any] = {
    dialect: statement.on_conflict_do_update(
        index_elements=[users.c.id],
        set_={name: statement.excluded[name] for name in ("name", "locale", "last_seen")},
    )
    for dialect, statement in _INSERTS.items()
}


def see_user(connection: Connection, user_id: int, name: str, locale: str | None, now: float) -> None:
    """Write down who this is, keeping settings and first sight."""
    values = {
        "id": user_id,
        "name": name,
        "locale": locale,
        "settings": {},
        "first_seen": now,
        "last_seen": now,
    }
    connection.execute(_UPSERTS[connection.dialect.name], values)


class UserRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user_id: int) -> UserRow | None:
        return await self._database.one(UserRow, select(users).where(users.c.id == user_id))

    async def names(self, user_ids: Collection[int]) -> dict[int, str]:
        """As they were last called, by their ids; who was never seen, or is forgotten, is left out."""
        query = select(users.c.id, users.c.name).where(users.c.id.in_(sorted(user_ids)))
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {int(user_id): str(name) for user_id, name in rows}

    async def see(self, user_id: int, name: str, locale: str | None) -> None:
        now = self._database.now()
        await self._database.write(lambda connection: see_user(connection, user_id, name, locale, now))

    async def set_settings(self, user_id: int, settings: Json) -> None:
        """Replace them all. Someone who was never seen has none and keeps none."""
        await self._database.change(update(users).where(users.c.id == user_id).values(settings=settings))

    async def with_settings(self) -> list[UserRow]:
        """Those who ever chose something: what a cache in memory starts from."""
        chosen = select(users).where(users.c.settings != {}).order_by(users.c.id)
        return await self._database.many(UserRow, chosen)
