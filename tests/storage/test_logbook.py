"""What admins read of a server's requests and members."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Engine, event, insert, select, text

from storage.database import Database
from storage.logbook import Asked, LogbookRepository
from storage.requests import RequestRepository
from storage.tables import requests as requests_table
from tests.storage.builders import GUILD, NOON, USER, new_request

BRUNO = USER + 1
ELSEWHERE = GUILD + 1


async def test_requests_are_narrowed_and_paged(requests: RequestRepository, database: Database) -> None:
    logbook = LogbookRepository(database)
    for number in range(6):
        await requests.accept(new_request(number, created_at=NOON + number // 2))
    await requests.accept(new_request(7, user_id=BRUNO, user_name="Éric", model="demo/oils"))
    await requests.accept(new_request(8, guild_id=ELSEWHERE))
    await requests.fail(new_request(0).id, "broken", {})

    async def found(after: str | None = None, limit: int = 20, **asked: object) -> list[int]:
        wanted = Asked(**{"guild_id": GUILD, **asked})  # pyright: ignore[reportArgumentType]
        return [
            int(entry.request.id.removeprefix("img_"))
            for entry in await logbook.requests(wanted, after=after, limit=limit)
        ]

    assert await found() == [7, 5, 4, 3, 2, 1, 0]
    assert await found(limit=3) == [7, 5, 4]
    assert await found(limit=3, after=new_request(4).id) == [3, 2, 1]
    assert await found(after="img_nothere") == await found()
    assert await found(guild_id=None) == [8, 7, 5, 4, 3, 2, 1, 0]
    assert await found(member="Ér") == await found(member=str(BRUNO)) == [7]
    assert await found(member="ad", states=["failed"]) == [0]
    assert await found(member="%") == []
    assert await found(member="9" * 25) == []
    assert await found(model="demo/oils") == [7]
    assert await found(since=NOON + 1, until=NOON + 2) == [3, 2]
    [entry] = await logbook.requests(Asked(guild_id=GUILD, member=str(BRUNO)))
    assert entry.name == "Éric"


async def test_members_come_with_what_they_asked_for(requests: RequestRepository, database: Database) -> None:
    logbook = LogbookRepository(database)
    for number in range(3):
        await requests.accept(new_request(number))
    await requests.accept(new_request(4, user_id=BRUNO, user_name="Bruno"))
    await requests.accept(new_request(5, user_id=BRUNO, user_name="Bruno", guild_id=ELSEWHERE))
    members = await logbook.members(GUILD)
    assert [(one.user_id, one.name, one.requests, one.last_at) for one in members] == [
        (BRUNO, "Bruno", 1, NOON + 4),
        (USER, "Ada", 3, NOON + 2),
    ]
    assert [one.name for one in await logbook.members(GUILD, limit=1, offset=1)] == ["Ada"]
    assert [one.name for one in await logbook.members(GUILD, named="bru")] == ["Bruno"]
    assert sorted(await logbook.guilds_of(BRUNO)) == [GUILD, ELSEWHERE]


async def test_the_newest_of_all_servers_are_found_without_reading_the_others(
    requests: RequestRepository, database: Database
) -> None:
    """Among 3,000 rows of 30 servers the database's own plan is a walk along the index."""
    await requests.accept(new_request(0))

    def fill(connection: Connection) -> None:
        row = dict(connection.execute(select(requests_table)).mappings().one())
        changed = (
            {"id": f"img_{n:013d}", "guild_id": n % 30, "created_at": NOON + n, "interaction_id": n}
            for n in range(1, 3_000)
        )
        connection.execute(insert(requests_table), [row | one for one in changed])
        if database.dialect == "postgresql":
            connection.execute(text("ANALYZE"))

    await database.write(fill)
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("SELECT"):
            statements.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        for asked in (Asked(guild_id=None), Asked(guild_id=None, since=NOON + 100, until=NOON + 200)):
            found = await LogbookRepository(database).requests(asked, after="img_0000000000150", limit=20)
            assert len(found) == 20
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
    for statement, parameters in statements:
        rows = await database.read(
            lambda c, s=statement, p=parameters: c.exec_driver_sql(explain + s, p).all()
        )
        plan = " | ".join(str(row[-1]).strip() for row in rows)
        print(f"{database.dialect}: {plan}")
        if "ORDER BY" in statement:
            assert re.search(r"requests_created_at\b", plan)
            assert "Seq Scan on requests" not in plan
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan
