"""What admins and members do about people, money and privacy, over real sockets."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from bot.client import COGS, AtelierBot
from bot.playground.commands import (
    BOOLEAN,
    CHANNEL,
    GROUP,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    SUBCOMMAND,
    USER,
)
from bot.playground.components import Kind
from bot.playground.interactions import Interaction
from bot.playground.jsonic import Json, objects
from bot.playground.messages import Message
from bot.playground.people import Member
from storage.audit import AuditRepository
from storage.database import open_database
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import Stage, StartStage

MANAGE_GUILD = 1 << 5


async def say(
    stage: Stage, who: Member, command: str, options: dict[str, Any] | None = None, **how: Any
) -> Message:
    asked = await stage.discord.slash(who, stage.channel, command, options or {}, **how)
    return await asked.until(lambda one: one if one.text and not one.loading else None, timeout=15)


async def refusals(stage: Stage) -> list[str]:
    async with open_database(f"sqlite:///{stage.bot.database}") as database:
        rows = await AuditRepository(database).list(stage.guild.id, limit=200, action="refused")
    return [row.subject for row in reversed(rows)]


MEMBERS_MAY_TYPE = {
    "quota show",
    "quota why",
    "key add",
    "key remove",
    "key list",
    "privacy export",
    "privacy erase",
}
"""Of groups that hold something for admins. Everything else in them, and in commands that Discord hides, is theirs."""
MEMBERS_MAY_PRESS = {
    *("cheaper", "ask", "erase_me", "history", "gallery", "past_open", "vote", "like", "unlike"),
    *("board_add", "board_open", "board_page", "board_order", "board_pick", "board_move", "board_take"),
    *("board_export", "board_delete"),
    *("batch_confirm", "batch_drop", "batch_cancel", "batch_resume", "batch_export"),
}
"""Of the buttons and menus about people and money (`bot.desk`): who else presses one must be an admin."""
MEMBERS_MAY_SUBMIT = {
    *("edit", "change", "vary", "upscale", "editfound", "varyfound", "key", "retell", "script", "board_new"),
}
ASKED_AS_ADMIN: dict[str, dict[str, Any]] = {
    "quota show": {"user": "somebody"}, "quota why": {"user": "somebody"},
    "key add": {"provider": "openai", "server": True}, "key remove": {"provider": "openai", "server": True},
}  # fmt: skip
"""What members may type, asked in the way in which it is an admin's."""


def paths(command: Json, name: str = "") -> Iterator[tuple[str, list[Json]]]:
    """Each subcommand's whole name and its options, as Discord was told."""
    whole = f"{name} {command['name']}".strip()
    options = objects(command.get("options"))
    inner = [option for option in options if option["type"] in (SUBCOMMAND, GROUP)]
    if not inner:
        yield whole, options
    for option in inner:
        yield from paths(option, whole)


def filled(stage: Stage, options: list[Json]) -> dict[str, object]:
    """Something for each required option."""
    things: dict[int, object] = {
        STRING: "something", INTEGER: 3, BOOLEAN: True, USER: stage.bruno, CHANNEL: stage.channel,
        ROLE: stage.guild.roles[0], MENTIONABLE: stage.bruno, NUMBER: 1.0,
    }  # fmt: skip
    return {str(one["name"]): things[one["type"]] for one in options if one.get("required")}


def hidden(stage: Stage) -> dict[str, dict[str, object]]:
    """Every command that only admins may use, however many there are by now, with options to call it with."""
    found: dict[str, dict[str, object]] = {}
    for command in stage.discord.commands:
        group = {name for name, _ in paths(command)}
        for name, options in paths(command):
            is_admins = command.get("default_member_permissions") == str(MANAGE_GUILD)
            if name in ASKED_AS_ADMIN:
                asked = ASKED_AS_ADMIN[name]
                found[name] = {key: stage.bruno if one == "somebody" else one for key, one in asked.items()}
            elif name not in MEMBERS_MAY_TYPE and (is_admins or group & MEMBERS_MAY_TYPE):
                found[name] = filled(stage, options)
    return found


@pytest.fixture
async def registered() -> AsyncIterator[AtelierBot]:
    """Every cog's buttons, menus and windows, as the program knows them."""
    async with AtelierBot(user_install=False) as bot:
        for cog in COGS:
            await bot.load_extension(cog)
        yield bot


async def says_no(asked: Interaction, what: str) -> None:
    told = await asked.until(lambda one: one if one.text and not one.loading else None, timeout=15)
    assert "manage this server" in told.text, (what, told.text)
    assert told.ephemeral, what


async def test_a_member_who_forges_any_admin_command_button_or_window_is_refused_and_noted(
    stage: Stage, registered: AtelierBot
) -> None:
    commands = hidden(stage)
    assert {"quota set", "admin budget", "admin block add", "admin erase-user", "setup"} <= commands.keys()
    for command, options in commands.items():
        await says_no(
            await stage.discord.slash(stage.ada, stage.channel, command, options, force=True), command
        )
    card = await say(stage, stage.admin, "setup")
    desks = [name for name in registered.desks if name not in MEMBERS_MAY_PRESS]
    pressed = [name for name in desks if not name.startswith("pick_")]
    menu_rows = list(card.components)
    for action in pressed:
        button = f"v1:q:{action}:{stage.bruno.id}"
        # discord.py listens to buttons of the message only, as Discord sends them.
        made = {"type": int(Kind.BUTTON), "style": 2, "label": action, "custom_id": button, "id": 900}
        card.components[:] = [{"type": 1, "id": 899, "components": [made]}]
        await says_no(
            await stage.discord.click(stage.ada, card, custom_id=button, force=True), f"button {action}"
        )
    card.components[:] = menu_rows
    menus = {select.custom_id: select for select in card.selects}
    assert {f"pick_{str(name).rpartition(':')[2]}" for name in menus} == {*desks} - {*pressed}
    for name, select in menus.items():
        value = stage.channel if select.kind == Kind.CHANNEL_SELECT else select.options[0][1]
        await says_no(await stage.discord.choose(stage.ada, card, name, [value], force=True), f"menu {name}")
    windows = [name for name in registered.submits if name not in MEMBERS_MAY_SUBMIT]
    assert windows == ["limits"], "open and forge the new window here"
    opened = await (await stage.discord.click(stage.admin, card, custom_id="v1:q:setup_limits:ask")).modal()
    await says_no(await stage.discord.submit(stage.ada, opened, {"images": "999"}, force=True), "limits")
    key = {"provider": "openai", "server": True}
    opened = await (await stage.discord.slash(stage.admin, stage.channel, "key add", key)).modal()
    await says_no(await stage.discord.submit(stage.ada, opened, {"key": "sk-forged"}, force=True), "key")
    async with asyncio.timeout(10):
        expected = [
            *(f"/{name}" for name in commands),
            *(f"v1:q:{name}:{stage.bruno.id}" for name in pressed),
        ]
        expected += [*map(str, menus), "v1:limits:setup", "v1:key:openai:server"]
        while True:  # the row is written after the answer
            noted = await refusals(stage)
            if len(noted) >= len(expected):
                break
            await asyncio.sleep(0.1)
    assert noted == expected
    print(
        f"{len(commands)} commands, {len(pressed)} buttons, {len(menus)} menus, 2 windows: all refused and noted"
    )
    assert "None are set" in (await say(stage, stage.admin, "quota list")).text


async def test_a_blocked_member_reads_why_and_until_when(stage: Stage) -> None:
    await say(stage, stage.admin, "admin block add", {"user": stage.ada, "reason": "spam", "lasts": "3d"})
    refused = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a fox"})
    told = await refused.followup(10)
    assert "blocked you" in told.text
    assert "spam" in told.text
    assert "spam" in (await say(stage, stage.admin, "admin block list")).text
    await say(stage, stage.admin, "admin block remove", {"user": stage.ada})
    assert (
        await (await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a fox"})).card()
    ).pictures


async def test_channels_models_styles_and_roles_of_a_server(stage: Stage) -> None:
    other, role = stage.guild.add_channel("elsewhere"), stage.guild.add_role("helper")
    await say(stage, stage.admin, "admin models", {"channel": other})
    refused = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a fox"})
    assert "other channels" in (await refused.followup(10)).text
    assert (
        await (await stage.discord.slash(stage.ada, other, "imagine", {"prompt": "a fox"})).card()
    ).pictures
    await say(stage, stage.admin, "admin models", {"everything": True})
    await say(stage, stage.admin, "admin style", {"name": "house", "words": "in teal ink"})
    typed = {"prompt": "a fox"}
    offered = await stage.discord.autocomplete(
        stage.ada, stage.channel, "imagine", typed, focused=("style", "hou")
    )
    assert offered == [{"name": "house", "value": "house"}]
    card = await (
        await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a fox", "style": "house"})
    ).card()
    assert "a fox. in teal ink" in card.text
    stage.bruno.add_role(role)
    await say(stage, stage.admin, "admin settings", {"role": role})
    assert "Audit log" in (await say(stage, stage.bruno, "admin audit", force=True)).text


async def test_a_servers_defaults_hold_until_a_member_says_otherwise_and_roles_open_the_door(
    stage: Stage,
) -> None:
    artist, prompt = stage.guild.add_role("artist"), {"prompt": "a fox"}
    offered = await stage.discord.autocomplete(
        stage.admin, stage.channel, "admin settings", {}, focused=("size", "1536")
    )
    assert [str(one["value"]) for one in offered][:2] == ["-", "1536x1024"]
    wrong = await say(stage, stage.admin, "admin settings", {"size": "huge"})
    assert "`huge` does not fit `size`" in wrong.text
    wishes = {"size": "16:9", "style": "cinematic", "private": True, "model": "demo/studio"}
    told = (await say(stage, stage.admin, "admin settings", wishes)).text
    for line in ("16:9", "Style: Cinematic", "🔒 Only who asked sees a result", "Who may draw: everybody"):
        assert line in told
    card = await (await stage.discord.slash(stage.ada, stage.channel, "imagine", prompt)).card()
    assert card.ephemeral
    assert "· Cinematic ·" in card.text
    assert "(asked: 16:9)" in card.text
    here = {**prompt, "private": False, "size": "1:1"}
    card = await (await stage.discord.slash(stage.ada, stage.channel, "imagine", here)).card()
    assert not card.ephemeral
    assert "16:9" not in card.text
    await say(stage, stage.bruno, "settings", {"private": False, "style": "cartoon"})
    card = await (await stage.discord.slash(stage.bruno, stage.channel, "imagine", prompt)).card()
    assert not card.ephemeral
    assert "· Cartoon ·" in card.text

    plain = {"size": "-", "style": "-", "model": "-", "private": False, "draws": artist}
    assert "artist" not in (await say(stage, stage.admin, "admin settings", plain)).text
    refused = await stage.discord.slash(stage.ada, stage.channel, "imagine", prompt)
    assert "members with certain roles" in (await refused.followup(10)).text
    stage.ada.add_role(artist)
    for member in (stage.ada, stage.admin):
        asked = await stage.discord.slash(member, stage.channel, "imagine", prompt)
        card = await asked.card()
        assert not card.ephemeral
        assert "Cinematic" not in card.text
    kept = (await say(stage, stage.admin, "admin settings")).text
    assert f"<@&{artist.id}>" in kept
    async with open_database(f"sqlite:///{stage.bot.database}") as database:
        noted = await AuditRepository(database).list(stage.guild.id, limit=200)
    changes = [row for row in noted if row.actor_id == stage.admin.id and row.action != "refused"]
    assert len(changes) == 2, changes


async def test_pauses_jobs_at_once_exemptions_and_price_ceilings(
    start_stage: StartStage, vendor: FakeOpenAI, with_openai: dict[str, str]
) -> None:
    stage = await start_stage(**with_openai)
    role = stage.guild.add_role("trial")
    stage.ada.add_role(role)
    await say(stage, stage.admin, "quota set", {"role": role, "price": 0.01})
    options = {"prompt": "a fox", "quality": "high"}
    refused = await stage.discord.slash(stage.ada, stage.channel, "imagine", options)
    assert "may cost you $0.01" in (await refused.followup(10)).text
    await say(stage, stage.admin, "quota remove", {"role": role})
    await say(stage, stage.admin, "quota set", {"role": role, "cooldown": 600, "jobs": 1})
    vendor.answers(hold=True)
    options = {"prompt": "a fox", "quality": "low"}
    first = await stage.discord.slash(stage.ada, stage.channel, "imagine", options)
    await vendor.arrived(1)
    second = await stage.discord.slash(stage.ada, stage.channel, "imagine", options)
    assert "under way" in (await second.followup(10)).text
    vendor.release()
    await first.card(20)
    await stage.ended_rows(stage.ada)
    third = await stage.discord.slash(stage.ada, stage.channel, "imagine", options)
    assert "pause" in (await third.followup(10)).text
    await say(stage, stage.admin, "quota set", {"user": stage.ada, "exempt": True})
    why = await say(stage, stage.ada, "quota why")
    assert "You are exempt" in why.text
    await (await stage.discord.slash(stage.ada, stage.channel, "imagine", options)).card(20)


async def test_usage_requests_status_and_doctor_tell_what_happened(stage: Stage) -> None:
    await (
        await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a fox", "count": 2})
    ).card()
    secret = {"prompt": "a secret", "private": True}
    await (await stage.discord.slash(stage.bruno, stage.channel, "imagine", secret)).card()
    await stage.ended_rows(stage.ada, stage.bruno)
    usage = await say(stage, stage.admin, "admin usage", {"span": "week", "csv": True})
    assert "3 pictures" in usage.text
    assert sorted(file.filename for file in usage.attachments) == ["usage.csv", "usage.png"]
    listed = await say(stage, stage.admin, "admin requests")
    assert "a fox" in listed.text
    assert "a secret" not in listed.text
    opened = await stage.discord.click(stage.admin, listed, "2")
    card = await opened.until(lambda one: one if "2 of 2" in one.text else None, timeout=10)
    assert len(card.pictures) == 2
    assert "Delivered 2" in (await say(stage, stage.admin, "admin status")).text
    assert "The ledger adds up" in (await say(stage, stage.admin, "admin doctor")).text
    await say(stage, stage.admin, "admin settings", {"private_prompts": True})
    assert "a secret" in (await say(stage, stage.admin, "admin requests")).text


async def test_a_member_takes_their_data_along_and_has_it_erased(stage: Stage) -> None:
    shared = await (
        await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a lighthouse"})
    ).card()
    await (await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "my own fox"})).card()
    window = await (await stage.discord.click(stage.bruno, shared, "Vary")).modal()
    await (await stage.discord.submit(stage.bruno, window)).card()
    await stage.ended_rows(stage.ada, stage.bruno)
    export = await say(stage, stage.ada, "privacy export")
    assert "Requests: 2 · pictures: 2" in export.text
    data = await _download(export)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        told = json.loads(archive.read("data.json"))
        assert {row["prompt"] for row in told["requests"]} == {"a lighthouse", "my own fox"}
        assert len([name for name in archive.namelist() if name.startswith("pictures/")]) == 2
    asked = await say(stage, stage.ada, "privacy erase")
    stranger = await stage.discord.click(stage.bruno, asked, 0, force=True)
    assert "Only the one" in (await stranger.until(lambda one: one if one.text else None, timeout=10)).text
    pressed = await stage.discord.click(stage.ada, asked, 0)
    done = await pressed.until(lambda one: one if "Erased" in one.text else None, timeout=10)
    assert "Requests: 2 · pictures: 1" in done.text
    rows = await stage.rows(stage.ada)
    assert {row.prompt for row in rows} == {"(erased)"}
    assert sum(row.made for row in rows) == 2
    window = await (await stage.discord.click(stage.bruno, shared, "Vary")).modal()
    again = await stage.discord.submit(stage.bruno, window)
    assert (await again.card()).pictures
    assert not await stage.differences()


async def _download(message: Message) -> bytes:
    async with aiohttp.ClientSession() as http, http.get(message.attachments[0].url) as answer:
        return await answer.read()


async def test_a_server_brings_its_own_key_and_the_owner_pays_nothing(
    start_stage: StartStage, vendor: FakeOpenAI, with_openai: dict[str, str]
) -> None:
    stage = await start_stage(**with_openai, OWNER_USD_PER_DAY="0.0001")
    options = {"prompt": "a fox", "quality": "low"}
    refused = await stage.discord.slash(stage.ada, stage.channel, "imagine", options)
    assert "budget is used up" in (await refused.followup(10)).text
    asked = {"provider": "openai", "server": True}
    modal = await (await stage.discord.slash(stage.admin, stage.channel, "key add", asked)).modal()
    sent = await stage.discord.submit(stage.admin, modal, {"key": "sk-good-key-1234"})
    saved = await sent.until(lambda one: one if one.text else None, timeout=15)
    assert "…1234" in saved.text
    assert "sk-good" not in saved.text
    card = await (await stage.discord.slash(stage.ada, stage.channel, "imagine", options)).card(20)
    assert card.pictures
    row = (await stage.ended_rows(stage.ada))[0]
    assert row.payer == f"guild:{stage.guild.id}"
    assert not await stage.differences()
    assert b"sk-good" not in stage.bot.database.read_bytes()
    assert "sk-good" not in stage.bot.log()
    assert "…1234" in (await say(stage, stage.ada, "key list")).text
    await say(stage, stage.admin, "key remove", asked)
    refused = await stage.discord.slash(stage.ada, stage.channel, "imagine", options)
    assert "budget is used up" in (await refused.followup(10)).text


async def test_a_share_of_a_forum_counts_the_pictures_in_its_posts(start_stage: StartStage) -> None:
    stage = await start_stage(run=False)
    forum = stage.guild.add_channel("showcase")
    forum.type = 15
    await stage.bot.start()
    post = forum.add_thread("my foxes", owner=stage.ada.user)
    told = await say(stage, stage.admin, "quota set", {"channel": forum, "images": 1})
    assert f"All of <#{forum.id}> together: 1 picture a day" in told.text
    await (await stage.discord.slash(stage.ada, post, "imagine", {"prompt": "a fox"})).card()
    refused = await stage.discord.slash(stage.ada, post, "imagine", {"prompt": "a second fox"})
    assert "channel's share is used up: 1 picture of 1 picture" in (await refused.followup(10)).text
