"""One person's traces: read for their export, taken out at their wish. The ledger keeps its sums, as numbers.

A picture that somebody else went on from is shared: it stays, since it is part of theirs now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, exists, null, select, update

from storage.audit import add_audit
from storage.database import Database
from storage.rows import ImageRow, RequestRow, UserRow
from storage.tables import (
    OPEN_STATES,
    api_keys,
    batches,
    boards,
    favourites,
    images,
    offers,
    provider_keys,
    requests,
    users,
    votes,
    webhooks,
)

GONE = "(erased)"
_ENDED = requests.c.state.not_in(OPEN_STATES)


@dataclass(frozen=True, kw_only=True)
class Erased:
    requests: int
    images: int
    keys: tuple[str, ...]
    """Of bytes that may go where no other picture shows them."""


class PrivacyRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, user_id: int) -> tuple[UserRow | None, list[RequestRow], list[ImageRow]]:
        """Everything that is kept about a person's requests, oldest first, deleted pictures left out."""
        mine = select(requests).where(requests.c.user_id == user_id).order_by(requests.c.created_at)
        pictures = (
            select(images)
            .join(requests, requests.c.id == images.c.request_id)
            .where(requests.c.user_id == user_id, images.c.deleted_at.is_(None))
            .order_by(images.c.created_at)
        )
        person = await self._database.one(UserRow, select(users).where(users.c.id == user_id))
        return (
            person,
            await self._database.many(RequestRow, mine),
            await self._database.many(ImageRow, pictures),
        )

    async def erase(self, user_id: int, *, guild_id: int, actor_id: int) -> Erased:
        """Prompts, names, links, keys and pictures that nobody else went on from; open requests are left to end.

        `guild_id` 0 erases everywhere, as the person themselves may; a server's admins reach their server only.
        """
        now = self._database.now()

        def work(connection: Connection) -> Erased:
            whose = [requests.c.user_id == user_id]
            if guild_id:
                whose.append(requests.c.guild_id == guild_id)
            gone = connection.execute(_own_pictures(user_id, guild_id)).all()
            connection.execute(
                update(images)
                .where(images.c.id.in_([row.id for row in gone]))
                .values(deleted_at=now, revised_prompt=None)
            )
            changed = connection.execute(
                update(requests)
                .where(and_(*whose), _ENDED)
                .values(
                    prompt=GONE, words="", request={"kind": "generate", "prompt": GONE, "model": ""}, token=None,
                    told=null(),
                    batch_id=None, listed=False, message_id=None, message_channel_id=None,
                    interaction_id=null(), provider_request_ids=[], client=null(),
                    failure_facts=null(), reference=null(), parent_image_id=None,
                )
            ).rowcount  # fmt: skip
            _forget_person(connection, user_id, guild_id)
            add_audit(
                connection, at=now, guild_id=guild_id, actor_id=actor_id, action="user.erase",
                subject=f"user:{user_id}", before=None, after={"requests": changed, "images": len(gone)},
            )  # fmt: skip
            return Erased(requests=changed, images=len(gone), keys=tuple({row.key for row in gone}))

        return await self._database.write(work)

    async def forget_words(self, before: float) -> int:
        """Blank the prompts of ended requests older than `before` (Unix seconds); how many were blanked."""
        change = (
            update(requests)
            .where(requests.c.created_at < before, _ENDED, requests.c.prompt != GONE)
            .values(
                prompt=GONE, words="", request={"kind": "generate", "prompt": GONE, "model": ""}, told=null()
            )
        )
        scripts = delete(batches).where(batches.c.created_at < before, batches.c.told_at.is_not(None))
        await self._database.change(scripts)
        return await self._database.change(change)


def _own_pictures(user_id: int, guild_id: int) -> Select[Any, Any]:
    made_from_it = requests.alias("made_from_it")
    child = images.alias("child")
    by_others = (
        select(child.c.id)
        .join(made_from_it, made_from_it.c.id == child.c.request_id)
        .where(
            child.c.parent_image_id == images.c.id,
            made_from_it.c.user_id != user_id,
            child.c.deleted_at.is_(None),
        )
    )
    found = (
        select(images.c.id, images.c.key)
        .join(requests, requests.c.id == images.c.request_id)
        .where(requests.c.user_id == user_id, images.c.deleted_at.is_(None), _ENDED, ~exists(by_others))
    )
    return found.where(requests.c.guild_id == guild_id) if guild_id else found


def _ended_of(user_id: int, guild_id: int) -> Select[Any]:
    ended = select(requests.c.id).where(requests.c.user_id == user_id, _ENDED)
    return ended.where(requests.c.guild_id == guild_id) if guild_id else ended


def _forget_person(connection: Connection, user_id: int, guild_id: int) -> None:
    offered = offers.c.user_id == user_id
    connection.execute(
        delete(offers).where(and_(offered, offers.c.guild_id == guild_id) if guild_id else offered)
    )
    connection.execute(delete(webhooks).where(webhooks.c.request_id.in_(_ended_of(user_id, guild_id))))
    theirs = [(batches, batches.c.user_id == user_id), (boards, boards.c.owner == f"user:{user_id}")]
    for table, mine in theirs:
        connection.execute(
            delete(table).where(and_(mine, table.c.guild_id == guild_id) if guild_id else mine)
        )
    if not guild_id:
        for table in (votes, favourites):
            connection.execute(delete(table).where(table.c.user_id == user_id))
        connection.execute(delete(api_keys).where(api_keys.c.user_id == user_id))
        connection.execute(delete(provider_keys).where(provider_keys.c.owner == f"user:{user_id}"))
        connection.execute(
            update(users).where(users.c.id == user_id).values(name=GONE, locale=None, settings={})
        )
