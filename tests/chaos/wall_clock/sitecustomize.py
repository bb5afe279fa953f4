# ruff: noqa: INP001 - found by its folder, never imported as a part of the tests
"""Python runs this before anything else where PYTHONPATH names its folder: the clock on the wall then obeys a file.

The file holds seconds to add, as text; what measures durations (`time.monotonic`) does not jump on a real machine
either. No library and no rights are needed for it.
"""

import mmap
import os
import time

_read_seconds, _read_nanoseconds = time.time, time.time_ns


def _ahead() -> int:
    return int(_shown[:])


def _time() -> float:
    return _read_seconds() + _ahead()


def _time_ns() -> int:
    return _read_nanoseconds() + _ahead() * 1_000_000_000


with open(os.environ["CHAOS_CLOCK"], "rb") as _file:  # noqa: PTH123 - pathlib would cost every start of the bot time
    _shown = mmap.mmap(_file.fileno(), 0, prot=mmap.PROT_READ)
time.time, time.time_ns = _time, _time_ns
