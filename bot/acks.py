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
    """`at_once` first answers are on their way at a time, by connections that are used again; of the work on accepted
    commands, `working` run at a time. Up to `few` answers hinder nobody: most of their time is the network's.

    Two hundred at once would open as many connections, which cost both sides more than the answers themselves; forty at
    Discord's tenth of a second are four hundred answers a second.
    """

    def __init__(self, working: int = 4, at_once: int = 40, few: int = 8) -> None:
        self._open, self._few = 0, few
        self._lines = asyncio.Semaphore(at_once)
        self._calm = asyncio.Event()
        self._calm.set()
        self._end_of_patience: asyncio.TimerHandle
        self._turns = asyncio.Semaphore(working)

    @asynccontextmanager
    async def answering(self) -> AsyncGenerator[None]:
        """Around one first answer on its way."""
        self._open += 1
        if self._open > self._few and self._calm.is_set():
            self._calm.clear()
            self._end_of_patience = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._calm.set)
        try:
            async with self._lines:
                yield
        finally:
            self._open -= 1
            if not self._open and not self._calm.is_set():
                self._end_of_patience.cancel()
                self._calm.set()

    async def calm(self) -> None:
        """Return when no crowd's first answers are on their way, or have been for long enough."""
        await self._calm.wait()

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Around work that can wait: a few at a time, and none while a crowd is being answered."""
        await self.calm()
        async with self._turns:
            yield
