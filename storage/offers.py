"""What a member was offered at a limit (the refused request, kept), their wish for more, and what admins said."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.audit import add_audit
from storage.database import Database
from storage.rows import OfferRow
from storage.tables import offers

_DAY_SECONDS = 86_400
_KEPT_DAYS = 40
"""Longer than the longest window: until then a second wish in it is recognised."""


class OfferRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: OfferRow) -> None:
        values = {name: getattr(row, name) for name in OfferRow.__dataclass_fields__}

        def work(connection: Connection) -> None:
            too_old = row.created_at - _KEPT_DAYS * _DAY_SECONDS
            connection.execute(
                delete(offers).where(offers.c.user_id == row.user_id, offers.c.created_at < too_old)
            )
            connection.execute(insert(offers).values(**values))

        await self._database.write(work)

    async def get(self, offer_id: str) -> OfferRow | None:
        return await self._database.one(OfferRow, select(offers).where(offers.c.id == offer_id))

    async def ask(self, offer_id: str, key: str) -> bool:
        """Note the wish for more. False when this member has asked under the same `key` (their window) before."""
        change = (
            update(offers).where(offers.c.id == offer_id, offers.c.asked_key.is_(None)).values(asked_key=key)
        )
        try:
            return await self._database.change(change) > 0
        except IntegrityError:
            return False

    async def decide(self, offer_id: str, decision: str, actor_id: int) -> OfferRow | None:
        """Write down the decision, audited, and give the row; None when somebody decided before."""
        now = self._database.now()

        def work(connection: Connection) -> dict[str, Any] | None:
            change = (
                update(offers)
                .where(offers.c.id == offer_id, offers.c.decision.is_(None), offers.c.asked_key.is_not(None))
                .values(decision=decision, decided_by=actor_id)
                .returning(*offers.c)
            )
            row = connection.execute(change).mappings().one_or_none()
            if row is None:
                return None
            add_audit(
                connection, at=now, guild_id=row["guild_id"], actor_id=actor_id, action=f"ask.{decision}",
                subject=f"user:{row['user_id']}", before=None,
                after={"unit": row["unit"], "window": row["window"], "asked": row["asked"]},
            )  # fmt: skip
            return dict(row)

        found = await self._database.write(work)
        return None if found is None else OfferRow(**found)
