"""Windows begin when a calendar on the wall says so, also where clocks jump."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.windows import Window, day_of, renews_at, window_end, window_start

DAYS = st.dates(min_value=date(2010, 1, 1), max_value=date(2037, 12, 1))
ZONES = sorted(available_timezones())


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        (Window.DAY, date(2026, 11, 21), date(2026, 11, 22)),
        (Window.WEEK, date(2026, 11, 16), date(2026, 11, 23)),
        (Window.MONTH, date(2026, 11, 1), date(2026, 12, 1)),
    ],
)
def test_the_windows_of_a_saturday(window: Window, start: date, end: date) -> None:
    assert window_start(window, date(2026, 11, 21)) == start
    assert window_end(window, date(2026, 11, 21)) == end


def test_december_ends_with_the_year_and_february_with_its_leap_day() -> None:
    assert window_end(Window.MONTH, date(2026, 12, 31)) == date(2027, 1, 1)
    assert window_end(Window.DAY, date(2028, 2, 28)) == date(2028, 2, 29)
    assert window_start(Window.WEEK, date(2027, 1, 1)) == date(2026, 12, 28)


def test_a_day_of_25_hours_renews_an_hour_later() -> None:
    paris = ZoneInfo("Europe/Paris")
    before = renews_at(Window.DAY, date(2026, 10, 24), paris)
    after = renews_at(Window.DAY, date(2026, 10, 25), paris)
    assert after - before == 25 * 3600


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        # No midnight: the clock goes from 23:59:59 to 01:00:00.
        ("Africa/Cairo", date(2026, 4, 23), datetime(2026, 4, 23, 22, tzinfo=UTC)),
        # Two midnights: at 01:00 the clock goes back to 00:00.
        ("America/Havana", date(2026, 10, 31), datetime(2026, 11, 1, 4, tzinfo=UTC)),
        # No 30 December at all.
        ("Pacific/Apia", date(2011, 12, 29), datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ],
)
def test_nights_without_a_plain_midnight(zone: str, day: date, instant: datetime) -> None:
    assert renews_at(Window.DAY, day, ZoneInfo(zone)) == instant.timestamp()


@given(DAYS, st.sampled_from(ZONES), st.sampled_from(list(Window)))
def test_the_renewal_is_the_first_second_after_the_window(day: date, name: str, window: Window) -> None:
    zone = ZoneInfo(name)
    instant = renews_at(window, day, zone)
    end = window_end(window, day)
    assert window_start(window, day) <= day < end
    assert day_of(instant - 1, zone) < end <= day_of(instant, zone)


def test_every_midnight_of_a_year_in_every_zone() -> None:
    for name in ZONES:
        zone = ZoneInfo(name)
        for month in range(1, 13):
            end = window_end(Window.MONTH, date(2026, month, 15))
            instant = renews_at(Window.MONTH, date(2026, month, 15), zone)
            assert day_of(instant, zone) == end, name
            assert day_of(instant - 1, zone) < end, name
