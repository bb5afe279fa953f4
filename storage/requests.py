"""Requests: their acceptance and everything that is written down about them until they end.

The row is the truth for people (history, queue place, what happened); the job engine's checkpoints are the truth for
execution. What a request costs is the ledger's business.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, Update, case, func, or_, select, update

from storage.acceptance import accept, count_open
from storage.counters import BirthNeeded
from storage.database import Database
from storage.engine_rows import NewJob
from storage.json_sql import appended, merged
from storage.rows import Accepted, ImageRow, Json, Limit, NewRequest, Pace, Rendered, RequestRow
from storage.tables import IS_OPEN, IS_UNSETTLED, OPEN_STATES, images, requests
from storage.users import see_user

Also = Callable[[Connection], None]
"""What somebody else has to write in one of our transactions; it may run again when the first try was rolled back."""

_SEEN_FOR_SECONDS = 3600
_SEEN_AT_MOST = 10_000


class RequestRepository:
    """Every method is one short transaction. Unknown ids change nothing and are found to be None or False."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: OrderedDict[tuple[int, str, str], float] = OrderedDict()

    async def accept(
        self,
        row: NewRequest,
        limits: Sequence[Limit] = (),
        *,
        job: NewJob | None = None,
        open_limit: int | None = None,
        pace: Pace | None = None,
    ) -> Accepted:
        """Write the request, reserve `count` images and the estimate, and write its `job` for the engine.

        All in one transaction: when this returns, the request is accepted; when it raises, nothing was written. The
        second request of one interaction is answered with the first. Raises NoRoom (the first of `limits` that has
        none), TooManyOpen (the member has `open_limit` open ones already, or more here than `pace` says) or TooSoon.
        """
        who = (row.user_id, row.user_name, row.locale)
        is_known = self._seen.get(who, float("-inf")) > row.created_at - _SEEN_FOR_SECONDS

        def work(connection: Connection, *, exclusive: bool) -> Accepted:
            accepted = accept(
                connection, row, limits, job, open_limit=open_limit, exclusive=exclusive, pace=pace
            )
            if not is_known and not accepted.duplicate:
                see_user(connection, row.user_id, row.user_name, row.locale, row.created_at)
            return accepted

        try:
            accepted = await self._database.write(lambda connection: work(connection, exclusive=False))
        except BirthNeeded:
            accepted = await self._database.write(lambda connection: work(connection, exclusive=True))
        if not is_known and not accepted.duplicate:
            self._remember(who, row.created_at)
        return accepted

    async def get(self, request_id: str) -> RequestRow | None:
        return await self._database.one(RequestRow, select(requests).where(requests.c.id == request_id))

    async def by_ids(self, request_ids: Collection[str]) -> dict[str, RequestRow]:
        """Those of these that exist, by id."""
        rows = await self._database.many(RequestRow, select(requests).where(requests.c.id.in_(request_ids)))
        return {row.id: row for row in rows}

    async def with_images(self, request_id: str) -> tuple[RequestRow, list[ImageRow]] | None:
        """The request and its pictures by number, deleted ones as well, in one read."""
        request = select(requests).where(requests.c.id == request_id)
        pictures = select(images).where(images.c.request_id == request_id).order_by(images.c.number)

        def work(connection: Connection) -> tuple[RequestRow, list[ImageRow]] | None:
            row = connection.execute(request).mappings().one_or_none()
            if row is None:
                return None
            return RequestRow(**row), [ImageRow(**found) for found in connection.execute(pictures).mappings()]

        return await self._database.read(work)

    async def with_reference(self, reference: str, user_id: int) -> list[RequestRow]:
        """Settled ones that made pictures, newest first: this user's own, and what everybody may see."""
        same = select(requests).where(
            requests.c.reference == reference,
            requests.c.settled_at.is_not(None),
            requests.c.made > 0,
            or_(requests.c.private.is_(False), requests.c.user_id == user_id),
        )
        return await self._database.many(RequestRow, same.order_by(requests.c.created_at.desc()).limit(20))

    async def with_counts(self, request_ids: Collection[str]) -> list[tuple[RequestRow, int]]:
        """These requests, each with how many of its pictures have been written down."""
        wanted = select(requests).where(requests.c.id.in_(request_ids))
        made = (
            select(images.c.request_id, func.count())
            .where(images.c.request_id.in_(request_ids))
            .group_by(images.c.request_id)
        )

        def work(connection: Connection) -> list[tuple[RequestRow, int]]:
            # Pictures first: a request that is found ended then has no fewer than were counted.
            counted = {row[0]: int(row[1]) for row in connection.execute(made)}
            rows = connection.execute(wanted).mappings()
            return [(RequestRow(**row), counted.get(row["id"], 0)) for row in rows]

        return await self._database.read(work)

    async def by_interaction(self, interaction_id: int) -> RequestRow | None:
        return await self._database.one(
            RequestRow, select(requests).where(requests.c.interaction_id == interaction_id)
        )

    async def open_requests(self) -> list[RequestRow]:
        """Accepted, queued, rendering or rendered, oldest first."""
        found = await self._database.many(RequestRow, select(requests).where(IS_OPEN))
        # Not in SQL: asked for this order, SQLite walks the index of all requests that ever were.
        return sorted(found, key=lambda row: row.created_at)

    async def unsettled(self, before: float) -> list[RequestRow]:
        """Still holding a reservation and not touched since `before` (Unix seconds), oldest first, open or not."""
        waiting = select(requests).where(IS_UNSETTLED, requests.c.updated_at < before)
        return await self._database.many(RequestRow, waiting.order_by(requests.c.updated_at))

    async def of_user(
        self, user_id: int, *, limit: int = 20, before: float | None = None, guild_id: int | None = None
    ) -> list[RequestRow]:
        """Newest first; `before` is the `created_at` of the last one of the page before."""
        page = select(requests).where(requests.c.user_id == user_id)
        if before is not None:
            page = page.where(requests.c.created_at < before)
        if guild_id is not None:
            page = page.where(requests.c.guild_id == guild_id)
        return await self._database.many(RequestRow, page.order_by(requests.c.created_at.desc()).limit(limit))

    async def newest(self, *, limit: int = 20) -> list[RequestRow]:
        """Everybody's, newest first."""
        return await self._database.many(
            RequestRow, select(requests).order_by(requests.c.created_at.desc()).limit(limit)
        )

    async def in_state(self, state: str, *, guild_id: int | None = None, limit: int = 25) -> list[RequestRow]:
        """Newest first; of one server, or of all."""
        found = select(requests).where(requests.c.state == state)
        if guild_id is not None:
            found = found.where(requests.c.guild_id == guild_id)
        return await self._database.many(
            RequestRow, found.order_by(requests.c.created_at.desc()).limit(limit)
        )

    async def states_of(self, guild_id: int) -> dict[str, int]:
        """How many of a server's requests are in each state."""
        query = (
            select(requests.c.state, func.count())
            .where(requests.c.guild_id == guild_id)
            .group_by(requests.c.state)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {state: int(count) for state, count in rows}

    async def count_open(self, user_id: int) -> int:
        return await self._database.read(lambda connection: count_open(connection, user_id))

    async def count_all_open(self) -> int:
        return await self._number(select(func.count()).select_from(requests).where(IS_OPEN))

    async def count_open_by_state(self) -> dict[str, int]:
        query = select(requests.c.state, func.count()).where(IS_OPEN).group_by(requests.c.state)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {state: int(count) for state, count in rows}

    async def queue_place(self, request_id: str) -> int:
        """How many open requests were there before this one."""
        mine = select(requests.c.created_at).where(requests.c.id == request_id).scalar_subquery()
        ahead = or_(
            requests.c.created_at < mine, (requests.c.created_at == mine) & (requests.c.id < request_id)
        )
        return await self._number(select(func.count()).select_from(requests).where(IS_OPEN, ahead))

    async def touch(self, request_ids: Collection[str]) -> None:
        """Say that somebody works on them."""
        if request_ids:
            await self._change(update(requests).where(requests.c.id.in_(request_ids), IS_OPEN))

    async def set_state(
        self, request_id: str, state: str, *, only_from: Collection[str] = OPEN_STATES
    ) -> bool:
        """Whether it changed: a request that is in none of `only_from` keeps its state."""
        return await self._change(
            update(requests)
            .where(requests.c.id == request_id, requests.c.state.in_(only_from))
            .values(state=state)
        )

    async def note_told(
        self, request_id: str, told: Json, *, stages: Mapping[str, Sequence[float]], vendor_id: str | None
    ) -> None:
        """What a description gave, with the vendor's id of the call and its stages' `[started_at, seconds]`.

        One write, as for pictures: it is what stops a second purchase.
        """
        rendered = Rendered(images=(), stages=stages, vendor_id=vendor_id)
        await self._update(request_id, told=told, **noted(self._database.dialect, rendered))

    async def request_cancel(self, request_id: str, now: float) -> bool:
        """Whether this was the first wish to cancel it, and it was still open."""
        return await self._change(
            update(requests)
            .where(requests.c.id == request_id, requests.c.cancel_requested_at.is_(None), IS_OPEN)
            .values(cancel_requested_at=now)
        )

    async def begin(self, request_id: str, started_at: float, waited_seconds: float) -> bool:
        """Note that its job starts now, after that wait; False when it has ended or somebody wished to cancel it.

        The same row's lock decides between this and `request_cancel`: a request that had not begun when it was
        cancelled never will.
        """
        stage = {"queued": [round(started_at - waited_seconds, 3), round(waited_seconds, 3)]}
        return await self._change(
            update(requests)
            .where(requests.c.id == request_id, requests.c.cancel_requested_at.is_(None), IS_OPEN)
            .values(
                stages=merged(self._database.dialect, requests.c.stages, stage),
                state=case((requests.c.state == "rendered", requests.c.state), else_="rendering"),
            )
        )

    async def cancelled_among(self, request_ids: Collection[str]) -> list[str]:
        """Those of these that somebody wished to cancel."""
        wished = select(requests.c.id).where(
            requests.c.id.in_(request_ids), requests.c.cancel_requested_at.is_not(None)
        )
        return await self._database.read(lambda connection: list(connection.scalars(wished)))

    async def open_of_user(self, user_id: int) -> list[RequestRow]:
        """A member's open requests, oldest first."""
        mine = select(requests).where(requests.c.user_id == user_id, IS_OPEN)
        return await self._database.many(RequestRow, mine.order_by(requests.c.created_at))

    async def mark_delivered(
        self, request_id: str, now: float, *, seconds: float = 0.0, also: Also | None = None
    ) -> None:
        """The requester has the answer, which took `seconds` to hand over.

        A success becomes `delivered`, an end that was told keeps its state; the token goes. `also` is done in the same
        transaction.
        """
        await self._handed_over(request_id, "delivered", now, None, seconds, also, delivered_at=now)

    async def mark_undelivered(
        self, request_id: str, now: float, note: str, *, seconds: float = 0.0, also: Also | None = None
    ) -> None:
        """No way was found to hand it over; `note` says why. The rest as in `mark_delivered`."""
        await self._handed_over(request_id, "undelivered", now, note, seconds, also)

    async def _handed_over(
        self,
        request_id: str,
        state: str,
        now: float,
        note: str | None,
        seconds: float,
        also: Also | None,
        **values: Any,
    ) -> None:
        stage = {"deliver": [round(now - seconds, 3), round(seconds, 3)]}
        stages = merged(self._database.dialect, requests.c.stages, stage)
        change = (
            update(requests)
            .where(requests.c.id == request_id)
            .values(state=_ended(state), delivery_note=note, token=None, stages=stages, **values)
            .values(updated_at=self._database.now())
        )

        def work(connection: Connection) -> None:
            connection.execute(change)
            if also is not None:
                also(connection)

        await self._database.write(work)

    async def fail(
        self, request_id: str, kind: str, facts: Json, *, raw_code: str | None = None, state: str = "failed"
    ) -> bool:
        """End an open request in `state` (failed, refused, cancelled, parked) with the facts that explain it.

        False when it had ended before; nothing is changed then.
        """
        return await self._change(
            update(requests)
            .where(requests.c.id == request_id, IS_OPEN)
            .values(state=state, failure_kind=kind, failure_facts=facts, raw_error_code=raw_code)
        )

    async def _update(self, request_id: str, **values: Any) -> bool:
        return await self._change(update(requests).where(requests.c.id == request_id).values(values))

    async def _change(self, statement: Update) -> bool:
        return await self._database.change(statement.values(updated_at=self._database.now())) > 0

    async def _number(self, query: Executable) -> int:
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    def _remember(self, who: tuple[int, str, str], now: float) -> None:
        self._seen[who] = now
        if len(self._seen) > _SEEN_AT_MOST:
            self._seen.popitem(last=False)


def noted(dialect: str, rendered: Rendered) -> dict[str, Any]:
    """The columns of a request's row that a vendor call adds to, with what is in them then."""
    entries = {
        stage: [round(started, 3), round(seconds, 3)] for stage, (started, seconds) in rendered.stages.items()
    }
    values: dict[str, Any] = {"stages": merged(dialect, requests.c.stages, entries)}
    if rendered.vendor_id is not None:
        ids = appended(dialect, requests.c.provider_request_ids, rendered.vendor_id)
        values["provider_request_ids"] = ids
    return values


def _ended(state: str) -> Any:
    return case((IS_OPEN, state), else_=requests.c.state)
