"""Counters: what is reserved and used in a window, kept exact beside the ledger, whose cached sums they are.

A counter exists only where a limit is, or was, in force, and is born from the ledger when a limit first needs it. From
then on every booking that it counts moves it, in the booking's own transaction. These are functions of that
transaction's connection; `requests`, `acceptance` and `ledger` decide when to call them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Executable,
    Result,
    Text,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    tuple_,
    update,
)

from storage.errors import NoRoom
from storage.rows import CounterKey, CounterRow, Limit, Spent
from storage.tables import counters, ledger
from storage.windows import Window, window_end, window_start

_BIRTH_LOCK = 0x41746C02
_KEY = (counters.c.guild_id, counters.c.subject, counters.c.window, counters.c.window_start)
_IS_MEMBER = func.substr(counters.c.subject, 1, 5) == "user:"
AMOUNTS = (
    "reserved_images",
    "used_images",
    "granted_images",
    "reserved_microusd",
    "used_microusd",
    "granted_microusd",
)


class BirthNeeded(Exception):
    """A limit needs a counter that does not exist; on Postgres it may be born only under the exclusive lock."""


@dataclass(frozen=True, kw_only=True)
class Dimensions:
    """Who, where, whom and when of a booking: together they name the counters that it moves."""

    guild_id: int
    user_id: int
    channel_id: int | None
    provider: str | None
    day: str
    owner_day: str

    def keys(self) -> set[CounterKey]:
        named = self.parameters()
        mine = (self.guild_id, ("user", "channel", "server"), "")
        owners = (0, ("provider", "owner"), "owner_")
        return {
            CounterKey(guild_id, named[subject], window.value, named[f"{prefix}{window.value}"])
            for guild_id, subjects, prefix in (mine, owners)
            for subject in subjects
            for window in Window
            if named[subject] and named[f"{prefix}{window.value}"]
        }

    def parameters(self) -> dict[str, Any]:
        """For `_OURS`. An empty text, where there is no channel or provider, is nobody's subject."""
        return {
            "guild": self.guild_id,
            "user": f"user:{self.user_id}",
            "channel": "" if self.channel_id is None else f"channel:{self.channel_id}",
            "server": "server",
            **_starts("", self.day),
            "provider": "" if self.provider is None else f"provider:{self.provider}",
            "owner": "owner",
            **_starts("owner_", self.owner_day),
        }


def _starts(prefix: str, day: str) -> dict[str, str]:
    """The first days of the three windows that `day` lies in; an empty one lies in none."""
    if not day:
        return {f"{prefix}{window.value}": "" for window in Window}
    parsed = date.fromisoformat(day)
    return {f"{prefix}{window.value}": window_start(window, parsed).isoformat() for window in Window}


@dataclass(frozen=True, kw_only=True)
class Movement:
    """What a booking adds to its counters: `used_microusd` to the member's, `pool_microusd` to the others'."""

    reserved_images: int = 0
    used_images: int = 0
    granted_images: int = 0
    reserved_microusd: int = 0
    used_microusd: int = 0
    granted_microusd: int = 0
    pool_microusd: int = 0

    def __add__(self, other: Movement) -> Movement:
        return Movement(**{name: getattr(self, name) + getattr(other, name) for name in MOVEMENT_FIELDS})


MOVEMENT_FIELDS = tuple(Movement.__dataclass_fields__)


def _added(name: str) -> BindParameter[int]:
    return bindparam(f"add_{name}", type_=BigInteger)


def _members(name: str, *, others: BindParameter[int] | int = 0) -> ColumnElement[int]:
    return case((_IS_MEMBER, _added(name)), else_=others)


def _ours(guild_id: ColumnElement[int], subjects: Sequence[str], prefix: str) -> ColumnElement[bool]:
    """The counters of some subjects in the windows whose first days are the parameters `<prefix>day`, …

    Said twice: as lists, which the primary key can be searched with, and as the pairs that are meant.
    """
    starts = {window.value: bindparam(f"{prefix}{window.value}", type_=Text) for window in Window}
    return and_(
        counters.c.guild_id == guild_id,
        counters.c.subject.in_([bindparam(subject, type_=Text) for subject in subjects]),
        counters.c.window.in_([literal_column(f"'{window}'", Text) for window in starts]),
        counters.c.window_start.in_(list(starts.values())),
        or_(
            *(
                and_(
                    counters.c.window == literal_column(f"'{window}'", Text), counters.c.window_start == start
                )
                for window, start in starts.items()
            )
        ),
    )


# One fixed condition for every booking, so that its compiled form is used again: writing out a list of up to 15 keys of
# four values each took longer than executing it.
_OURS = or_(
    _ours(bindparam("guild", type_=BigInteger), ("user", "channel", "server"), ""),
    _ours(literal_column("0", BigInteger), ("provider", "owner"), "owner_"),
)
_CHANGES = {
    counters.c.reserved_images: counters.c.reserved_images + _added("reserved_images"),
    counters.c.used_images: counters.c.used_images + _added("used_images"),
    counters.c.granted_images: counters.c.granted_images + _members("granted_images"),
    counters.c.reserved_microusd: counters.c.reserved_microusd + _added("reserved_microusd"),
    counters.c.used_microusd: counters.c.used_microusd
    + _members("used_microusd", others=_added("pool_microusd")),
    counters.c.granted_microusd: counters.c.granted_microusd + _members("granted_microusd"),
}
# An UPDATE promises no order in which it locks, and two of them could wait for each other: the list does, in key order.
_LOCKED = select(*_KEY).where(_OURS).order_by(*_KEY).with_for_update().cte("locked")
_MOVE = {
    "sqlite": update(counters).where(_OURS).values(_CHANGES),
    "postgresql": update(counters)
    .where(*(column == _LOCKED.c[column.name] for column in _KEY))
    .values(_CHANGES),
}
# Moved and told in one statement: of each, what goes on around it costs more than its work.
MOVE_AND_TELL = {
    dialect: change.returning(*_KEY, *(counters.c[name] for name in AMOUNTS))
    for dialect, change in _MOVE.items()
}
"""For `moving`'s parameters; its rows are for `hold_to`."""


def guard_births(connection: Connection, *, exclusive: bool = False) -> None:
    """Hold off, until the transaction ends, the birth of any counter (or, exclusively, any other booking).

    A birth sums the ledger: a booking that is not committed yet would be in neither the sum nor the counter. Must come
    before the first statement that looks at counters. SQLite has one writer at a time and needs no guard.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT {birth_lock(exclusive=exclusive)}"))


def birth_lock(*, exclusive: bool) -> str:
    """What `guard_births` asks PostgreSQL for, for who has more to ask in the same statement."""
    lock = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
    return f"{lock}({_BIRTH_LOCK})"


def reserve(
    connection: Connection,
    dimensions: Dimensions,
    taken: Movement,
    limits: Sequence[Limit],
    *,
    may_give_birth: bool,
) -> None:
    """Reserve on every counter that exists, and on those that `limits` need, or on none; not written in the ledger yet.

    They are moved first, which locks them, and looked at then: what is refused goes back with the transaction. Raises
    NoRoom for the first of `limits` that would be passed, BirthNeeded when a counter is missing and may not be made.
    """
    moved = connection.execute(MOVE_AND_TELL[connection.dialect.name], moving(dimensions, taken))
    hold_to(connection, limits, moved, dimensions, taken, may_give_birth=may_give_birth, in_ledger=False)


def hold_to(
    connection: Connection,
    limits: Sequence[Limit],
    moved: Result[Any],
    dimensions: Dimensions,
    taken: Movement,
    *,
    may_give_birth: bool,
    in_ledger: bool,
) -> None:
    """Look at what the counters of `MOVE_AND_TELL` had before `taken`; `in_ledger`: it is booked there already.

    Raises as `reserve`.
    """
    found = _before(moved, taken)
    missing = dict.fromkeys(limit.key for limit in limits if limit.key not in found)
    if missing:
        _refuse_strangers(missing, dimensions)
        if not may_give_birth:
            raise BirthNeeded
    for key in missing:
        found[key] = _give_birth(connection, key, taken, in_ledger=in_ledger)
    for limit in limits:
        asked = taken.reserved_images if limit.unit == "images" else taken.reserved_microusd
        if not _fits(limit, found[limit.key], asked=asked):
            raise _no_room(connection, limit, found[limit.key], asked=asked)


def move(connection: Connection, dimensions: Dimensions, movement: Movement) -> None:
    """Add `movement` to every counter that exists for `dimensions`."""
    connection.execute(_MOVE[connection.dialect.name], moving(dimensions, movement))


def lock_above(connection: Connection, places: Iterable[Dimensions]) -> None:
    """Lock what several providers share with others first, in key order: only then their rows one after another."""
    if connection.dialect.name != "postgresql":
        return
    named = [place.parameters() for place in places]
    subjects = {"owner", *(found["provider"] for found in named)}
    starts = {found[f"owner_{window.value}"] for found in named for window in Window}
    ours = (
        counters.c.guild_id == 0, counters.c.subject.in_(subjects), counters.c.window_start.in_(starts),
    )  # fmt: skip
    connection.execute(select(counters.c.subject).where(*ours).order_by(*_KEY).with_for_update()).all()


def _before(moved: Result[Any], taken: Movement) -> dict[CounterKey, Spent]:
    """What each counter that `MOVE_AND_TELL` told had before `taken`."""
    own, found = [(name, getattr(taken, name)) for name in AMOUNTS], dict[CounterKey, Spent]()
    for row in moved:
        counted = zip(own, row[len(_KEY) :], strict=True)
        found[CounterKey(*row[: len(_KEY)])] = Spent(
            **{name: amount - added for (name, added), amount in counted}
        )
    return found


def moving(dimensions: Dimensions, movement: Movement) -> dict[str, Any]:
    added = {f"add_{name}": getattr(movement, name) for name in MOVEMENT_FIELDS}
    return {**dimensions.parameters(), **added}


def _refuse_strangers(missing: Iterable[CounterKey], dimensions: Dimensions) -> None:
    strangers = set(missing) - dimensions.keys()
    if strangers:
        raise ValueError(f"limits on counters that the request does not move: {sorted(strangers)}")


def _fits(limit: Limit, counted: Spent, *, asked: int) -> bool:
    used, reserved, granted = _of_unit(limit, counted)
    return used + reserved + asked <= limit.amount + granted


def _no_room(connection: Connection, limit: Limit, counted: Spent, *, asked: int) -> NoRoom:
    used, reserved, granted = _of_unit(limit, counted)
    images, microusd = _given_back(connection, limit.key, counted)
    back = images if limit.unit == "images" else microusd
    return NoRoom(replace(limit, amount=limit.amount + granted - back), used - back, reserved, asked)


def _of_unit(limit: Limit, counted: Spent) -> tuple[int, int, int]:
    if limit.unit == "images":
        return counted.used_images, counted.reserved_images, counted.granted_images
    return counted.used_microusd, counted.reserved_microusd, counted.granted_microusd


def _given_back(connection: Connection, key: CounterKey, counted: Spent) -> tuple[int, int]:
    """(images, micro-dollars) of what was granted in a window that resets gave back. Asks only where any was granted.

    To the limits a reset is a grant, so that the ledger stays append-only; to people what was given back is not used.
    """
    if not (counted.granted_images or counted.granted_microusd):
        return 0, 0
    end = window_end(Window(key.window), date.fromisoformat(key.window_start)).isoformat()
    resets = select(
        func.coalesce(func.sum(ledger.c.granted_images), 0),
        func.coalesce(func.sum(ledger.c.granted_microusd), 0),
    ).where(
        ledger.c.guild_id == key.guild_id,
        ledger.c.user_id == int(key.subject.removeprefix("user:")),
        ledger.c.day >= key.window_start,
        ledger.c.day < end,
        ledger.c.kind == "reset",
    )
    images, microusd = connection.execute(resets).one()
    # A refund after a reset takes away from what was used.
    return min(int(images), counted.used_images), min(int(microusd), counted.used_microusd)


def _give_birth(connection: Connection, key: CounterKey, taken: Movement, *, in_ledger: bool) -> Spent:
    """What it counted before `taken`, a reservation that its row begins with."""
    end = window_end(Window(key.window), date.fromisoformat(key.window_start)).isoformat()
    sums = booked(connection, key.guild_id, key.subject, key.window_start, end)
    own = {name: getattr(taken, name) for name in AMOUNTS}
    past = Spent(**{name: getattr(sums, name) - own[name] for name in AMOUNTS}) if in_ledger else sums
    values = {name: getattr(past, name) + own[name] for name in AMOUNTS}
    connection.execute(_BEAR, {**key._asdict(), "window_end": end, **values})
    return past


def counter(connection: Connection, key: CounterKey) -> CounterRow:
    """From the counter, or, where there is none, from the ledger."""
    end = window_end(Window(key.window), date.fromisoformat(key.window_start)).isoformat()
    spent = _read(connection, key) or booked(connection, key.guild_id, key.subject, key.window_start, end)
    amounts = {name: getattr(spent, name) for name in AMOUNTS}
    images, microusd = _given_back(connection, key, spent)
    return CounterRow(
        **key._asdict(), window_end=end, **amounts, given_back_images=images, given_back_microusd=microusd
    )


def _read(connection: Connection, key: CounterKey) -> Spent | None:
    row = connection.execute(select(counters).where(tuple_(*_KEY) == tuple_(*key))).mappings().one_or_none()
    return None if row is None else Spent(**{name: row[name] for name in AMOUNTS})


def booked(connection: Connection, guild_id: int, subject: str, start: str, end: str) -> Spent:
    """The ledger's sums for a subject, from the day `start` to before the day `end`."""
    kind, _, identity = subject.partition(":")
    if kind not in _SUMS:
        raise ValueError(f"no counter counts {subject!r}")
    found = {"guild": guild_id, "start": start, "end": end}
    if identity:
        found["identity"] = identity if kind == "provider" else int(identity)
    return Spent(**connection.execute(_SUMS[kind], found).mappings().one())


def sums(*, is_member: bool) -> list[ColumnElement[int]]:
    """The counters' columns as sums over ledger rows."""
    spent = ledger.c.used_microusd if is_member else ledger.c.pool_microusd
    granted = (ledger.c.granted_images, ledger.c.granted_microusd) if is_member else (literal(0), literal(0))
    columns = (
        ledger.c.reserved_images,
        ledger.c.used_images,
        granted[0],
        ledger.c.reserved_microusd,
        spent,
        granted[1],
    )
    return [
        func.coalesce(func.sum(column), 0).label(name) for name, column in zip(AMOUNTS, columns, strict=True)
    ]


def _sums_of(kind: str) -> Executable:
    """Written once for each kind of subject: building it took longer than the sum."""
    is_guilds = ledger.c.guild_id == bindparam("guild", type_=BigInteger)
    whose: dict[str, ColumnElement[bool]] = {
        "user": and_(is_guilds, ledger.c.user_id == bindparam("identity", type_=BigInteger)),
        "channel": and_(is_guilds, ledger.c.channel_id == bindparam("identity", type_=BigInteger)),
        "server": is_guilds,
        "provider": ledger.c.provider == bindparam("identity", type_=Text),
        "owner": literal(True),
    }
    day: Column[str] = ledger.c.owner_day if kind in ("provider", "owner") else ledger.c.day
    return select(*sums(is_member=kind == "user")).where(
        whose[kind], day >= bindparam("start", type_=Text), day < bindparam("end", type_=Text)
    )


_SUMS = {kind: _sums_of(kind) for kind in ("user", "channel", "server", "provider", "owner")}
_BEAR = insert(counters)
