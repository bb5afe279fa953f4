"""What admins read of a server's requests and members."""

from __future__ import annotations

import re

from storage.database import Database
from storage.logbook import Asked, LogbookRepository
from storage.requests import RequestRepository
from tests.storage.builders import GUILD, NOON, USER, new_request
from tests.storage.plans import multiply, plans_of

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

    await multiply(database, 2_999, guild_id=lambda n: n % 30, created_at=lambda n: NOON + n)

    async def ask() -> None:
        for asked in (Asked(guild_id=None), Asked(guild_id=None, since=NOON + 100, until=NOON + 200)):
            found = await LogbookRepository(database).requests(asked, after="img_0000000000150", limit=20)
            assert len(found) == 20

    for statement, plan in await plans_of(database, ask):
        if "ORDER BY" in statement:
            assert re.search(r"requests_created_at\b", plan)
            assert "Seq Scan on requests" not in plan
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan
