"""How the providers are doing, as all processes on one database know it together.

Who draws tells what it meets; who only takes commands, serves pages or lists models reads what was told. The breaker of
a process goes by its own calls alone: what is shared here is for people.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import structlog

from bot.breaker import Health
from bot.model_list import Watched
from storage.errors import StorageError
from storage.health import HealthRepository, HealthRow

EVERY_SECONDS = 5.0
_SAID_AGAIN_SECONDS = 60.0
_FRESH_SECONDS = 150.0
"""Two heartbeats and a half: who said nothing for longer is gone, and so is what it knew."""
_WORST_FIRST = ("misconfigured", "out_of_credit", "paused", "ready")
_FINE = Health(status="ready")

_log = structlog.get_logger(__name__)


class Wellbeing(Mapping[str, Watched]):
    """`own` are the providers that this process may ask; `process` its name among those on the database."""

    def __init__(
        self,
        repository: HealthRepository,
        own: Mapping[str, Watched],
        *,
        process: str,
        tells: bool,
        listens: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._repository, self._own, self._process, self._now = repository, own, process, now
        self._tells, self._listens = tells, listens
        self._said: dict[str, tuple[float, Health]] = {}
        self._heard: Mapping[str, Sequence[Health]] = {}

    async def run(self) -> None:
        """Tell and listen until cancelled. What storage cannot do now is tried again."""
        while True:
            try:
                await self.exchange()
            except StorageError as error:
                _log.warning("how providers are doing could not be shared", why=str(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def exchange(self) -> None:
        if self._tells:
            await self._tell()
        if self._listens:
            await self._listen()

    async def _tell(self) -> None:
        """Only what is new, and now and then that we are still here: an idle bot writes nothing."""
        now = self._now()
        rows: list[HealthRow] = []
        for name, provider in self._own.items():
            health = _rounded(provider.health())
            said_at, said = self._said.get(name, (0.0, _FINE))
            if health == said and (health == _FINE or now - said_at < _SAID_AGAIN_SECONDS):
                continue
            self._said[name] = now, health
            rows.append(
                HealthRow(
                    provider=name,
                    process=self._process,
                    status=health.status,
                    until=health.until,
                    latency_seconds=health.latency_seconds,
                    at=now,
                )
            )
        if rows:
            await self._repository.tell(rows)

    async def _listen(self) -> None:
        heard: dict[str, list[Health]] = {}
        for row in await self._repository.told(self._now() - _FRESH_SECONDS):
            if row.process != self._process:
                health = Health(status=row.status, until=row.until, latency_seconds=row.latency_seconds)
                heard.setdefault(row.provider, []).append(health)
        self._heard = heard

    def __getitem__(self, name: str) -> Watched:
        if name not in self._own:
            raise KeyError(name)
        return _Together(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)

    def of(self, name: str) -> Health:
        """All that is known of it: the worst of what somebody meets, the median of how long it takes."""
        now = self._now()
        known = [self._own[name].health(), *self._heard.get(name, ())]
        met = [_FINE if one.until is not None and one.until <= now else one for one in known]
        worst = min(met, key=lambda one: _WORST_FIRST.index(one.status))
        return replace(worst, latency_seconds=_median([one.latency_seconds for one in known]))


class _Together:
    def __init__(self, wellbeing: Wellbeing, name: str) -> None:
        self._wellbeing, self._name = wellbeing, name

    def health(self) -> Health:
        return self._wellbeing.of(self._name)


def _rounded(health: Health) -> Health:
    """A tenth of a second is enough for people, and spares a write after each call."""
    latency = health.latency_seconds
    return replace(health, latency_seconds=None if latency is None else round(latency, 1))


def _median(seconds: Collection[float | None]) -> float | None:
    known = [one for one in seconds if one is not None]
    return statistics.median(known) if known else None


class Unasked:
    """A provider in a process that asks none: fine, as far as this one can say."""

    def health(self) -> Health:
        return _FINE
