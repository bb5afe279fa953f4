"""The admin pages of a real bot: who gets in, what they see and change there, and that the bot obeys at once."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import json
import re
from datetime import UTC, datetime, timedelta

from yarl import URL

from bot.playground.places import Guild
from storage.audit import AuditRepository
from storage.database import open_database
from tests.scenarios.conftest import Stage, StartStage, start_stage
from tests.scenarios.test_admins import say
from tests.scenarios.test_backup_verbs import type_verb
from tests.scenarios.test_budgets import draws, refused
from tests.scenarios.test_health import free_port
from tests.web.test_pages import Browser, browser, finished, sign_in

__all__ = ["start_stage"]


async def drawn(visitor: Browser, prompt: str, **fields: str) -> str:
    """The id of a request that has ended."""
    status, told = await visitor.post("/create", prompt=prompt, **fields)
    assert status == 200, told
    request_id = str(json.loads(told)["id"])
    await finished(visitor, request_id)
    return request_id


async def changed(visitor: Browser, path: str) -> tuple[int, str]:
    """The first answer that is not the page itself."""
    async with asyncio.timeout(30):
        while True:
            status, page = await visitor.get(path)
            if status != 200:
                return status, page
            await asyncio.sleep(0.3)


async def audited(stage: Stage, guild: Guild, action: str) -> list[tuple[int, str]]:
    async with open_database(stage.bot.database_url) as database:
        rows = await AuditRepository(database).list(guild.id, limit=200, action=action)
    return [(row.actor_id, row.subject) for row in reversed(rows)]


async def test_requests_are_for_admins_and_private_words_for_nobody_else(start_stage: StartStage) -> None:
    port = free_port()
    stage = await start_stage(HTTP_PORT=str(port))
    root, pages = f"http://127.0.0.1:{port}", f"/admin/{stage.guild.id}"
    other = stage.discord.add_guild("The other")
    async with browser(root) as ada, browser(root) as adele, browser(root) as camille:
        for visitor, who in ((ada, stage.ada), (adele, stage.admin), (camille, stage.camille)):
            await sign_in(stage, visitor, who)
        fox = await drawn(ada, "a fox, =in the snow")
        hidden = await drawn(ada, "a surprise for Bruno", private="1")
        formula = await drawn(camille, "=2+2 as a neon sign")

        # One server only: /admin leads to its first page, and the menu of who may has it.
        async with adele.http.get(f"{root}/admin") as answer:
            page = await answer.text()
            assert str(answer.url) == f"{root}{pages}/requests"
        assert 'href="/admin" aria-current="page"' in page
        assert "a fox, =in the snow" in page
        assert "a surprise for Bruno" not in page
        assert "private: hidden from you too" in page
        assert 'href="/admin"' not in (await ada.get("/create"))[1]

        for query, found in (
            ("member=cam", {formula}),
            (f"member={stage.ada.id}", {fox, hidden}),
            ("state=ready", {fox, hidden, formula}),
            ("state=failed", set[str]()),
            ("model=demo/sketch&state=open", set[str]()),
            ("from=2020-01-01&to=2020-12-31", set[str]()),
            ("from=2020-01-01&member=a", {fox, hidden}),
            ("from=nonsense&state=nonsense", {fox, hidden, formula}),
            (f"after={hidden}", {fox}),
        ):
            status, page = await adele.get(f"{pages}/requests?{query}")
            assert status == 200
            assert {one for one in (fox, hidden, formula) if f"/requests/{one}" in page} == found, query

        status, table = await adele.get(f"{pages}/requests.csv?state=ready")
        rows = {row["id"]: row for row in csv.DictReader(io.StringIO(table))}
        assert status == 200
        assert set(rows) == {fox, hidden, formula}
        assert (rows[hidden]["prompt"], rows[hidden]["private"]) == ("", "yes")
        assert (rows[formula]["prompt"], rows[formula]["member"]) == ("'=2+2 as a neon sign", "Camille")

        status, page = await adele.get(f"{pages}/requests/{fox}")
        thumb = f"{pages}/thumbs/{fox}_1"
        assert status == 200
        assert thumb in page
        assert (await adele.get(f"{pages}/requests/{hidden}"))[1].count("surprise") == 0
        assert (await adele.get(thumb.replace(fox, hidden)))[0] == 404
        async with adele.http.get(root + thumb) as answer:
            assert (answer.status, answer.content_type) == (200, "image/webp")

        # A member, and an admin of this server at another one's pages: refused alike, and only here it is noted.
        for who, visitor, path in (
            ("a member", ada, f"{pages}/requests"), ("a member", ada, f"{pages}/requests.csv"),
            ("a member", ada, f"{pages}/requests/{fox}"), ("a member", ada, thumb), ("a member", ada, "/admin"),
            ("another server's admin", adele, f"/admin/{other.id}/requests"),
            ("another server's admin", adele, "/admin/1/requests"), ("no owner", adele, "/admin/0/requests"),
            ("no owner", adele, "/admin/house/requests"),
        ):  # fmt: skip
            status, page = await visitor.get(path)
            print(f"{who:24} GET {path:62} {status}")
            assert status == 403, path
            assert "a fox" not in page
        assert (stage.ada.id, f"GET {pages}/requests.csv") in await audited(stage, stage.guild, "refused")
        assert await audited(stage, other, "refused") == []
        assert (await adele.get("/admin/nonsense/requests"))[0] == 404

        # Discord says nothing: nobody is believed, in words. The role goes: within seconds so does the page.
        stage.discord.faults.fail(500, method="GET", route="/members/", times=None)
        status, page = await changed(adele, f"{pages}/requests")
        print(f"{'Discord does not answer':24} GET {pages}/requests {status}")
        assert status == 503
        assert "Try again in a minute" in page
        stage.discord.faults.clear()
        assert (await adele.get(f"{pages}/requests"))[0] == 200
        stage.admin.roles.clear()
        assert (await changed(adele, f"{pages}/requests"))[0] == 403


async def filled_in(visitor: Browser, path: str, **fields: str) -> tuple[int, str]:
    """A form sent as browsers without script do; the page that it leads to."""
    form = {"csrf": await visitor.csrf(), **fields}
    async with visitor.http.post(visitor.root + path, data=form) as answer:
        return answer.status, await answer.text()


async def test_limits_that_admins_set_hold_for_the_next_command(start_stage: StartStage) -> None:
    port = free_port()
    stage = await start_stage(HTTP_PORT=str(port))
    root, members = f"http://127.0.0.1:{port}", f"/admin/{stage.guild.id}/members"
    ada_page = f"{members}/{stage.ada.id}"
    async with browser(root) as adele:
        await sign_in(stage, adele, stage.admin)
        await draws(stage)
        await stage.ended_rows(stage.ada)
        status, page = await adele.get(members)
        assert (status, ada_page in page) == (200, True)

        status, page = await filled_in(adele, f"{ada_page}/set", images="1", window="day", cooldown="0")
        assert status == 200
        assert "1 picture a day" in page
        assert "0 pictures of 1 picture left" in page
        said = await refused(stage)
        print("after the limit of 1 a day:", said.splitlines()[0])
        assert "Your quota is used up: 1 picture of 1 picture" in said

        form = re.search(r'name="reference" value="(\w+)"', page)
        assert form
        for _ in range(2):
            status, page = await filled_in(adele, f"{ada_page}/grant", images="1", reference=form[1])
            assert (status, "may draw 1 picture more" in page) == (200, True)
        await draws(stage)
        await stage.ended_rows(stage.ada)
        assert "used up: 2 pictures of 2 pictures" in await refused(stage)
        status, page = await filled_in(adele, f"{ada_page}/reset")
        assert (status, "starts anew; given back: 2 pictures" in page) == (200, True)
        await draws(stage)
        await stage.ended_rows(stage.ada)
        status, page = await filled_in(adele, f"{ada_page}/remove")
        assert (status, "Taken away:" in page) == (200, True)
        await draws(stage)
        await draws(stage)
        # For every member, dollars with a comma; what cannot be used is said, and what was typed is still there.
        status, page = await filled_in(adele, f"{members}/everyone/set", usd="2,50", window="month")
        assert (status, "$2.50 a month" in page) == (200, True)
        for wrong in (
            {"images": "-1"},
            {"images": "many"},
            {"usd": "1e9"},
            {"jobs": "1000", "images": "3"},
            {},
        ):
            status, page = await filled_in(adele, f"{ada_page}/set", window="day", **wrong)
            assert (status, 'role="alert"' in page) == (400, True), wrong
            assert all(f'value="{typed}"' in page for typed in wrong.values())
        assert (await filled_in(adele, f"{members}/everyone/reset"))[0] == 404
        assert (await adele.get(f"{members}/123456789012345678"))[0] == 404
        assert (await filled_in(adele, f"{ada_page}/set", images="5", window="fortnight"))[0] == 400

        wanted = {"limit.set": 3, "limit.remove": 2, "quota.grant": 1, "quota.reset": 1}
        for action, times in wanted.items():
            rows = await audited(stage, stage.guild, action)
            print(f"audit {action:14} {rows}")
            assert [actor for actor, _ in rows] == [stage.admin.id] * times
        assert await stage.differences() == []

        # What it came to, as a chart and in words that say the same; and who did all that.
        await stage.ended_rows(stage.ada)
        usage = members.replace("/members", "/usage")
        status, page = await adele.get(f"{usage}?span=week&member={stage.ada.id}")
        assert (status, "Usage of ada" in page, "5 pictures" in page) == (200, True, True)
        looks = re.findall(r'usage\.png\?([^"]+)"', page)
        assert len(looks) == 2
        drawn_as = set[bytes]()
        for look in looks:
            async with adele.http.get(f"{root}{usage}.png?{html.unescape(look)}") as answer:
                assert (answer.status, answer.content_type) == (200, "image/png")
                drawn_as.add(await answer.read())
        assert len(drawn_as) == 2
        assert (await adele.get(f"{usage}.csv?span=week"))[1].startswith("day,model,pictures,")
        status, page = await adele.get(members.replace("/members", "/audit") + "?action=limit.set")
        cells = re.findall(r'data-label="[^"]+"[^>]*>(.*?)</td>', page, re.DOTALL)
        rows = [re.sub("<[^>]+>", "", cell) for cell in cells]
        assert [rows[1], rows[2], rows[4]] == ["Adele", "Limit set", "– → $2.50 a month"]
        assert rows[9] == "– → a pause of 0 s between two requests"
        assert "Quota granted" not in "".join(rows)
        await narrowed(stage, adele)

        # The role goes between two clicks: what changes something is asked about anew.
        assert (await adele.get(ada_page))[0] == 200
        stage.admin.roles.clear()
        status, page = await filled_in(adele, f"{ada_page}/set", images="1000", window="day")
        print(f"{'the role went meanwhile':24} POST {ada_page}/set {status}")
        assert (status, "people who may manage this server" in page) == (403, True)
        assert await audited(stage, stage.guild, "limit.set") == [(stage.admin.id, one) for one in (
            f"user:{stage.ada.id}", f"user:{stage.ada.id}", "everyone")]  # fmt: skip


async def narrowed(stage: Stage, adele: Browser) -> None:
    """The audit page by who, by what and by day: every filter is in the address, and meaningless ones do no harm."""
    page_of, today = f"/admin/{stage.guild.id}/audit", datetime.now(UTC).date()
    days = [(today + timedelta(days=days)).isoformat() for days in (-2, 2, 3)]
    table = {
        f"who={stage.admin.id}": 7,
        f"who={stage.admin.id}&action=quota.grant": 1,
        f"who={stage.ada.id}": 0,
        f"from={days[0]}&to={days[1]}&action=limit.remove": 2,
        f"from={days[1]}&to={days[2]}": 0,
        f"to={days[0]}": 0,
        "who=nobody&from=yesterday&before=x": 7,
        f"who={'9' * 18}&before={'9' * 30}": 0,
        f"who=-{2**63 + 1}": 7,
    }
    for query, wanted in table.items():
        status, page = await adele.get(f"{page_of}?{query}")
        shown = page.count('<tr role="row">') - page.count("<thead")
        print(f"audit?{query:60} {shown} rows")
        assert (status, shown) == (200, wanted), query
        assert ("Nothing is like that" in page) == (wanted == 0), query
    _, page = await adele.get(f"{page_of}?who={stage.admin.id}&action=quota.grant&from={days[0]}")
    assert f'<option value="{stage.admin.id}" selected>Adele</option>' in page
    assert '<option value="quota.grant" selected>Quota granted</option>' in page
    assert f'name="from" type="date" value="{days[0]}"' in page


async def test_roles_channels_and_the_server_have_limits_too(start_stage: StartStage) -> None:
    port = free_port()
    stage = await start_stage(HTTP_PORT=str(port))
    root, members = f"http://127.0.0.1:{port}", f"/admin/{stage.guild.id}/members"
    regulars = stage.guild.add_role("regulars")
    stage.ada.add_role(regulars)
    role, channel = f"{members}/role-{regulars.id}", f"{members}/channel-{stage.channel.id}"
    async with browser(root) as adele:
        await sign_in(stage, adele, stage.admin)
        status, page = await adele.get(members)
        assert [f'value="{key.rpartition("/")[2]}"' in page for key in (role, channel, "server")] == [
            True
        ] * 3
        async with adele.http.get(f"{root}{members}?for=role-{regulars.id}") as answer:
            assert str(answer.url) == root + role
            assert "Each member of @regulars" in await answer.text()

        status, page = await filled_in(adele, f"{role}/set", images="3", window="day", cap="1", jobs="2")
        assert (status, "3 pictures a day, 2 requests at once" in page) == (200, True)
        status, page = await filled_in(adele, f"{channel}/set", images="2", window="week")
        assert (status, "2 pictures of 2 pictures left a week" in page) == (200, True)
        status, page = await filled_in(adele, f"{members}/server/set", usd="10", window="month")
        assert (status, "$10.00 of $10.00 left a month" in page) == (200, True)
        _, page = await adele.get(members)
        for line in (
            "Each member of @regulars: 3 pictures a day · a cap",
            "All of #pictures together: 2 pictures a week",
        ):
            assert line in page
        for _ in range(2):
            await draws(stage)
        await stage.ended_rows(stage.ada)
        assert "channel's share is used up: 2 pictures of 2 pictures" in await refused(stage)
        assert (await filled_in(adele, f"{channel}/remove"))[0] == 200
        await draws(stage)
        await stage.ended_rows(stage.ada)
        assert "Your quota is used up: 3 pictures of 3 pictures" in await refused(stage)
        _, page = await adele.get(f"{members}/{stage.ada.id}")
        assert "their role @regulars is a cap" in page

        # A channel has no pauses; a role or channel that is not there has no page, nor has one of the wrong kind.
        assert (await filled_in(adele, f"{channel}/set", jobs="3", window="day"))[0] == 400
        assert (await filled_in(adele, f"{channel}/grant", images="3"))[0] == 404
        for nothing in ("role-1", f"channel-{regulars.id}", f"role-{stage.channel.id}", "nobody"):
            assert (await adele.get(f"{members}/{nothing}"))[0] == 404, nothing


async def test_owners_and_named_roles_look_after_what_is_theirs(start_stage: StartStage) -> None:
    port = free_port()
    stage = await start_stage(run=False, HTTP_PORT=str(port))
    owner = stage.guild.add_member("Odile")
    await stage.bot.start(OWNER_IDS=str(owner.id))
    other = stage.discord.add_guild("The other")
    helpers = stage.guild.add_role("helpers")
    stage.bruno.add_role(helpers)
    root, pages = f"http://127.0.0.1:{port}", f"/admin/{stage.guild.id}"
    async with browser(root) as odile, browser(root) as bruno, browser(root) as local:
        await sign_in(stage, bruno, stage.bruno)
        assert (await bruno.get(f"{pages}/members"))[0] == 403
        await say(stage, stage.admin, "admin settings", {"role": helpers})
        assert (await bruno.get(f"{pages}/members"))[0] == 200

        # An owner needs no role anywhere, and has a choice to make.
        await sign_in(stage, odile, owner)
        status, page = await odile.get("/admin")
        assert status == 200
        for name, path in (
            ("The studio", pages),
            ("The other", f"/admin/{other.id}"),
            ("Outside of servers", "/admin/0"),
        ):
            assert f'<a href="{path}">{name}</a>' in page
            assert (await odile.get(f"{path}/requests"))[0] == 200
        assert (await odile.get("/admin/12345/requests"))[0] == 404
        # Who manages two servers chooses as well: where they came from, and where they asked for something.
        async with browser(root) as adele:
            await sign_in(stage, adele, stage.admin)
            assert (await adele.get("/admin"))[0] == 303
            abroad = other.add_member(stage.admin.user, permissions="manage_guild")
            asked = await stage.discord.slash(
                abroad, other.add_channel("art"), "imagine", {"prompt": "a fox"}
            )
            await asked.card()
            status, page = await adele.get("/admin")
            found = re.findall(r'<li><a href="(/admin/[^"]+)">', page)
            assert (status, found) == (200, [f"/admin/{other.id}", pages])
            assert (await adele.get(f"/admin/{other.id}/members"))[0] == 200
        # The whole installation: each request with its server, and nobody's private words.
        await draws(stage, "a lighthouse")
        hidden = await drawn(bruno, "a secret cove", private="1")
        status, page = await odile.get("/admin/house/requests")
        assert (status, "a lighthouse" in page, "a secret cove" in page, hidden in page) == (
            200,
            True,
            False,
            True,
        )
        assert f'<a href="{pages}/requests">The studio</a>' in page
        assert (await odile.get(f"/admin/house/requests/{hidden}"))[0] == 200
        assert (await odile.get(f"/admin/house/thumbs/{hidden}_1"))[0] == 404
        assert "3 pictures" in (await odile.get("/admin/house/usage"))[1]
        for path in ("requests", "requests.csv", "usage", f"requests/{hidden}", f"thumbs/{hidden}_1"):
            assert (await bruno.get(f"/admin/house/{path}"))[0] == 403, path
        status, page = await odile.get("/admin/house/audit?action=refused")
        assert (status, "GET /admin/house/requests.csv" in page) == (200, True)

        # Who runs Atelier comes without Discord; people whom they invite do not get in, and are looked after outside.
        _, said = await type_verb(stage, "web-link", "--invite", "Léa")
        found = re.search(r"--member (-\d+)", said)
        assert found
        async with local.http.post(root + URL(said.split("\n")[0]).path) as answer:
            assert answer.status == 200
        await drawn(local, "a heron")
        assert [
            (await local.get(path))[0] for path in ("/admin", "/admin/0/members", f"{pages}/members")
        ] == [403] * 3
        _, said = await type_verb(stage, "web-link", "--admin")
        async with local.http.post(root + URL(said.strip()).path) as answer:
            assert answer.status == 200
        status, page = await local.get("/admin/0/members")
        assert (status, "Léa" in page) == (200, True)
        status, page = await filled_in(local, f"/admin/0/members/{found[1]}/set", images="0", window="day")
        assert (status, "0 pictures a day" in page) == (200, True)
        assert "Who runs Atelier" in (await local.get("/admin/0/audit"))[1]
