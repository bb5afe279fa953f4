"""How many calls one provider works on at once; the others wait here, in the order they came. A provider that is down
is not asked, and one that asked for a pause gets it from every process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.breaker import Breaker, Health
from bot.errors import RateLimited
from bot.providers.base import (
    Description,
    PreviewSink,
    Provider,
    RenderCall,
    Rendering,
    Resumable,
    describer,
    resumable,
)
from bot.providers.pace import Line
from storage.paces import MemoryPaces


class Limited:
    """`line` is where calls to the same account wait, in this process or in all of them."""

    def __init__(
        self,
        provider: Provider,
        *,
        concurrency: int,
        breaker: Breaker | None = None,
        line: Line | None = None,
    ) -> None:
        self._provider, self._places = provider, asyncio.Semaphore(concurrency)
        self._breaker = breaker or Breaker(provider.name)
        self._line = line or Line(provider.name, provider.name, MemoryPaces())
        self.name = provider.name
        self.waiting = 0

    async def render(self, call: RenderCall, preview: PreviewSink) -> Rendering:
        async with self._place():
            return await self._provider.render(call, preview)

    async def describe(self, call: RenderCall, locale: str) -> Description:
        """Raises Misconfigured where the provider itself describes nothing."""
        found = describer(self._provider)
        async with self._place(timed=False):
            return await found.describe(call, locale)

    async def close(self) -> None:
        await self._provider.close()

    def health(self) -> Health:
        return self._breaker.health()

    @asynccontextmanager
    async def _place(self, *, timed: bool = True) -> AsyncGenerator[None]:
        self.waiting += 1
        try:
            await self._places.acquire()
        finally:
            self.waiting -= 1
        try:
            await self._line.turn()
            with self._line.open(), self._breaker.passing(timed=timed):
                try:
                    yield
                except RateLimited as error:
                    await self._line.told(error.retry_after_seconds)
                    raise
        finally:
            self._places.release()


class LimitedResumable(Limited):
    """What has begun is collected without a place of its own: the vendor works on it whether we look or not."""

    def __init__(
        self,
        provider: Resumable,
        *,
        concurrency: int,
        breaker: Breaker | None = None,
        line: Line | None = None,
    ) -> None:
        super().__init__(provider, concurrency=concurrency, breaker=breaker, line=line)
        self._resumable = provider

    async def begin(self, call: RenderCall) -> str:
        async with self._place(timed=False):
            return await self._resumable.begin(call)

    async def find(self, call: RenderCall) -> str | None:
        return await self._resumable.find(call)

    async def collect(self, call: RenderCall, job_id: str, preview: PreviewSink) -> Rendering:
        started = time.monotonic()
        rendering = await self._resumable.collect(call, job_id, preview)
        self._breaker.took(time.monotonic() - started)
        return rendering

    async def cancel(self, job_id: str) -> None:
        await self._resumable.cancel(job_id)


def limited(
    provider: Provider, *, concurrency: int, breaker: Breaker | None = None, line: Line | None = None
) -> Limited:
    """With the provider's own abilities kept."""
    found = resumable(provider)
    if found is not None:
        return LimitedResumable(found, concurrency=concurrency, breaker=breaker, line=line)
    return Limited(provider, concurrency=concurrency, breaker=breaker, line=line)
