"""When it is night for the owner: the time of day at which what can wait is done."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from bot.terminal import t

_UTC = ZoneInfo("UTC")
_FORM = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?:\s+(?P<zone>\S+))?")


@dataclass(frozen=True)
class Night:
    """The work of a night is due at `at` in `zone`, and from then on until it is done: a machine may sleep at night."""

    at: time = time(3)
    zone: ZoneInfo = _UTC

    def __str__(self) -> str:
        return f"{self.at:%H:%M}" + ("" if self.zone == _UTC else f" {self.zone.key}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """`03:00`, or `03:00 Europe/Paris`. Raises ValueError."""
        found = _FORM.fullmatch(text.strip())
        if found is None or int(found["hour"]) > 23 or int(found["minute"]) > 59:
            raise ValueError(t("must be a time like 03:00, or with a zone like 03:00 Europe/Paris"))
        zone = found["zone"] or "UTC"
        if zone not in zoneinfo.available_timezones():
            raise ValueError(t("names no time zone; one is written like Europe/Paris"))
        return cls(time(int(found["hour"]), int(found["minute"])), ZoneInfo(zone))

    def last(self, now: float) -> date:
        """The date of the newest night whose work is due at `now` (Unix seconds)."""
        local = datetime.fromtimestamp(now, UTC).astimezone(self.zone)
        return local.date() if self._begins(local.date()) <= now else local.date() - timedelta(days=1)

    def next(self, now: float) -> float:
        """When the next one is due, as Unix seconds."""
        return self._begins(self.last(now) + timedelta(days=1))

    def _begins(self, day: date) -> float:
        return datetime.combine(day, self.at, self.zone).timestamp()
