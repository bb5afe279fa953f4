"""The ledger: append-only rows that say what was reserved, settled, released and granted, and the sums over them.

A booking and the counters that it moves are one transaction, and a booking's reference is unique for its kind: doing it
twice does it once. Reservations are written by `acceptance`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Text, bindparam, case, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage import counters, holds
from storage.counters import BirthNeeded, Dimensions, Movement
from storage.database import Database
from storage.holds import Reservation
from storage.images import insert_images
from storage.requests import noted
from storage.rows import (
    Booking,
    CounterKey,
    CounterRow,
    Difference,
    End,
    Hold,
    Limit,
    PictureCharge,
    Rendered,
    Settled,
    Spent,
)
from storage.tables import ledger, requests
from storage.verification import differences

_SETTLING = bindparam("settling", type_=Text)
_WRITE_DOWN = update(requests).where(requests.c.id == _SETTLING)
_INSERT = insert(ledger)
_INSERT_ONCE: dict[str, Any] = {
    "sqlite": sqlite.insert(ledger).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(ledger).on_conflict_do_nothing(),
}


class Ledger:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def settle(
        self,
        request_id: str,
        charges: Sequence[PictureCharge],
        now: float,
        *,
        end: End | None = None,
        rendered: Rendered | None = None,
    ) -> Settled | None:
        """Charge for the pictures that came out and release the rest of the reservation; none: release it all.

        The member pays at most what was reserved, the pools pay the real cost; `end` is written on the row with it, and
        the pictures of a request's only vendor call where they are not written yet. None when the request is unknown
        or was settled before: nothing is booked then, though pictures that were made are still noted.
        """
        return await self._database.write(
            lambda connection: _settle(connection, request_id, charges, now, end, rendered)
        )

    async def hold(self, wish: Hold, limits: Sequence[Limit], now: float) -> bool:
        """Move a part of a reservation into another provider's pool, within that provider's `limits`.

        False for a request that has ended. Raises NoRoom, and then nothing has moved. Doing it twice does it once.
        """
        try:
            return await self._database.write(lambda connection: holds.hold(connection, wish, limits, now))
        except BirthNeeded:
            return await self._database.write(
                lambda connection: holds.hold(connection, wish, limits, now, exclusive=True)
            )

    async def holder(self, request_id: str, first: int) -> str | None:
        """The provider into whose pool `hold` moved the part from picture number `first` on last; None: none."""
        return await self._database.read(lambda connection: holds.holder(connection, request_id, first))

    async def book(self, booking: Booking) -> bool:
        """Whether it was booked: False for a reference that was booked before.

        Raises sqlalchemy's IntegrityError when it would bring a counter below zero.
        """
        return await self._database.write(lambda connection: _book(connection, booking))

    async def reset(self, booking: Booking, first_day: str, last_day: str) -> Spent:
        """Grant a member, day by day, what they used from `first_day` to `last_day`; what that was, in all.

        What an earlier reset gave back is not given twice. Pools keep what was used: the pictures were made. `booking`
        gives who, by whom and when; its reference must be new.
        """
        end = (date.fromisoformat(last_day) + timedelta(days=1)).isoformat()
        return await self._database.write(lambda connection: _reset(connection, booking, first_day, end))

    async def counter(self, guild_id: int, subject: str, window: str, window_start: str) -> CounterRow:
        """What is reserved, used and granted; summed up from the ledger where no counter exists."""
        key = CounterKey(guild_id, subject, window, window_start)
        return await self._database.read(lambda connection: counters.counter(connection, key))

    async def counters(self, keys: Iterable[CounterKey]) -> list[CounterRow]:
        """As `counter`, for several at once, in the order asked."""
        asked = list(keys)
        return await self._database.read(
            lambda connection: [counters.counter(connection, key) for key in asked]
        )

    async def spent(self, guild_id: int, subject: str, first_day: str, last_day: str) -> Spent:
        """Sums from `first_day` to `last_day`, both included, for a subject as counters name it.

        Days are the guild's, for providers and the owner UTC's.
        """
        end = (date.fromisoformat(last_day) + timedelta(days=1)).isoformat()
        return await self._database.read(
            lambda connection: counters.booked(connection, guild_id, subject, first_day, end)
        )

    async def usage(self, guild_id: int, user_id: int | None, first_day: str, last_day: str) -> Spent:
        """A member's charges, or with None the whole server's real cost."""
        subject = "server" if user_id is None else f"user:{user_id}"
        return await self.spent(guild_id, subject, first_day, last_day)

    async def verify(self) -> list[Difference]:
        """Every counter that is not the sum of its ledger rows; there must be none, at any time."""
        return await self._database.read(differences)


def _settle(
    connection: Connection,
    request_id: str,
    charges: Sequence[PictureCharge],
    now: float,
    end: End | None,
    rendered: Rendered | None,
) -> Settled | None:
    notes: dict[str, Any] = {}
    if rendered is not None:
        insert_images(connection, rendered.images)
        notes = noted(connection.dialect.name, rendered)
    counters.guard_births(connection)
    found = holds.reservation(connection, request_id)
    if found is None:
        return None
    held, _ = found
    pictures = _picture_movements(held, charges)
    makers = [_pool_of(held, charge) for charge in charges]
    rows = [
        _row(held, charge.image_id, "settle", maker, movement, now)
        for charge, maker, movement in zip(charges, makers, pictures, strict=True)
    ]
    pools = {provider: Movement() for provider in held.parts}
    for maker, movement in zip(makers, pictures, strict=True):
        pools[maker] += movement
    for provider, part in held.parts.items():
        rest = Movement(
            reserved_images=-part.reserved_images - pools[provider].reserved_images,
            reserved_microusd=-part.reserved_microusd - pools[provider].reserved_microusd,
        )
        if rest != Movement():
            reference = request_id if provider == held.home.provider else f"{request_id}:{provider}"
            rows.append(_row(held, reference, "release", provider, rest, now))
            pools[provider] += rest
    if rows:
        connection.execute(_INSERT, rows)
    if len(pools) > 1:
        counters.lock_above(connection, [held.at(provider) for provider in pools])
    for provider, movement in pools.items():
        counters.move(connection, held.at(provider), movement)
    booked = sum(pictures, Movement())
    settled = Settled(
        request_id=request_id,
        images=len(charges),
        charged_microusd=booked.used_microusd,
        cost_microusd=booked.pool_microusd,
        released_images=held.images - booked.used_images,
        released_microusd=held.microusd - booked.used_microusd,
    )
    _write_down(connection, settled, now, end, notes)
    return settled


def _pool_of(held: Reservation, charge: PictureCharge) -> str | None:
    """Who pays for a picture: its maker where a part was moved there, else the one who holds the whole."""
    return charge.provider if charge.provider in held.parts else held.home.provider


def _row(
    held: Reservation, reference: str, kind: str, provider: str | None, movement: Movement, now: float
) -> dict[str, Any]:
    return {
        "reference": reference,
        "kind": kind,
        "request_id": held.request_id,
        **asdict(held.at(provider)),
        **asdict(movement),
        "at": now,
    }


def _picture_movements(held: Reservation, charges: Sequence[PictureCharge]) -> list[Movement]:
    """One per picture: its share of the reservation becomes its charge, as long as the reservation lasts.

    Shares are cut so that they add up to the reservation exactly. What a pool holds besides is released by its own row.
    """
    images, left = max(held.images, 1), held.microusd
    movements: list[Movement] = []
    for number, charge in enumerate(charges):
        was_reserved = 1 if number < held.images else 0
        share = held.microusd * (number + 1) // images - held.microusd * number // images
        charged = min(charge.member_microusd, left)
        left -= charged
        movements.append(
            Movement(
                reserved_images=-was_reserved,
                used_images=was_reserved,
                reserved_microusd=-share * was_reserved,
                used_microusd=charged,
                pool_microusd=charge.pool_microusd,
            )
        )
    return movements


def _write_down(
    connection: Connection, settled: Settled, now: float, end: End | None, notes: Mapping[str, Any]
) -> None:
    values = {
        "cost_microusd": settled.cost_microusd,
        "charged_microusd": settled.charged_microusd,
        "made": settled.images,
        "settled_at": now,
        "updated_at": now,
        **(asdict(end) if end else {}),
    }
    change = _WRITE_DOWN.values(notes) if notes else _WRITE_DOWN
    connection.execute(change, {"settling": settled.request_id, **values})


def _reset(connection: Connection, booking: Booking, first_day: str, end: str) -> Spent:
    # Exclusive on Postgres: a settlement between the sum and the grant would be in neither.
    counters.guard_births(connection, exclusive=True)
    given_back = ledger.c.kind == "reset"
    per_day = (
        select(
            ledger.c.day,
            func.sum(ledger.c.used_images - case((given_back, ledger.c.granted_images), else_=0)).label(
                "images"
            ),
            func.sum(ledger.c.used_microusd - case((given_back, ledger.c.granted_microusd), else_=0)).label(
                "microusd"
            ),
        )
        .where(
            ledger.c.guild_id == booking.guild_id,
            ledger.c.user_id == booking.user_id,
            ledger.c.day >= first_day,
            ledger.c.day < end,
        )
        .group_by(ledger.c.day)
    )
    images = microusd = 0
    for day, day_images, day_microusd in connection.execute(per_day).all():
        if day_images or day_microusd:
            part = replace(
                booking, kind="reset", reference=f"{booking.reference}:{day}", day=day,
                images=int(day_images), microusd=int(day_microusd),
            )  # fmt: skip
            _book(connection, part, guarded=True)
            images, microusd = images + part.images, microusd + part.microusd
    return Spent(used_images=images, used_microusd=microusd)


def _book(connection: Connection, booking: Booking, *, guarded: bool = False) -> bool:
    if not guarded:
        counters.guard_births(connection)
    dimensions = Dimensions(
        guild_id=booking.guild_id,
        user_id=booking.user_id,
        channel_id=booking.channel_id,
        provider=booking.provider,
        day=booking.day,
        owner_day=booking.owner_day,
    )
    movement = (
        Movement(granted_images=booking.images, granted_microusd=booking.microusd)
        if booking.kind in ("grant", "reset")
        else Movement(
            used_images=booking.images, used_microusd=booking.microusd, pool_microusd=booking.pool_microusd
        )
    )
    row = {
        **asdict(dimensions),
        **asdict(movement),
        **{
            name: getattr(booking, name)
            for name in ("reference", "kind", "request_id", "actor_id", "note", "at")
        },
    }
    if connection.execute(_INSERT_ONCE[connection.dialect.name], row).rowcount == 0:
        return False
    counters.move(connection, dimensions, movement)
    return True
