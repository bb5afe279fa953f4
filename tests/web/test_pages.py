"""The pages of a real bot: signing in from Discord, asking for a picture, watching it grow, keeping strangers out."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from yarl import URL

from bot.playground.people import Member
from bot.playground.places import Channel
from tests.scenarios.conftest import Stage, StartStage, start_stage
from tests.scenarios.test_health import free_port

__all__ = ["start_stage"]


@dataclass
class Browser:
    """A browser without script: cookies, forms and their proof."""

    http: aiohttp.ClientSession
    root: str

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.http.get(self.root + path, headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def csrf(self) -> str:
        _, page = await self.get("/create")
        found = re.search(r'name="csrf" content="(\w+)"', page)
        assert found, page
        return found[1]

    async def post(self, path: str, **fields: str) -> tuple[int, str]:
        """As a script of ours does: answers come as JSON."""
        form = {"csrf": await self.csrf(), **fields}
        headers = {"Accept": "application/json"}
        async with self.http.post(
            self.root + path, data=form, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def browser(root: str) -> AsyncGenerator[Browser]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield Browser(http, root)


async def link_of(stage: Stage, who: Member, where: Channel | None = None) -> str:
    asked = await stage.discord.slash(who, where or stage.channel, "web")
    message = await asked.until(lambda message: message if message.buttons else None)
    assert message.ephemeral
    url = message.buttons[0].url
    assert url
    return url


async def sign_in(stage: Stage, visitor: Browser, who: Member, where: Channel | None = None) -> None:
    path = URL(await link_of(stage, who, where)).path
    status, page = await visitor.get(path)
    assert status == 200
    assert who.name in page
    async with visitor.http.post(visitor.root + path, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/create")
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


async def finished(visitor: Browser, request_id: str) -> list[str]:
    """What the events said, until the end."""
    said: list[str] = []
    async with (
        asyncio.timeout(20),
        visitor.http.get(f"{visitor.root}/requests/{request_id}/events") as events,
    ):
        assert events.content_type == "text/event-stream"
        async for line in events.content:
            if line.startswith(b'data: {"'):
                said.append(json.loads(line.removeprefix(b"data: "))["words"])
    return said


async def test_from_the_command_to_a_picture_in_the_browser(start_stage: StartStage) -> None:
    port = free_port()
    stage = await start_stage(HTTP_PORT=str(port), DEMO_LATENCY_SECONDS="1")
    root = f"http://127.0.0.1:{port}"
    async with browser(root) as ada, browser(root) as camille, browser(root) as stranger:
        await sign_in(stage, ada, stage.ada)
        status, page = await ada.get("/create")
        assert status == 200
        assert "Concept art" in page
        assert json.loads((await ada.post("/create/price", prompt="a fox", count="2"))[1])["price"]
        status, told = await ada.post(
            "/create", prompt="a <b>fox</b> in the snow", count="2", style="cartoon"
        )
        assert status == 200, told
        request_id = json.loads(told)["id"]
        assert "Drawing" in await finished(ada, request_id)
        status, card = await ada.get(f"/requests/{request_id}")
        assert "a &lt;b&gt;fox&lt;/b&gt; in the snow" in card
        assert "<span>Cartoon</span>" in card
        files = re.findall(r'src="(/files/\w+)"', card)
        assert len(files) == 2
        async with ada.http.get(root + files[0] + "?save") as answer:
            picture = await answer.read()
            assert answer.headers["Content-Disposition"].startswith('attachment; filename="a-b-fox')
        assert picture.startswith(b"\x89PNG")
        async with ada.http.get(root + files[0].replace("/files/", "/thumbs/")) as answer:
            assert answer.content_type == "image/webp"
            assert len(await answer.read()) < len(picture)
        # One log, one ledger, whatever the door.
        [row] = await stage.ended_rows(stage.ada)
        assert (row.door, row.state, row.made, row.guild_id) == ("web", "delivered", 2, stage.guild.id)
        assert await stage.differences() == []
        # Camille reads French, is of the same server, and sees what is public; a stranger sees nothing.
        await sign_in(stage, camille, stage.camille)
        status, page = await camille.get(f"/requests/{request_id}")
        assert status == 200
        assert 'lang="fr"' in page
        assert "<span>Dessin animé</span>" in page
        assert "Dessin animé" in (await camille.get(f"/pictures/{request_id}_1"))[1]
        for path in ("/", "/create", f"/requests/{request_id}", files[0], f"/requests/{request_id}/events"):
            status, page = await stranger.get(path)
            assert status == 401
            assert "fox" not in page
        status, told = await ada.post("/create", prompt="mine alone", private="1")
        secret = json.loads(told)["id"]
        await finished(ada, secret)
        assert (await ada.get(f"/requests/{secret}"))[0] == 200
        assert (await camille.get(f"/requests/{secret}"))[0] == 404


async def test_forms_of_others_and_refusals_in_words(start_stage: StartStage) -> None:
    port = free_port()
    stage = await start_stage(HTTP_PORT=str(port), QUOTA_IMAGES_PER_DAY="1")
    root = f"http://127.0.0.1:{port}"
    async with browser(root) as ada:
        await sign_in(stage, ada, stage.ada)
        forged = {"prompt": "forged", "csrf": "0" * 32}
        async with ada.http.post(root + "/create", data=forged, allow_redirects=False) as answer:
            assert answer.status == 403
        proof = {"prompt": "forged", "csrf": await ada.csrf()}
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            async with ada.http.post(root + "/create", data=proof, headers=headers) as answer:
                assert answer.status == 403
        status, told = await ada.post("/create", prompt="two", count="2")
        assert status == 429
        assert "<time datetime=" in json.loads(told)["message"]
        status, told = await ada.post("/create", prompt="   ")
        assert status == 400
        assert await stage.rows(stage.ada) == []
        status, _ = await ada.get("/requests/img_nothingthere2")
        assert status == 404
        used = URL(await link_of(stage, stage.ada)).path
        async with ada.http.post(root + used, allow_redirects=False) as answer:
            assert answer.status == 303
        async with ada.http.post(root + used, allow_redirects=False) as answer:
            assert answer.status == 410
            assert "was used before: each one works once. Type <code>/web</code>" in await answer.text()
        # The page of a refused form is shown where the form was sent; its other language is where the form is.
        for back, page in (
            ("/create?prompt=a+fox", "/create?prompt=a+fox"),
            ("/boards/nothing/rename", "/boards/nothing"),
            ("/sign-out", "/"),
            ("//evil.example/", "/"),
            ("https://evil.example/", "/"),
        ):
            form = {"csrf": await ada.csrf(), "language": "fr", "back": back}
            async with ada.http.post(root + "/language", data=form, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, page)
        assert 'lang="fr"' in (await ada.get("/create"))[1]
        status, _ = await ada.post("/sign-out-everywhere")
        assert status == 200
        assert (await ada.get("/create"))[0] == 401
