"""Keys of the HTTP API: who made them for whom, and when they end. Their secrets are never here, only digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, insert, select, update

from storage.audit import add_audit
from storage.database import Database
from storage.rows import ApiKeyRow
from storage.tables import api_keys

_TOUCH = update(api_keys).where(api_keys.c.id == bindparam("which")).values(last_used_at=bindparam("used_at"))


class ApiKeyRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: ApiKeyRow) -> None:
        """With an audit row that names the key and its limits, never its digest."""
        told = {"name": row.name, "scopes": row.scopes, "per_minute": row.per_minute, "until": row.expires_at}

        def work(connection: Connection) -> None:
            connection.execute(insert(api_keys).values(**asdict(row)))
            add_audit(
                connection, at=row.created_at, guild_id=row.guild_id, actor_id=row.created_by, action="apikey.create",
                subject=row.id, before=None, after={**told, "user": str(row.user_id)},
            )  # fmt: skip

        await self._database.write(work)

    async def get(self, key_id: str) -> ApiKeyRow | None:
        return await self._database.one(ApiKeyRow, select(api_keys).where(api_keys.c.id == key_id))

    async def list(self, guild_id: int | None = None) -> list[ApiKeyRow]:
        """Newest first, revoked ones as well; of one server, or all."""
        query = select(api_keys).order_by(api_keys.c.created_at.desc(), api_keys.c.id)
        if guild_id is not None:
            query = query.where(api_keys.c.guild_id == guild_id)
        return await self._database.many(ApiKeyRow, query)

    async def revoke(self, key_id: str, *, actor_id: int, guild_id: int | None = None) -> bool:
        """Whether there was one in force; `guild_id` narrows it to that server's."""
        now = self._database.now()
        which = [api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)]
        if guild_id is not None:
            which.append(api_keys.c.guild_id == guild_id)

        def work(connection: Connection) -> bool:
            change = update(api_keys).where(*which).values(revoked_at=now).returning(api_keys.c.guild_id)
            home = connection.scalar(change)
            if home is None:
                return False
            add_audit(
                connection, at=now, guild_id=home, actor_id=actor_id, action="apikey.revoke",
                subject=key_id, before=None, after=None,
            )  # fmt: skip
            return True

        return await self._database.write(work)

    async def touch(self, used: Mapping[str, float]) -> None:
        """Note when keys, by id, were last used."""
        values = [{"which": key_id, "used_at": at} for key_id, at in used.items()]
        if values:
            await self._database.write(lambda connection: connection.execute(_TOUCH, values))
