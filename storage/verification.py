"""The proof that counters are what the ledger says: one statement that adds the whole ledger up again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Text,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)

from storage.counters import AMOUNTS, sums
from storage.rows import CounterKey, Difference, Spent
from storage.tables import counters, ledger


def differences(connection: Connection) -> list[Difference]:
    return [_difference(row) for row in connection.execute(_QUERY).mappings()]


def _daily(subject: ColumnElement[str], *, is_member: bool = False, is_owners: bool = False) -> Select[Any]:
    """The ledger by subject and day, named as counters name them."""
    guild = literal(0) if is_owners else ledger.c.guild_id
    day = ledger.c.owner_day if is_owners else ledger.c.day
    return (
        select(
            guild.label("guild_id"), subject.label("subject"), day.label("day"), *sums(is_member=is_member)
        )
        .where(subject.is_not(None))
        .group_by(guild, subject, day)
    )


def _query() -> Select[Any]:
    daily = union_all(
        _daily(literal("user:") + cast(ledger.c.user_id, Text), is_member=True),
        _daily(literal("channel:") + cast(ledger.c.channel_id, Text)),
        _daily(cast(literal("server"), Text)),
        _daily(literal("provider:") + ledger.c.provider, is_owners=True),
        _daily(cast(literal("owner"), Text), is_owners=True),
    ).cte("daily")
    booked = {name: func.coalesce(func.sum(daily.c[name]), 0) for name in AMOUNTS}
    in_window = and_(
        daily.c.guild_id == counters.c.guild_id,
        daily.c.subject == counters.c.subject,
        daily.c.day >= counters.c.window_start,
        daily.c.day < counters.c.window_end,
    )
    return (
        select(counters, *(value.label(f"booked_{name}") for name, value in booked.items()))
        .join_from(counters, daily, in_window, isouter=True)
        .group_by(*counters.c)
        .having(or_(*(counters.c[name] != value for name, value in booked.items())))
    )


_QUERY = _query()


def _difference(row: RowMapping) -> Difference:
    return Difference(
        key=CounterKey(row["guild_id"], row["subject"], row["window"], row["window_start"]),
        counted=Spent(**{name: row[name] for name in AMOUNTS}),
        booked=Spent(**{name: row[f"booked_{name}"] for name in AMOUNTS}),
    )
