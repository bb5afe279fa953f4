"""What the bench measures, as values that go into the JSON file and out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Of one figure over all pictures of a load."""

    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float], digits: int = 1) -> Spread:
        ordered = sorted(values)
        high = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        return cls(
            p50=round(median(ordered), digits), p99=round(high, digits), max=round(ordered[-1], digits)
        )


@dataclass(frozen=True, kw_only=True)
class LoadResult:
    """`added_ms` is from the vendor's last byte to the visible picture, `wait_s` from the command to it."""

    load: str
    pictures: int
    first_answer_ms: Spread
    added_ms: Spread
    wait_s: Spread
    cpu_ms: float
    """Processor time of the bot's process tree for one picture, idling of the same time included."""
    requests: float
    """Calls of Discord's REST API for one picture."""
    stall_ms: float
    stalls: int
    peak_mb: float
    stage_cpu_ms: float
    vendor_cpu_ms: float
    database_cpu_ms: float = 0.0
    stages_ms: dict[str, float] = field(default_factory=dict[str, float])
    threads_ms: dict[str, float] = field(default_factory=dict[str, float])
    """CPU time by kind of thread: what the profile of the whole is made of."""


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    name: str
    bot: str
    database: str
    rows: int
    previews: bool
    start_s: float
    idle_mb: float
    idle_cpu_percent: float
    loads: list[LoadResult]

    def load(self, name: str) -> LoadResult:
        return next(load for load in self.loads if load.load == name)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> CaseResult:
        return cls(**dict[str, Any](told, loads=[_load(load) for load in told["loads"]]))


def _load(told: dict[str, Any]) -> LoadResult:
    spreads = {name: Spread(**told[name]) for name in ("first_answer_ms", "added_ms", "wait_s")}
    return LoadResult(**dict[str, Any](told, **spreads))
