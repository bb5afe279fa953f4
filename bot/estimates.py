"""When a request will be ready, from how long the last ones took in this process; silent where little is known."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from statistics import fmean

_REMEMBERED = 20
_MODELS = 200
_FEWEST = 3
"""One quick or slow picture says little: an estimate that is off by minutes is worse than none."""


class Estimates:
    """`slots` is how many calls run at once; a request with `place` others before it waits for its turn first."""

    def __init__(self, slots: int, now: Callable[[], float] = time.time) -> None:
        self._slots, self._now = max(1, slots), now
        self._seconds: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, model: str, seconds: float) -> None:
        """A call for this model took so long."""
        self._seconds.setdefault(model, deque(maxlen=_REMEMBERED)).append(seconds)
        self._seconds.move_to_end(model)
        if len(self._seconds) > _MODELS:
            self._seconds.popitem(last=False)

    def ready_at(self, model: str, place: int, drawing_since: float | None = None) -> float | None:
        """Unix seconds; None while too little is known, or when it already takes longer than it should."""
        own = self._seconds.get(model, ())
        if len(own) < _FEWEST:
            return None
        everyone = fmean(value for seconds in self._seconds.values() for value in seconds)
        now = self._now()
        begins = drawing_since if drawing_since is not None else now + everyone * (place // self._slots)
        ready = begins + fmean(own)
        return ready if ready > now + 1 else None
