"""Pictures that were made: one row each, beside their bytes in the image store, and the tree that they form."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Select, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Database
from storage.requests import noted
from storage.rows import ImageRow, Rendered
from storage.tables import IS_OPEN, images, requests

_INSERTS: dict[str, Any] = {
    "sqlite": sqlite.insert(images).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(images).on_conflict_do_nothing(),
}
_DEEPEST = 1000


class ImageRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, rows: Sequence[ImageRow]) -> None:
        """Rows that exist already stay as they are."""
        if rows:
            await self._database.write(lambda connection: insert_images(connection, rows))

    async def add_rendered(self, request_id: str, rendered: Rendered) -> None:
        """The pictures of one of several vendor calls, and what is noted of it.

        One transaction: these rows are what stops a second purchase, so they must not wait for the other calls. What
        a single call made is written by `Ledger.settle` with everything else.
        """
        note = (
            update(requests)
            .where(requests.c.id == request_id)
            .values(**noted(self._database.dialect, rendered), updated_at=self._database.now())
        )

        def work(connection: Connection) -> None:
            insert_images(connection, rendered.images)
            connection.execute(note)

        await self._database.write(work)

    async def get(self, image_id: str) -> ImageRow | None:
        """Deleted ones as well."""
        return await self._database.one(ImageRow, select(images).where(images.c.id == image_id))

    async def with_content(self, key: str, user_id: int) -> ImageRow | None:
        """An undeleted picture with these very bytes that this user may see: their own, or one that its whole server
        sees; of several their own, the newest first.
        """
        same = (
            select(images)
            .join(requests, requests.c.id == images.c.request_id)
            .where(
                images.c.key == key,
                images.c.deleted_at.is_(None),
                or_(requests.c.user_id == user_id, requests.c.listed.is_(True)),
            )
            .order_by((requests.c.user_id == user_id).desc(), images.c.created_at.desc(), images.c.id)
        )
        return await self._database.one(ImageRow, same.limit(1))

    async def of_request(self, request_id: str) -> list[ImageRow]:
        """By number, deleted ones as well: their numbers are taken."""
        return await self._database.many(
            ImageRow, select(images).where(images.c.request_id == request_id).order_by(images.c.number)
        )

    async def children(self, image_id: str) -> list[ImageRow]:
        """What was made from it, oldest first."""
        made_from_it = images.c.parent_image_id == image_id
        return await self._database.many(
            ImageRow, select(images).where(made_from_it).order_by(images.c.created_at, images.c.id)
        )

    async def ancestors(self, image_id: str) -> list[ImageRow]:
        """What it was made from, what that was made from, … to the root: deleted ones as well."""
        return await self._database.many(ImageRow, _walk(image_id, _up))

    async def descendants(self, image_id: str) -> list[ImageRow]:
        """What was made from it, what was made from that, …: generation by generation, oldest first in each."""
        return await self._database.many(ImageRow, _walk(image_id, _down))

    async def mark_deleted(self, image_ids: Collection[str], now: float) -> list[str]:
        """Those that were not deleted before. The bytes may go once `keys_in_use` does not name their key."""
        change = (
            update(images)
            .where(images.c.id.in_(image_ids), images.c.deleted_at.is_(None))
            .values(deleted_at=now)
            .returning(images.c.id)
        )
        return await self._database.write(lambda connection: sorted(connection.scalars(change)))

    async def mark_lost(self, keys: Collection[str], now: float) -> list[str]:
        """As `mark_deleted`, for all pictures whose bytes, by key, are gone."""
        change = (
            update(images)
            .where(images.c.key.in_(keys), images.c.deleted_at.is_(None))
            .values(deleted_at=now)
            .returning(images.c.id)
        )
        return await self._database.write(lambda connection: sorted(connection.scalars(change)))

    async def older_than(self, created_before: float, *, limit: int = 500) -> list[ImageRow]:
        """Undeleted pictures made before that instant, oldest first: what a retention of some days sweeps."""
        old = select(images).where(images.c.created_at < created_before, images.c.deleted_at.is_(None))
        return await self._database.many(ImageRow, old.order_by(images.c.created_at).limit(limit))

    async def keys_in_use(self, keys: Collection[str]) -> set[str]:
        """Which of these bytes an undeleted picture shows, or an open request still has to send to its vendor."""
        wanted = set(keys)
        if not wanted:
            return set()
        return await self._database.read(
            lambda connection: _shown(connection, wanted) | _awaited(connection, wanted)
        )


def _up(step: CTE) -> ColumnElement[bool]:
    return images.c.id == step.c.parent_image_id


def _down(step: CTE) -> ColumnElement[bool]:
    return images.c.parent_image_id == step.c.id


def _walk(image_id: str, next_one: Callable[[CTE], ColumnElement[bool]]) -> Select[Any]:
    """The pictures that `next_one` leads to from this one, the nearest first."""
    step = (
        select(images.c.id, images.c.parent_image_id, literal(0).label("depth"))
        .where(images.c.id == image_id)
        .cte("lineage", recursive=True)
    )
    # The depth bound: a loop cannot be made through the bot, but must not hang a reader of a hand-edited file.
    step = step.union_all(
        select(images.c.id, images.c.parent_image_id, step.c.depth + 1)
        .join(step, next_one(step))
        .where(step.c.depth < _DEEPEST)
    )
    found = select(images).join(step, images.c.id == step.c.id).where(step.c.depth > 0)
    return found.order_by(step.c.depth, images.c.created_at, images.c.id)


def insert_images(connection: Connection, rows: Sequence[ImageRow]) -> None:
    """Rows that exist already stay as they are."""
    connection.execute(_INSERTS[connection.dialect.name], [asdict(row) for row in rows])


def _shown(connection: Connection, keys: set[str]) -> set[str]:
    shown = select(images.c.key).where(images.c.key.in_(keys), images.c.deleted_at.is_(None))
    return set(connection.scalars(shown))


def _awaited(connection: Connection, keys: set[str]) -> set[str]:
    """Input pictures are named inside the stored request; few requests are open, so they are read here."""
    awaited = {
        picture["key"]
        for request in connection.scalars(select(requests.c.request).where(IS_OPEN))
        for picture in (*request.get("inputs", ()), request.get("mask"))
        if picture
    }
    return awaited & keys
