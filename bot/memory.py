"""How the process keeps its memory: freed buffers stay at hand, and what stays for good is not looked through again.

Both change nothing that a program can see, only how often it stops for housekeeping.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MMAP_THRESHOLD_BYTES, _TRIM_THRESHOLD_BYTES = 64 << 20, 128 << 20

_YOUNG_OBJECTS = 20_000
"""How many new objects bring a look at the youngest of them; Python's own 700 means dozens of looks a picture."""


def keep_big_buffers() -> None:
    """Tell glibc to keep freed buffers of pictures: fresh pages for each 2 MB reply cost more than decoding it.

    Measured: 6 ms CPU a picture. Harmless where the C library is another.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES)


def set_aside_what_stays() -> None:
    """Take what start-up made out of the garbage collector's sight: modules, classes, commands, models.

    Half a million objects of which none will ever be garbage: looking through them stopped the event loop for a tenth
    of a second in the middle of a crowd.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 10, 10)
