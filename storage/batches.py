"""Batches: many requests under one parent, whose script and state outlive the process that works on them.

The children are ordinary requests that carry the batch's id, their position (from 1) and the round in which they were
asked for: a position that failed, or was cancelled, is asked for again in the next round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Database
from storage.json_sql import merged
from storage.rows import ImageRow, Json, RequestRow
from storage.tables import IS_UNTOLD, batches, images, requests, votes


@dataclass(frozen=True, kw_only=True)
class BatchRow:
    """`kind` is batch, illustrate or compare; `state` draft, running, paused, cancelled or done.

    `requester`, `place` and `request` (what all parts have in common) are the asker's own nouns; `segments` the parts
    in their order. `refusals` maps a position to the kind and facts for which no request was accepted; `failure_kind`
    says why a paused one stopped. `told_at` is empty while somebody still has to be shown how it goes.
    """

    id: str
    interaction_id: int | None
    kind: str
    title: str
    user_id: int
    guild_id: int
    channel_id: int
    door: str
    requester: Json
    place: Json
    request: Json
    segments: Sequence[Json]
    estimate_microusd: int
    created_at: float
    updated_at: float
    state: str = "draft"
    round: int = 1
    refusals: Mapping[str, Sequence[Any]] = field(default_factory=dict[str, Sequence[Any]])
    failure_kind: str | None = None
    failure_facts: Json | None = None
    message_id: int | None = None
    message_channel_id: int | None = None
    thread_id: int | None = None
    told_at: float | None = None
    taken_by: str | None = None
    taken_until: float | None = None


_INSERTS: dict[str, Any] = {
    "sqlite": sqlite.insert(batches).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(batches).on_conflict_do_nothing(),
}
_VOTES = {"sqlite": sqlite.insert(votes), "postgresql": postgresql.insert(votes)}
_LEFT_BEHIND = 500


class BatchRepository:
    """Every method is one short transaction. Unknown ids change nothing and are found to be None or False."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: BatchRow) -> BatchRow:
        """The row as it stands then: the first one's when the same interaction came twice."""
        same = (
            batches.c.interaction_id == row.interaction_id if row.interaction_id else batches.c.id == row.id
        )

        def work(connection: Connection) -> BatchRow:
            connection.execute(_INSERTS[connection.dialect.name].values(asdict(row)))
            found = connection.execute(select(batches).where(same)).mappings().one()
            return BatchRow(**found)

        return await self._database.write(work)

    async def get(self, batch_id: str) -> BatchRow | None:
        return await self._database.one(BatchRow, select(batches).where(batches.c.id == batch_id))

    async def of_user(self, user_id: int, *, limit: int = 20) -> list[BatchRow]:
        """Newest first, drafts left out."""
        mine = select(batches).where(batches.c.user_id == user_id, batches.c.state != "draft")
        return await self._database.many(BatchRow, mine.order_by(batches.c.created_at.desc()).limit(limit))

    async def parts(self, batch_id: str) -> tuple[list[RequestRow], list[ImageRow]]:
        """All requests of a batch, by position and round, and their pictures that were not deleted, in one read."""
        asked = (
            select(requests)
            .where(requests.c.batch_id == batch_id)
            .order_by(requests.c.batch_position, requests.c.batch_round)
        )
        made = (
            select(images)
            .join(requests, requests.c.id == images.c.request_id)
            .where(requests.c.batch_id == batch_id, images.c.deleted_at.is_(None))
            .order_by(images.c.created_at, images.c.number)
        )

        def work(connection: Connection) -> tuple[list[RequestRow], list[ImageRow]]:
            return (
                [RequestRow(**row) for row in connection.execute(asked).mappings()],
                [ImageRow(**row) for row in connection.execute(made).mappings()],
            )

        return await self._database.read(work)

    async def fill(self, batch_id: str, **changes: Any) -> bool:
        """Change a draft, and only a draft."""
        return await self._change(batch_id, batches.c.state == "draft", **changes)

    async def move(self, batch_id: str, state: str, *, only_from: Sequence[str], **changes: Any) -> bool:
        """Whether it changed; a batch that is in none of `only_from` keeps its state."""
        return await self._change(batch_id, batches.c.state.in_(only_from), state=state, **changes)

    async def next_round(self, batch_id: str) -> bool:
        """What is missing is asked for once more. Only for a batch that is over, one way or another."""
        return await self._change(
            batch_id,
            batches.c.state.in_(("done", "paused", "cancelled")),
            state="running",
            round=batches.c.round + 1,
            refusals={},
            failure_kind=None,
            failure_facts=None,
            told_at=None,
        )

    async def refuse(self, batch_id: str, position: int, kind: str, facts: Json) -> None:
        """Note why no request was accepted for a part in this round."""
        noted = merged(self._database.dialect, batches.c.refusals, {str(position): [kind, dict(facts)]})
        await self._change(batch_id, refusals=noted)

    async def place(self, batch_id: str, **ids: int) -> None:
        """Where it is shown: `message_id`, `message_channel_id`, `thread_id`."""
        await self._change(batch_id, **ids)

    async def told(self, batch_id: str, number: int) -> bool:
        """Everything about this round was shown, so nobody has to look at it any more."""
        return await self._change(batch_id, batches.c.round == number, told_at=self._database.now())

    async def take(self, worker: str, *, seconds: float, doors: Sequence[str]) -> list[BatchRow]:
        """Batches with something left to do or to show, now this worker's for so long; oldest first."""
        now = self._database.now()
        free = or_(batches.c.taken_until.is_(None), batches.c.taken_until < now, batches.c.taken_by == worker)
        mine = batches.c.id.in_(
            select(batches.c.id)
            .where(IS_UNTOLD, batches.c.state != "draft", batches.c.door.in_(doors), free)
            .order_by(batches.c.created_at)
            .limit(_LEFT_BEHIND)
        )
        claim = (
            update(batches)
            .where(mine, free)
            .values(taken_by=worker, taken_until=now + seconds)
            .returning(*batches.c)
        )
        if not await self._any_untold(doors):
            return []
        rows = await self._database.write(lambda connection: connection.execute(claim).mappings().all())
        return sorted((BatchRow(**row) for row in rows), key=lambda row: row.created_at)

    async def forget_drafts(self, before: float) -> int:
        """Drop what was never confirmed; how many."""
        return await self._database.change(
            delete(batches).where(batches.c.state == "draft", batches.c.created_at < before)
        )

    async def vote(self, batch_id: str, user_id: int, position: int) -> bool:
        """One vote a member: another one moves it, the same one again takes it back; whether it stands now."""
        mine = (votes.c.batch_id == batch_id) & (votes.c.user_id == user_id)
        now = self._database.now()

        def work(connection: Connection) -> bool:
            if connection.execute(delete(votes).where(mine, votes.c.position == position)).rowcount:
                return False
            upsert = _VOTES[connection.dialect.name].values(
                batch_id=batch_id, user_id=user_id, position=position, at=now
            )
            connection.execute(
                upsert.on_conflict_do_update(
                    index_elements=[votes.c.batch_id, votes.c.user_id],
                    set_={"position": upsert.excluded.position, "at": upsert.excluded.at},
                )
            )
            return True

        return await self._database.write(work)

    async def votes(self, batch_id: str) -> dict[int, int]:
        """How many members chose each position."""
        query = (
            select(votes.c.position, func.count())
            .where(votes.c.batch_id == batch_id)
            .group_by(votes.c.position)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {position: int(count) for position, count in rows}

    async def _any_untold(self, doors: Sequence[str]) -> bool:
        waiting = select(batches.c.id).where(IS_UNTOLD, batches.c.state != "draft", batches.c.door.in_(doors))
        return await self._database.read(lambda connection: connection.scalar(waiting.limit(1))) is not None

    async def _change(self, batch_id: str, *where: Any, **values: Any) -> bool:
        change = update(batches).where(batches.c.id == batch_id, *where)
        return await self._database.change(change.values(updated_at=self._database.now(), **values)) > 0
