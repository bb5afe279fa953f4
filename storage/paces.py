"""When an account at a vendor may be asked again: what one process was told, all that share the database keep to.

A vendor that sends somebody away names a time. Until then nobody asks; afterwards those who waited go one after the
other, a gap apart, because all of them at once would be sent away again. After a calm minute nothing is left of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from sqlalchemy import Connection, text

from storage.database import Database

FIRST_GAP_SECONDS, LONGEST_GAP_SECONDS = 0.25, 10.0
UNTOLD_SECONDS = 2.0
"""How long everybody waits where the vendor names no time."""

LONGEST_HOLD_SECONDS = 600.0
"""A vendor that says "tomorrow" is asked again before; and no clock that jumped can close an account for longer."""

CALM_SECONDS = 60.0


@dataclass(frozen=True)
class Pace:
    """Nobody asks before `held_until`; `next_at` is the end of the line, whose places are `gap` seconds apart."""

    held_until: float = 0.0
    next_at: float = 0.0
    gap: float = 0.0

    def counts(self, now: float) -> bool:
        last = max(self.held_until, self.next_at)
        return now < last + CALM_SECONDS and last < now + 2 * LONGEST_HOLD_SECONDS

    def told(self, now: float, seconds: float | None, gap: float | None) -> Pace:
        """After the vendor's word: to come back in so many seconds, one call each `gap` seconds where it says that."""
        wait = min(UNTOLD_SECONDS if seconds is None else seconds, LONGEST_HOLD_SECONDS)
        if not self.counts(now):
            until = now + wait
            return Pace(until, until, FIRST_GAP_SECONDS if gap is None else min(gap, LONGEST_GAP_SECONDS))
        if gap is None:
            # Calls that were under way together are sent away together: that says nothing about the gap.
            gap = self.gap if now < self.held_until else max(2 * self.gap, FIRST_GAP_SECONDS)
        until = max(self.held_until, now + wait)
        return Pace(until, max(self.next_at, until), min(gap, LONGEST_GAP_SECONDS))

    def wait(self, now: float) -> float:
        """Seconds until whoever comes now would have its turn."""
        return max(0.0, max(self.held_until, self.next_at) - now) if self.counts(now) else 0.0

    def taken(self, now: float) -> Pace:
        return replace(self, next_at=max(now, self.held_until, self.next_at) + self.gap)


class Paces(Protocol):
    async def told(self, account: str, seconds: float | None, gap: float | None = None) -> None:
        """Note the vendor's word: to come back in so many seconds (None: it named no time), then a `gap` apart."""
        ...

    async def turn(self, account: str, longest: float) -> float:
        """Seconds to wait before asking. Up to `longest` the place in the line is taken; above it nothing is."""
        ...

    async def held(self, account: str) -> float:
        """Seconds for which nobody may ask: for who has waited, and may have been overtaken by worse news."""
        ...


class MemoryPaces:
    """For one process alone; `now` is a clock that never jumps."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._paces: dict[str, Pace] = {}

    async def told(self, account: str, seconds: float | None, gap: float | None = None) -> None:
        self._paces[account] = self._paces.get(account, Pace()).told(self._now(), seconds, gap)

    async def turn(self, account: str, longest: float) -> float:
        now, pace = self._now(), self._paces.get(account)
        if pace is None or not pace.counts(now):
            return 0.0
        wait = pace.wait(now)
        if wait <= longest:
            self._paces[account] = pace.taken(now)
        return wait

    async def held(self, account: str) -> float:
        pace, now = self._paces.get(account, Pace()), self._now()
        return max(0.0, pace.held_until - now) if pace.counts(now) else 0.0


# The server's clock: the processes' own may differ.
_LOOK = text(
    "SELECT held_until, next_at, gap, extract(epoch FROM clock_timestamp())::float8 AS now "
    "FROM provider_paces WHERE account = :account"
)
_LOCK = text(_LOOK.text + " FOR UPDATE")
_OPEN = text(
    "INSERT INTO provider_paces (account, held_until, next_at, gap) VALUES (:account, 0, 0, 0) "
    "ON CONFLICT (account) DO NOTHING"
)
_NOTE = text(
    "UPDATE provider_paces SET held_until = :held_until, next_at = :next_at, gap = :gap WHERE account = :account"
)


class SharedPaces:
    """For all processes on one Postgres. In calm weather a turn is one read by primary key."""

    def __init__(self, database: Database) -> None:
        assert database.dialect == "postgresql", "one process alone on SQLite remembers by itself"
        self._database = database

    async def told(self, account: str, seconds: float | None, gap: float | None = None) -> None:
        def note(connection: Connection) -> None:
            connection.execute(_OPEN, {"account": account})
            pace, now = _found(connection, account)
            _write(connection, account, pace.told(now, seconds, gap))

        await self._database.write(note)

    async def turn(self, account: str, longest: float) -> float:
        if await self._look(account) is None:
            return 0.0

        def take(connection: Connection) -> float:
            pace, now = _found(connection, account)
            wait = pace.wait(now)
            if wait <= longest and pace.counts(now):
                _write(connection, account, pace.taken(now))
            return wait

        return await self._database.write(take)

    async def held(self, account: str) -> float:
        found = await self._look(account)
        return 0.0 if found is None else max(0.0, found[0].held_until - found[1])

    async def _look(self, account: str) -> tuple[Pace, float] | None:
        """The pace and the server's time; None where nobody has to wait."""

        def look(connection: Connection) -> tuple[Pace, float] | None:
            row = connection.execute(_LOOK, {"account": account}).one_or_none()
            if row is None:
                return None
            pace = Pace(row.held_until, row.next_at, row.gap)
            return (pace, row.now) if pace.counts(row.now) else None

        return await self._database.read(look)


def _found(connection: Connection, account: str) -> tuple[Pace, float]:
    row = connection.execute(_LOCK, {"account": account}).one()
    return Pace(row.held_until, row.next_at, row.gap), row.now


def _write(connection: Connection, account: str, pace: Pace) -> None:
    connection.execute(
        _NOTE,
        {"account": account, "held_until": pace.held_until, "next_at": pace.next_at, "gap": pace.gap},
    )
