"""The days that a filter's form names, as the time between them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo


def span_of(first: str, last: str, zone: tzinfo) -> tuple[float | None, float | None]:
    """From the midnight before `first` to the one after `last` in that zone, in Unix seconds.

    None for a day that was not given or is none: it narrows nothing.
    """
    begin, end = _day(first), _day(last)
    since = None if begin is None else _midnight(begin, zone)
    return since, None if end is None or end == date.max else _midnight(end + timedelta(days=1), zone)


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _midnight(day: date, zone: tzinfo) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
