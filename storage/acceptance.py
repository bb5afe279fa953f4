"""Acceptance: the one transaction that writes a request, reserves what it may cost and enqueues its job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import BigInteger, Connection, Insert, and_, bindparam, func, insert, or_, select, text
from sqlalchemy.dialects import postgresql, sqlite

from storage.counters import Dimensions, birth_lock, guard_births, reserve
from storage.errors import TooManyOpen, TooSoon
from storage.folding import folded
from storage.rows import Accepted, Limit, NewRequest, Pace
from storage.tables import IS_OPEN, ledger, requests

Enqueue = Callable[[Connection], None]

_ROW_FIELDS = tuple(
    field.name for field in fields(NewRequest) if field.name in requests.c and field.name != "created_at"
)
# The same interaction, or the same part of a batch: the first request stands.
_INSERT_REQUEST: dict[str, Insert] = {
    "sqlite": sqlite.insert(requests).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(requests).on_conflict_do_nothing(),
}
_INSERT_LEDGER = insert(ledger)
_COUNT_OPEN = (
    select(func.count())
    .select_from(requests)
    .where(requests.c.user_id == bindparam("member", type_=BigInteger), IS_OPEN)
)
_COST_NOTHING = ("failed", "refused", "cancelled", "parked")
_MEMBER_LOCK = 0x41746C03


def accept(
    connection: Connection,
    row: NewRequest,
    limits: Sequence[Limit],
    enqueue: Enqueue | None,
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
    inserted = connection.execute(_INSERT_REQUEST[connection.dialect.name], _values(row))
    if inserted.rowcount == 0:
        return _accepted_before(connection, row)
    if open_limit is not None:
        _check_open(connection, row.user_id, open_limit)
    if pace is not None:
        _check_pace(connection, row, pace)
    reserve(
        connection,
        dimensions_of(row),
        images=row.count,
        microusd=row.estimate_microusd,
        limits=limits,
        may_give_birth=exclusive or connection.dialect.name == "sqlite",
    )
    connection.execute(_INSERT_LEDGER, _reservation(row))
    if enqueue is not None:
        enqueue(connection)
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


def _reservation(row: NewRequest) -> dict[str, Any]:
    return {
        "reference": row.id,
        "kind": "reserve",
        "request_id": row.id,
        "guild_id": row.guild_id,
        "user_id": row.user_id,
        "channel_id": row.counted_channel_id or row.channel_id,
        "provider": row.provider,
        "day": row.day,
        "owner_day": row.owner_day,
        "reserved_images": row.count,
        "reserved_microusd": row.estimate_microusd,
        "at": row.created_at,
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


def _check_open(connection: Connection, user_id: int, limit: int) -> None:
    already = count_open(connection, user_id) - 1  # without the row that was just inserted
    if already >= limit:
        raise TooManyOpen(limit, already)


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
