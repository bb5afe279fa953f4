"""Small values by scope and key, such as the hash of the commands that were last synced. JSON in, JSON out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Database
from storage.tables import settings

_INSERTS = {"sqlite": sqlite.insert(settings), "postgresql": postgresql.insert(settings)}
_UPSERTS: dict[str, Any] = {
    dialect: statement.on_conflict_do_update(
        index_elements=[settings.c.scope, settings.c.key], set_={"value": statement.excluded.value}
    )
    for dialect, statement in _INSERTS.items()
}


class SettingsRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, scope: str, key: str) -> Any:
        """None when it was never set."""
        query = select(settings.c.value).where(settings.c.scope == scope, settings.c.key == key)
        return await self._database.read(lambda connection: connection.scalar(query))

    async def all_of(self, scope: str) -> dict[str, Any]:
        query = select(settings.c.key, settings.c.value).where(settings.c.scope == scope)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {row.key: row.value for row in rows}

    async def set(self, scope: str, key: str, value: Any) -> None:
        values = {"scope": scope, "key": key, "value": value}
        await self._database.change(_UPSERTS[self._database.dialect].values(values))

    async def claim(self, scope: str, key: str, value: Any) -> bool:
        """Set it where nothing is set yet; whether it was us: of several processes one wins."""
        values = {"scope": scope, "key": key, "value": value}
        once = _INSERTS[self._database.dialect].on_conflict_do_nothing().values(values)
        return await self._database.change(once) > 0

    async def delete(self, scope: str, key: str) -> bool:
        """Whether there was anything."""
        change = delete(settings).where(settings.c.scope == scope, settings.c.key == key)
        return await self._database.change(change) > 0
