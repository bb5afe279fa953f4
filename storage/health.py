"""How each process that draws finds the providers: one row a process and provider, written over as it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Database
from storage.tables import provider_health

_KEPT_SECONDS = 86_400

_UPSERTS: dict[str, Any] = {
    dialect: statement.on_conflict_do_update(
        index_elements=[provider_health.c.provider, provider_health.c.process],
        set_={name: statement.excluded[name] for name in ("status", "until", "latency_seconds", "at")},
    )
    for dialect, statement in {
        "sqlite": sqlite.insert(provider_health),
        "postgresql": postgresql.insert(provider_health),
    }.items()
}


@dataclass(frozen=True, kw_only=True)
class HealthRow:
    """What `process` knew of `provider` at the instant `at`; the words of `status` are bot's."""

    provider: str
    process: str
    status: str
    until: float | None
    latency_seconds: float | None
    at: float


class HealthRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def tell(self, rows: Sequence[HealthRow]) -> None:
        values = [asdict(row) for row in rows]
        too_old = provider_health.c.at < self._database.now() - _KEPT_SECONDS

        def work(connection: Connection) -> None:
            connection.execute(delete(provider_health).where(too_old))
            connection.execute(_UPSERTS[connection.dialect.name], values)

        await self._database.write(work)

    async def told(self, since: float) -> list[HealthRow]:
        """By all processes that said something at `since` or later."""
        fresh = select(provider_health).where(provider_health.c.at >= since)
        return await self._database.many(HealthRow, fresh.order_by(provider_health.c.provider))
