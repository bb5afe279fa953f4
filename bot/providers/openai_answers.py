"""Reads the answers of OpenAI-shaped servers from raw bytes: whole JSON bodies, and streams of events.

The pictures are megabytes of base64 inside JSON: this path is what most of the bot's time goes into, so bytes are
joined once, parsed by jiter and decoded by pybase64, and never pass through models of fields.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import nullcontext
from typing import Any, cast

import jiter
import pybase64

Json = dict[str, Any]


class TooLarge(Exception):
    """The answer is larger than any that was asked for."""


class Unreadable(Exception):
    """The answer is no JSON, or ends in the middle."""


class Stalled(Exception):
    """The sender stopped in the middle of its answer."""


class Reader:
    """`places` bounds how many answers are in memory at once, `stall_seconds` how long a sender may pause in one."""

    def __init__(self, *, places: int, stall_seconds: float) -> None:
        self._places, self._stall = asyncio.Semaphore(places), stall_seconds

    async def whole(self, chunks: AsyncIterator[bytes], limit: int) -> Json:
        """The body as one JSON object. Raises TooLarge, Unreadable or Stalled."""
        async with self._places:
            parts: list[bytes] = []
            await self._gather(parts, chunks, limit, until=None)
            return parsed(b"".join(parts))

    async def events(self, chunks: AsyncIterator[bytes], limit: int) -> AsyncGenerator[Json]:
        """The `data` of each event. The vendor may think as long as it likes between two, but not within one."""
        rest = b""
        while rest or (rest := await anext(chunks, b"")):
            end = _event_end(rest)
            # Not at its end yet: a picture has begun, as like as not. It is read to its end in one of the places.
            async with self._places if end is None else nullcontext():
                if end is None:
                    event, rest = await self._rest_of_event(rest, chunks, limit)
                else:
                    event, rest = rest[: end[0]], rest[end[1] :]
                told = parsed(data) if (data := _data_of(event)) else None
                # Megabytes each, and the vendor may think for minutes before it sends more.
                del event, data
                if told is not None:
                    yield told
                del told

    async def _rest_of_event(
        self, begun: bytes, chunks: AsyncIterator[bytes], limit: int
    ) -> tuple[bytes, bytes]:
        """The event, and what came behind it; a last one may lack its blank line."""
        parts = [begun]
        await self._gather(parts, chunks, limit, until=_has_blank_line)
        # The blank line may lie across two chunks.
        tail = b"".join(parts[-3:])
        del parts[-3:]
        end = _event_end(tail) or (len(tail), len(tail))
        return b"".join([*parts, tail[: end[0]]]), tail[end[1] :]

    async def _gather(
        self,
        parts: list[bytes],
        chunks: AsyncIterator[bytes],
        limit: int,
        until: Callable[[list[bytes]], bool] | None,
    ) -> None:
        """Appends what comes until it ends.

        One timer serves many chunks: setting it anew for each would cost as much as reading.
        """
        patience = asyncio.timeout(self._stall)
        loop = asyncio.get_running_loop()
        size, set_at = sum(map(len, parts)), loop.time()
        try:
            async with patience:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > limit:
                        raise TooLarge(f"more than {limit} bytes")
                    parts.append(chunk)
                    if until is not None and until(parts):
                        return
                    if (now := loop.time()) > set_at + self._stall / 4:
                        patience.reschedule(now + self._stall)
                        set_at = now
        except TimeoutError as error:
            if not patience.expired():
                raise
            raise Stalled(f"nothing for {self._stall} seconds") from error


def parsed(data: bytes) -> Json:
    try:
        whole = jiter.from_json(data, cache_mode="none")
    except ValueError as error:
        raise Unreadable(str(error)) from error
    if not isinstance(whole, dict):
        raise Unreadable("no object")
    return cast("Json", whole)


def picture_bytes(text: str) -> bytes:
    """Decoded base64, with or without the prefix of a data URL. Raises Unreadable."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError as error:
        raise Unreadable("no base64") from error


def _event_end(text: bytes) -> tuple[int, int] | None:
    """Where the first event ends, and where the next begins: a blank line, with or without carriage returns."""
    # A single byte is found ten times as fast as two, and a picture is megabytes without a line break.
    at = text.find(b"\n")
    while at >= 0:
        if text.startswith(b"\n", at + 1):
            return at, at + 2
        if text.startswith(b"\r\n", at + 1):
            return at, at + 3
        at = text.find(b"\n", at + 1)
    return None


def _has_blank_line(parts: list[bytes]) -> bool:
    """Whether the newest part completes one, begun in the two before it at the earliest."""
    return b"\n" in parts[-1] and _event_end(b"".join(parts[-3:])) is not None


def _data_of(event: bytes) -> bytes:
    """Empty where the event has none, or says that it was the last."""
    at = 0 if event.startswith(b"data:") else event.find(b"\ndata:") + 1
    if (at or event.startswith(b"data:")) and event.find(b"\n", at) < 0:
        # One line of data, which is how everybody writes it: one copy.
        data = event[at + 5 :]
    else:
        data = b"\n".join(line[5:].rstrip(b"\r") for line in event.split(b"\n") if line.startswith(b"data:"))
    return b"" if len(data) < 16 and data.strip() in (b"", b"[DONE]") else data
