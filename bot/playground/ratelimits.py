"""Discord's rate limits, off unless asked for: buckets by route and place, and the bot's global limit."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from dataclasses import dataclass, field

from bot.playground.errors import ApiError
from bot.playground.jsonic import Json

GLOBAL_PER_SECOND = 50
BUCKETS_KEPT = 10_000


class RateLimited(ApiError):
    """429, with what the client needs to wait: `retry_after` seconds, and for which scope."""

    def __init__(
        self, retry_after: float, *, is_global: bool = False, code: int = 0, status: int = 429
    ) -> None:
        super().__init__(code, status=status, message="You are being rate limited.")
        self.retry_after = retry_after
        self.is_global = is_global

    def to_dict(self) -> Json:
        return {**super().to_dict(), "retry_after": self.retry_after, "global": self.is_global}

    @property
    def headers(self) -> dict[str, str]:
        scope = "global" if self.is_global else "user"
        # Without Via a client takes the answer for a ban by the proxy in front of Discord.
        return {"Via": "1.1 google", "Retry-After": str(self.retry_after), "X-RateLimit-Scope": scope}


@dataclass
class Bucket:
    """The last moments at which something was let through."""

    limit: int
    window: float
    moments: deque[float] = field(default_factory=deque[float])

    def take(self, now: float) -> float:
        """0, or the seconds until there is room again."""
        while self.moments and self.moments[0] <= now - self.window:
            self.moments.popleft()
        if len(self.moments) >= self.limit:
            return self.moments[0] + self.window - now
        self.moments.append(now)
        return 0.0


class RateLimits:
    """`per_route` is how many requests a bucket lets through in `window` seconds of real time."""

    def __init__(self) -> None:
        self.enabled = False
        self.per_route = 5
        self.window = 5.0
        self._buckets: dict[str, Bucket] = {}
        self._global = Bucket(GLOBAL_PER_SECOND, 1.0)

    def check(self, method: str, route: str, major: str, *, interaction: bool) -> dict[str, str]:
        """The headers for the answer. Raises RateLimited."""
        if not self.enabled:
            return {}
        now = time.monotonic()
        if len(self._buckets) > BUCKETS_KEPT:  # tokens of interactions make buckets that nobody fills twice
            self._buckets.clear()
        if not interaction and (wait := self._global.take(now)):
            raise RateLimited(wait, is_global=True)
        bucket = self._buckets.setdefault(f"{method} {route} {major}", Bucket(self.per_route, self.window))
        if wait := bucket.take(now):
            raise RateLimited(wait)
        reset = bucket.moments[0] + bucket.window - now
        name = hashlib.sha256(f"{method} {route}".encode()).hexdigest()[:32]
        return {
            "X-RateLimit-Bucket": name,
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(bucket.limit - len(bucket.moments)),
            "X-RateLimit-Reset": f"{time.time() + reset:.3f}",
            "X-RateLimit-Reset-After": f"{reset:.3f}",
        }
