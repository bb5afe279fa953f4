"""Days, weeks and months as a server lives them: pure functions over dates and zones; nothing is stored here."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum


class Window(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def day_of(instant: float, zone: tzinfo = UTC) -> date:
    """The date on a calendar in `zone` at `instant` (Unix seconds)."""
    return datetime.fromtimestamp(instant, zone).date()


def window_start(window: Window, day: date) -> date:
    """The first day of the window that `day` lies in; weeks begin on Monday."""
    match window:
        case Window.DAY:
            return day
        case Window.WEEK:
            return day - timedelta(days=day.weekday())
        case Window.MONTH:
            return day.replace(day=1)


def window_end(window: Window, day: date) -> date:
    """The first day after the window that `day` lies in."""
    start = window_start(window, day)
    match window:
        case Window.DAY:
            return start + timedelta(days=1)
        case Window.WEEK:
            return start + timedelta(days=7)
        case Window.MONTH:
            return (start + timedelta(days=31)).replace(day=1)


def renews_at(window: Window, day: date, zone: tzinfo = UTC) -> int:
    """The instant (Unix seconds) at which the window after `day`'s begins on a clock in `zone`.

    Where clocks jump over midnight, the day begins at the jump; where midnight comes twice, at the first one.
    """
    end = window_end(window, day)
    midnight = int(datetime.combine(end, time(), zone).timestamp())
    if day_of(midnight - 1, zone) < end <= day_of(midnight, zone):
        return midnight
    return _first_second_of(end, midnight - 172_800, midnight + 172_800, zone)


def _first_second_of(day: date, early: int, late: int, zone: tzinfo) -> int:
    """Between `early` (before `day` in `zone`) and `late` (in it or after): for the rare nights that skip midnight."""
    while late - early > 1:
        middle = (early + late) // 2
        if day_of(middle, zone) < day:
            early = middle
        else:
            late = middle
    return late
