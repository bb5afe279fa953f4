"""The simulation's time, which tests may move, and the ids that Discord makes from it."""

import time
from datetime import UTC, datetime

DISCORD_EPOCH_MS = 1_420_070_400_000


class Clock:
    """Wall time plus an offset: rules about minutes can be tried without waiting for them."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`; negative values are refused, because ids must keep growing."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self._offset += seconds

    def stamp(self, at: float | None = None) -> str:
        """`at` (or now) as Discord writes timestamps."""
        moment = datetime.fromtimestamp(self.now() if at is None else at, UTC)
        return moment.isoformat(timespec="microseconds")


class Snowflakes:
    """Ids that carry their birth time, unique and growing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        born = (int(self._clock.now() * 1000) - DISCORD_EPOCH_MS) << 22
        self._last = max(self._last + 1, born)
        return self._last


def born(snowflake: int) -> float:
    """When `snowflake` was made, in seconds since 1970."""
    return ((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000
