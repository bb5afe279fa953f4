"""Who is refused at the pages' doors: one table over every page there is, and people without Discord who get in."""

from __future__ import annotations

import json
import re
import time
from typing import Any, cast

from aiohttp import web
from yarl import URL

from bot.web.links import GOOD_FOR_SECONDS, Links
from bot.web.pages import page_routes
from bot.web.pages.site import Site
from bot.web.signin import LINK_SECONDS, Person, SignIn
from storage.database import open_database
from storage.images import ImageRepository
from storage.web_sessions import WebSessionRepository
from tests.scenarios.conftest import Stage, StartStage, start_stage
from tests.scenarios.test_backup_verbs import type_verb
from tests.scenarios.test_health import free_port
from tests.web.conftest import SECRET
from tests.web.test_pages import Browser, browser, finished, sign_in

__all__ = ["start_stage"]

_FOR_STRANGERS = ("/static/", "/sign-in/")


def all_pages() -> list[tuple[str, str]]:
    """Method and path of whatever is registered but the strangers' pages, so that new pages are covered."""
    nothing = cast(Any, None)
    routes = page_routes(Site(nothing, nothing, nothing, secure=False))
    found = [(route.method, route.path) for route in routes if isinstance(route, web.RouteDef)]
    assert len(found) == len(routes)
    return [
        (method, re.sub(r"\{[^}]*\}", "1", path))
        for method, path in found
        if not path.startswith(_FOR_STRANGERS)
    ]


async def answered(visitor: Browser, method: str, path: str, **said: Any) -> int:
    async with visitor.http.request(method, visitor.root + path, allow_redirects=False, **said) as answer:
        return answer.status


async def refusals(visitor: Browser, stranger: Browser) -> list[tuple[str, str, int, int]]:
    """What was tried, where, what must come back and what came."""
    tried: list[tuple[str, str, int, int]] = []
    proof = {"csrf": await visitor.csrf()}
    for method, path in all_pages():
        page = f"{method} {path}"
        tried.append(("no session", page, 401, await answered(stranger, method, path)))
        made_up = {"Cookie": "atelier_session=secret." + "0" * 32}
        tried.append(("a made-up cookie", page, 401, await answered(stranger, method, path, headers=made_up)))
        if method in ("GET", "HEAD"):
            continue
        tried.append(("no proof", page, 403, await answered(visitor, method, path)))
        forged = {"csrf": "0" * 32}
        tried.append(("forged proof", page, 403, await answered(visitor, method, path, data=forged)))
        elsewhere = {"Origin": "https://evil.example"}
        status = await answered(visitor, method, path, data=proof, headers=elsewhere)
        tried.append(("another site", page, 403, status))
    return tried


async def elsewhere(stage: Stage, dora: Browser, picture: str) -> list[tuple[str, str, int, int]]:
    """What a member of another server is answered about a public picture of this one."""
    other = stage.discord.add_guild("Elsewhere")
    member, corner = other.add_member("Dora"), other.add_channel("corner")
    await sign_in(stage, dora, member, corner)
    request_id = picture.removesuffix("_1")
    paths = [f"/{room}/{picture}" for room in ("pictures", "files", "thumbs", "region")]
    paths += [f"/requests/{request_id}{part}" for part in ("", "/card", "/events", "/previews/1")]
    tried = [
        ("a member elsewhere", f"GET {path.replace(request_id, '…')}", 404, (await dora.get(path))[0])
        for path in [*paths, f"/create?from={picture}", f"/boards/add?image={picture}"]
    ]
    assert f"/pictures/{picture}" not in (await dora.get("/server"))[1]
    return tried


async def stolen(stage: Stage, stranger: Browser, picture: str) -> list[tuple[str, str, int, int]]:
    """What a stranger is answered at the signed address of a result, for which no session is needed."""
    async with open_database(stage.bot.database_url) as database:
        image = await ImageRepository(database).get(picture)
    assert image
    fresh = Links(SECRET, "").url(image)
    late = Links(SECRET, "", now=lambda: time.time() - GOOD_FOR_SECONDS - 1).url(image)
    prolonged = URL(late).update_query(expires=int(time.time()) + 600)
    forged = Links("another secret", "").url(image)
    addresses = {
        "a result's address": (fresh, 200),
        "… stolen, after a day": (late, 401),
        "… its end put off": (str(prolonged), 401),
        "… forged": (forged, 401),
        "… without signature": (URL(fresh).path, 401),
    }
    return [
        (what, "GET /generated_images/…", wanted, await answered(stranger, "GET", address))
        for what, (address, wanted) in addresses.items()
    ]


async def late_link(stage: Stage, person: Person) -> str:
    """The path of a link whose time is over."""
    async with open_database(stage.bot.database_url) as database:
        signin = SignIn(WebSessionRepository(database), SECRET, now=lambda: time.time() - LINK_SECONDS - 1)
        return await signin.link(person)


async def test_every_page_refuses_and_the_invited_get_in(start_stage: StartStage) -> None:
    port = free_port()
    stage = await start_stage(HTTP_PORT=str(port), QUOTA_IMAGES_PER_DAY="1", SECRET_KEY=SECRET)
    root = f"http://127.0.0.1:{port}"
    async with browser(root) as ada, browser(root) as lea, browser(root) as dora, browser(root) as stranger:
        await sign_in(stage, ada, stage.ada)
        tried = await refusals(ada, stranger)
        public = json.loads((await ada.post("/create", prompt="a kite for everyone"))[1])["id"]
        await finished(ada, public)
        tried += await elsewhere(stage, dora, f"{public}_1")
        tried += await stolen(stage, stranger, f"{public}_1")
        late = await late_link(stage, Person(user_id=stage.ada.id, name="Ada"))
        for method in ("GET", "POST"):
            tried.append(
                ("an expired link", f"{method} /sign-in", 410, await answered(stranger, method, late))
            )
        assert "Type <code>/web</code> in Discord" in (await stranger.get(late))[1]
        late = await late_link(stage, Person(user_id=-9, name="Noor"))
        assert "ask whoever invited you" in (await stranger.get("/sign-in/x"))[1]
        assert "over. Ask whoever invited you" in (await stranger.get(late))[1]

        code, said = await type_verb(stage, "web-link", "--invite", "Léa")
        assert code == 0, said
        link, told = said.split("\n", 1)
        found = re.search(r"--member (-\d+)", told)
        assert found, said
        path = URL(link).path
        assert await answered(lea, "POST", path) == 303
        tried.append(("a used link", "POST /sign-in", 410, await answered(stranger, "POST", path)))
        tried.append(("no such link", "GET /sign-in", 410, await answered(stranger, "GET", "/sign-in/x")))
        status, made = await lea.post("/create", prompt="a heron")
        assert status == 200, made
        request_id = json.loads(made)["id"]
        await finished(lea, request_id)
        # The same limit as members of Discord have, and a picture that is nobody else's.
        assert (await lea.post("/create", prompt="one too many"))[0] == 429
        status = await answered(ada, "GET", f"/requests/{request_id}")
        tried.append(("a member of Discord", "GET /requests/… of one without", 404, status))

        # A new link brings the same member back; signing out ends the session and the link that nobody used.
        _, said = await type_verb(stage, "web-link", "--invite", "Léa", "--member", found[1])
        back = URL(said.split("\n", 1)[0]).path
        assert (await lea.get(f"/requests/{request_id}"))[0] == 200
        code, said = await type_verb(stage, "web-link", "--revoke", found[1])
        assert (code, said.startswith("Signed out of 1 ")) == (0, True), said
        tried.append(("signed out everywhere", "GET /create", 401, (await lea.get("/create"))[0]))
        tried.append(("a link that is over", "POST /sign-in", 410, await answered(lea, "POST", back)))

        _, said = await type_verb(stage, "web-link", "--admin")
        assert await answered(lea, "POST", URL(said.strip()).path) == 303
        assert (await lea.get("/create"))[0] == 200
        assert (await lea.get(f"/requests/{request_id}"))[0] == 404
        assert (await type_verb(stage, "web-link", "--revoke", str(stage.ada.id)))[0] == 2
    for what, where, wanted, came in tried:
        print(f"{what:24} {where:42} {came}")
        assert came == wanted, (what, where)
