"""First answers go first: work on an accepted command waits while other members' deferred answers are still going out.

Discord allows 3 seconds for the first answer, whatever else the process does; 200 commands in one second would
otherwise queue their answers behind each other's database work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

_PATIENCE_SECONDS = 0.25
"""What two hundred first answers take, and more. Where they come without a pause, or one is stuck (they time out at
2.5 s), nobody's work waits longer for them."""


class Acks:
    """`at_once` first answers are on their way at a time, by connections that are used again; of what waits for them,
    `working` run at a time.

    Two hundred at once would open as many connections, which cost both sides more than the answers themselves; forty at
    Discord's tenth of a second are four hundred answers a second.
    """

    def __init__(self, working: int = 4, at_once: int = 40) -> None:
        self._open = 0
        self._lines = asyncio.Semaphore(at_once)
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._turns = asyncio.Semaphore(working)

    @asynccontextmanager
    async def answering(self) -> AsyncGenerator[None]:
        """Around one first answer on its way."""
        self._open += 1
        self._quiet.clear()
        try:
            async with self._lines:
                yield
        finally:
            self._open -= 1
            if not self._open:
                self._quiet.set()

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Around work that can wait: entered when no first answer is on its way, by a few at a time."""
        async with self._turns:
            try:
                await asyncio.wait_for(self._quiet.wait(), _PATIENCE_SECONDS)
            except TimeoutError:
                pass
            yield
