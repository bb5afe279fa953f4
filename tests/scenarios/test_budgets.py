"""Budgets that warn and stop, a reset, a provider's own budget, and what /admin status says of all that."""

from __future__ import annotations

from typing import Any

from bot.playground.messages import Message
from bot.playground.places import Channel
from storage.database import open_database
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import End
from tests.scenarios.conftest import Stage, StartStage
from tests.scenarios.test_admins import say
from tests.storage.builders import new_request


async def draws(stage: Stage, prompt: str = "a fox", **options: Any) -> Message:
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": prompt, **options})
    return await asked.until(lambda one: one if _repeat(one) else None, timeout=20)


def _repeat(message: Message) -> bool:
    return any(button.label == "Repeat" for button in message.buttons)


async def refused(stage: Stage) -> str:
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "one more"})
    return (await asked.followup(10)).text


def notices(office: Channel) -> list[str]:
    return [message.text for message in office.messages]


async def test_a_budget_warns_once_at_80_percent_and_stops_once_at_100(stage: Stage) -> None:
    office = stage.guild.add_channel("office")
    await say(stage, stage.admin, "admin settings", {"log": office})
    told = await say(stage, stage.admin, "admin budget", {"images": 5, "window": "day"})
    assert "0 %" in told.text
    for _ in range(3):
        await draws(stage)
    await stage.ended_rows(stage.ada)
    assert notices(office) == []
    await draws(stage)
    warned = await office.wait_for_message(lambda message: "80 %" in message.text, timeout=10)
    assert "4 pictures of 5 pictures" in warned.text
    await draws(stage)
    stopped = await office.wait_for_message(lambda message: "used up" in message.text, timeout=10)
    assert "5 pictures of 5 pictures" in stopped.text
    for _ in range(2):
        assert "The server's share is used up: 5 pictures of 5 pictures" in await refused(stage)
    assert len(notices(office)) == 2, notices(office)
    told = await say(stage, stage.admin, "admin budget")
    assert "`██████████` 100 % · 0 pictures of 5 pictures left" in told.text
    await say(stage, stage.admin, "admin budget", {"images": 20, "window": "day"})
    await draws(stage)
    await stage.ended_rows(stage.ada)
    assert len(notices(office)) == 2, notices(office)
    assert not await stage.differences()


async def test_a_reset_reads_as_nothing_used(start_stage: StartStage) -> None:
    stage = await start_stage(QUOTA_IMAGES_PER_DAY="2")
    await draws(stage, count=2)
    await stage.ended_rows(stage.ada)
    assert "used up: 2 pictures of 2 pictures" in await refused(stage)
    told = await say(stage, stage.admin, "quota reset", {"user": stage.ada})
    assert "starts anew; given back: 2 pictures" in told.text
    assert "2 pictures of 2 pictures left" in (await say(stage, stage.ada, "quota show")).text
    await draws(stage, count=2)
    await stage.ended_rows(stage.ada)
    assert "used up: 2 pictures of 2 pictures" in await refused(stage)
    await say(stage, stage.admin, "quota grant", {"user": stage.ada, "images": 3})
    assert "3 pictures of 5 pictures left" in (await say(stage, stage.ada, "quota show")).text
    assert not await stage.differences()


async def test_a_provider_has_a_budget_over_all_servers(start_stage: StartStage) -> None:
    stage = await start_stage(run=False)
    owner, other = stage.admin, stage.guild.add_member("Otto", permissions="manage_guild")
    await stage.bot.start(OWNER_IDS=str(owner.id))
    asked = {"provider": "demo", "images": 2, "window": "day"}
    told = await say(stage, other, "admin budget", asked)
    assert "for the owner of this bot" in told.text
    offered = await stage.discord.autocomplete(
        owner, stage.channel, "admin budget", {}, focused=("provider", "")
    )
    assert [one["value"] for one in offered] == ["demo"]
    told = await say(stage, owner, "admin budget", asked)
    assert "over all servers" in told.text
    await draws(stage, count=2)
    await stage.ended_rows(stage.ada)
    assert "may spend on this image service is used up" in await refused(stage)
    told = await say(stage, owner, "admin budget", {"provider": "demo"})
    assert "100 % · 0 pictures of 2 pictures left" in told.text
    status = await say(stage, owner, "admin status")
    assert "demo: `██████████` 100 %" in status.text
    assert "demo:" not in (await say(stage, other, "admin status")).text
    await say(stage, owner, "admin budget", {"provider": "demo", "remove": True})
    await draws(stage)
    assert not await stage.differences()


async def test_status_tells_how_things_stand_and_parked_requests_are_decided_by_button_or_command(
    start_stage: StartStage,
) -> None:
    stage = await start_stage(run=False, OWNER_USD_PER_DAY="3")
    await stage.bot.start(OWNER_IDS=str(stage.admin.id), BACKUP_DIR=str(stage.bot.data_dir / "backups"))
    await say(stage, stage.admin, "admin budget", {"usd": 5.0})
    async with open_database(stage.bot.database_url) as database:
        requests = RequestRepository(database)
        for number in (1, 2, 3):
            row = new_request(
                number,
                guild_id=stage.guild.id,
                channel_id=stage.channel.id,
                user_id=stage.ada.id,
                model="demo/studio",
                request={"kind": "generate", "prompt": "a fox", "model": "demo/studio"},
            )
            await requests.accept(row)
            gone = End(state="parked", failure_kind="parked", failure_facts={"attempts": 3})
            await Ledger(database).settle(row.id, [], row.created_at, end=gone)
    await stage.bot.says("backed up")
    shown = await say(stage, stage.admin, "admin status")
    print(shown.text)
    for words in (
        "set aside 3", "Discord answers in", "🟢 ready", "0 % · $5.00 of $5.00 left", "For the owner", "GB free",
        "Last backup",
        "Everything together: `░░░░░░░░░░` 0 % · $3.00 of $3.00 left",
    ):  # fmt: skip
        assert words in shown.text, (words, shown.text)
    assert [button.label for button in shown.buttons] == [
        "Again 1", "Close 1", "Again 2", "Close 2", "Again 3", "Close 3",
    ]  # fmt: skip
    pressed = await stage.discord.click(stage.admin, shown, "Again 1")
    assert "Asked again" in (await pressed.until(lambda one: one if one.text else None, timeout=10)).text
    pressed = await stage.discord.click(stage.admin, shown, "Close 2")
    assert "Closed" in (await pressed.until(lambda one: one if one.text else None, timeout=10)).text
    listed = await say(stage, stage.admin, "admin parked")
    assert [button.label for button in listed.buttons] == ["Again 1", "Close 1"]
    offered = await stage.discord.autocomplete(
        stage.admin, stage.channel, "admin parked", {}, focused=("id", "img")
    )
    chosen = {"id": offered[0]["value"], "action": "close"}
    assert "Closed" in (await say(stage, stage.admin, "admin parked", chosen)).text
    assert "not there any more" in (await say(stage, stage.admin, "admin parked", chosen)).text
    assert "Nothing." in (await say(stage, stage.admin, "admin parked")).text
    again = await stage.ended_rows(stage.ada)
    assert sorted(row.state for row in again) == ["delivered", "failed", "failed", "failed"]
    assert not await stage.differences()
