"""Fairness: not more of one member's jobs at a time than allowed; the others of theirs wait in the order they came.

The engine's partitioned queue would do the same with a transaction for each waiting member at each look at the queue:
in a crowd of two hundred that was most of the engine's work.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class _Places:
    free: int
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque[asyncio.Future[None]])


class Turns:
    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._members: dict[int, _Places] = {}
        """Only of members who have jobs: the dictionary is as long as people are at work."""

    def must_wait(self, member: int) -> bool:
        return member in self._members and not self._members[member].free

    def take(self, member: int) -> bool:
        """A place for one job at this moment, or False; whoever got it says `leave` at the job's end."""
        if self.must_wait(member):
            return False
        self._members.setdefault(member, _Places(self._at_once)).free -= 1
        return True

    def leave(self, member: int) -> None:
        """Give a place back: to the member's next job that waits, if there is one."""
        places = self._members[member]
        while places.waiting:
            turn = places.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        places.free += 1
        if places.free == self._at_once:
            del self._members[member]

    @asynccontextmanager
    async def of(self, member: int) -> AsyncGenerator[None]:
        if not self.take(member):
            await self._wait(self._members[member].waiting, member)
        try:
            yield
        finally:
            self.leave(member)

    async def _wait(self, waiting: deque[asyncio.Future[None]], member: int) -> None:
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(member)  # given in the moment in which nobody wanted it any more
            raise
