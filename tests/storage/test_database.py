"""Opening: from nothing, from a copy, from what cannot be opened, and what transactions promise."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import IntegrityError

from storage.database import Database, open_database
from storage.errors import (
    DatabaseDamaged,
    DatabaseError,
    DatabaseLocked,
    DatabaseNewer,
    DatabaseUnreachable,
    DatabaseUnwritable,
)
from storage.images import ImageRepository
from storage.migrate import revision
from storage.postgres import PostgresDatabase
from storage.requests import RequestRepository
from storage.tables import SCHEMA_REVISION, metadata
from tests.storage.builders import an_image, new_request
from tests.storage.postgres_server import PostgresServer

ROOT = Path(__file__).parents[2]


def path_in(url: str) -> Path:
    return Path(url.partition("///")[2])


@contextmanager
def as_nobody() -> Generator[None]:
    """Root may write everywhere: without its rights for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


async def failure_to_open(url: str) -> DatabaseError:
    with pytest.raises(DatabaseError) as caught:
        async with open_database(url, busy_timeout_seconds=0.05):
            pass
    return caught.value


async def test_an_empty_database_becomes_the_schema_that_the_tables_say(empty_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with open_database(empty_url) as database:
        assert await database.read(revision) == SCHEMA_REVISION
        assert await database.write(differences) == []
        await RequestRepository(database).accept(new_request())
    async with open_database(empty_url) as database:
        assert await RequestRepository(database).get(new_request().id) is not None


async def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    command = (
        "import asyncio, sys\n"
        "from storage.database import open_database\n"
        "async def main():\n"
        "    async with open_database(sys.argv[1]): pass\n"
        "asyncio.run(main())"
    )
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", command, empty_url, cwd=ROOT)
        for _ in range(3)
    ]
    assert [await process.wait() for process in processes] == [0, 0, 0]


async def test_a_newer_schema_is_refused_and_left_alone(url: str) -> None:
    async with open_database(url) as database:
        raised = text("UPDATE alembic_version SET version_num = '9999'")
        await database.write(lambda connection: connection.execute(raised))
    error = await failure_to_open(url)
    assert isinstance(error, DatabaseNewer)
    assert (error.found, error.known) == ("9999", SCHEMA_REVISION)


async def test_an_address_of_another_kind_is_a_mistake() -> None:
    for url in ("mysql://root@localhost/atelier", "sqlite://", "sqlite+aiosqlite:///:memory:"):
        with pytest.raises(ValueError, match="SQLite"):
            async with open_database(url):
                pass


async def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    def half(connection: Connection) -> None:
        connection.execute(text("INSERT INTO settings (scope, key) VALUES ('a', 'b')"))
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(half)
    left = await database.read(lambda connection: connection.scalar(text("SELECT count(*) FROM settings")))
    assert left == 0


async def test_reading_cannot_wait_for_a_writer(database: Database) -> None:
    """A write that hangs in the middle of its transaction does not keep readers waiting, nor show them half of it."""
    loop, is_inside, may_end = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def slow(connection: Connection) -> None:
        connection.execute(text("INSERT INTO settings (scope, key) VALUES ('a', 'b')"))
        loop.call_soon_threadsafe(is_inside.set)
        if database.dialect == "sqlite":
            asyncio.run_coroutine_threadsafe(may_end.wait(), loop).result(10)

    writing = asyncio.create_task(database.write(slow))
    await is_inside.wait()
    if database.dialect == "sqlite":
        seen = await database.read(
            lambda connection: connection.scalar(text("SELECT count(*) FROM settings"))
        )
        assert seen == 0
    may_end.set()
    await writing
    seen = await database.read(lambda connection: connection.scalar(text("SELECT count(*) FROM settings")))
    assert seen == 1


async def test_the_job_engines_own_connection_sees_the_same_database(url: str) -> None:
    async with open_database(url) as database:
        engine = database.sync_engine()
        assert engine is database.sync_engine()

        def write(engine: Engine) -> None:
            with engine.begin() as connection:
                connection.execute(text("INSERT INTO settings (scope, key) VALUES ('jobs', 'a')"))

        await asyncio.to_thread(write, engine)
        scope = await database.read(lambda connection: connection.scalar(text("SELECT scope FROM settings")))
        assert scope == "jobs"


async def test_sqlite_is_durable_and_its_job_engine_writes_immediately(sqlite_url: str) -> None:
    def pragma(connection: Connection, name: str) -> object:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    async with open_database(sqlite_url) as database:
        for run in (database.write, database.read):
            found = await run(
                lambda connection: [
                    pragma(connection, name)
                    for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
                ]
            )
            assert found == ["wal", 2, 1, 10_000]
        engine = database.sync_engine()
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SELECT 1"))
        with engine.connect() as connection:
            assert connection.connection.isolation_level == "IMMEDIATE"
            assert pragma(connection, "synchronous") == 2


async def test_a_database_that_another_process_holds_is_locked(sqlite_url: str) -> None:
    holder = sqlite3.connect(path_in(sqlite_url), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert isinstance(await failure_to_open(sqlite_url), DatabaseLocked)
    finally:
        holder.rollback()
        holder.close()
    async with open_database(sqlite_url, busy_timeout_seconds=0.05):
        pass


async def test_a_writer_waits_for_another_process(sqlite_url: str) -> None:
    async with open_database(sqlite_url) as database:
        holder = sqlite3.connect(path_in(sqlite_url), isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")
        accepting = asyncio.create_task(RequestRepository(database).accept(new_request()))
        await asyncio.sleep(0)
        holder.rollback()
        holder.close()
        assert (await accepting).id == new_request().id


async def test_a_folder_that_cannot_be_made_or_written_is_named(sqlite_url: str, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    error = await failure_to_open(f"sqlite:///{in_the_way / 'atelier.db'}")
    assert isinstance(error, DatabaseUnwritable)
    assert error.path == in_the_way / "atelier.db"

    with as_nobody():
        error = await failure_to_open(sqlite_url)
    assert isinstance(error, DatabaseUnwritable)


async def test_a_read_only_file_is_unwritable(sqlite_url: str) -> None:
    # Not in pytest's own folder: that one is closed to others, and so would be everything below it.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = Path(shutil.copy(path_in(sqlite_url), folder))
        path.chmod(0o444)
        folder.chmod(0o555)
        with as_nobody():
            error = await failure_to_open(f"sqlite:///{path}")
        folder.chmod(0o755)
    assert isinstance(error, DatabaseUnwritable)
    assert "readonly" in error.detail


async def test_a_full_disk_is_said_and_the_database_stays_whole(sqlite_url: str) -> None:
    async with open_database(sqlite_url) as database:
        await database.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 40"))
        requests = RequestRepository(database)
        await requests.accept(new_request(1))
        with pytest.raises(DatabaseUnwritable) as caught:
            await requests.accept(new_request(2, prompt="a fox " * 100_000))
        assert "full" in caught.value.detail
        assert await requests.get(new_request(2).id) is None
        await requests.accept(new_request(3))


async def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "atelier.db"
    path.write_bytes(b"this is not a database " * 100)
    error = await failure_to_open(f"sqlite:///{path}")
    assert isinstance(error, DatabaseDamaged)
    assert error.path == path


async def test_a_server_that_is_not_there_is_unreachable(unused_tcp_port: int) -> None:
    error = await failure_to_open(f"postgresql://ada:secret@127.0.0.1:{unused_tcp_port}/atelier")
    assert isinstance(error, DatabaseUnreachable)
    assert "secret" not in str(error)
    assert str(unused_tcp_port) in error.address


async def test_a_database_that_does_not_exist_is_unreachable(postgres: PostgresServer) -> None:
    error = await failure_to_open(postgres.url("nowhere"))
    assert isinstance(error, DatabaseUnreachable)
    assert "nowhere" in error.detail


async def test_a_row_that_stays_locked_is_said(postgres: PostgresServer) -> None:
    url = postgres.fresh_database()
    hold = text("LOCK TABLE requests IN ACCESS EXCLUSIVE MODE")
    async with open_database(url) as other, open_database(url, busy_timeout_seconds=0.05) as database:
        is_held, may_end = asyncio.Event(), asyncio.Event()

        async def holding() -> None:
            await asyncio.to_thread(lambda: None)
            with other.sync_engine().connect() as connection:
                connection.execute(hold)
                is_held.set()
                await may_end.wait()

        holder = asyncio.create_task(holding())
        await is_held.wait()
        with pytest.raises(DatabaseLocked):
            await RequestRepository(database).accept(new_request())
        may_end.set()
        await holder
        await RequestRepository(database).accept(new_request())


async def test_connections_that_the_server_dropped_are_made_anew(postgres: PostgresServer) -> None:
    url = postgres.fresh_database()
    async with open_database(url) as database:
        requests = RequestRepository(database)
        await requests.accept(new_request(1))
        name = url.partition("@/")[2].partition("?")[0]
        postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        await requests.accept(new_request(2))
        assert len(await requests.open_requests()) == 2


def test_a_current_schema_opens_without_importing_alembic(sqlite_url: str) -> None:
    script = (
        "import asyncio, sys\n"
        "from storage.database import open_database\n"
        "async def main():\n"
        "    async with open_database(sys.argv[1]): pass\n"
        "asyncio.run(main())\n"
        "sys.exit('alembic' in sys.modules or 'asyncpg' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script, sqlite_url], cwd=ROOT, check=False).returncode == 0


async def test_an_error_of_the_database_does_not_repeat_what_people_wrote(database: Database) -> None:
    of_no_request = an_image(new_request(1), revised_prompt="a secret")
    with pytest.raises(IntegrityError) as caught:
        await ImageRepository(database).add([of_no_request])
    assert "secret" not in str(caught.value)


def test_both_drivers_get_their_own_word_for_tls() -> None:
    url = "postgresql://ada@db.example/atelier?sslmode=require"
    database = PostgresDatabase(make_url(url), clock=time.time, lock_timeout_seconds=1, pool_size=1)
    assert database.sync_engine().url.query == {"sslmode": "require"}
    url = url.replace("sslmode", "ssl")
    database = PostgresDatabase(make_url(url), clock=time.time, lock_timeout_seconds=1, pool_size=1)
    assert database.sync_engine().url.query == {"sslmode": "require"}


async def test_what_the_work_itself_raises_comes_out_unchanged(database: Database) -> None:
    def broken(connection: Connection) -> None:
        raise PermissionError("the work's own")

    for run in (database.write, database.read):
        with pytest.raises(PermissionError, match="the work's own"):
            await run(broken)
