"""Waiting for a database or disk that is away for a moment, where giving up would throw away what was paid for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from storage.errors import (
    DatabaseLocked,
    DatabaseUnreachable,
    DatabaseUnwritable,
    StorageError,
    StoreFull,
    StoreUnreachable,
    StoreUnwritable,
)

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.2, 5.0
PATIENCE_SECONDS = 600.0
_PASSING = (
    DatabaseLocked,
    DatabaseUnreachable,
    DatabaseUnwritable,
    StoreFull,
    StoreUnreachable,
    StoreUnwritable,
)

T = TypeVar("T")
_log = structlog.get_logger(__name__)


async def patiently(do: Callable[[], Awaitable[T]], *, request: str, what: str) -> T:
    """What `do` gives, tried again for ten minutes while storage is away. `do` must be safe to repeat."""
    loop = asyncio.get_running_loop()
    until, wait = loop.time() + PATIENCE_SECONDS, FIRST_WAIT_SECONDS
    while True:
        try:
            return await do()
        except StorageError as error:
            if not isinstance(error, _PASSING) or loop.time() + wait > until:
                raise
            _log.warning("storage is away; trying again", request=request, what=what, why=str(error))
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT_SECONDS)
