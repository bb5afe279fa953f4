"""Fairness: not more of one member's jobs at a time than allowed; the others of theirs wait in the order they came.

The engine's partitioned queue would do the same with a transaction for each waiting member at each look at the queue:
in a crowd of two hundred that was most of the engine's work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Turns:
    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._members: dict[int, tuple[asyncio.Semaphore, int]] = {}

    def must_wait(self, member: int) -> bool:
        return member in self._members and self._members[member][0].locked()

    @asynccontextmanager
    async def of(self, member: int) -> AsyncGenerator[None]:
        places, users = self._members.get(member, (asyncio.Semaphore(self._at_once), 0))
        self._members[member] = places, users + 1
        try:
            async with places:
                yield
        finally:
            places, users = self._members.pop(member)
            # Forgotten with the last of a member's jobs: the dictionary is as long as people are at work.
            if users > 1:
                self._members[member] = places, users - 1
