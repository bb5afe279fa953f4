"""Every test that takes `database` or `url` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.jobs import JobQueue
from storage.database import Database, open_database
from storage.ledger import Ledger
from storage.requests import RequestRepository
from tests.storage.builders import Clock
from tests.storage.postgres_server import PostgresServer


async def _open_and_close(url: str) -> None:
    async with open_database(url):
        pass


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_open_and_close(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    shutil.copy(migrated_file, tmp_path / "atelier.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'atelier.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def url(dialect: str, request: pytest.FixtureRequest) -> str:
    """The address of a migrated database with no rows."""
    if dialect == "sqlite":
        return request.getfixturevalue("sqlite_url")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh_database()


@pytest.fixture
def empty_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that nobody has opened yet."""
    if dialect == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'new' / 'folder' / 'atelier.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.empty_database()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(url: str, clock: Clock) -> AsyncGenerator[Database]:
    async with open_database(url, clock=clock) as opened:
        yield opened


@pytest.fixture
def requests(database: Database) -> RequestRepository:
    return RequestRepository(database)


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
async def jobs(database: Database) -> JobQueue:
    """The engine's tables, and the way to its jobs; nothing runs them."""
    queue = JobQueue(database.sync_engine())
    await asyncio.to_thread(queue.open)
    return queue
