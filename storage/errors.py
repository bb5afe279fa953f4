"""What storage can refuse or fail at, as facts; the wording is left to those who show them.

StorageError
├── DatabaseError
│   ├── DatabaseLocked        another process holds the database longer than we wait
│   ├── DatabaseNewer         its schema was written by a newer release
│   ├── DatabaseUnreachable   no server, wrong name or password, or a dropped connection
│   ├── DatabaseUnwritable    folder or file cannot be written, or the disk is full
│   └── DatabaseDamaged       the file is no database, or a broken one
├── NoRoom, TooManyOpen, TooSoon   an acceptance that would pass a limit; nothing was written
├── NameTaken, BoardFull    a board that cannot be so
└── ImageMissing, StoreFull, StoreUnwritable, StoreUnreachable
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.rows import Limit


@dataclass(eq=False)
class StorageError(Exception):
    def __post_init__(self) -> None:
        super().__init__(*(getattr(self, field.name) for field in fields(self)))

    def __str__(self) -> str:
        told = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self))
        return f"{type(self).__name__}({told})"


class DatabaseError(StorageError):
    pass


@dataclass(eq=False)
class DatabaseLocked(DatabaseError):
    path: str


@dataclass(eq=False)
class DatabaseNewer(DatabaseError):
    """`found` is the schema revision in the database, `known` the newest that this release can read."""

    found: str
    known: str


@dataclass(eq=False)
class DatabaseUnreachable(DatabaseError):
    """`address` has no password in it; `detail` is the driver's own sentence."""

    address: str
    detail: str


@dataclass(eq=False)
class DatabaseUnwritable(DatabaseError):
    path: Path
    detail: str


@dataclass(eq=False)
class DatabaseDamaged(DatabaseError):
    path: Path
    detail: str


@dataclass(eq=False)
class NoRoom(StorageError):
    """`limit.amount` counts what was granted on top, `used` not what resets gave back; all numbers are images or
    micro-dollars, as `limit.unit` says.
    """

    limit: Limit
    used: int
    reserved: int
    asked: int


@dataclass(eq=False)
class TooManyOpen(StorageError):
    """`open` requests of the same member wait or run already."""

    limit: int
    open: int


@dataclass(eq=False)
class TooSoon(StorageError):
    """The member's last request here was so recent that the next is welcome from `ready_at` (Unix seconds) on."""

    seconds: int
    ready_at: float


@dataclass(eq=False)
class ImageMissing(StorageError):
    key: str


@dataclass(eq=False)
class StoreFull(StorageError):
    location: str


@dataclass(eq=False)
class StoreUnwritable(StorageError):
    location: str
    detail: str


@dataclass(eq=False)
class StoreUnreachable(StorageError):
    """A bucket that did not answer, or answered with something that is neither "missing" nor "forbidden"."""

    location: str
    detail: str


@dataclass(eq=False)
class NameTaken(StorageError):
    """This owner has a board of that name."""

    name: str


@dataclass(eq=False)
class BoardFull(StorageError):
    """`limit` pictures on a board, or boards of an owner, are the most."""

    limit: int
