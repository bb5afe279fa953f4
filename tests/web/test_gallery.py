"""Galleries, pictures and boards of a real bot: what each member sees of the others, and what they may change."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from storage.boards import BoardRepository
from storage.database import open_database
from storage.images import ImageRepository
from storage.requests import RequestRepository
from tests.scenarios.conftest import Stage, StartStage, start_stage
from tests.scenarios.test_health import free_port
from tests.storage.builders import an_image, new_request
from tests.web.test_pages import Browser, browser, finished, sign_in
from tests.web.test_region import chromium, opened

__all__ = ["chromium", "start_stage"]


async def drawn(visitor: Browser, prompt: str, **fields: str) -> str:
    """The first picture of a request made on the page."""
    status, told = await visitor.post("/create", prompt=prompt, **fields)
    assert status == 200, told
    request_id = json.loads(told)["id"]
    await finished(visitor, request_id)
    return f"{request_id}_1"


def hung(page: str) -> list[str]:
    """The pictures of a wall or a board."""
    return re.findall(r'<a href="/pictures/(\w+)"[^>]*><img', page)


async def test_who_sees_which_pictures(start_stage: StartStage) -> None:
    port = free_port()
    stage = await start_stage(HTTP_PORT=str(port))
    root = f"http://127.0.0.1:{port}"
    den = stage.guild.add_channel("den")
    den.deny(stage.guild.everyone, "view_channel")
    den.allow(stage.ada, ["view_channel", "send_messages"])
    den.allow(stage.bruno, "view_channel")
    assert stage.guild.me
    den.allow(stage.guild.me, "view_channel")
    await (await stage.discord.slash(stage.ada, den, "imagine", {"prompt": "a badger in its den"})).card()
    await (await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a crow"})).card()
    rows = {row.prompt: f"{row.id}_1" for row in await stage.ended_rows(stage.ada)}
    badger, crow = rows["a badger in its den"], rows["a crow"]
    async with browser(root) as ada, browser(root) as bruno, browser(root) as camille:
        await sign_in(stage, ada, stage.ada)
        await sign_in(stage, bruno, stage.bruno)
        await sign_in(stage, camille, stage.camille)
        assert "Your pictures will hang here" in (await bruno.get("/mine"))[1]
        assert "No board yet" in (await bruno.get("/boards"))[1]
        owl = await drawn(ada, "Élégant owl", count="2")
        secret = await drawn(ada, "a secret owl", private="1")
        status, mine = await ada.get("/mine")
        assert hung(mine) == [secret, owl, owl[:-1] + "2", crow, badger]
        assert hung((await ada.get("/mine?q=ELEGANT"))[1]) == [owl, owl[:-1] + "2"]
        assert hung((await ada.get(f"/mine?before={owl}"))[1]) == [owl[:-1] + "2", crow, badger]
        assert "Nothing is like that" in (await ada.get("/mine?q=walrus"))[1]
        for visitor in (ada, bruno, camille):
            status, wall = await visitor.get("/server")
            assert (status, hung(wall)) == (200, [owl, owl[:-1] + "2", crow])
        table: list[tuple[str, str, int]] = []
        for name, visitor in (("ada", ada), ("bruno", bruno), ("camille", camille)):
            for kind, picture in (("public", crow), ("den", badger), ("private", secret)):
                for path in ("pictures", "files", "thumbs"):
                    async with visitor.http.get(f"{root}/{path}/{picture}") as answer:
                        table.append((f"{name} {kind}", path, answer.status))
        print(*table, sep="\n")
        assert {row[0] for row in table if row[2] == 404} == {
            "bruno private", "camille private", "camille den",
        }  # fmt: skip
        assert {row[2] for row in table} == {200, 404}
        # What came of a picture that somebody may not see hangs on a place without one.
        status, told = await ada.post("/create", **{"prompt": "as a drawing", "kind": "edit", "from": secret})
        edit = json.loads(told)["id"] + "_1"
        await finished(ada, edit[:-2])
        assert f"/pictures/{secret}" in (await ada.get(f"/pictures/{edit}"))[1]
        _, page = await bruno.get(f"/pictures/{edit}")
        assert secret not in page
        assert "secret" not in page
        assert "Not to be seen any more" in page
        # Only the owner deletes, one picture at a time.
        assert (await bruno.post(f"/pictures/{crow}/delete"))[0] == 403
        assert (await ada.post(f"/pictures/{owl}/delete"))[0] == 303
        assert (await ada.get(f"/pictures/{owl}"))[0] == 404
        assert hung((await bruno.get("/server"))[1])[1:] == [owl[:-1] + "2", crow]


async def test_boards_are_filled_shared_put_in_order_and_taken_home(start_stage: StartStage) -> None:
    port = free_port()
    stage = await start_stage(HTTP_PORT=str(port))
    root = f"http://127.0.0.1:{port}"
    async with browser(root) as ada, browser(root) as camille, browser(root) as adele:
        await sign_in(stage, ada, stage.ada)
        await sign_in(stage, camille, stage.camille)
        await sign_in(stage, adele, stage.admin)
        fox, elk = await drawn(ada, "a fox"), await drawn(ada, "an elk")
        status, told = await ada.post("/boards/add", image=fox, board="new", name="Forest <b>")
        assert status == 200
        assert "&lt;b&gt;" in json.loads(told)["message"]
        path = json.loads(told)["url"]
        board = path.rpartition("/")[2]
        assert (await ada.post("/boards/add", image=elk, board=board))[0] == 200
        assert "already" in json.loads((await ada.post("/boards/add", image=elk, board=board))[1])["message"]
        status, told = await ada.post("/boards", name="forest <B>")
        assert status == 400
        assert hung((await ada.get(path))[1]) == [fox, elk]
        assert hung((await ada.get(f"/mine?board={board}"))[1]) == [elk, fox]
        assert (await camille.get(path))[0] == 404
        assert (await ada.post(f"{path}/share", shared="1"))[0] == 303
        assert hung((await camille.get(path))[1]) == [fox, elk]
        assert "a fox" in (await camille.get("/boards"))[1] or "Forest" in (await camille.get("/boards"))[1]
        for act, fields in (
            ("move", {"image": elk, "to": "1"}),
            ("remove", {"image": elk}),
            ("rename", {"name": "Mine"}),
            ("delete", {}),
            ("share", {"shared": "0"}),
        ):
            assert (await camille.post(f"{path}/{act}", **fields))[0] == 403, act
        assert (await ada.post(f"{path}/move", put=f"{elk} 1"))[0] == 200
        assert hung((await camille.get(path))[1]) == [elk, fox]
        async with camille.http.get(f"{root}{path}/export") as answer:
            assert answer.headers["Content-Disposition"] == 'attachment; filename="Forest-b.zip"'
            archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
        assert archive.testzip() is None
        names = archive.namelist()
        print(names)
        assert names == [f"001_{elk}.png", f"002_{fox}.png", "board.json"]
        assert [one["prompt"] for one in json.loads(archive.read("board.json"))["pictures"]] == [
            "an elk", "a fox",
        ]  # fmt: skip
        async with ada.http.get(f"{root}/files/{elk}") as answer:
            assert await answer.read() == archive.read(names[0])
        assert (await ada.post(f"{path}/remove", image=elk))[0] == 200
        assert (await ada.post(f"{path}/delete"))[0] == 303
        assert (await ada.get(path))[0] == 404
        assert (await ada.get(f"/pictures/{fox}"))[0] == 200
        # The server's own: made by who manages it, filled by everybody, put in order by who manages it.
        assert (await camille.post("/boards", name="Ours", server="1"))[0] == 403
        assert (await adele.post("/boards", name="Ours", server="1"))[0] == 303
        [ours] = re.findall(r'value="(brd_\w+)"', (await camille.get(f"/boards/add?image={fox}"))[1])
        assert (await camille.post("/boards/add", image=fox, board=ours))[0] == 200
        assert (await ada.post(f"/boards/{ours}/remove", image=fox))[0] == 403
        assert (await camille.post(f"/boards/{ours}/remove", image=fox))[0] == 200
        # Favourites.
        assert (await camille.post(f"/pictures/{fox}/like", stands="1"))[0] == 200
        assert hung((await camille.get("/server?liked=1"))[1]) == [fox]
        assert hung((await ada.get("/mine?liked=1"))[1]) == []
        assert (await camille.post(f"/pictures/{fox}/like", stands="0"))[0] == 200
        assert hung((await camille.get("/server?liked=1"))[1]) == []


async def fill_the_wall(stage: Stage, like_this: str, count: int) -> None:
    """Pictures of Ada's that show what another one does, older than it."""
    async with open_database(stage.bot.database_url) as database:
        requests, images = RequestRepository(database), ImageRepository(database)
        shown = await images.get(like_this)
        assert shown
        for number in range(1, count + 1):
            row = new_request(
                number, user_id=stage.ada.id, guild_id=stage.guild.id, prompt=f"lamp {number}", listed=True
            )
            row = replace(row, created_at=shown.created_at - number, request={**row.request})
            await requests.accept(row)
            await images.add([an_image(row, key=shown.key)])


async def test_the_wall_goes_on_and_its_address_follows(start_stage: StartStage, chromium: Chromium) -> None:
    stage = await start_stage(HTTP_PORT=str(free_port()))
    await (await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a lamp"})).card()
    [made] = await stage.ended_rows(stage.ada)
    await fill_the_wall(stage, f"{made.id}_1", 99)
    pair = await stage.discord.slash(stage.bruno, stage.channel, "imagine", {"prompt": "two", "count": 2})
    asked = await stage.discord.click(stage.ada, await pair.card(), "Edit region")
    links = await asked.until(lambda message: message.buttons or None)
    assert [button.label for button in links] == ["Picture 1", "Picture 2"]
    page = await opened(chromium, stage, f"{made.id}_1")
    root = page.url.partition("/region")[0]
    await page.goto(f"{root}/mine")
    tiles = page.locator("[data-wall] li")
    await page.locator("[data-more]").scroll_into_view_if_needed()
    await expect(tiles).to_have_count(80)
    await page.locator("footer").scroll_into_view_if_needed()
    await expect(tiles).to_have_count(100)
    await expect(page.locator("[data-more]")).to_have_count(0)
    shown = [await one.get_attribute("href") for one in await page.locator("[data-wall] a").all()]
    assert len(set(shown)) == 100
    # The address is the last page's now: a reload comes back to it, and the way to the top is there.
    await tiles.nth(99).scroll_into_view_if_needed()
    await expect(page).to_have_url(re.compile(r"/mine\?before=img_\w+$"))
    await page.reload()
    await expect(tiles).to_have_count(20)
    assert await tiles.last.locator("a").get_attribute("href") == shown[-1]
    await page.get_by_role("link", name="Back to the newest").click()
    assert await tiles.first.locator("a").get_attribute("href") == shown[0]
    await page.fill("#q", "lamp 42")
    await page.keyboard.press("Enter")
    await expect(tiles).to_have_count(1)


async def test_a_large_board_has_pages_and_arrows_lead_over_their_edge(
    start_stage: StartStage, chromium: Chromium
) -> None:
    stage = await start_stage(HTTP_PORT=str(free_port()))
    await (await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a lamp"})).card()
    [made] = await stage.ended_rows(stage.ada)
    await fill_the_wall(stage, f"{made.id}_1", 62)
    async with open_database(stage.bot.database_url) as database:
        boards = BoardRepository(database)
        board = await boards.create(
            owner=f"user:{stage.ada.id}", guild_id=stage.guild.id, name="Lamps", created_by=stage.ada.id
        )
        for row in reversed(await RequestRepository(database).of_user(stage.ada.id, limit=100)):
            await boards.add(board.id, f"{row.id}_1", added_by=stage.ada.id)
    page = await opened(chromium, stage, f"{made.id}_1")
    items = page.locator(".pinned li")
    await page.goto(page.url.partition("/region")[0] + f"/boards/{board.id}")
    await expect(items).to_have_count(60)
    sixtieth = await items.nth(59).get_attribute("id")
    # Within the page by script, over its edge to the next page, and back.
    await items.nth(59).locator('[data-step="1"]').click()
    await expect(page).to_have_url(re.compile(rf"\?page=2#{sixtieth}$"))
    await expect(items).to_have_count(3)
    assert await items.first.get_attribute("id") == sixtieth
    await items.first.locator('[data-step="1"]').click()
    await expect(page.locator("#said")).to_have_text("Place 62 now.")
    assert await items.nth(1).get_attribute("id") == sixtieth
    await items.nth(1).locator('[data-step="-1"]').click()
    await expect(page.locator("#said")).to_have_text("Place 61 now.")
    await items.first.locator('[data-step="-1"]').click()
    await expect(page).to_have_url(re.compile(rf"\?page=1#{sixtieth}$"))
    assert await items.nth(59).get_attribute("id") == sixtieth
    await page.get_by_role("link", name="2", exact=True).click()
    await expect(items.last.locator('[data-step="1"]')).to_have_attribute("aria-disabled", "true")
