"""Mood boards: pictures that somebody put side by side, in an order; a member's own, or a server's."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Update, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.errors import BoardFull, NameTaken
from storage.folding import folded
from storage.pasts import with_requests
from storage.rows import ImageRow, RequestRow
from storage.tables import board_pictures, boards, images, requests

MOST_PICTURES = 200
MOST_BOARDS = 100
"""Of one owner."""


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """`owner` is `user:ID` or `guild:ID`; `guild_id` the server in which it was made (0: none) and may be shared."""

    id: str
    owner: str
    name: str
    guild_id: int
    shared: bool
    created_by: int
    created_at: float
    updated_at: float


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """A picture on a board, with the request that made it and who put it there."""

    image: ImageRow
    request: RequestRow
    added_by: int


class BoardRepository:
    """Every method is one short transaction. Unknown ids change nothing and are found to be None or False."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, owner: str, name: str, *, guild_id: int, created_by: int) -> BoardRow:
        """Raises NameTaken (case and accents make no other name) or BoardFull when the owner has too many."""
        now = self._database.now()
        row = BoardRow(
            id=_new_id(), owner=owner, name=name, guild_id=guild_id, shared=False, created_by=created_by,
            created_at=now, updated_at=now,
        )  # fmt: skip

        def work(connection: Connection) -> None:
            mine = select(func.count()).select_from(boards).where(boards.c.owner == owner)
            if connection.execute(mine).scalar_one() >= MOST_BOARDS:
                raise BoardFull(limit=MOST_BOARDS)
            connection.execute(insert(boards).values(**vars(row), folded_name=folded(name)))

        try:
            await self._database.write(work)
        except IntegrityError as error:
            raise NameTaken(name=name) from error
        return row

    async def get(self, board_id: str) -> BoardRow | None:
        return await self._database.one(BoardRow, _boards().where(boards.c.id == board_id))

    async def of(self, *owners: str) -> list[BoardRow]:
        """By name."""
        mine = _boards().where(boards.c.owner.in_(owners))
        return await self._database.many(BoardRow, mine.order_by(boards.c.folded_name, boards.c.id))

    async def visible(self, user_id: int, guild_id: int) -> list[BoardRow]:
        """This member's own, and in a server its own and those that its members share there; by name."""
        mine = boards.c.owner == f"user:{user_id}"
        here = or_(
            boards.c.owner == f"guild:{guild_id}", boards.c.shared.is_(True) & (boards.c.guild_id == guild_id)
        )
        found = _boards().where(or_(mine, here) if guild_id else mine)
        return await self._database.many(BoardRow, found.order_by(boards.c.folded_name, boards.c.id))

    async def rename(self, board_id: str, name: str) -> bool:
        """Raises NameTaken."""
        try:
            return await self._change(board_id, name=name, folded_name=folded(name))
        except IntegrityError as error:
            raise NameTaken(name=name) from error

    async def share(self, board_id: str, *, shared: bool, guild_id: int) -> bool:
        return await self._change(board_id, shared=shared, guild_id=guild_id)

    async def delete(self, board_id: str) -> bool:
        """The board alone: its pictures stay where else they are."""
        return await self._database.change(delete(boards).where(boards.c.id == board_id)) > 0

    async def add(self, board_id: str, image_id: str, *, added_by: int) -> bool:
        """At its end; False when the picture is there already. Raises BoardFull."""
        now = self._database.now()
        here = select(func.count(), func.max(board_pictures.c.position)).where(
            board_pictures.c.board_id == board_id
        )
        there = select(board_pictures.c.image_id).where(
            board_pictures.c.board_id == board_id, board_pictures.c.image_id == image_id
        )

        def work(connection: Connection) -> bool:
            # The board's row first: two who add at once get two places, one after the other.
            if not connection.execute(_touched(board_id, now)).rowcount:
                return False
            if connection.execute(there).first() is not None:
                return False
            count, last = connection.execute(here).one()
            if count >= MOST_PICTURES:
                raise BoardFull(limit=MOST_PICTURES)
            connection.execute(
                insert(board_pictures).values(
                    board_id=board_id,
                    image_id=image_id,
                    position=(last or 0) + 1,
                    added_by=added_by,
                    added_at=now,
                )
            )
            return True

        return await self._database.write(work)

    async def remove(self, board_id: str, image_id: str) -> bool:
        gone = delete(board_pictures).where(
            board_pictures.c.board_id == board_id, board_pictures.c.image_id == image_id
        )
        return await self._database.change(gone) > 0

    async def move(self, board_id: str, image_id: str, to: int) -> bool:
        """Put a picture into place `to`, counted from 1; the others close ranks. False when it is not there."""
        now = self._database.now()
        order = (
            select(board_pictures.c.image_id)
            .join(images, images.c.id == board_pictures.c.image_id)
            .where(board_pictures.c.board_id == board_id)
            # What was deleted has no place that anybody sees: it goes to the end.
            .order_by(images.c.deleted_at.is_not(None), board_pictures.c.position)
        )

        def work(connection: Connection) -> bool:
            connection.execute(_touched(board_id, now))
            ids = [str(one) for one in connection.scalars(order)]
            if image_id not in ids:
                return False
            ids.remove(image_id)
            ids.insert(max(0, to - 1), image_id)
            for position, one in enumerate(ids, 1):
                connection.execute(
                    update(board_pictures)
                    .where(board_pictures.c.board_id == board_id, board_pictures.c.image_id == one)
                    .values(position=position)
                )
            return True

        return await self._database.write(work)

    async def pictures(self, board_id: str, viewer_id: int) -> list[Pinned]:
        """In their order: all that are still there and that this person may see (nobody else's private ones)."""
        found = (
            select(board_pictures.c.image_id, board_pictures.c.added_by)
            .join(images, images.c.id == board_pictures.c.image_id)
            .join(requests, requests.c.id == images.c.request_id)
            .where(
                board_pictures.c.board_id == board_id,
                images.c.deleted_at.is_(None),
                or_(requests.c.private.is_(False), requests.c.user_id == viewer_id),
            )
            .order_by(board_pictures.c.position)
        )

        def work(connection: Connection) -> list[Pinned]:
            adders = {str(row.image_id): int(row.added_by) for row in connection.execute(found)}
            pairs = with_requests(connection, list(adders))
            return [
                Pinned(image=pairs[one][0], request=pairs[one][1], added_by=who)
                for one, who in adders.items()
            ]

        return await self._database.read(work)

    async def counts(self, board_ids: Sequence[str]) -> dict[str, int]:
        """How many pictures each shows; those without any are left out."""
        query = (
            select(board_pictures.c.board_id, func.count())
            .join(images, images.c.id == board_pictures.c.image_id)
            .where(board_pictures.c.board_id.in_(board_ids), images.c.deleted_at.is_(None))
            .group_by(board_pictures.c.board_id)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {board_id: int(count) for board_id, count in rows}

    async def covers(self, board_ids: Sequence[str], viewer_id: int, *, each: int) -> dict[str, list[str]]:
        """The first pictures of each, by id, as `pictures` would show them."""
        place = func.row_number().over(
            partition_by=board_pictures.c.board_id, order_by=board_pictures.c.position
        )
        ranked = (
            select(board_pictures.c.board_id, board_pictures.c.image_id, place.label("place"))
            .join(images, images.c.id == board_pictures.c.image_id)
            .join(requests, requests.c.id == images.c.request_id)
            .where(
                board_pictures.c.board_id.in_(board_ids),
                images.c.deleted_at.is_(None),
                or_(requests.c.private.is_(False), requests.c.user_id == viewer_id),
            )
            .subquery()
        )
        query = select(ranked).where(ranked.c.place <= each).order_by(ranked.c.board_id, ranked.c.place)

        def work(connection: Connection) -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for row in connection.execute(query):
                found.setdefault(str(row.board_id), []).append(str(row.image_id))
            return found

        return await self._database.read(work)

    async def _change(self, board_id: str, **values: object) -> bool:
        change = update(boards).where(boards.c.id == board_id)
        return await self._database.change(change.values(updated_at=self._database.now(), **values)) > 0


def _boards() -> Select[Any]:
    return select(*(column for column in boards.c if column.name != "folded_name"))


def _touched(board_id: str, now: float) -> Update:
    return update(boards).where(boards.c.id == board_id).values(updated_at=now)


def _new_id() -> str:
    return "brd_" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(13))
