"""How the galleries do with 100,000 pictures: `python -m tests.web.gallery_numbers`, on SQLite and on PostgreSQL.

A real bot, asked over HTTP: how long pages take from the first to one deep inside, what the process holds in memory
before and after a walk through many, and what the database looks through for a page.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects import postgresql, sqlite

from bot.playground.people import Member
from storage.database import Database, open_database
from storage.galleries import page_query
from storage.requests import RequestRepository
from storage.tables import images, requests
from tests.scenarios.conftest import Stage, staged
from tests.scenarios.test_health import free_port
from tests.storage.builders import NOON, new_request
from tests.storage.postgres_server import postgres_server
from tests.web.test_pages import Browser, browser, sign_in

REQUESTS, EACH = 50_000, 2
WALKED = 250
_ROUNDS = 30
_BATCH = 2_000


async def fill(stage: Stage) -> None:
    """Copies of one real request and its picture: all of Ada's, all shown to her server, a minute between two."""
    async with open_database(stage.bot.database_url) as database:
        first = new_request(1, user_id=stage.ada.id, guild_id=stage.guild.id, listed=True)
        await RequestRepository(database).accept(first)
        await database.write(_copies)
        await database.write(lambda connection: connection.execute(text("ANALYZE")))


def _copies(connection: Connection) -> None:
    one = dict(connection.execute(requests.select()).mappings().one())
    for start in range(0, REQUESTS, _BATCH):
        numbers = range(start, start + _BATCH)
        rows = [
            {
                **one,
                "state": "delivered",
                "settled_at": NOON,
                "delivered_at": NOON,
                "made": EACH,
                "id": f"img_{_letters(number)}",
                "interaction_id": 10_000_000 + number,
                "words": f"lantern {number} in a harbour at night",
                "created_at": NOON - number * 60,
            }
            for number in numbers
        ]
        connection.execute(insert(requests), rows)
        connection.execute(
            insert(images),
            [
                {
                    "id": f"{row['id']}_{number}", "request_id": row["id"], "number": number, "key": "0" * 64,
                    "media_type": "image/png", "width": 1024, "height": 1024, "size_bytes": 1_000_000,
                    "cost_microusd": 0, "created_at": row["created_at"],
                }
                for row in rows
                for number in range(1, EACH + 1)
            ],
        )  # fmt: skip


def _letters(number: int) -> str:
    """13 letters of base32."""
    alphabet, said = "abcdefghijklmnopqrstuvwxyz234567", ""
    for _ in range(13):
        number, rest = divmod(number, 32)
        said = alphabet[rest] + said
    return said


async def timed(visitor: Browser, path: str, rounds: int = _ROUNDS) -> str:
    """Milliseconds: the median and the slowest, with the size of the page."""
    spent: list[float] = []
    page = ""
    for _ in range(rounds):
        began = time.perf_counter()
        status, page = await visitor.get(path)
        spent.append((time.perf_counter() - began) * 1000)
        assert status == 200
    return f"{median(spent):6.1f} ms (slowest {max(spent):6.1f}), {len(page) / 1000:.0f} kB"


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1000


async def walk(visitor: Browser, path: str, pages: int) -> str:
    """The address that many pages further on."""
    for _ in range(pages):
        _, page = await visitor.get(path)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        assert found
        path = found[1].replace("&amp;", "&")
    return path


async def plan(database: Database, stage: Stage, *, server: bool) -> Sequence[str]:
    """What the database says that it does for a page deep inside."""
    where = (
        [
            requests.c.guild_id == stage.guild.id,
            requests.c.listed.is_(True),
            requests.c.private.is_(False),
            requests.c.spoiler.is_(False),
        ]
        if server
        else [requests.c.user_id == stage.ada.id]
    )
    query = page_query(where, (NOON - 600_000, "img_aaaaaaaaaaaaa", 1)).limit(41)
    dialect = sqlite.dialect() if database.dialect == "sqlite" else postgresql.dialect()
    said = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN (COSTS OFF) "
    rows = await database.read(lambda connection: connection.execute(text(explain + said)).all())
    return [str(row[-1]) for row in rows]


async def measured(folder: Path, name: str, **environment: str) -> None:
    port = free_port()
    async with staged(folder, {"HTTP_PORT": str(port), **environment}) as stage:
        await fill(stage)
        await stage.bot.start()
        async with browser(f"http://127.0.0.1:{port}") as visitor:
            await report(stage, visitor, stage.ada, name)


async def report(stage: Stage, visitor: Browser, who: Member, name: str) -> None:
    await sign_in(stage, visitor, who)
    print(f"{name}: {REQUESTS * EACH:,} pictures")
    before = resident_mb(stage.bot.pid)
    for path in ("/mine", "/server"):
        print(f"  {path}, first page     {await timed(visitor, path)}")
    warm = resident_mb(stage.bot.pid)
    deep = await walk(visitor, "/mine", WALKED)
    print(f"  /mine, page {WALKED}       {await timed(visitor, deep)}")
    after = resident_mb(stage.bot.pid)
    print(f"  /mine, a rare word     {await timed(visitor, '/mine?q=lantern+49987', 5)}")
    print(f"  /mine, favourites      {await timed(visitor, '/mine?liked=1', 5)}")
    print(
        f"  resident memory: {before:.0f} MB, after {2 * _ROUNDS} first pages {warm:.0f} MB, "
        f"after {WALKED} more {after:.0f} MB, in the end {resident_mb(stage.bot.pid):.0f} MB"
    )
    async with open_database(stage.bot.database_url) as database:
        for server in (False, True):
            print(f"  {'/server' if server else '/mine'}:")
            print(*(f"    {line}" for line in await plan(database, stage, server=server)), sep="\n")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("sqlite", "postgres"):
            (Path(folder) / name).mkdir()
        await measured(Path(folder) / "sqlite", "SQLite")
        with postgres_server() as server:
            address = server.empty_database()
            await measured(Path(folder) / "postgres", "PostgreSQL", DATABASE_URL=address, SECRET_KEY="k" * 32)


if __name__ == "__main__":
    asyncio.run(main())
