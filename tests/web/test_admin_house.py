"""Admin pages that change what holds: models, blocks, keys, webhooks, invitations. Others are refused."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

from playwright.async_api import Browser as Chromium
from playwright.async_api import Page
from yarl import URL

from storage.audit import AuditRepository
from storage.database import open_database
from storage.rows import WebhookRow
from storage.webhooks import WebhookRepository
from tests.fakes.openai_server import FakeOpenAI
from tests.pages.test_access import issues
from tests.scenarios.conftest import Stage, StartStage, start_stage
from tests.scenarios.test_health import free_port
from tests.web.test_pages import Browser, browser, finished, link_of, sign_in
from tests.web.test_refusals import answered
from tests.web.test_region import by_link, chromium
from tests.web.test_webhooks import Receiver, receiver

__all__ = ["chromium", "receiver", "start_stage"]

KEY = "sk-key-of-the-server-and-the-owner-5678"
ALLOWED, OTHER = "openai/gpt-image-1.5", "openai/gpt-image-2"
HOUSE = "/admin/house"


async def drawn(visitor: Browser, **fields: str) -> tuple[int, str]:
    """The status, and the request's id or the words of the refusal."""
    status, told = await visitor.post("/create", prompt="a fox", **fields)
    said = json.loads(told)
    if status == 200:
        await finished(visitor, said["id"])
    return status, said.get("id") or said["message"]


async def stage_with_key(start_stage: StartStage, vendor: FakeOpenAI, port: int, **more: str) -> Stage:
    """Adele manages the server, Milo runs the whole installation."""
    stage = await start_stage(
        run=False, HTTP_PORT=str(port), OPENAI_API_KEY=KEY, OPENAI_BASE_URL=vendor.url, **more
    )
    await stage.bot.start(OWNER_IDS=str(stage.moderator.id))
    return stage


async def dead(stage: Stage, request_id: str, name: str) -> str:
    """A webhook to the owner's receiver that was given up."""
    row = WebhookRow(
        id=name, request_id=request_id, event="completed", url=None, key_id=None, due_at=0, created_at=time.time(),
        state="dead", attempts=12, problem="HTTP 500",
    )  # fmt: skip
    async with open_database(stage.bot.database_url) as database:
        await WebhookRepository(database).add([row])
    return name


async def until_delivered(stage: Stage, name: str) -> None:
    async with asyncio.timeout(30), open_database(stage.bot.database_url) as database:
        while True:
            if name in [row.id for row in await WebhookRepository(database).list("delivered")]:
                return
            await asyncio.sleep(0.1)


async def audited(stage: Stage, guild_id: int) -> list[tuple[str, int]]:
    async with open_database(stage.bot.database_url) as database:
        rows = await AuditRepository(database).list(guild_id, limit=100)
    return [(row.action, row.actor_id) for row in reversed(rows) if row.action != "refused"]


async def test_what_an_admin_changes_on_the_pages_holds_at_once(start_stage: StartStage) -> None:
    async with FakeOpenAI(key=KEY) as vendor:
        port = free_port()
        stage = await stage_with_key(start_stage, vendor, port)
        root, pages = f"http://127.0.0.1:{port}", f"/admin/{stage.guild.id}"
        async with browser(root) as ada, browser(root) as adele:
            await sign_in(stage, ada, stage.ada)
            await sign_in(stage, adele, stage.admin)
            assert (await drawn(ada, model=OTHER))[0] == 200
            # Models: only one, then all again.
            assert (await adele.post(f"{pages}/models", which="these"))[0] == 400
            assert (await adele.post(f"{pages}/models", which="these", model=ALLOWED, default=OTHER))[
                0
            ] == 400
            assert (await adele.post(f"{pages}/models", which="these", model=ALLOWED, default=ALLOWED))[
                0
            ] == 303
            status, told = await drawn(ada, model=OTHER)
            assert status == 400
            print("a model that is not allowed:", told)
            status, request_id = await drawn(ada)
            assert (status, (await stage.ended_rows(stage.ada))[0].model) == (200, ALLOWED)
            assert re.search(f'value="{ALLOWED}" checked', (await adele.get(f"{pages}/models"))[1])
            assert (await adele.post(f"{pages}/models", which="all"))[0] == 303
            assert (await drawn(ada, model=OTHER))[0] == 200
            # Blocks: by name or id, with the reason that the member reads.
            assert (await adele.post(f"{pages}/blocks", user="Nobody", reason="x"))[0] == 400
            assert (await adele.post(f"{pages}/blocks", user="ada", reason="too <many> foxes", days="7"))[
                0
            ] == 303
            status, told = await drawn(ada)
            assert status == 403
            assert "too &lt;many&gt; foxes" in told
            assert "too &lt;many&gt; foxes" in (await adele.get(f"{pages}/blocks"))[1]
            assert (await adele.post(f"{pages}/blocks/remove", user=str(stage.ada.id)))[0] == 303
            assert (await drawn(ada))[0] == 200
            # A provider's key: tested, written only, its last four characters.
            status, told = await adele.post(f"{pages}/providers", provider="openai", key="sk-somebody-elses")
            assert (status, "does not accept this key" in told) == (400, True)
            assert (await adele.post(f"{pages}/providers", provider="openai", key=KEY))[0] == 303
            status, page = await adele.get(f"{pages}/providers")
            assert "…5678" in page
            assert KEY not in page
            assert KEY.encode() not in stage.bot.database.read_bytes()
            assert KEY not in stage.bot.log()
            await drawn(ada)
            assert (await stage.ended_rows(stage.ada))[0].payer == f"guild:{stage.guild.id}"
            assert (await adele.post(f"{pages}/providers/remove", provider="openai"))[0] == 303
            assert (await adele.post(f"{pages}/providers/remove", provider="openai"))[0] == 404
            # A key of the HTTP API: shown once, ended at once.
            assert (await adele.post(f"{pages}/apikeys", name=" "))[0] == 400
            assert (await adele.post(f"{pages}/apikeys", name="a", days="soon"))[0] == 400
            status, page = await adele.post(f"{pages}/apikeys", name="the <site>", metrics="1", mine="1")
            [key] = re.findall(r"<code data-secret>(atl_\w+_[\w-]+)</code>", page)
            asked = {"Authorization": f"Bearer {key}"}
            mine = f"/api/images/result/{request_id}"
            assert await answered(ada, "GET", mine, headers=asked) == 404
            status, page = await adele.get(f"{pages}/apikeys")
            assert "the &lt;site&gt;" in page
            assert ">generate<" in page
            assert ">metrics<" not in page
            assert key not in page
            assert (await adele.post(f"{pages}/apikeys/revoke", id=key.split("_")[1]))[0] == 303
            assert await answered(ada, "GET", mine, headers=asked) == 401
        did = await audited(stage, stage.guild.id)
        print("audited:", [action for action, _ in did])
        assert [action for action, _ in did] == [
            "guild.change", "guild.change", "block.add", "block.remove", "key.save", "key.remove", "apikey.create",
            "apikey.revoke",
        ]  # fmt: skip
        assert {actor for _, actor in did} == {stage.admin.id}


async def test_the_owner_sends_again_invites_and_signs_out_and_nobody_else_does(
    start_stage: StartStage, receiver: Receiver
) -> None:
    async with FakeOpenAI(key=KEY) as vendor:
        port = free_port()
        stage = await stage_with_key(start_stage, vendor, port, WEBHOOK_URL=receiver.url)
        root, pages = f"http://127.0.0.1:{port}", f"/admin/{stage.guild.id}"
        other = stage.discord.add_guild("Elsewhere")
        corner, dora = other.add_channel("corner"), other.add_member("Dora")
        async with browser(root) as ada, browser(root) as adele, browser(root) as milo, browser(root) as lea:
            for visitor, who in ((ada, stage.ada), (adele, stage.admin), (milo, stage.moderator)):
                await sign_in(stage, visitor, who)
            await sign_in(stage, lea, dora, corner)
            here, there = (await drawn(ada))[1], (await drawn(lea))[1]
            dead_here, dead_there = await dead(stage, here, "dead-1"), await dead(stage, there, "dead-2")
            _, page = await adele.get(f"{pages}/webhooks")
            assert (here in page, there in page, "HTTP 500" in page) == (True, False, True)
            # A letter of another server stays where it is, even when it is named.
            assert (await adele.post(f"{pages}/webhooks", id=dead_there))[0] == 303
            assert (await adele.post(f"{pages}/webhooks", id=dead_here))[0] == 303
            await until_delivered(stage, dead_here)
            _, page = await milo.get(f"{HOUSE}/webhooks")
            assert (there in page, here in page) == (True, False)
            assert (await milo.post(f"{HOUSE}/webhooks"))[0] == 303
            await until_delivered(stage, dead_there)
            # Somebody without Discord, who sees what this server shows.
            assert (await milo.post(f"{HOUSE}/invitations", name="Léa", server="17"))[0] == 404
            link, member = await invited(milo, name="Léa", server=str(stage.guild.id))
            await lea.post("/sign-out")
            assert await answered(lea, "POST", link) == 303
            assert f"/pictures/{here}_1" in (await lea.get("/server"))[1]
            mine = (await drawn(lea))[1]
            again, same = await invited(milo, "/again", member=member)
            assert same == member
            assert await answered(lea, "POST", again) == 303
            assert (await lea.get(f"/requests/{mine}"))[0] == 200
            assert (await milo.post(f"{HOUSE}/invitations/revoke", member=member))[0] == 303
            assert (await lea.get("/create"))[0] == 401
            assert (await milo.post(f"{HOUSE}/invitations/revoke", member=member))[0] == 404
            # The owner's key of the settings, by its end only; all keys of all servers.
            _, page = await milo.get(f"{HOUSE}/providers")
            assert ("…5678" in page, KEY in page, "OPENAI_API_KEY" in page) == (True, False, True)
            assert (await adele.post(f"{pages}/apikeys", name="site"))[0] == 200
            assert "site" in (await milo.get(f"{HOUSE}/apikeys"))[1]
            await refused(ada, adele, pages)
        did = await audited(stage, 0)
        print("audited for the house:", [action for action, _ in did])
        assert [action for action, _ in did] == [
            "webhooks.replay", "invitation.make", "invitation.make", "invitation.revoke",
        ]  # fmt: skip
        assert {actor for _, actor in did} == {stage.moderator.id}


async def invited(owner: Browser, step: str = "", **fields: str) -> tuple[str, str]:
    """The path of the link, and the member's id."""
    status, page = await owner.post(f"{HOUSE}/invitations{step}", **fields)
    assert status == 200, page
    [link] = re.findall(r"<code data-secret>(http[^<]+)</code>", page)
    assert link not in (await owner.get(f"{HOUSE}/invitations"))[1]
    return URL(link).path, re.findall(r'name="member" value="(-\d+)"', page)[0]


async def refused(ada: Browser, adele: Browser, pages: str) -> None:
    """A member at all of these pages, and an admin of one server at the house's: 403, whatever they send."""
    ours = [f"{pages}/{name}" for name in ("models", "blocks", "providers", "apikeys", "webhooks")]
    houses = [f"{HOUSE}/{name}" for name in ("providers", "apikeys", "webhooks", "invitations")]
    tries: list[tuple[str, Browser, str]] = [("a member", ada, page) for page in ours + houses]
    tries += [("an admin of a server", adele, page) for page in houses]
    for who, visitor, page in tries:
        status, _ = await visitor.get(page)
        sent = None if page == f"{HOUSE}/providers" else (await visitor.post(page, name="x", which="all"))[0]
        print(f"{who:20} {page.replace(pages, '/admin/…'):28} GET {status} POST {sent or '-'}")
        assert (status, sent or 403) == (403, 403), page


async def fits_everybody(page: Page, what: str) -> None:
    """Nothing serious for axe-core, and nothing to scroll sideways, on a desk and on a phone."""
    for width in (1280, 360):
        await page.set_viewport_size({"width": width, "height": 900})
        assert not await issues(page), (what, width)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (what, width)


async def test_axe_finds_nothing_serious_on_the_admin_pages(
    start_stage: StartStage, chromium: Chromium
) -> None:
    async with FakeOpenAI(key=KEY) as vendor:
        port = free_port()
        stage = await stage_with_key(start_stage, vendor, port, API_ANONYMOUS="1")
        root, pages = f"http://127.0.0.1:{port}", f"/admin/{stage.guild.id}"
        async with browser(root) as milo:
            await sign_in(stage, milo, stage.moderator)
            request_id = (await drawn(milo))[1]
            await dead(stage, request_id, "dead")
            filled: dict[str, dict[str, Any]] = {
                f"{pages}/blocks": {"user": str(stage.ada.id), "reason": "spam"},
                f"{pages}/providers": {"provider": "openai", "key": KEY},
                f"{pages}/apikeys": {"name": "site"},
                f"{HOUSE}/invitations": {"name": "Noor"},
            }
            for path, fields in filled.items():
                assert (await milo.post(path, **fields))[0] in (200, 303)
        for who, scheme in ((stage.moderator, "light"), (stage.moderator, "dark")):
            page = await by_link(chromium, await link_of(stage, who))
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            for language, heading in (("fr", "De quoi veux-tu"), ("en", "What would you like")):
                await page.goto(f"{root}/api/docs?lang={language}")
                await fits_everybody(page, f"the API's page in {language} by {scheme}")
                await page.goto(f"{root}/admin")
                await page.click(f'[name="language"][value="{language}"]')
                await page.get_by_role("heading", name=heading).wait_for()
                assert await page.locator(".realms a").count() == 3
                await fits_everybody(page, f"the chooser in {language} by {scheme}")
            if scheme == "dark":
                await page.click('[name="language"][value="fr"]')
            house = ("providers", "apikeys", "webhooks", "invitations")
            server = ("models", "blocks", "providers", "apikeys", "webhooks")
            for path in [*(f"{pages}/{one}" for one in server), *(f"{HOUSE}/{one}" for one in house)]:
                await page.goto(root + path)
                await fits_everybody(page, f"{path} by {scheme}")
            await page.goto(root + f"{HOUSE}/invitations")
            await page.fill("#name", "Iris")
            await page.click("form[aria-labelledby=invite] button")
            assert await page.locator("[data-secret]").inner_text()
            assert not await issues(page)
            await page.context.close()
