"""What a provider is: one vendor's API behind one method, in one file. Limits and money wrap from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.catalog import ImageModel
from bot.errors import ProviderError
from bot.images import GeneratedImage, ImageRequest


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An input's bytes, ready to be sent."""

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class RenderCall:
    """One call to a vendor: `count` pictures of `request`, the first of them being number `first` (from 1).

    `previews` is how many unfinished pictures are wanted (0 for none); `requester` a hash that names the member to the
    vendor and nobody else; `prompt` the words to send, the style's already woven in.
    """

    request: ImageRequest
    model: ImageModel
    prompt: str
    first: int = 1
    count: int = 1
    inputs: tuple[Picture, ...] = ()
    mask: Picture | None = None
    previews: int = 0
    requester: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """What the call gave: at least one picture, what it cost together in micro-dollars, the vendor's id of the call."""

    images: tuple[GeneratedImage, ...]
    cost_microusd: int
    request_id: str | None = None
    usage: dict[str, Any] = field(default_factory=dict[str, Any])


PreviewSink = Callable[[int, bytes], None]
"""Told a picture's number (from 1, within the whole request) and its unfinished bytes; returns at once."""


class Provider(Protocol):
    """Raises `bot.errors.ProviderError` and its kin, nothing else; cancelling the task abandons the vendor's work."""

    name: str

    async def render(self, call: RenderCall, preview: PreviewSink) -> Rendering: ...

    async def close(self) -> None: ...


class Resumable(Provider, Protocol):
    """A provider whose vendor names each piece of work: what has begun survives us, and is collected by its name.

    `begin` buys; everything after it may be repeated. `cancel` never raises: the work may have ended by itself.
    """

    async def begin(self, call: RenderCall) -> str: ...

    async def collect(self, call: RenderCall, job_id: str, preview: PreviewSink) -> Rendering: ...

    async def cancel(self, job_id: str) -> None: ...


def resumable(provider: Provider) -> Resumable | None:
    found: Any = provider
    return found if all(hasattr(provider, part) for part in ("begin", "collect", "cancel")) else None


async def begin_whole(provider: Resumable, call: RenderCall) -> str:
    """`begin`; a cancel that comes while the vendor takes the order waits for the order's name, and cancels that."""
    beginning = asyncio.ensure_future(provider.begin(call))
    try:
        return await asyncio.shield(beginning)
    except asyncio.CancelledError:
        try:
            job_id = await beginning
        except ProviderError:
            pass
        else:
            await provider.cancel(job_id)
        raise
