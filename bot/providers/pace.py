"""Keeping to a vendor's rate limit: what it says in headers and refusals is heard, and the calls queue for their turn.

`Limited` opens the line around each call; the code that speaks to the vendor tells it what was said (`heard`,
`come_back`) without knowing who listens. Where no line is open nothing is remembered.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

import structlog

from bot.errors import ProviderError, RateLimited
from storage.errors import StorageError
from storage.paces import Paces

LONGEST_WAIT_SECONDS = 20.0
"""Who would have to wait longer is told so at once: another provider may be quicker."""

_REMAINING = re.compile(r"x-ratelimit-remaining(?P<what>-[\w-]+)?")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_LEAST_UNIX_TIME = 1e9

_log = structlog.get_logger(__name__)
_open_line: ContextVar[Line | None] = ContextVar("_open_line", default=None)


class Line:
    """Those who want to ask one account at a vendor. What storage cannot say holds nobody up."""

    def __init__(
        self,
        provider: str,
        account: str,
        paces: Paces,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._provider, self._account, self._paces, self._sleep = provider, account, paces, sleep

    @contextmanager
    def open(self) -> Generator[None]:
        """What the vendor says inside is for this line."""
        before = _open_line.set(self)
        try:
            yield
        finally:
            _open_line.reset(before)

    async def turn(self) -> None:
        """Returns when it is the caller's turn. Raises RateLimited where that is too far away."""
        try:
            wait = await self._paces.turn(self._account, LONGEST_WAIT_SECONDS)
            while wait > 0:
                if wait > LONGEST_WAIT_SECONDS:
                    raise RateLimited(provider=self._provider, code="held", retry_after_seconds=wait)
                _log.info(
                    "waiting for the vendor's rate limit", provider=self._provider, seconds=round(wait, 2)
                )
                await self._sleep(wait)
                # Who was ahead may have been sent away meanwhile.
                held = await self._paces.held(self._account)
                wait = await self._paces.turn(self._account, LONGEST_WAIT_SECONDS) if held else 0.0
        except StorageError as error:
            _log.warning("the pace of a vendor is not known", provider=self._provider, why=str(error))

    async def told(self, seconds: float | None, gap: float | None = None) -> None:
        """The vendor's word, for everybody."""
        try:
            await self._paces.told(self._account, seconds, gap)
        except StorageError as error:
            _log.warning("the pace of a vendor could not be noted", provider=self._provider, why=str(error))
        else:
            _log.info("the vendor asks for a pause", provider=self._provider, seconds=seconds, gap=gap)


async def heard(headers: Mapping[str, str]) -> None:
    """The headers of an answer to something that counts: where nothing remains, the line stops here."""
    line, limit = _open_line.get(), used_up(headers)
    if line is not None and limit is not None:
        await line.told(*limit)


async def come_back(
    error: ProviderError, seconds: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Wait until the vendor may be asked again after `error`. Raises RateLimited where too many wait already."""
    line = _open_line.get()
    if line is None or not isinstance(error, RateLimited):
        await sleep(seconds)
        return
    await line.told(seconds)
    await line.turn()


def used_up(headers: Mapping[str, str]) -> tuple[float, float | None] | None:
    """Of the limits that are used up, the one that takes longest: seconds until the next call, and between later ones.

    OpenAI's `reset` is the time until all of the limit is there again: a part of it comes back in a part of the time.
    """
    found: list[tuple[float, float | None]] = []
    for name, remaining in headers.items():
        match = _REMAINING.fullmatch(name.casefold())
        if match is None or _number(remaining) != 0:
            continue
        what = match["what"] or ""
        reset = _duration(headers.get(f"x-ratelimit-reset{what}", ""))
        if reset is None:
            continue
        limit = _number(headers.get(f"x-ratelimit-limit{what}", ""))
        gap = reset / limit if limit else None
        found.append((reset if gap is None else gap, gap))
    return max(found, default=None, key=lambda one: one[0])


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _duration(text: str) -> float | None:
    """`6m0s`, `350ms`, `12`, or Unix seconds."""
    number = _number(text)
    if number is not None:
        return max(0.0, number - time.time() if number > _LEAST_UNIX_TIME else number)
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
