"""Found again: histories, galleries, favourites and boards, on both databases."""

from __future__ import annotations

import pytest

from storage.boards import BoardRepository
from storage.database import Database
from storage.errors import BoardFull, NameTaken
from storage.images import ImageRepository
from storage.pasts import PastRepository, Wanted
from storage.privacy import PrivacyRepository
from storage.requests import RequestRepository
from tests.storage.builders import GUILD, NOON, USER, an_image, new_request

OTHER = USER + 1
PROMPTS = ["Un été à Québec", "a fox in the snow", "A FOX with 100% wool", "", "the secret fox"]


async def told(database: Database) -> PastRepository:
    """Five requests of one member, the fourth without a picture, the last private; one of somebody else."""
    requests, images = RequestRepository(database), ImageRepository(database)
    for number, prompt in enumerate(PROMPTS, 1):
        row = new_request(number, prompt=prompt, listed=True, private=number == 5, model=f"m/{number}")
        await requests.accept(row)
        if number != 4:
            await images.add([an_image(row, created_at=NOON + number)])
    other = new_request(9, user_id=OTHER, prompt="a crow", listed=True)
    await requests.accept(other)
    await images.add([an_image(other, created_at=NOON + 9)])
    return PastRepository(database)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), [5, 4, 3, 2, 1]),
        (Wanted(words="ete quebec"), [1]),
        (Wanted(words="FOX"), [5, 3, 2]),
        (Wanted(words="wool fox"), [3]),
        (Wanted(words="100%"), [3]),
        (Wanted(words="_"), []),
        (Wanted(model="m/2"), [2]),
        (Wanted(kind="edit"), []),
        (Wanted(guild_id=0), []),
        (Wanted(liked=True), [2]),
    ],
)
async def test_a_history_is_searched_without_case_and_accents(
    database: Database, wanted: Wanted, found: list[int]
) -> None:
    pasts = await told(database)
    await pasts.like(USER, "img_0000000000002_1")
    await pasts.like(OTHER, "img_0000000000003_1")
    entries, total = await pasts.history(USER, wanted, limit=10)
    assert [int(entry.request.id[4:]) for entry in entries] == found
    assert total == len(found)


async def test_pages_follow_each_other_and_what_was_deleted_is_left_out(database: Database) -> None:
    pasts = await told(database)
    await ImageRepository(database).mark_deleted(["img_0000000000003_1"], NOON + 50)
    pages = [await pasts.history(USER, Wanted(), limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [[int(one.request.id[4:]) for one in page] for page, _ in pages] == [[5, 4], [2, 1], []]
    assert {total for _, total in pages} == {4}
    assert [len(one.images) for page, _ in pages for one in page] == [1, 0, 1, 1]


async def test_a_gallery_shows_what_everyone_may_see_and_what_is_liked_first(database: Database) -> None:
    pasts = await told(database)
    hidden = new_request(10, spoiler=True, listed=True)
    unlisted = new_request(11)
    for row in (hidden, unlisted):
        await RequestRepository(database).accept(row)
        await ImageRepository(database).add([an_image(row)])
    newest, total = await pasts.gallery(GUILD, Wanted(), by_likes=False, limit=3)
    assert [int(one.request.id[4:]) for one in newest] == [9, 3, 2]
    assert total == 4
    assert await pasts.like(USER, "img_0000000000001_1") == 1
    assert await pasts.like(USER, "img_0000000000001_1") == 1, "liking twice is liking once"
    assert await pasts.like(OTHER, "img_0000000000001_1") == 2
    await pasts.like(USER, "img_0000000000002_1")
    liked, _ = await pasts.gallery(GUILD, Wanted(), by_likes=True, limit=3)
    assert [(int(one.request.id[4:]), one.likes) for one in liked] == [(1, 2), (2, 1), (9, 0)]
    assert await pasts.like(OTHER, "img_0000000000001_1", stands=False) == 1
    assert (await pasts.gallery(GUILD + 1, Wanted(), by_likes=False, limit=3)) == ([], 0)


async def test_boards_have_names_of_their_own_and_an_order(database: Database) -> None:
    await told(database)
    boards = BoardRepository(database)
    mine = await boards.create(f"user:{USER}", "Été", guild_id=GUILD, created_by=USER)
    with pytest.raises(NameTaken):
        await boards.create(f"user:{USER}", "ETE", guild_id=0, created_by=USER)
    theirs = await boards.create(f"user:{OTHER}", "été", guild_id=GUILD, created_by=OTHER)
    ours = await boards.create(f"guild:{GUILD}", "House style", guild_id=GUILD, created_by=OTHER)
    for number in (1, 2, 3, 5):
        assert await boards.add(mine.id, f"img_{number:013d}_1", added_by=USER)
    assert not await boards.add(mine.id, "img_0000000000001_1", added_by=USER)
    assert not await boards.add("brd_none", "img_0000000000001_1", added_by=USER)
    assert await boards.move(mine.id, "img_0000000000003_1", 1)
    assert await boards.move(mine.id, "img_0000000000001_1", 99)
    assert not await boards.move(mine.id, "img_nothing", 1)

    async def seen(viewer: int) -> list[int]:
        return [int(one.request.id[4:]) for one in await boards.pictures(mine.id, viewer)]

    assert await seen(USER) == [3, 2, 5, 1]
    assert await seen(OTHER) == [3, 2, 1], "a private picture is its owner's to see, on whatever board"
    await ImageRepository(database).mark_deleted(["img_0000000000002_1"], NOON)
    assert await seen(USER) == [3, 5, 1]
    assert await boards.counts([mine.id, ours.id]) == {mine.id: 3}
    assert [one.id for one in await boards.visible(USER, GUILD)] == [mine.id, ours.id]
    assert await boards.share(theirs.id, shared=True, guild_id=GUILD)
    assert {one.id for one in await boards.visible(USER, GUILD)} == {mine.id, ours.id, theirs.id}
    assert [one.id for one in await boards.visible(USER, 0)] == [mine.id]
    assert await boards.rename(ours.id, "Winter")
    with pytest.raises(NameTaken):
        await boards.rename(
            (await boards.create(f"guild:{GUILD}", "x", guild_id=0, created_by=1)).id, "WINTER"
        )
    assert await boards.remove(mine.id, "img_0000000000003_1")
    assert await boards.delete(mine.id)
    assert await boards.get(mine.id) is None


async def test_a_full_board_and_too_many_boards_are_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await told(database)
    monkeypatch.setattr("storage.boards.MOST_PICTURES", 1)
    monkeypatch.setattr("storage.boards.MOST_BOARDS", 1)
    boards = BoardRepository(database)
    board = await boards.create("user:1", "one", guild_id=0, created_by=1)
    await boards.add(board.id, "img_0000000000001_1", added_by=1)
    with pytest.raises(BoardFull):
        await boards.add(board.id, "img_0000000000002_1", added_by=1)
    with pytest.raises(BoardFull):
        await boards.create("user:1", "two", guild_id=0, created_by=1)


async def test_erasing_takes_words_likes_and_own_boards_along(database: Database) -> None:
    pasts = await told(database)
    boards = BoardRepository(database)
    mine = await boards.create(f"user:{USER}", "mine", guild_id=GUILD, created_by=USER)
    ours = await boards.create(f"guild:{GUILD}", "ours", guild_id=GUILD, created_by=USER)
    await boards.add(mine.id, "img_0000000000001_1", added_by=USER)
    await pasts.like(USER, "img_0000000000009_1")
    for number in (1, 2, 3, 4, 5):
        await RequestRepository(database).set_state(f"img_{number:013d}", "delivered")
    await PrivacyRepository(database).erase(USER, guild_id=0, actor_id=USER)
    assert (await pasts.history(USER, Wanted(words="fox"), limit=5))[1] == 0
    assert await pasts.likes("img_0000000000009_1") == 0
    assert await boards.get(mine.id) is None
    assert await boards.get(ours.id) is not None
