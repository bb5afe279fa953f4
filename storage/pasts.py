"""What was made before, found again: a member's own history, a server's gallery, and what members like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Database
from storage.folding import folded
from storage.rows import ImageRow, RequestRow
from storage.tables import favourites, images, requests

_LIKES = {
    "sqlite": sqlite.insert(favourites).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(favourites).on_conflict_do_nothing(),
}
_LIVE = images.c.deleted_at.is_(None)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to look for. `words` must all be in the prompt, in any case and with or without accents; `model` is how the
    model's id begins; `guild_id` 0 means direct messages, None everywhere.
    """

    words: str = ""
    kind: str | None = None
    model: str = ""
    liked: bool = False
    guild_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """A request and its pictures that are still there."""

    request: RequestRow
    images: Sequence[ImageRow]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture of the gallery; `likes` is how many members like it."""

    image: ImageRow
    request: RequestRow
    likes: int


class PastRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def history(
        self, user_id: int, wanted: Wanted, *, limit: int, offset: int = 0
    ) -> tuple[list[Remembered], int]:
        """A page of what this member asked for, newest first, and how many there are in all.

        What somebody deleted every picture of is left out; what failed is not.
        """
        mine = [requests.c.user_id == user_id, *matching(wanted)]
        its_own = images.c.request_id == requests.c.id
        mine.append(or_(exists().where(its_own, _LIVE), ~exists().where(its_own)))
        if wanted.liked:
            liked = images.c.id.in_(select(favourites.c.image_id).where(favourites.c.user_id == user_id))
            mine.append(exists().where(images.c.request_id == requests.c.id, _LIVE, liked))
        page = select(requests).where(*mine).order_by(requests.c.created_at.desc(), requests.c.id)
        count = select(func.count()).select_from(requests).where(*mine)

        def work(connection: Connection) -> tuple[list[Remembered], int]:
            rows = [
                RequestRow(**row) for row in connection.execute(page.limit(limit).offset(offset)).mappings()
            ]
            made = _pictures(connection, [row.id for row in rows])
            total = connection.execute(count).scalar_one()
            return [Remembered(request=row, images=made.get(row.id, [])) for row in rows], total

        return await self._database.read(work)

    async def gallery(
        self, guild_id: int, wanted: Wanted, *, by_likes: bool, limit: int, offset: int = 0
    ) -> tuple[list[Shown], int]:
        """A page of a server's public pictures and how many there are in all.

        Newest first, or those that most members like first. Only what everyone in the server could see when it was
        made, and never what is private or hidden behind a spoiler.
        """
        likes = (
            select(func.count())
            .select_from(favourites)
            .where(favourites.c.image_id == images.c.id)
            .scalar_subquery()
        )
        public = [
            requests.c.guild_id == guild_id,
            requests.c.listed.is_(True),
            requests.c.private.is_(False),
            requests.c.spoiler.is_(False),
            _LIVE,
            *matching(wanted),
        ]
        found = select(images.c.id, likes.label("likes")).join(requests, requests.c.id == images.c.request_id)
        order: list[Any] = [images.c.created_at.desc(), images.c.id]
        if by_likes:
            order.insert(0, likes.desc())
        page = found.where(*public).order_by(*order).limit(limit).offset(offset)
        count = (
            select(func.count())
            .select_from(images)
            .join(requests, requests.c.id == images.c.request_id)
            .where(*public)
        )

        def work(connection: Connection) -> tuple[list[Shown], int]:
            chosen = {row.id: int(row.likes) for row in connection.execute(page)}
            pairs = with_requests(connection, list(chosen))
            shown = [
                Shown(image=pairs[one][0], request=pairs[one][1], likes=count)
                for one, count in chosen.items()
                if one in pairs
            ]
            return shown, connection.execute(count).scalar_one()

        return await self._database.read(work)

    async def like(self, user_id: int, image_id: str, *, stands: bool = True) -> int:
        """Make it one of this member's favourites, or not any more; how many members like it now."""
        mine = and_(favourites.c.user_id == user_id, favourites.c.image_id == image_id)
        values = {"user_id": user_id, "image_id": image_id, "at": self._database.now()}

        def work(connection: Connection) -> int:
            if stands:
                connection.execute(_LIKES[connection.dialect.name].values(values))
            else:
                connection.execute(delete(favourites).where(mine))
            return connection.execute(_likes_of(image_id)).scalar_one()

        return await self._database.write(work)

    async def is_liked(self, user_id: int, image_id: str) -> bool:
        mine = select(favourites.c.at).where(
            favourites.c.user_id == user_id, favourites.c.image_id == image_id
        )
        return await self._database.read(lambda connection: connection.scalar(mine)) is not None

    async def likes(self, image_id: str) -> int:
        return await self._database.read(
            lambda connection: connection.execute(_likes_of(image_id)).scalar_one()
        )


def _likes_of(image_id: str) -> Select[Any]:
    return select(func.count()).select_from(favourites).where(favourites.c.image_id == image_id)


def matching(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        requests.c.words.contains(word, autoescape=True) for word in folded(wanted.words).split()
    ]
    if wanted.kind is not None:
        found.append(requests.c.kind == wanted.kind)
    if wanted.model:
        found.append(requests.c.model.startswith(wanted.model, autoescape=True))
    if wanted.guild_id is not None:
        found.append(requests.c.guild_id == wanted.guild_id)
    return found


def _pictures(connection: Connection, request_ids: Sequence[str]) -> dict[str, list[ImageRow]]:
    query = select(images).where(images.c.request_id.in_(request_ids), _LIVE).order_by(images.c.number)
    made: dict[str, list[ImageRow]] = {}
    for row in connection.execute(query).mappings():
        made.setdefault(row["request_id"], []).append(ImageRow(**row))
    return made


def with_requests(connection: Connection, image_ids: Sequence[str]) -> dict[str, tuple[ImageRow, RequestRow]]:
    """Pictures by their ids, each with the request that made it."""
    found = connection.execute(select(images).where(images.c.id.in_(image_ids))).mappings()
    pictures = [ImageRow(**row) for row in found]
    wanted = {picture.request_id for picture in pictures}
    asked = connection.execute(select(requests).where(requests.c.id.in_(wanted))).mappings()
    rows = {row["id"]: RequestRow(**row) for row in asked}
    return {picture.id: (picture, rows[picture.request_id]) for picture in pictures}
