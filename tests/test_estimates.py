"""When a picture will be ready: said only where enough is known, and never in the past."""

from __future__ import annotations

from bot.estimates import Estimates


def test_nothing_is_said_until_three_pictures_were_timed() -> None:
    estimates = Estimates(2, now=lambda: 1000.0)
    for _ in range(2):
        estimates.note("m", 10.0)
        assert estimates.ready_at("m", 0) is None
    estimates.note("m", 10.0)
    assert estimates.ready_at("m", 0) == 1010.0


def test_whoever_waits_behind_others_is_told_of_their_time_too() -> None:
    estimates = Estimates(2, now=lambda: 1000.0)
    for _ in range(3):
        estimates.note("m", 10.0)
    assert estimates.ready_at("m", 4) == 1030.0


def test_a_picture_that_is_late_has_no_estimate_any_more() -> None:
    estimates = Estimates(1, now=lambda: 1000.0)
    for _ in range(3):
        estimates.note("m", 10.0)
    assert estimates.ready_at("m", 0, drawing_since=995.0) == 1005.0
    assert estimates.ready_at("m", 0, drawing_since=900.0) is None
