"""What admins and members do about people, money and privacy, over real sockets."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import aiohttp

from bot.playground.messages import Message
from bot.playground.people import Member
from storage.audit import AuditRepository
from storage.database import open_database
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import Stage, StartStage


async def say(
    stage: Stage, who: Member, command: str, options: dict[str, Any] | None = None, **how: Any
) -> Message:
    asked = await stage.discord.slash(who, stage.channel, command, options or {}, **how)
    return await asked.until(lambda one: one if one.text and not one.loading else None, timeout=15)


async def refusals(stage: Stage) -> list[str]:
    async with open_database(f"sqlite:///{stage.bot.database}") as database:
        rows = await AuditRepository(database).list(stage.guild.id, limit=200, action="refused")
    return [row.subject for row in reversed(rows)]


async def test_a_member_who_forges_admin_commands_buttons_and_modals_is_refused_and_noted(
    stage: Stage,
) -> None:
    role = stage.guild.add_role("artist")
    commands: dict[str, dict[str, Any]] = {
        "quota set": {"images": 5}, "quota remove": {}, "quota list": {}, "quota reset": {"user": stage.ada},
        "quota grant": {"user": stage.ada, "images": 5}, "quota copy": {"source": role, "target": stage.ada},
        "quota show": {"user": stage.bruno}, "quota why": {"user": stage.bruno},
        "admin budget": {"usd": 1000.0}, "admin usage": {}, "admin block add": {"user": stage.bruno, "reason": "x"},
        "admin block remove": {"user": stage.bruno}, "admin block list": {}, "admin models": {}, "admin style": {},
        "admin settings": {"role": role}, "admin audit": {}, "admin requests": {}, "admin status": {},
        "admin doctor": {}, "admin erase-user": {"user": stage.bruno}, "setup": {},
        "key add": {"provider": "openai", "server": True},
        "key remove": {"provider": "openai", "server": True},
    }  # fmt: skip
    for command, options in commands.items():
        told = await say(stage, stage.ada, command, options, force=True)
        assert "manage this server" in told.text, command
        assert told.ephemeral, command

    card = await say(stage, stage.admin, "setup")
    posted = stage.channel.post(stage.admin, "x")
    assert posted
    drawn = await (
        await stage.discord.slash(stage.bruno, stage.channel, "imagine", {"prompt": "a fox"})
    ).card()
    listed = await say(stage, stage.admin, "admin requests")
    erase = await say(stage, stage.admin, "admin erase-user", {"user": stage.bruno})
    assert drawn.pictures
    buttons = [
        (card, "v1:q:setup_limits:ask"),
        (listed, listed.buttons[0].custom_id),
        (erase, erase.buttons[0].custom_id),
    ]
    for message, button in buttons:
        pressed = await stage.discord.click(stage.ada, message, custom_id=button, force=True)
        assert (
            "manage this server"
            in (await pressed.until(lambda one: one if one.text else None, timeout=15)).text
        )
    for menu, values in (
        ("v1:t:language", ["fr"]),
        ("v1:c:log", [stage.channel]),
        ("v1:c:channels", [stage.channel]),
    ):
        picked = await stage.discord.choose(stage.ada, card, menu, values, force=True)
        assert (
            "manage this server"
            in (await picked.until(lambda one: one if one.text else None, timeout=15)).text
        )
    opened = await (await stage.discord.click(stage.admin, card, custom_id="v1:q:setup_limits:ask")).modal()
    sent = await stage.discord.submit(stage.ada, opened, {"images": "999"}, force=True)
    assert "manage this server" in (await sent.until(lambda one: one if one.text else None, timeout=15)).text

    noted = await refusals(stage)
    print(f"{len(noted)} refusals in the audit log")
    assert noted[: len(commands)] == [f"/{command}" for command in commands]
    assert len(noted) == len(commands) + len(buttons) + 3 + 1
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
