"""Room for pictures that come in: each may be 25 MB and take a minute, and no key may hold all the places."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

PICTURES_AT_ONCE = 6
OF_ONE_KEY = 2


class Receiving:
    """Places for `at_once` pictures, of which one key gets `of_one`; who finds none waits."""

    def __init__(self, at_once: int = PICTURES_AT_ONCE, of_one: int = OF_ONE_KEY) -> None:
        self._all, self._of_one = asyncio.Semaphore(at_once), of_one
        self._own: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def place(self, key_id: str) -> AsyncGenerator[None]:
        own = self._own.get(key_id)
        if own is None:
            own = self._own[key_id] = asyncio.Semaphore(self._of_one)
        async with own, self._all:
            yield
