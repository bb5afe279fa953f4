"""What a member chose with /settings in Discord holds in the pages, to be changed there, and for their API key."""

from __future__ import annotations

import re
from pathlib import Path

from storage.rows import RequestRow
from tests.web.conftest import Api, api_of
from tests.web.test_pages import Browser, browser, finished, sign_in

_WISHES = {"model": "demo/sketch", "size": "512x512", "style": "cartoon", "private": True}


async def test_what_is_chosen_in_discord_holds_in_the_pages_and_for_a_key(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.toml"
    catalog.write_text('[[models]]\nid = "demo/sketch"\nlike = "demo/studio"\nname = "Demo sketch"\n')
    async with api_of(tmp_path / "bot", CATALOG_FILE=str(catalog)) as api:
        stage = api.stage
        told = await stage.discord.slash(stage.ada, stage.channel, "settings", _WISHES)
        await told.says("Only you see your results")
        async with browser(api.base) as ada:
            await sign_in(stage, ada, stage.ada)
            await in_the_form(api, ada)
            await from_a_public_picture(api, ada)
        async with browser(api.base) as camille:
            await sign_in(stage, camille, stage.camille)
            page = (await camille.get("/create"))[1]
            assert (_chosen(page), _size(page), _is_private(page)) == ([], "", False), (
                "she has chosen nothing"
            )
        await by_key(api)


async def in_the_form(api: Api, ada: Browser) -> None:
    page = (await ada.get("/create"))[1]
    assert (_chosen(page), _size(page), _is_private(page)) == (["demo/sketch", "cartoon"], "512x512", True)
    again = (await ada.get("/create?prompt=a+barn&size=256x256"))[1]
    assert (_chosen(again), _size(again), _is_private(again)) == ([], "256x256", True), (
        "as it was, not as usual"
    )
    shown = await _drawn(api, ada, prompt="for everybody")
    assert (shown.private, shown.listed, shown.request.get("style")) == (False, True, None), (
        "what was taken back holds"
    )
    alone = await _drawn(api, ada, prompt="for me", private="1")
    page = (await ada.get(f"/create?kind=edit&from={alone.id}_1"))[1]
    assert (_chosen(page), _size(page), _is_private(page)) == (["demo/sketch"], "", True)


async def from_a_public_picture(api: Api, ada: Browser) -> None:
    """Where the page asks for nothing, what comes of it is theirs alone, and the page says so before."""
    stage = api.stage
    asked = await stage.discord.slash(
        stage.bruno, stage.channel, "imagine", {"prompt": "a barge", "size": "256x256"}
    )
    await asked.card(30)
    [bruno] = await stage.ended_rows(stage.bruno)
    page = (await ada.get(f"/region/{bruno.id}_1"))[1]
    assert "The result is shown here, to you alone." in page
    before = {row.id for row in await stage.rows(stage.ada)}
    await ada.post(f"/pictures/{bruno.id}_1/upscale")
    [larger] = [row for row in await stage.ended_rows(stage.ada) if row.id not in before]
    assert (larger.kind, larger.private, larger.listed) == ("upscale", True, False)


async def by_key(api: Api) -> None:
    """Size, style and quality are those that the document promises; only the model is nobody's there."""
    stage = api.stage
    _, api.key = await api.make_key("ada's", stage.ada, guild_id=stage.guild.id)
    plain = await api.generate("by a program")
    named = await api.generate("by a program", model="demo/studio", size="512x512", style="documentary")
    await api.finished(plain)
    await api.finished(named)
    rows = {row.id: row for row in await stage.ended_rows(stage.ada)}
    assert _drawn_as(rows[plain]) == ("demo/sketch", "1024x1024", "photorealistic")
    assert _drawn_as(rows[named]) == ("demo/studio", "512x512", "documentary")
    assert all(rows[one].private and not rows[one].listed for one in (plain, named))
    past = await stage.discord.slash(stage.ada, stage.channel, "history", {"search": "by a program"})
    assert (await past.says("2 found")).text.count("🔒") == 2
    seen = await stage.discord.slash(stage.bruno, stage.channel, "gallery")
    assert "by a program" not in (await seen.says("Gallery")).text
    _, api.key = await api.make_key("a service", guild_id=stage.guild.id)
    service = await api.finished(await api.generate("by a service"))
    assert service["metadata"]["model_name"] == "demo/studio"


async def _drawn(api: Api, visitor: Browser, **fields: str) -> RequestRow:
    known = {row.id for row in await api.stage.rows(api.stage.ada)}
    status, told = await visitor.post("/create", **fields)
    assert status == 200, told
    [row] = [row for row in await api.stage.ended_rows(api.stage.ada) if row.id not in known]
    await finished(visitor, row.id)
    return row


def _drawn_as(row: RequestRow) -> tuple[str, str, str | None]:
    return row.model, row.request["size"], row.request["style"]


def _chosen(page: str) -> list[str]:
    return re.findall(r'<option value="([^"]+)" selected', page)


def _size(page: str) -> str:
    return re.findall(r'name="size" list="sizes" value="([^"]*)"', page)[0]


def _is_private(page: str) -> bool:
    return bool(re.search(r'name="private" value="1" checked', page))
