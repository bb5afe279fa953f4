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
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bot.errors import Interrupted, StartupError
from bot.foundation import opened
from bot.images import State
from bot.terminal import reason
from bot.work import charges_for
from storage.copying import Content, CopyDiffers, NotEmpty, copy_all, save
from storage.database import Database
from storage.errors import StorageError
from storage.images import ImageRepository
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import End, RequestRow

LOOK_EVERY_SECONDS = 600.0
_NOTE = "closed when a backup was restored"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Moved:
    """What came over, and how many unfinished requests were closed on the way; `aside` is what was there before."""

    tables: dict[str, Content]
    closed: int
    seconds: float
    aside: Path | None = None

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
    try:
        unfinished.unlink(missing_ok=True)
        await asyncio.to_thread(save, database, unfinished)
        unfinished.chmod(0o600)
        unfinished.rename(path)
    except OSError as error:
        raise StartupError(what="unwritable", where=str(path), hint=reason(error)) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return path


async def back_up_at(url: str, where: Path) -> Path:
    """As `back_up`, for a database that nobody here has opened."""
    async with opened(url) as database:
        return await back_up(database, where)


async def restore(backup: Path, target_url: str, *, replaces: Path | None = None) -> Moved:
    """Put a backup's rows into an empty database and close what was unfinished. Raises StartupError.

    `replaces` is the SQLite file that stands where the rows go: it gets another name, and its own again where this
    fails.
    """
    with tempfile.TemporaryDirectory(prefix="atelier-restore-") as folder:
        # A copy: opening brings an older release's rows to today's schema, and the backup must stay what it is.
        copied = Path(folder) / "backup.db"
        try:
            shutil.copyfile(backup, copied)
        except OSError as error:
            raise StartupError(what="no_backup", where=str(backup), hint=reason(error)) from error
        aside = _put_aside(replaces) if replaces and replaces.exists() else None
        try:
            moved = await move(f"sqlite+aiosqlite:///{copied}", target_url, close_unfinished=True)
        except BaseException as error:
            if replaces and aside:
                _rename(aside, replaces)
            if isinstance(error, StartupError) and error.where == str(copied):
                raise StartupError(what="no_backup", where=str(backup)) from error
            raise
        return replace(moved, aside=aside)


def _put_aside(file: Path) -> Path:
    """A SQLite file under another name, so that nothing is lost by a restore."""
    aside = file.with_name(f"{file.name}.before-{int(time.time())}")
    _rename(file, aside)
    return aside


def _rename(file: Path, name: Path) -> None:
    """With what SQLite keeps beside it; whatever has that name makes way."""
    for ending in ("", "-wal", "-shm"):
        part, target = file.with_name(file.name + ending), name.with_name(name.name + ending)
        if part.exists():
            part.replace(target)
        else:
            target.unlink(missing_ok=True)


async def move(source_url: str, target_url: str, *, close_unfinished: bool = False) -> Moved:
    """Copy all rows into an empty database and prove that they are the same there.

    Raises StartupError: no database there, unfinished requests that nobody said may be closed, a database that is not
    empty, a difference.
    """
    started = time.monotonic()
    _check_there(source_url)
    async with opened(source_url) as source, opened(target_url) as target:
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


def _check_there(url: str) -> None:
    """Opening a SQLite file that is not there would make an empty one."""
    file = Path(url.partition(":///")[2])
    if url.startswith("sqlite") and not file.is_file():
        raise StartupError(what="no_database", where=url)


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
