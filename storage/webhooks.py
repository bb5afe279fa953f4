"""Who is still to be told of what: a queue in the database, so that a kill between an end and its telling loses none.

A row's id is made of what it tells and whom, so that it is queued once however often its job runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Database
from storage.rows import WebhookRow
from storage.tables import IS_WAITING, requests, webhooks

_INSERTS: dict[str, Any] = {
    "sqlite": sqlite.insert(webhooks).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(webhooks).on_conflict_do_nothing(),
}


class WebhookRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, rows: Sequence[WebhookRow]) -> None:
        """Rows that are there already stay as they are."""
        if rows:
            values = [asdict(row) for row in rows]
            await self._database.write(
                lambda connection: connection.execute(_INSERTS[connection.dialect.name], values)
            )

    async def due(self, now: float, *, limit: int = 50) -> list[WebhookRow]:
        """Those to send now, which nobody is sending at the moment, the longest due first."""
        query = select(webhooks).where(IS_WAITING, webhooks.c.due_at <= now, _is_free(now))
        return await self._database.many(WebhookRow, query.order_by(webhooks.c.due_at).limit(limit))

    async def lease(self, webhook_id: str, now: float, until: float) -> bool:
        """Whether it is the caller's to send until then; another process may have been faster."""
        return await self._change(
            [webhooks.c.id == webhook_id, IS_WAITING, _is_free(now)], leased_until=until
        )

    async def release_leases(self) -> None:
        """For the only process on its database, at its start: what an earlier one was sending is free again."""
        await self._change([webhooks.c.leased_until.is_not(None)], leased_until=None)

    async def done(self, webhook_id: str, now: float) -> None:
        await self._end(webhook_id, "delivered", now, None)

    async def bury(self, webhook_id: str, now: float, problem: str) -> None:
        """A dead letter: kept, shown, sent again only at somebody's wish."""
        await self._end(webhook_id, "dead", now, problem)

    async def put_off(self, webhook_id: str, due_at: float, problem: str) -> None:
        """One more attempt has failed."""
        await self._change(
            [webhooks.c.id == webhook_id],
            due_at=due_at,
            leased_until=None,
            problem=problem,
            attempts=webhooks.c.attempts + 1,
        )

    async def drop(self, webhook_id: str) -> None:
        await self._database.change(delete(webhooks).where(webhooks.c.id == webhook_id))

    async def replay(self, now: float, webhook_id: str | None = None, *, guild_id: int | None = None) -> int:
        """Send dead letters again, all of them (of one server) or one; how many."""
        which = [webhooks.c.state == "dead", *_of_guild(guild_id)]
        if webhook_id is not None:
            which.append(webhooks.c.id == webhook_id)
        change = update(webhooks).where(*which)
        return await self._database.change(
            change.values(state="waiting", attempts=0, due_at=now, leased_until=None, ended_at=None)
        )

    async def list(self, state: str, *, limit: int = 25, guild_id: int | None = None) -> list[WebhookRow]:
        """Newest first; of one server's requests, or of all."""
        query = select(webhooks).where(webhooks.c.state == state, *_of_guild(guild_id))
        return await self._database.many(
            WebhookRow, query.order_by(webhooks.c.created_at.desc()).limit(limit)
        )

    async def of_request(self, request_id: str) -> list[WebhookRow]:
        query = select(webhooks).where(webhooks.c.request_id == request_id)
        return await self._database.many(WebhookRow, query.order_by(webhooks.c.created_at, webhooks.c.id))

    async def counts(self) -> dict[str, int]:
        """How many there are in each state."""
        query = select(webhooks.c.state, func.count()).group_by(webhooks.c.state)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {state: int(count) for state, count in rows}

    async def forget(self, before: float) -> int:
        """Take away those that were delivered before that instant; how many."""
        return await self._database.change(
            delete(webhooks).where(webhooks.c.state == "delivered", webhooks.c.created_at < before)
        )

    async def _end(self, webhook_id: str, state: str, now: float, problem: str | None) -> None:
        await self._change(
            [webhooks.c.id == webhook_id],
            state=state,
            ended_at=now,
            leased_until=None,
            problem=problem,
            attempts=webhooks.c.attempts + 1,
        )

    async def _change(self, which: Sequence[Any], **values: Any) -> bool:
        return await self._database.change(update(webhooks).where(*which).values(**values)) > 0


def _of_guild(guild_id: int | None) -> list[ColumnElement[bool]]:
    if guild_id is None:
        return []
    return [webhooks.c.request_id.in_(select(requests.c.id).where(requests.c.guild_id == guild_id))]


def _is_free(now: float) -> ColumnElement[bool]:
    return or_(webhooks.c.leased_until.is_(None), webhooks.c.leased_until < now)
