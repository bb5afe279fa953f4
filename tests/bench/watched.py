"""Runs a module and notes how long its event loop was ever busy: `python -m tests.bench.watched FILE bot run`.

The time between two looks at the sockets is what a newly arrived event had to wait. Measured there it costs nothing
that could be seen in the program's own CPU time, which a ticking heartbeat would. SIGUSR1 writes FILE and starts anew.
"""

from __future__ import annotations

import contextlib
import json
import runpy
import signal
import sys
import threading
import time
from asyncio import selector_events
from collections.abc import Callable
from pathlib import Path
from typing import Any

LONG_SECONDS = 0.06


class Watch:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._longest = 0.0
        self._long = 0

    def over(self, select: Callable[..., Any]) -> Callable[..., Any]:
        """The same `select`, with a look at the clock before and after."""
        clock = time.perf_counter
        back_at = clock()

        def watched(timeout: float | None = None) -> Any:
            nonlocal back_at
            busy = clock() - back_at
            if busy > self._longest:
                self._longest = busy
            if busy > LONG_SECONDS:
                self._long += 1
            try:
                return select(timeout)
            finally:
                back_at = clock()

        return watched

    def write(self) -> None:
        told = {
            "stall_ms": round(self._longest * 1e3, 1),
            "over_60_ms": self._long,
            "threads": cpu_of_threads(),
        }
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(told))
        draft.replace(self._file)
        self._longest, self._long = 0.0, 0


def cpu_of_threads() -> dict[str, float]:
    """CPU seconds so far of each kind of thread that lives, as Linux counts them; pools are added up by their name."""
    spent: dict[str, float] = {}
    for thread in threading.enumerate():
        with contextlib.suppress(OSError):
            told = Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text()
            name = thread.name.rstrip("0123456789").rstrip("_-")
            spent[name] = spent.get(name, 0.0) + int(told.split()[0]) / 1e9
    return spent


def install(file: Path) -> None:
    """Watch the main thread's loop, whoever makes it."""
    watch = Watch(file)
    run_forever = selector_events.BaseSelectorEventLoop.run_forever

    def watched_run(loop: Any) -> None:
        try:
            loop.add_signal_handler(signal.SIGUSR1, watch.write)
        except (ValueError, RuntimeError):
            pass  # another thread's loop
        else:
            loop._selector.select = watch.over(loop._selector.select)
        run_forever(loop)

    selector_events.BaseSelectorEventLoop.run_forever = watched_run  # pyright: ignore[reportAttributeAccessIssue]


def main() -> None:
    _, file, module, *arguments = sys.argv
    install(Path(file))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
