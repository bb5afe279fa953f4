"""Stops asking a provider that is down, and knows how each provider has been doing.

closed ──three failures in a row──▶ open ──the pause is over──▶ one probe ──▶ closed, or open for twice as long
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from bot.errors import Misconfigured, OutOfCredit, ProviderError, ProviderTimeout, ProviderUnavailable

_log = structlog.get_logger(__name__)

_FAILURES = 3
_LONGEST_PAUSE_SECONDS = 600.0
_REMEMBERED_SECONDS = 3600.0


@dataclass(frozen=True, kw_only=True)
class Health:
    """`status`: ready, paused (until the Unix time `until`), out_of_credit or misconfigured.

    `latency_seconds` is the median of the last hour's calls, None without any.
    """

    status: str
    until: float | None = None
    latency_seconds: float | None = None


class Breaker:
    def __init__(
        self, provider: str, *, pause_seconds: float = 30.0, now: Callable[[], float] = time.time
    ) -> None:
        self._provider, self._first_pause, self._now = provider, pause_seconds, now
        self._failures, self._pause = 0, pause_seconds
        self._open_until: float | None = None
        self._probing = False
        self._account: str | None = None
        self._calls: deque[tuple[float, float]] = deque(maxlen=1000)

    @contextmanager
    def passing(self, *, timed: bool = True) -> Generator[None]:
        """Around one call, `timed` where it draws. Raises ProviderUnavailable (code `paused`) while it rests."""
        probe = self._admit()
        started = self._now()
        try:
            yield
        except (ProviderUnavailable, ProviderTimeout):
            self._failed()
            raise
        except ProviderError as error:
            # It answered: whatever it says of this request or account, it is not down.
            self._answered()
            self._account = error.kind if isinstance(error, OutOfCredit | Misconfigured) else self._account
            raise
        else:
            self._answered()
            self._account = None
            if timed:
                self.took(self._now() - started)
        finally:
            if probe:
                self._probing = False

    def took(self, seconds: float) -> None:
        """A drawing that was not waited for inside of `passing` took so long."""
        self._calls.append((self._now(), seconds))

    def health(self) -> Health:
        fresh = [took for at, took in self._calls if at > self._now() - _REMEMBERED_SECONDS]
        latency = statistics.median(fresh) if fresh else None
        if self._open_until is not None and self._open_until > self._now():
            return Health(status="paused", until=self._open_until, latency_seconds=latency)
        return Health(status=self._account or "ready", latency_seconds=latency)

    def _admit(self) -> bool:
        """Whether this call is the probe."""
        if self._open_until is None:
            return False
        if self._probing or self._now() < self._open_until:
            raise ProviderUnavailable(provider=self._provider, code="paused")
        self._probing = True
        return True

    def _failed(self) -> None:
        self._failures += 1
        if self._open_until is not None and not self._probing:
            # A straggler that had begun before the circuit opened.
            return
        if self._open_until is not None:
            self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
        elif self._failures < _FAILURES:
            return
        self._open_until = self._now() + self._pause
        _log.warning("the provider rests", provider=self._provider, seconds=self._pause)

    def _answered(self) -> None:
        if self._open_until is not None:
            _log.info("the provider is back", provider=self._provider)
        self._failures, self._open_until, self._pause = 0, None, self._first_pause
