"""The rules that admins and the owner set, each change written together with its audit row.

What a rule means for a member (user before role before everyone) is decided in `bot`; what is left, in `counters`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select
from sqlalchemy import update as update_rows

from storage.audit import add_audit
from storage.database import Database
from storage.rows import LimitRow, Rule, Scope
from storage.tables import limits


class LimitRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def set(
        self,
        guild_id: int,
        subject_kind: Scope,
        subject_id: str,
        unit: Rule,
        window: str,
        amount: int,
        *,
        actor_id: int,
        cap: bool = False,
    ) -> int | None:
        """The amount (in the rule's unit) that it replaced; None when there was none."""
        key = _key(guild_id, (subject_kind, subject_id), unit, window)
        now = self._database.now()
        values = {"amount": amount, "cap": cap, "updated_by": actor_id, "updated_at": now}
        return await self._database.write(lambda connection: _set(connection, key, values))

    async def remove(
        self,
        guild_id: int,
        subject_kind: Scope,
        subject_id: str,
        unit: Rule,
        window: str,
        *,
        actor_id: int,
    ) -> int | None:
        """The amount that was in force; None when there was none, and then nothing is audited."""
        key = _key(guild_id, (subject_kind, subject_id), unit, window)
        now = self._database.now()
        return await self._database.write(lambda connection: _remove(connection, key, actor_id, now))

    async def copy(
        self, guild_id: int, source: tuple[Scope, str], target: tuple[Scope, str], *, actor_id: int
    ) -> int:
        """Give `target` (kind, id) every rule that `source` has, in one transaction; how many."""
        now = self._database.now()

        def work(connection: Connection) -> int:
            rules = select(limits).where(
                limits.c.guild_id == guild_id,
                limits.c.subject_kind == source[0],
                limits.c.subject_id == source[1],
            )
            found = connection.execute(rules).mappings().all()
            for row in found:
                key = _key(guild_id, target, row["unit"], row["window"])
                # Only a role's rule can be a cap.
                cap = bool(row["cap"]) and target[0] == "role"
                values = {"amount": row["amount"], "cap": cap, "updated_by": actor_id, "updated_at": now}
                _set(connection, key, values)
            return len(found)

        return await self._database.write(work)

    async def all_of(self, guild_id: int) -> list[LimitRow]:
        return await self._many(limits.c.guild_id == guild_id)

    async def list(self) -> list[LimitRow]:
        """Of every guild: what a cache in memory starts from."""
        return await self._many()

    async def _many(self, *conditions: ColumnElement[bool]) -> list[LimitRow]:
        query = select(limits).where(*conditions).order_by(*limits.primary_key.columns)
        return await self._database.many(LimitRow, query)


def _key(guild_id: int, subject: tuple[Scope, str], unit: Rule, window: str) -> dict[str, Any]:
    kind, identity = subject
    return {
        "guild_id": guild_id,
        "subject_kind": kind,
        "subject_id": identity,
        "unit": unit,
        "window": window,
    }


def _set(connection: Connection, key: dict[str, Any], values: dict[str, Any]) -> int | None:
    before = _lock_amount(connection, key)
    if before is None:
        connection.execute(insert(limits).values(**key, **values))
    else:
        connection.execute(update_rows(limits).where(_is(key)).values(values))
    actor_id, now = values["updated_by"], values["updated_at"]
    _audit(connection, key, "limit.set", actor_id=actor_id, now=now, before=before, after=values["amount"])
    return before


def _remove(connection: Connection, key: dict[str, Any], actor_id: int, now: float) -> int | None:
    before = _lock_amount(connection, key)
    if before is not None:
        connection.execute(delete(limits).where(_is(key)))
        _audit(connection, key, "limit.remove", actor_id=actor_id, now=now, before=before, after=None)
    return before


def _lock_amount(connection: Connection, key: dict[str, Any]) -> int | None:
    return connection.scalar(select(limits.c.amount).where(_is(key)).with_for_update())


def _is(key: dict[str, Any]) -> ColumnElement[bool]:
    first, *rest = (limits.c[name] == value for name, value in key.items())
    condition: ColumnElement[bool] = first
    for part in rest:
        condition = condition & part
    return condition


def _audit(
    connection: Connection,
    key: dict[str, Any],
    action: str,
    *,
    actor_id: int,
    now: float,
    before: int | None,
    after: int | None,
) -> None:
    kind, identity = key["subject_kind"], key["subject_id"]
    what = {"unit": key["unit"], "window": key["window"]}
    add_audit(
        connection,
        at=now,
        guild_id=key["guild_id"],
        actor_id=actor_id,
        action=action,
        subject=f"{kind}:{identity}" if identity else kind,
        before=None if before is None else {**what, "amount": before},
        after=None if after is None else {**what, "amount": after},
    )
