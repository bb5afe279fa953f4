"""Databases for the bot under test: a SQLite file or a PostgreSQL server of our own, empty or with a long past."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.bench.filling import fill
from tests.storage.postgres_server import PostgresServer, postgres_server


class Databases:
    """Every case gets a database of its own: its address, and the server's process where there is one."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._files: dict[int, Path] = {}
        self._postgres: PostgresServer | None = None
        self._made = 0

    async def sqlite(self, rows: int) -> str:
        if rows not in self._files:
            path = self._folder / f"{rows}.db"
            await fill(f"sqlite:///{path}", rows, now=time.time())
            self._files[rows] = path
        self._made += 1
        copy = self._folder / f"case{self._made}.db"
        shutil.copy(self._files[rows], copy)
        # Or the bot's first checkpoint has to wait until a gigabyte that it never wrote is on the disk.
        with copy.open("rb+") as file:
            os.fsync(file.fileno())
        return f"sqlite+aiosqlite:///{copy}"

    async def postgres(self, rows: int) -> tuple[str, int]:
        server = self._server()
        url = server.empty_database()
        await fill(url, rows, now=time.time())
        # Or the server's own housekeeping after so much writing would fall into the measurement.
        name = make_url(url).database
        with psycopg.connect(
            f"postgresql://postgres@/{name}?host={server._folder}", autocommit=True
        ) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
        return url, int((server._folder / "postmaster.pid").read_text().split()[0])

    def discard(self, url: str | None) -> None:
        """A case is over; a copy with a long past is more than a gigabyte."""
        for file in self._folder.glob(f"{Path(url).name}*") if url and "sqlite" in url else ():
            file.unlink()

    def _server(self) -> PostgresServer:
        if self._postgres is None:
            self._postgres = self._stack.enter_context(postgres_server())
            # The tests' server never syncs; a bench without syncing would be a lie.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                self._postgres.run(f"ALTER SYSTEM SET {setting} = on")
            self._postgres.run("SELECT pg_reload_conf()")
        return self._postgres


@contextmanager
def databases() -> Generator[Databases]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="atelier-bench-data-")))
        yield Databases(folder, stack)
