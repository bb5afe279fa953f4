"""A backup comes back whole, with nothing left to be bought again; a move to PostgreSQL is proved row by row."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from bot import backup
from bot.errors import StartupError
from storage.copying import content_of
from storage.database import Database, open_database
from storage.images import ImageRepository
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import End
from storage.tables import metadata
from tests.bench.filling import fill
from tests.storage.builders import NOON, USER, a_limit, an_image, charges, new_request
from tests.storage.postgres_server import PostgresServer

MOVED = int(os.environ.get("MOVED_REQUESTS", "2000"))
"""100,000 by hand: `MOVED_REQUESTS=100000 pytest tests/test_backup.py -k moved`."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'first.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.empty_database()


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with open_database(url) as opened:
        yield opened


async def one_delivered_one_drawn_one_waiting(database: Database) -> None:
    requests, images, ledger = RequestRepository(database), ImageRepository(database), Ledger(database)
    limits = [a_limit(10), a_limit(1_000_000, unit="usd")]
    for number in (1, 2, 3):
        await requests.accept(replace(new_request(number), token=b"\x00\xffsealed"), limits)
    first, second = new_request(1), new_request(2)
    await images.add([an_image(first), an_image(second)])
    await ledger.settle(first.id, charges(first, 40_000), NOON + 9, end=End(state="rendered"))
    await requests.mark_delivered(first.id, NOON + 10)


async def test_a_backup_comes_back_whole_and_closes_what_was_unfinished(
    database: Database, tmp_path: Path
) -> None:
    await one_delivered_one_drawn_one_waiting(database)
    file = await backup.back_up(database, tmp_path)
    assert file.stat().st_mode & 0o077 == 0
    again = f"sqlite:///{tmp_path / 'again.db'}"
    moved = await backup.restore(file, again)
    assert moved.closed == 2
    async with open_database(again) as restored:
        rows = {row.id: row for row in await RequestRepository(restored).of_user(USER)}
        states = [rows[new_request(number).id].state for number in (1, 2, 3)]
        assert states == ["delivered", "undelivered", "failed"]
        assert {row.token for row in rows.values()} == {None}
        assert [rows[new_request(number).id].charged_microusd for number in (1, 2, 3)] == [40_000, 40_000, 0]
        assert not await Ledger(restored).verify()
        assert not await RequestRepository(restored).unsettled(NOON * 2)


async def test_an_older_backup_is_not_changed_by_its_restoration(database: Database, tmp_path: Path) -> None:
    await one_delivered_one_drawn_one_waiting(database)
    file = await backup.back_up(database, tmp_path / "kept.db")
    before = file.read_bytes()
    await backup.restore(file, f"sqlite:///{tmp_path / 'again.db'}")
    assert file.read_bytes() == before
    with pytest.raises(StartupError, match="not_empty"):
        await backup.restore(file, f"sqlite:///{tmp_path / 'again.db'}")
    with pytest.raises(StartupError, match="backup_exists"):
        await backup.back_up(database, tmp_path / "kept.db")


async def test_a_file_that_is_no_backup_is_said(tmp_path: Path) -> None:
    nonsense = tmp_path / "holiday.db"
    nonsense.write_bytes(b"sunshine" * 4096)
    with pytest.raises(StartupError, match="no_backup") as caught:
        await backup.restore(nonsense, f"sqlite:///{tmp_path / 'again.db'}")
    assert caught.value.where == str(nonsense)
    with pytest.raises(StartupError, match="no_backup"):
        await backup.restore(tmp_path / "none.db", f"sqlite:///{tmp_path / 'again.db'}")


async def test_what_a_restore_cannot_replace_stays_where_it_is(database: Database, tmp_path: Path) -> None:
    await one_delivered_one_drawn_one_waiting(database)
    file = await backup.back_up(database, tmp_path / "kept.db")
    used, nonsense = tmp_path / "used.db", tmp_path / "holiday.db"
    nonsense.write_bytes(b"sunshine" * 4096)
    await backup.restore(file, f"sqlite:///{used}")
    (tmp_path / "used.db-wal").write_bytes(before := b"")
    with pytest.raises(StartupError, match="no_backup"):
        await backup.restore(nonsense, f"sqlite:///{used}", replaces=used)
    assert (tmp_path / "used.db-wal").read_bytes() == before
    async with open_database(f"sqlite:///{used}") as still:
        assert len(await RequestRepository(still).of_user(USER)) == 3
    moved = await backup.restore(file, f"sqlite:///{used}", replaces=used)
    assert moved.aside
    async with open_database(f"sqlite:///{moved.aside}") as aside:
        assert len(await RequestRepository(aside).of_user(USER)) == 3
    with pytest.raises(StartupError, match="no_database"):
        await backup.move(f"sqlite:///{tmp_path / 'nowhere.db'}", f"sqlite:///{tmp_path / 'to.db'}")
    assert not (tmp_path / "nowhere.db").exists()
    with pytest.raises(StartupError, match="bad_database_url"):
        await backup.move("nonsense", f"sqlite:///{tmp_path / 'to.db'}")


async def test_everything_is_moved_from_sqlite_to_postgres_and_proved(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    source, target = f"sqlite:///{tmp_path / 'first.db'}", postgres.empty_database()
    await fill(source, MOVED, now=NOON)
    started = time.monotonic()
    moved = await backup.move(source, target)
    print(f"{MOVED} requests, {moved.rows} rows in {time.monotonic() - started:.1f} s")
    assert moved.tables["requests"].rows == moved.tables["images"].rows == MOVED
    assert moved.tables["ledger"].rows == 2 * MOVED
    async with open_database(target) as there, open_database(source) as here:
        for table in metadata.sorted_tables:
            with here.sync_engine().connect() as one, there.sync_engine().connect() as other:
                assert content_of(one, table) == content_of(other, table)
        # The next row of its own gets a number above those that came.
        accepted = await RequestRepository(there).accept(new_request(9_999_999, user_id=7))
        assert accepted.id == new_request(9_999_999).id
        assert not await Ledger(there).verify()


async def test_unfinished_requests_are_not_moved_unless_they_may_be_closed(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    source = f"sqlite:///{tmp_path / 'first.db'}"
    async with open_database(source) as database:
        await one_delivered_one_drawn_one_waiting(database)
    with pytest.raises(StartupError, match="unfinished"):
        await backup.move(source, postgres.empty_database())
    assert (await backup.move(source, postgres.empty_database(), close_unfinished=True)).closed == 2


async def test_each_night_one_backup_is_made_and_the_newest_are_kept(url: str, tmp_path: Path) -> None:
    now = time.time()
    async with open_database(url, clock=lambda: now) as database:
        folder = tmp_path / "backups"
        nightly = backup.NightlyBackup(database, folder, keep=2, now=lambda: now)
        names: list[str] = []
        for _ in range(3):
            made = await nightly.once()
            assert made is not None
            assert await nightly.once() is None
            names.append(made.name)
            now += 86_400
        assert sorted(path.name for path in folder.iterdir()) == names[1:]


async def test_a_difference_is_found(database: Database, tmp_path: Path) -> None:
    await one_delivered_one_drawn_one_waiting(database)
    table = metadata.tables["requests"]
    with database.sync_engine().connect() as connection:
        before = content_of(connection, table)
    await database.write(lambda connection: connection.execute(text("UPDATE requests SET prompt = 'a fax'")))
    with database.sync_engine().connect() as connection:
        assert content_of(connection, table) != before
