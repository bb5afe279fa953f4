"""What was delivered and what it cost, by day, model and member: sums over the ledger for charts and tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select

from storage.database import Database
from storage.rows import UsageRow
from storage.tables import ledger, requests


class UsageRepository:
    """Days are the guild's own, both ends included. A member's own key is nobody's account here but theirs.

    `guild_id` None is all of them together: what the owner's keys paid, by days in UTC.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_day(
        self, guild_id: int | None, first_day: str, last_day: str, *, user_id: int | None = None
    ) -> list[UsageRow]:
        day = _day(guild_id)
        query = (
            select(
                day.label("day"),
                requests.c.model,
                func.sum(ledger.c.used_images).label("images"),
                func.sum(ledger.c.used_microusd).label("charged_microusd"),
                func.sum(ledger.c.pool_microusd).label("cost_microusd"),
            )
            .join(requests, requests.c.id == ledger.c.request_id)
            .where(*_booked(guild_id, first_day, last_day, user_id))
            .group_by(day, requests.c.model)
            .order_by(day, requests.c.model)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        # Postgres sums big integers into decimals.
        return [
            UsageRow(
                day=row["day"], model=row["model"], images=int(row["images"]),
                charged_microusd=int(row["charged_microusd"]), cost_microusd=int(row["cost_microusd"]),
            )
            for row in rows
        ]  # fmt: skip

    async def top_members(
        self, guild_id: int | None, first_day: str, last_day: str, *, limit: int = 5
    ) -> list[tuple[int, int, int]]:
        """(user id, images, charged micro-dollars), the most pictures first."""
        images = func.sum(ledger.c.used_images)
        query = (
            select(ledger.c.user_id, images, func.sum(ledger.c.used_microusd))
            .where(*_booked(guild_id, first_day, last_day, None))
            .group_by(ledger.c.user_id)
            .order_by(images.desc(), ledger.c.user_id)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [(int(user), int(count), int(charged)) for user, count, charged in rows]

    async def own_key_of_member(self, user_id: int) -> tuple[int, int]:
        """(pictures, micro-dollars) that a member's own keys ever paid for."""
        query = select(
            func.coalesce(func.sum(requests.c.made), 0), func.coalesce(func.sum(requests.c.cost_microusd), 0)
        ).where(requests.c.user_id == user_id, requests.c.payer == f"user:{user_id}")
        made, cost = await self._database.read(lambda connection: connection.execute(query).one())
        return int(made), int(cost)

    async def own_key_of_guild(self, guild_id: int, first_day: str, last_day: str) -> int:
        """Micro-dollars that the server's own keys paid: the owner's accounts know nothing of them."""
        query = select(func.coalesce(func.sum(ledger.c.pool_microusd), 0)).where(
            *_booked(guild_id, first_day, last_day, None), ledger.c.owner_day == ""
        )
        return int(await self._database.read(lambda connection: connection.execute(query).scalar_one()))


def _day(guild_id: int | None) -> ColumnElement[str]:
    return ledger.c.owner_day if guild_id is None else ledger.c.day


def _booked(
    guild_id: int | None, first_day: str, last_day: str, user_id: int | None
) -> Iterator[ColumnElement[bool]]:
    end = (date.fromisoformat(last_day) + timedelta(days=1)).isoformat()
    if guild_id is not None:
        yield ledger.c.guild_id == guild_id
    yield _day(guild_id) >= first_day
    yield _day(guild_id) < end
    yield ledger.c.kind == "settle"
    if user_id is not None:
        yield ledger.c.user_id == user_id
