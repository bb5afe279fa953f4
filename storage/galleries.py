"""Pictures one by one, newest first, a page at a time: a member's own, and those that a server shows to everyone.

A page begins after a picture, not at a number: what is drawn meanwhile shifts nothing, and page 2,000 costs as much as
the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from storage.database import Database
from storage.pasts import Wanted, matching, with_requests
from storage.rows import ImageRow, RequestRow
from storage.tables import board_pictures, favourites, images, requests

_LIVE = images.c.deleted_at.is_(None)


@dataclass(frozen=True, kw_only=True)
class Sought:
    """`wanted` as in a history (`liked`: favourites of who looks); `since` and `until` are Unix seconds, the latter
    exclusive; `board_id`: only what is on that board.
    """

    wanted: Wanted = field(default_factory=Wanted)
    since: float | None = None
    until: float | None = None
    board_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """A picture, the request that made it, and whether who looks has it among the favourites."""

    image: ImageRow
    request: RequestRow
    liked: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    """`next` is the picture after which the next page begins; None on the last."""

    found: Sequence[Found]
    next: str | None


class GalleryRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_member(self, user_id: int, sought: Sought, *, after: str | None, limit: int) -> Page:
        """Their own pictures, private ones too."""
        return await self._page([requests.c.user_id == user_id], user_id, sought, after, limit)

    async def of_server(
        self, guild_id: int, viewer_id: int, sought: Sought, *, after: str | None, limit: int
    ) -> Page:
        """What everyone in that server could see when it was made; nothing private or behind a spoiler."""
        public = [
            requests.c.guild_id == guild_id,
            requests.c.listed.is_(True),
            requests.c.private.is_(False),
            requests.c.spoiler.is_(False),
        ]
        return await self._page(public, viewer_id, sought, after, limit)

    async def with_requests(self, image_ids: Sequence[str]) -> dict[str, tuple[ImageRow, RequestRow]]:
        """Pictures by their ids, deleted ones as well, each with the request that made it."""
        return await self._database.read(lambda connection: with_requests(connection, image_ids))

    async def _page(
        self,
        whose: Sequence[ColumnElement[bool]],
        viewer_id: int,
        sought: Sought,
        after: str | None,
        limit: int,
    ) -> Page:
        def work(connection: Connection) -> Page:
            begin = _place_of(connection, after) if after else None
            page = page_query([*whose, *_narrowed(sought, viewer_id)], begin).limit(limit + 1)
            ids = [str(one) for one in connection.scalars(page)]
            pairs = with_requests(connection, ids[:limit])
            mine = select(favourites.c.image_id).where(
                favourites.c.user_id == viewer_id, favourites.c.image_id.in_(ids)
            )
            liked = set(connection.scalars(mine))
            found = [
                Found(image=pairs[one][0], request=pairs[one][1], liked=one in liked) for one in ids[:limit]
            ]
            return Page(found=found, next=ids[limit - 1] if len(ids) > limit else None)

        return await self._database.read(work)


Place = tuple[float, str, int]
"""Of a picture in the order: when its request came, that request's id, its number."""


def page_query(where: Sequence[ColumnElement[bool]], begin: Place | None) -> Select[Any]:
    """Ids of pictures, newest request first and its pictures by number, from behind `begin` on.

    In the order of the indexes on requests by member or server and time, so that the first page of any number of
    pictures reads no more than it shows.
    """
    came, request_id = requests.c.created_at, requests.c.id
    query = (
        select(images.c.id)
        .join_from(requests, images, images.c.request_id == requests.c.id)
        .where(*where, _LIVE)
        .order_by(came.desc(), request_id.desc(), images.c.number)
    )
    if begin is None:
        return query
    at, last_request, number = begin
    rest = or_(
        came < at,
        request_id < last_request,
        and_(request_id == last_request, images.c.number > number),
    )
    # The first comparison alone bounds the walk along the index.
    return query.where(came <= at, rest)


def _place_of(connection: Connection, image_id: str) -> Place | None:
    """None where there is no such picture (any more): then the first page is as good as any."""
    query = (
        select(requests.c.created_at, requests.c.id, images.c.number)
        .join_from(images, requests, images.c.request_id == requests.c.id)
        .where(images.c.id == image_id)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else (float(row.created_at), str(row.id), int(row.number))


def _narrowed(sought: Sought, viewer_id: int) -> list[ColumnElement[bool]]:
    found = matching(sought.wanted)
    if sought.wanted.liked:
        found.append(images.c.id.in_(select(favourites.c.image_id).where(favourites.c.user_id == viewer_id)))
    if sought.since is not None:
        found.append(requests.c.created_at >= sought.since)
    if sought.until is not None:
        found.append(requests.c.created_at < sought.until)
    if sought.board_id:
        pinned = select(board_pictures.c.image_id).where(board_pictures.c.board_id == sought.board_id)
        found.append(images.c.id.in_(pinned))
    return found
