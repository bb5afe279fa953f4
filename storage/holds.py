"""Whose pool holds what of a reservation: a part that another provider draws moves into that provider's pool.

Each move is ledger rows that add up to nothing for the member, the server and the owner: only providers' counters
change. The settlement then charges each picture to the pool of the one who made it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Text, bindparam, insert, select

from storage import counters
from storage.counters import Dimensions, Movement
from storage.rows import Hold, Limit
from storage.tables import ledger, requests
from storage.windows import Window, window_start

HELD = ("reserve", "move")
"""The kinds of ledger rows that say what is held."""

_HOLDING = bindparam("holding", type_=Text)
LOCK = (
    select(ledger)
    .join(requests, requests.c.id == ledger.c.request_id)
    .where(requests.c.id == _HOLDING, requests.c.settled_at.is_(None), ledger.c.kind.in_(HELD))
    .order_by(ledger.c.id)
    .with_for_update(of=requests)
)
_MOVED = select(ledger).where(ledger.c.request_id == _HOLDING, ledger.c.kind.in_(HELD)).order_by(ledger.c.id)
_INSERT = insert(ledger)


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """What an unsettled request holds: `images` and `microusd` in all, `parts` by provider, its own (`home`) first."""

    request_id: str
    home: Dimensions
    images: int
    microusd: int
    parts: dict[str | None, Movement]

    def at(self, provider: str | None) -> Dimensions:
        return replace(self.home, provider=provider)


def reservation(connection: Connection, request_id: str) -> tuple[Reservation, Sequence[Row[Any]]] | None:
    """None for one that is unknown or settled. The lock makes others wait that would settle it or move its parts."""
    rows = connection.execute(LOCK, {"holding": request_id}).all()
    if not rows:
        return None
    parts: dict[str | None, Movement] = {}
    for row in rows:
        held = Movement(reserved_images=row.reserved_images, reserved_microusd=row.reserved_microusd)
        parts[row.provider] = parts.get(row.provider, Movement()) + held
    first = rows[0]
    home = Dimensions(**{name: getattr(first, name) for name in Dimensions.__dataclass_fields__})
    found = Reservation(
        request_id=request_id,
        home=home,
        images=first.reserved_images,
        microusd=first.reserved_microusd,
        parts=parts,
    )
    return found, rows


def hold(
    connection: Connection, wish: Hold, limits: Sequence[Limit], now: float, *, exclusive: bool = False
) -> bool:
    """Move a part into another provider's pool, out of whoever's it is in; False for a request that has ended.

    Doing it twice does it once. Raises NoRoom, and then nothing has moved, or BirthNeeded (come back with `exclusive`).
    """
    counters.guard_births(connection, exclusive=exclusive)
    found = reservation(connection, wish.request_id)
    if found is None:
        return False
    held, rows = found
    moves = _moves(rows, wish.request_id, wish.first)
    now_at = _holders(moves, held.home.provider)
    if wish.provider in now_at or wish.provider == held.home.provider:
        return True
    changes = _changes(now_at, wish, held.home.provider)
    places = {provider: held.at(provider) for provider in changes}
    counters.lock_above(connection, places.values())
    dated = [
        replace(limit, window_start=window_start(Window(limit.window), _day(held.home)).isoformat())
        for limit in limits
    ]
    counters.reserve(
        connection,
        places[wish.provider],
        changes[wish.provider],
        dated,
        may_give_birth=exclusive or connection.dialect.name == "sqlite",
    )
    turn = len(moves)
    for provider, change in changes.items():
        if provider != wish.provider:
            counters.move(connection, places[provider], change)
    booked = [
        {
            "reference": f"{_mark(wish.request_id, wish.first)}{turn}:{provider}",
            "kind": "move", "request_id": wish.request_id,
            **{name: getattr(places[provider], name) for name in Dimensions.__dataclass_fields__},
            **{name: getattr(change, name) for name in counters.MOVEMENT_FIELDS}, "at": now,
        }
        for provider, change in changes.items()
    ]  # fmt: skip
    connection.execute(_INSERT, booked)
    return True


def holder(connection: Connection, request_id: str, first: int) -> str | None:
    """Whose pool holds the part from picture number `first` on, where that is not the one it was accepted with."""
    rows = connection.execute(_MOVED, {"holding": request_id}).all()
    if not rows:
        return None
    return next(iter(_holders(_moves(rows, request_id, first), rows[0].provider)), None)


def _moves(rows: Sequence[Row[Any]], request_id: str, first: int) -> list[Row[Any]]:
    mark = _mark(request_id, first)
    return [row for row in rows if row.kind == "move" and row.reference.startswith(mark)]


def _mark(request_id: str, first: int) -> str:
    return f"{request_id}:{first}:"


def _holders(moves: Iterable[Row[Any]], home: str | None) -> dict[str | None, Movement]:
    """Where a part is now, when it is not at home."""
    sums: defaultdict[str | None, Movement] = defaultdict(Movement)
    for row in moves:
        sums[row.provider] += Movement(
            reserved_images=row.reserved_images, reserved_microusd=row.reserved_microusd
        )
    return {provider: held for provider, held in sums.items() if provider != home and held != Movement()}


def _changes(now_at: dict[str | None, Movement], wish: Hold, home: str | None) -> dict[str | None, Movement]:
    """What each pool gives and takes; together nothing."""
    back = sum(now_at.values(), Movement())
    changes: dict[str | None, Movement] = {
        provider: Movement(reserved_images=-held.reserved_images, reserved_microusd=-held.reserved_microusd)
        for provider, held in now_at.items()
    }
    changes[wish.provider] = Movement(reserved_images=wish.images, reserved_microusd=wish.microusd)
    changes[home] = Movement(
        reserved_images=back.reserved_images - wish.images,
        reserved_microusd=back.reserved_microusd - wish.microusd,
    )
    return changes


def _day(home: Dimensions) -> date:
    return date.fromisoformat(home.owner_day)
