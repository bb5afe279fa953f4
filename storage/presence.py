"""Which processes are alive, on Postgres: each sits on a seat, a session advisory lock that its death gives back.

A lock needs no clock and no lease: the server lets go of it when the connection ends, however the process died. A
restart of the server frees every seat for a moment; who still lives sits down again with `keep`. Beside the seat lies
the name card of whoever sat down last: who was away for a while learns from it that somebody else has been there.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import secrets
import time

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.errors import DatabaseUnreachable
from storage.postgres import PostgresDatabase
from storage.settings import SettingsRepository

_SEATS = 1000
_CARDS = "seats"
_TAKE = text("SELECT pg_try_advisory_lock(:key)")
_LEAVE = text("SELECT pg_advisory_unlock(:key)")
_LOCKS = (
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND ((classid::bigint << 32) | objid::bigint) = :key"
)
_HELD = text(_LOCKS + ")")
_HELD_BY_ME = text(_LOCKS + " AND pid = pg_backend_pid())")
# A machine that lost its power closes no connection: the server has to ask.
_ASK_OFTEN = (
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
)


class SeatLost(Exception):
    """Another process sits on this one's seat, and has taken over its jobs."""


class Presence:
    """`place` tells groups of processes apart, so that a restarted one finds its own seat: a host and a folder."""

    def __init__(self, database: Database, place: str) -> None:
        assert isinstance(database, PostgresDatabase), "one process alone on SQLite needs no seat"
        self._database, self._place = database, place
        self._cards, self._card = SettingsRepository(database), secrets.token_hex(8)
        self._session: AsyncConnection | None = None
        self._seat: str | None = None
        self._kept_at = -math.inf
        # Statements of one connection cannot overlap.
        self._turn = asyncio.Lock()

    @property
    def seat(self) -> str:
        assert self._seat is not None, "take a seat first"
        return self._seat

    @property
    def kept_seconds_ago(self) -> float:
        """How old the newest certainty is that this process sits on its seat; it was asked for no earlier than that."""
        return time.monotonic() - self._kept_at

    async def take_seat(self) -> str:
        """The name of the first free seat of this place, held until `close` or death."""
        for number in range(1, _SEATS):
            name, asked_at = f"{self._place}/{number}", time.monotonic()
            if await self.take(name):
                self._seat, self._kept_at = name, asked_at
                return name
        raise AssertionError("a thousand processes in one place")

    async def keep(self) -> None:
        """Sit down again when the connection was lost. Raises SeatLost when somebody else was faster."""
        asked_at = time.monotonic()
        async with self._turn:
            if await self._ask(_HELD_BY_ME, self.seat):
                self._kept_at = asked_at
                return
            held = await self._ask(_TAKE, self.seat)
        # The connection was gone for a while: it may be free again because an heir has left it.
        if not held or await self._cards.get(_CARDS, self.seat) != self._card:
            raise SeatLost(self.seat)
        self._kept_at = asked_at

    async def is_taken(self, name: str) -> bool:
        async with self._turn:
            return await self._ask(_HELD, name)

    async def take(self, name: str) -> bool:
        """Whether nobody sat there; then this process does, and lays down its card."""
        async with self._turn:
            taken = await self._ask(_TAKE, name)
        if taken:
            await self._cards.set(_CARDS, name, self._card)
        return taken

    async def leave(self, name: str) -> None:
        async with self._turn:
            await self._ask(_LEAVE, name)

    async def close(self) -> None:
        async with self._turn:
            if self._session is not None:
                # Ended rather than given back to the pool, where its locks would live on.
                with contextlib.suppress(DBAPIError, OSError):
                    await self._session.invalidate()
                    await self._session.close()
            self._session = None

    async def _ask(self, question: TextClause, name: str) -> bool:
        try:
            return await self._answer(question, name)
        except (DBAPIError, OSError):
            await self._forget()
        try:
            return await self._answer(question, name)
        except (DBAPIError, OSError) as error:
            await self._forget()
            raise DatabaseUnreachable("the presence session", type(error).__name__) from error

    async def _answer(self, question: TextClause, name: str) -> bool:
        if self._session is None:
            self._session = await self._database.session()
            for setting in _ASK_OFTEN:
                await self._session.execute(text(setting))
        answer = await self._session.execute(question, {"key": _key(name)})
        return bool(answer.scalar_one())

    async def _forget(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(DBAPIError, OSError):
                await session.invalidate()
                await session.close()


def _key(name: str) -> int:
    digest = hashlib.sha256(b"atelier/seat:" + name.encode()).digest()
    # Positive, so that the halves which pg_locks shows can be put together again.
    return int.from_bytes(digest[:8], "big") >> 1
