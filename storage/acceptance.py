"""Acceptance: the one transaction that writes a request and its job and reserves what it may cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Result,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

from storage.counters import (
    MOVE_AND_TELL,
    Dimensions,
    Movement,
    birth_lock,
    guard_births,
    hold_to,
    moving,
)
from storage.engine_rows import JOB_INSERTS, NewJob, job_parameters, write_job
from storage.errors import TooManyOpen, TooSoon
from storage.folding import folded
from storage.rows import Accepted, Limit, NewRequest, Pace
from storage.tables import IS_OPEN, ledger, requests

_ROW_FIELDS = tuple(
    field.name for field in fields(NewRequest) if field.name in requests.c and field.name != "created_at"
)
_COUNT_OPEN = (
    select(func.count())
    .select_from(requests)
    .where(requests.c.user_id == bindparam("member", type_=BigInteger), IS_OPEN)
)
# The same interaction, or the same part of a batch: the first request stands.
_INSERT_REQUEST = sqlite.insert(requests).on_conflict_do_nothing()
# A statement does not see the row that it writes. (On SQLite that is not promised.)
_INSERT_REQUEST_AND_COUNT = (
    postgresql.insert(requests)
    .on_conflict_do_nothing()
    .returning(_COUNT_OPEN.correlate(None).scalar_subquery())
)
_BOOKED_FIELDS = (
    "reference",
    "kind",
    "request_id",
    "guild_id",
    "user_id",
    "channel_id",
    "provider",
    "day",
    "owner_day",
    "reserved_images",
    "reserved_microusd",
    "at",
)
_BOOK = insert(ledger).values({name: bindparam(f"booked_{name}") for name in _BOOKED_FIELDS})
# In one statement where each is a way to the server and back.
_BOOK_AT_ONCE = MOVE_AND_TELL["postgresql"].add_cte(_BOOK.cte("booked"))
_BOOK_WITH_JOB = _BOOK_AT_ONCE.add_cte(
    *(statement.cte(f"job_{part}") for part, statement in enumerate(JOB_INSERTS["postgresql"]))
)
_COST_NOTHING = ("failed", "refused", "cancelled", "parked")
_MEMBER_LOCK = 0x41746C03


def accept(
    connection: Connection,
    row: NewRequest,
    limits: Sequence[Limit],
    job: NewJob | None,
    *,
    open_limit: int | None,
    exclusive: bool,
    pace: Pace | None = None,
) -> Accepted:
    """All of it, or nothing and one of NoRoom, TooManyOpen, TooSoon, BirthNeeded (come back with `exclusive`)."""
    if open_limit is not None or pace is not None:
        _guard(connection, row.user_id, exclusive=exclusive)
    else:
        guard_births(connection, exclusive=exclusive)
    already_open = _insert(connection, row)
    if already_open is None:
        return _accepted_before(connection, row)
    if open_limit is not None and already_open >= open_limit:
        raise TooManyOpen(open_limit, already_open)
    if pace is not None:
        _check_pace(connection, row, pace)
    dimensions = dimensions_of(row)
    taken = Movement(reserved_images=row.count, reserved_microusd=row.estimate_microusd)
    moved = _book(connection, row, dimensions, taken, job)
    may_give_birth = exclusive or connection.dialect.name == "sqlite"
    hold_to(connection, limits, moved, dimensions, taken, may_give_birth=may_give_birth, in_ledger=True)
    return Accepted(id=row.id)


def dimensions_of(row: NewRequest) -> Dimensions:
    return Dimensions(
        guild_id=row.guild_id,
        user_id=row.user_id,
        channel_id=row.counted_channel_id or row.channel_id,
        provider=row.provider,
        day=row.day,
        owner_day=row.owner_day,
    )


def _insert(connection: Connection, row: NewRequest) -> int | None:
    """How many open ones the member has beside it; None, and nothing is written, when it was accepted before."""
    if connection.dialect.name == "postgresql":
        values = {**_values(row), "member": row.user_id}
        return connection.execute(_INSERT_REQUEST_AND_COUNT, values).scalar_one_or_none()
    if connection.execute(_INSERT_REQUEST, _values(row)).rowcount == 0:
        return None
    return count_open(connection, row.user_id) - 1


def _values(row: NewRequest) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _ROW_FIELDS},
        "provider_request_ids": [],
        "stages": {},
        "limits": list(row.limits),
        "words": folded(row.prompt),
        "created_at": row.created_at,
        "updated_at": row.created_at,
    }


def _book(
    connection: Connection, row: NewRequest, dimensions: Dimensions, taken: Movement, job: NewJob | None
) -> Result[Any]:
    """Move the counters, write the ledger's row and the job; what the counters are then."""
    movement, reservation = moving(dimensions, taken), _reservation(row)
    if connection.dialect.name == "postgresql":
        if job is None:
            return connection.execute(_BOOK_AT_ONCE, {**movement, **reservation})
        return connection.execute(_BOOK_WITH_JOB, {**movement, **reservation, **job_parameters(job)})
    connection.execute(_BOOK, reservation)
    if job is not None:
        write_job(connection, job)
    return connection.execute(MOVE_AND_TELL[connection.dialect.name], movement)


def _reservation(row: NewRequest) -> dict[str, Any]:
    return {
        "booked_reference": row.id,
        "booked_kind": "reserve",
        "booked_request_id": row.id,
        "booked_guild_id": row.guild_id,
        "booked_user_id": row.user_id,
        "booked_channel_id": row.counted_channel_id or row.channel_id,
        "booked_provider": row.provider,
        "booked_day": row.day,
        "booked_owner_day": row.owner_day,
        "booked_reserved_images": row.count,
        "booked_reserved_microusd": row.estimate_microusd,
        "booked_at": row.created_at,
    }


def _accepted_before(connection: Connection, row: NewRequest) -> Accepted:
    same_event = requests.c.interaction_id == row.interaction_id
    same_part = and_(
        requests.c.batch_id == row.batch_id,
        requests.c.batch_position == row.batch_position,
        requests.c.batch_round == row.batch_round,
    )
    first = select(requests.c.id).where(or_(same_event, same_part))
    return Accepted(id=connection.execute(first).scalar_one(), duplicate=True)


def _guard(connection: Connection, user_id: int, *, exclusive: bool) -> None:
    """`guard_births`, and one acceptance of a member at a time: two would each count only the other's past."""
    if connection.dialect.name == "postgresql":
        member = f"pg_advisory_xact_lock({_MEMBER_LOCK}, :member)"
        locks = text(f"SELECT {birth_lock(exclusive=exclusive)}, {member}")
        connection.execute(locks, {"member": user_id % 2**31})


def _check_pace(connection: Connection, row: NewRequest, pace: Pace) -> None:
    """The server's own rules for this member; what failed or was cancelled does not make anybody wait."""
    others = (requests.c.user_id == row.user_id, requests.c.guild_id == row.guild_id, requests.c.id != row.id)
    if pace.at_once is not None:
        query = select(func.count()).select_from(requests).where(*others, IS_OPEN)
        already = connection.execute(query).scalar_one()
        if already >= pace.at_once:
            raise TooManyOpen(pace.at_once, already)
    if pace.cooldown_seconds:
        since = row.created_at - pace.cooldown_seconds
        recent = select(func.max(requests.c.created_at)).where(
            *others, requests.c.created_at > since, requests.c.state.not_in(_COST_NOTHING)
        )
        last = connection.execute(recent).scalar_one()
        if last is not None:
            raise TooSoon(pace.cooldown_seconds, last + pace.cooldown_seconds)


def count_open(connection: Connection, user_id: int) -> int:
    return connection.execute(_COUNT_OPEN, {"member": user_id}).scalar_one()
