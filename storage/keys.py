"""Keys of providers that servers and members brought themselves: sealed bytes here, opened in `bot` only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.audit import add_audit
from storage.database import Database
from storage.rows import KeyRow
from storage.tables import provider_keys

_UPSERTS: dict[str, Any] = {
    dialect: statement.on_conflict_do_update(
        index_elements=[provider_keys.c.owner, provider_keys.c.provider],
        set_={name: statement.excluded[name] for name in ("sealed", "last_four", "added_by", "added_at")},
    )
    for dialect, statement in {
        "sqlite": sqlite.insert(provider_keys),
        "postgresql": postgresql.insert(provider_keys),
    }.items()
}


class KeyRepository:
    """`owner` is `guild:ID` or `user:ID`. The audit rows name the provider and the last four characters, no more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(
        self, owner: str, provider: str, sealed: bytes, last_four: str, *, guild_id: int, actor_id: int
    ) -> None:
        now = self._database.now()
        values = {
            "owner": owner,
            "provider": provider,
            "sealed": sealed,
            "last_four": last_four,
            "added_by": actor_id,
            "added_at": now,
        }

        def work(connection: Connection) -> None:
            connection.execute(_UPSERTS[connection.dialect.name], values)
            add_audit(
                connection, at=now, guild_id=guild_id, actor_id=actor_id, action="key.save",
                subject=owner, before=None, after={"provider": provider, "ends": last_four},
            )  # fmt: skip

        await self._database.write(work)

    async def remove(self, owner: str, provider: str, *, guild_id: int, actor_id: int) -> bool:
        """Whether there was one."""
        now = self._database.now()
        which = (provider_keys.c.owner == owner, provider_keys.c.provider == provider)

        def work(connection: Connection) -> bool:
            last_four = connection.scalar(select(provider_keys.c.last_four).where(*which))
            if last_four is None:
                return False
            connection.execute(delete(provider_keys).where(*which))
            add_audit(
                connection, at=now, guild_id=guild_id, actor_id=actor_id, action="key.remove",
                subject=owner, before={"provider": provider, "ends": last_four}, after=None,
            )  # fmt: skip
            return True

        return await self._database.write(work)

    async def get(self, owner: str, provider: str) -> KeyRow | None:
        return await self._database.one(
            KeyRow,
            select(provider_keys).where(provider_keys.c.owner == owner, provider_keys.c.provider == provider),
        )

    async def owners(self) -> list[tuple[str, str]]:
        """(owner, provider) of every key: what a cache in memory starts from."""
        query = select(provider_keys.c.owner, provider_keys.c.provider)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [(row.owner, row.provider) for row in rows]

    async def of(self, owners: tuple[str, ...]) -> list[KeyRow]:
        query = select(provider_keys).where(provider_keys.c.owner.in_(owners))
        return await self._database.many(
            KeyRow, query.order_by(provider_keys.c.owner, provider_keys.c.provider)
        )
