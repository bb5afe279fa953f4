"""Requests and members as those who look after a server read them: filtered, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from storage.database import Database
from storage.rows import RequestRow
from storage.tables import requests, users

_AN_ID = re.compile(r"-?[0-9]{1,18}|[1-8][0-9]{18}")
"""That fits into a column of ids; Discord's have 17 to 19 digits, those of people without Discord a minus."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which requests: of one server (0: of none, None: of all), each field that is set narrows them.

    `member` is an id, or how a name begins, in any case. Times are Unix seconds, `until` not included.
    """

    guild_id: int | None
    member: str = ""
    states: Collection[str] | None = None
    model: str = ""
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """`name` is what its requester was last called."""

    request: RequestRow
    name: str


@dataclass(frozen=True, kw_only=True)
class MemberEntry:
    """What a member asked for in one server, ever; `last_at` in Unix seconds."""

    user_id: int
    name: str
    requests: int
    images: int
    last_at: float


class LogbookRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def requests(self, asked: Asked, *, after: str | None = None, limit: int = 20) -> list[Entry]:
        """Newest first, from behind the request `after` on; from the start where there is no such request."""

        def work(connection: Connection) -> list[Entry]:
            page = (
                select(requests, users.c.name.label("user_name"))
                .join_from(requests, users, users.c.id == requests.c.user_id, isouter=True)
                .where(*_narrowed(asked))
                .order_by(requests.c.created_at.desc(), requests.c.id.desc())
                .limit(limit)
            )
            if after is not None:
                at = connection.scalar(select(requests.c.created_at).where(requests.c.id == after))
                if at is not None:
                    rest = or_(requests.c.created_at < at, requests.c.id < after)
                    # The first comparison alone bounds the walk along the index.
                    page = page.where(requests.c.created_at <= at, rest)
            return [_entry(dict(row)) for row in connection.execute(page).mappings()]

        return await self._database.read(work)

    async def members(
        self, guild_id: int, *, named: str = "", limit: int = 20, offset: int = 0
    ) -> list[MemberEntry]:
        """Who ever asked for something there, who did so last first; `named` as `Asked.member`."""
        last = func.max(requests.c.created_at)
        query = (
            select(requests.c.user_id, func.max(users.c.name), func.count(), func.sum(requests.c.made), last)
            .join_from(requests, users, users.c.id == requests.c.user_id, isouter=True)
            .where(*_narrowed(Asked(guild_id=guild_id, member=named)))
            .group_by(requests.c.user_id)
            .order_by(last.desc(), requests.c.user_id)
            .limit(limit)
            .offset(offset)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [
            MemberEntry(
                user_id=int(user_id), name=name or str(user_id), requests=int(count), images=int(made),
                last_at=float(at),
            )
            for user_id, name, count, made, at in rows
        ]  # fmt: skip

    async def guilds_of(self, user_id: int) -> list[int]:
        """The servers where this member ever asked for something."""
        query = select(requests.c.guild_id).where(requests.c.user_id == user_id).distinct()
        return await self._database.read(lambda connection: [int(one) for one in connection.scalars(query)])


def _entry(row: dict[str, Any]) -> Entry:
    name = row.pop("user_name")
    return Entry(request=RequestRow(**row), name=name or str(row["user_id"]))


def _narrowed(asked: Asked) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.guild_id is not None:
        found.append(requests.c.guild_id == asked.guild_id)
    if asked.member:
        found.append(_is_member(asked.member))
    if asked.states is not None:
        found.append(requests.c.state.in_(asked.states))
    if asked.model:
        found.append(requests.c.model == asked.model)
    if asked.since is not None:
        found.append(requests.c.created_at >= asked.since)
    if asked.until is not None:
        found.append(requests.c.created_at < asked.until)
    return found


def _is_member(member: str) -> ColumnElement[bool]:
    if _AN_ID.fullmatch(member):
        return requests.c.user_id == int(member)
    # SQLite lowers plain letters only: a name that begins with another is found as it is written.
    begins = or_(
        func.lower(users.c.name).startswith(member.lower(), autoescape=True),
        users.c.name.startswith(member, autoescape=True),
    )
    return requests.c.user_id.in_(select(users.c.id).where(begins))
