"""The folder of one running playground: claimed, so that two never share one, and empty at each start."""

from __future__ import annotations

import fcntl
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO

_MARK = "made-by-the-playground.txt"
_WORDS = "The playground keeps its data here and empties this folder at each start.\n"


@dataclass(frozen=True)
class Home:
    """`lock` holds the claim as long as any process has it open."""

    folder: Path
    lock: IO[str]


def claim(parent: Path) -> Home:
    """`parent/playground`, or the next number that nobody uses. Raises OSError when it cannot be written to."""
    parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        name = "playground" if number == 1 else f"playground-{number}"
        lock = (parent / f".{name}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        folder = parent / name
        if not folder.exists() or (folder / _MARK).exists():
            _empty(folder)
            return Home(folder, lock)
        lock.close()  # somebody's own folder of that name stays as it is
    raise AssertionError("there is always a next number")


def _empty(folder: Path) -> None:
    """What the last world left speaks of people and messages that are gone."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    (folder / _MARK).write_text(_WORDS)
