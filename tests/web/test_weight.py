"""How heavy the pages are without their pictures: HTML, sheet and scripts of each, as a browser loads them at first."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast

from aiohttp import web

from bot.web.pages import page_routes
from bot.web.pages.site import Site
from storage.boards import BoardRepository
from storage.database import open_database
from storage.images import ImageRepository
from storage.requests import RequestRepository
from tests.scenarios.conftest import Stage, StartStage, start_stage, vendor, with_openai
from tests.scenarios.test_health import free_port
from tests.storage.builders import an_image, new_request
from tests.web.test_pages import Browser, browser, sign_in

__all__ = ["start_stage", "vendor", "with_openai"]

MOST_BYTES = 100_000
_OTHERS = dict.fromkeys(
    ("GEMINI_API_KEY", "REPLICATE_API_TOKEN", "STABILITY_API_KEY"), "a-key-that-nobody-asks"
)
_PICTURES = 80
_LONG = "a lantern street in the rain, seen from above, with “paper” signs & umbrellas; " * 4


def _readable() -> list[str]:
    """Every address that is asked for with GET, as it was registered."""
    nothing = cast(Any, None)
    routes = page_routes(Site(nothing, nothing, nothing, secure=False))
    return [route.path for route in routes if isinstance(route, web.RouteDef) and route.method == "GET"]


async def hang(stage: Stage, like_this: str) -> str:
    """Pictures with long prompts, each an edit of the one before it, on a board; the board's id."""
    async with open_database(stage.bot.database_url) as database:
        requests, images, boards = (
            RequestRepository(database), ImageRepository(database), BoardRepository(database),
        )  # fmt: skip
        shown = await images.get(like_this)
        assert shown
        owner = f"user:{stage.admin.id}"
        board = await boards.create(
            owner=owner, guild_id=stage.guild.id, name="Lanterns", created_by=stage.admin.id
        )
        parent = like_this
        for number in range(1, _PICTURES + 1):
            row = new_request(
                number, user_id=stage.admin.id, guild_id=stage.guild.id, prompt=_LONG, listed=True
            )
            await requests.accept(replace(row, created_at=shown.created_at - number))
            picture = an_image(row, key=shown.key, parent_image_id=parent)
            await images.add([picture])
            await boards.add(board.id, picture.id, added_by=stage.admin.id)
            parent = picture.id
        return board.id


def scripts_of(page: str, known: dict[str, str]) -> set[str]:
    """The names of the static files of a page, with the modules that its modules import."""
    found = set(re.findall(r'(?:src|href)="/static/([\w.]+)\?', page))
    waiting = list(found)
    while waiting:
        for name in re.findall(r'from "\./([\w.]+)"', known.get(waiting.pop(), "")):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


async def weigh(visitor: Browser, path: str) -> tuple[int, int] | None:
    """Bytes of the page and of what it loads; None for what is no page."""
    async with visitor.http.get(visitor.root + path, allow_redirects=False) as answer:
        if answer.status != 200 or answer.content_type != "text/html":
            return None
        page = await answer.text()
    parts: dict[str, str] = {}
    while missing := scripts_of(page, parts) - parts.keys():
        for name in missing:
            status, parts[name] = await visitor.get(f"/static/{name}")
            assert status == 200, name
    return len(page.encode()), sum(len(text.encode()) for text in parts.values())


async def test_every_page_is_light(start_stage: StartStage, with_openai: dict[str, str]) -> None:
    port = free_port()
    stage = await start_stage(run=False, HTTP_PORT=str(port), **with_openai, **_OTHERS)
    await stage.bot.start(OWNER_IDS=str(stage.admin.id))
    await (await stage.discord.slash(stage.admin, stage.channel, "imagine", {"prompt": "a lamp"})).card()
    [made] = await stage.ended_rows(stage.admin)
    picture = f"{made.id}_1"
    board = await hang(stage, picture)
    rooms = {"boards": board, "requests": made.id, "members": str(stage.admin.id)}
    weighed: dict[str, tuple[int, int]] = {}
    async with browser(f"http://127.0.0.1:{port}") as admin:
        await sign_in(stage, admin, stage.admin)
        for path in _readable():
            room = path.removeprefix("/admin/{guild}").lstrip("/").partition("/")[0]
            named = path.replace("{guild}", str(stage.guild.id)).replace("{id}", rooms.get(room, picture))
            asked = named + (f"?image={picture}" if path == "/boards/add" else "")
            if "{" not in asked and not path.endswith("/events") and (found := await weigh(admin, asked)):
                weighed[path] = found
    for path, (page, rest) in weighed.items():
        print(f"{path:36} {page:7,} bytes of HTML, {rest:7,} of sheet and scripts, {page + rest:7,} in all")
    assert weighed.keys() >= {"/create", "/mine", "/server", "/boards", "/boards/{id}", "/pictures/{id}"}
    assert weighed.keys() >= {"/requests/{id}", "/region/{id}", "/boards/add"}
    for name in ("models", "blocks", "providers", "apikeys", "webhooks", "requests", "members"):
        assert f"/admin/{{guild}}/{name}" in weighed
    assert weighed.keys() >= {"/admin/house/providers", "/admin/house/invitations"}
    assert not {path: sum(found) for path, found in weighed.items() if sum(found) > MOST_BYTES}
