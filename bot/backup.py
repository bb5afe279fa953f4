"""Backups, their way back, and the move from SQLite to PostgreSQL. Rows only: pictures stay in the image store.

What was unfinished when a backup was made is closed when it comes back: its pictures may have been bought and shown
since, so nothing is drawn again and what was reserved is released.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bot.errors import Interrupted, StartupError
from bot.images import State
from bot.work import charges_for
from storage.copying import Content, CopyDiffers, NotEmpty, copy_all, save
from storage.database import Database, open_database
from storage.errors import DatabaseError, StorageError
from storage.images import ImageRepository
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import End, RequestRow

LOOK_EVERY_SECONDS = 600.0
_NOTE = "closed when a backup was restored"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Moved:
    """What came over, and how many unfinished requests were closed on the way."""

    tables: dict[str, Content]
    closed: int
    seconds: float

    @property
    def rows(self) -> int:
        return sum(content.rows for content in self.tables.values())


async def back_up(database: Database, where: Path) -> Path:
    """The file that was written: `where`, or one with today's date and time where that is a folder.

    Whole or not at all: it gets its name when it is complete. Raises StartupError where a file is in the way.
    """
    stamp = datetime.fromtimestamp(database.now(), UTC).strftime("%Y-%m-%d-%H%M%S")
    path = where / f"atelier-{stamp}.db" if where.is_dir() else where
    if path.exists():
        raise StartupError(what="backup_exists", where=str(path))
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.unlink(missing_ok=True)
    try:
        await asyncio.to_thread(save, database, unfinished)
        unfinished.chmod(0o600)
        unfinished.rename(path)
    except OSError as error:
        raise StartupError(what="unwritable", where=str(path), hint=error.strerror) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return path


async def back_up_at(url: str, where: Path) -> Path:
    """As `back_up`, for a database that nobody here has opened."""
    async with _opened(url) as database:
        return await back_up(database, where)


def put_aside(file: Path) -> Path | None:
    """Give a SQLite file another name, so that nothing is lost by a restore; None when there is none."""
    if not file.exists():
        return None
    aside = file.with_name(f"{file.name}.before-{int(time.time())}")
    for ending in ("", "-wal", "-shm"):
        part = file.with_name(file.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside


async def restore(backup: Path, target_url: str) -> Moved:
    """Put a backup's rows into an empty database and close what was unfinished. Raises StartupError."""
    with tempfile.TemporaryDirectory(prefix="atelier-restore-") as folder:
        # A copy: opening brings an older release's rows to today's schema, and the backup must stay what it is.
        copied = Path(folder) / "backup.db"
        try:
            shutil.copyfile(backup, copied)
        except OSError as error:
            raise StartupError(what="no_backup", where=str(backup), hint=error.strerror) from error
        return await move(f"sqlite+aiosqlite:///{copied}", target_url, close_unfinished=True)


async def move(source_url: str, target_url: str, *, close_unfinished: bool = False) -> Moved:
    """Copy all rows into an empty database and prove that they are the same there.

    Raises StartupError: unfinished requests that nobody said may be closed, a database that is not empty, a difference.
    """
    started = time.monotonic()
    async with _opened(source_url) as source, _opened(target_url) as target:
        unfinished = await RequestRepository(source).open_requests()
        if unfinished and not close_unfinished:
            raise StartupError(what="unfinished", where=f"{len(unfinished)} requests")
        try:
            tables = await asyncio.to_thread(copy_all, source, target)
        except NotEmpty as error:
            raise StartupError(what="not_empty", where=error.table) from error
        except CopyDiffers as error:
            raise StartupError(what="copy_differs", where=", ".join(error.tables)) from error
        closed = await close_all(target)
        if await Ledger(target).verify():
            raise StartupError(what="copy_differs", where="counters")
    return Moved(tables, closed, time.monotonic() - started)


async def close_all(database: Database) -> int:
    """End every unfinished request: what had been made is charged, the rest released, and nobody is told again."""
    requests = RequestRepository(database)
    rows = await requests.open_requests()
    for row in rows:
        await _close(database, requests, row)
    return len(rows)


async def _close(database: Database, requests: RequestRepository, row: RequestRow) -> None:
    now = database.now()
    if row.settled_at is None:
        images = await ImageRepository(database).of_request(row.id)
        failure = Interrupted()
        end = End(
            state=State.RENDERED if images else State.FAILED,
            failure_kind=failure.kind,
            failure_facts=failure.facts(),
        )
        await Ledger(database).settle(row.id, charges_for(row, images), now, end=end)
    await requests.mark_undelivered(row.id, now, _NOTE)


@asynccontextmanager
async def _opened(url: str) -> AsyncGenerator[Database]:
    try:
        async with open_database(url) as database:
            yield database
    except ValueError as error:
        raise StartupError(what="bad_database_url", where=str(error)) from error
    except DatabaseError as error:
        raise StartupError(what="database", where=str(error)) from error


class NightlyBackup:
    """One file a day (by UTC) in `folder`, the newest `keep` of them kept; several processes may share the folder."""

    def __init__(
        self, database: Database, folder: Path, *, keep: int, now: Callable[[], float] = time.time
    ) -> None:
        self._database, self._folder, self._keep, self._now = database, folder, keep, now

    async def once(self) -> Path | None:
        """The file of today, if it was made here and now."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"atelier-nightly-{datetime.fromtimestamp(self._now(), UTC):%Y-%m-%d}.db"
        claim = self._folder / f".{path.stem}.claim"
        if path.exists() or not self._claimed(claim):
            return None
        try:
            await back_up(self._database, path)
        finally:
            claim.unlink(missing_ok=True)
        for old in sorted(self._folder.glob("atelier-nightly-*.db"))[: -self._keep]:
            old.unlink(missing_ok=True)
        _log.info("backed up", file=str(path), bytes=path.stat().st_size)
        return path

    async def run(self) -> None:
        """At once and then every ten minutes, until cancelled: a machine that sleeps at night is backed up by day."""
        while True:
            try:
                await self.once()
            except (OSError, StorageError, StartupError) as error:
                _log.error("the nightly backup failed", folder=str(self._folder), why=str(error))
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def _claimed(self, claim: Path) -> bool:
        """Of several processes one backs up. A claim that is an hour old is a dead one's."""
        try:
            if self._now() - claim.stat().st_mtime > 3600:
                claim.unlink(missing_ok=True)
        except FileNotFoundError:
            pass
        try:
            os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        return True
