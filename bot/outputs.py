"""Where pictures land as files: numbered, never over another one, however many processes write into the same folder."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import StartupError
from bot.terminal import reason

PREFIX = "IMG"
_DIGITS = 4


def make_ready(folder: Path) -> None:
    """The folder, made where it is missing. Raises StartupError where nothing can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StartupError("unwritable", str(folder.absolute()), reason(error)) from error


def save_numbered(folder: Path, data: bytes, ending: str, *, prefix: str = PREFIX) -> Path:
    """`IMG_0001.png`, `IMG_0002.png`, …: the number after the highest there, whatever the others' endings.

    The file appears whole or not at all. The folder is made where it is missing. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder), _whole(folder, data) as partial:
        number = _highest(folder, prefix) + 1
        while True:
            target = folder / f"{prefix}_{number:0{_DIGITS}}.{ending}"
            if _claim(partial, target):
                return target
            number += 1


def save_as(path: Path, data: bytes) -> Path:
    """At `path`, or beside it as `name_0002.png`, `name_0003.png`, … where there is a file already. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone_in(path.parent), _whole(path.parent, data) as partial:
        if _claim(partial, path):
            return path
        number = max(_highest(path.parent, path.stem), 1) + 1
        while True:
            target = path.with_name(f"{path.stem}_{number:0{_DIGITS}}{path.suffix}")
            if _claim(partial, target):
                return target
            number += 1


def save_same(path: Path, data: bytes) -> Path:
    """As `save_as`, but a file of that name with the same content is left as it is. Raises OSError."""
    if path.is_file() and path.read_bytes() == data:
        return path
    return save_as(path, data)


def put_latest(path: Path, data: bytes) -> Path:
    """Under a name that always means the newest: readers find the old or the new one, whole. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _whole(path.parent, data) as partial:
        partial.replace(path)
    return path


def _highest(folder: Path, prefix: str) -> int:
    pattern = re.compile(rf"{re.escape(prefix)}_(\d{{{_DIGITS},}})\.\w+")
    found = (pattern.fullmatch(entry.name) for entry in os.scandir(folder))
    return max((int(match[1]) for match in found if match), default=0)


def _claim(partial: Path, target: Path) -> bool:
    """Give the file its name, unless that is taken."""
    try:
        os.link(partial, target)
    except FileExistsError:
        return False
    except OSError:
        return _claim_without_links(partial, target)
    return True


def _claim_without_links(partial: Path, target: Path) -> bool:
    """For file systems that know no second name of a file (FAT, some network shares)."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        return False
    target.write_bytes(partial.read_bytes())
    return True


@contextmanager
def _whole(folder: Path, data: bytes) -> Generator[Path]:
    partial = folder / f".{secrets.token_hex(8)}.partial"
    try:
        partial.write_bytes(data)
        yield partial
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _alone_in(folder: Path) -> Generator[None]:
    """One writer at a time looks for the next number: without it two that see the same one would race for it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass  # a file system without locks: the names themselves still cannot be taken twice
        yield
    finally:
        os.close(handle)
