"""Pictures a page at a time, on both databases: every one once, in order, whatever is drawn meanwhile."""

from __future__ import annotations

import pytest

from storage.boards import BoardRepository
from storage.database import Database
from storage.galleries import GalleryRepository, Sought
from storage.images import ImageRepository
from storage.pasts import PastRepository, Wanted
from storage.requests import RequestRepository
from tests.storage.builders import GUILD, NOON, USER, an_image, new_request

OTHER = USER + 1


async def hung(database: Database) -> GalleryRepository:
    """Six requests of two pictures, two of them at the same instant; the fifth private, the sixth somebody else's."""
    requests, images = RequestRepository(database), ImageRepository(database)
    for number in range(1, 7):
        row = new_request(
            number,
            prompt=f"fox {number}",
            created_at=NOON + (2 if number == 3 else number),
            listed=number != 4,
            private=number == 5,
            user_id=OTHER if number == 6 else USER,
        )
        await requests.accept(row)
        await images.add([an_image(row, 1), an_image(row, 2)])
    return GalleryRepository(database)


async def walked(gallery: GalleryRepository, sought: Sought, *, server: bool = False, limit: int = 3) -> str:
    """The pictures of all pages, as `5.1 5.2 …`."""
    after, shown, pages = None, list[str](), 0
    while pages < 10:
        pages += 1
        page = (
            await gallery.of_server(GUILD, USER, sought, after=after, limit=limit)
            if server
            else await gallery.of_member(USER, sought, after=after, limit=limit)
        )
        shown += [f"{int(one.request.id[4:])}.{one.image.number}" for one in page.found]
        after = page.next
        if after is None:
            break
    return " ".join(shown)


async def test_pages_follow_each_other_without_a_gap_or_a_double(database: Database) -> None:
    gallery = await hung(database)
    assert await walked(gallery, Sought()) == "5.1 5.2 4.1 4.2 3.1 3.2 2.1 2.2 1.1 1.2"
    assert await walked(gallery, Sought(), limit=5) == "5.1 5.2 4.1 4.2 3.1 3.2 2.1 2.2 1.1 1.2"
    first = await gallery.of_member(USER, Sought(), after=None, limit=3)
    late = new_request(7)
    await RequestRepository(database).accept(late)
    await ImageRepository(database).add([an_image(late)])
    await ImageRepository(database).mark_deleted([str(first.next)], NOON + 60)
    second = await gallery.of_member(USER, Sought(), after=first.next, limit=2)
    assert [one.image.id for one in second.found] == ["img_0000000000004_2", "img_0000000000003_1"]
    unknown = await gallery.of_member(USER, Sought(), after="img_aaaaaaaaaaaaa_1", limit=1)
    assert [one.image.id for one in unknown.found] == ["img_0000000000007_1"]


async def test_a_server_shows_what_everyone_could_see(database: Database) -> None:
    gallery = await hung(database)
    assert await walked(gallery, Sought(), server=True) == "6.1 6.2 3.1 3.2 2.1 2.2 1.1 1.2"
    elsewhere = await gallery.of_server(GUILD + 1, USER, Sought(), after=None, limit=9)
    assert not elsewhere.found


@pytest.mark.parametrize(
    ("sought", "shown"),
    [
        (Sought(wanted=Wanted(words="FOX 2")), "2.1 2.2"),
        (Sought(wanted=Wanted(kind="edit")), ""),
        (Sought(wanted=Wanted(model="demo/")), "5.1 5.2 4.1 4.2 3.1 3.2 2.1 2.2 1.1 1.2"),
        (Sought(wanted=Wanted(liked=True)), "2.2"),
        (Sought(since=NOON + 4, until=NOON + 5), "4.1 4.2"),
        (Sought(board_id="?"), "4.1 1.1"),
    ],
)
async def test_filters_narrow_the_wall(database: Database, sought: Sought, shown: str) -> None:
    gallery, boards = await hung(database), BoardRepository(database)
    await PastRepository(database).like(USER, "img_0000000000002_2")
    await PastRepository(database).like(OTHER, "img_0000000000001_1")
    board = await boards.create(f"user:{USER}", "Foxes", guild_id=GUILD, created_by=USER)
    for picture in ("img_0000000000001_1", "img_0000000000006_1", "img_0000000000004_1"):
        await boards.add(board.id, picture, added_by=USER)
    if sought.board_id:
        sought = Sought(board_id=board.id)
    assert await walked(gallery, sought) == shown


async def test_the_cover_of_a_board_is_its_first_pictures(database: Database) -> None:
    await hung(database)
    boards = BoardRepository(database)
    board = await boards.create(f"user:{USER}", "Foxes", guild_id=GUILD, created_by=USER)
    for number in (3, 5, 1, 2):
        await boards.add(board.id, f"img_{number:013d}_1", added_by=USER)
    await ImageRepository(database).mark_deleted(["img_0000000000003_1"], NOON + 50)
    mine = await boards.covers([board.id], USER, each=2)
    assert mine == {board.id: ["img_0000000000005_1", "img_0000000000001_1"]}
    others = await boards.covers([board.id], OTHER, each=2)
    assert others == {board.id: ["img_0000000000001_1", "img_0000000000002_1"]}
