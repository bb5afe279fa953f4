"""How many calls one provider works on at once; the others wait here, in the order they came."""

from __future__ import annotations

import asyncio

from bot.providers.base import PreviewSink, Provider, RenderCall, Rendering


class Limited:
    def __init__(self, provider: Provider, *, concurrency: int) -> None:
        self._provider, self._places = provider, asyncio.Semaphore(concurrency)
        self.name = provider.name
        self.waiting = 0

    async def render(self, call: RenderCall, preview: PreviewSink) -> Rendering:
        self.waiting += 1
        try:
            await self._places.acquire()
        finally:
            self.waiting -= 1
        try:
            return await self._provider.render(call, preview)
        finally:
            self._places.release()

    async def close(self) -> None:
        await self._provider.close()
