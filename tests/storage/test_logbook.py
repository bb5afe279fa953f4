"""What admins read of a server's requests and members."""

from __future__ import annotations

from storage.database import Database
from storage.logbook import Asked, LogbookRepository
from storage.requests import RequestRepository
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
