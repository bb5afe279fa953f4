"""People in the simulation: what they can reach, what their clients refuse, what the page hears of it."""

from __future__ import annotations

import asyncio
import signal
import sys

import aiohttp
import orjson
import pytest

from bot.playground import Member, Message, NotPossible
from bot.playground.jsonic import Json
from tests.playground.conftest import Scene

STRING_SELECT: Json = {
    "type": 3,
    "custom_id": "style",
    "max_values": 2,
    "options": [{"label": "Oil", "value": "oil"}, {"label": "Ink", "value": "ink"}],
}


async def shown(scene: Scene, body: Json) -> Message:
    """A message of the bot in the scene's channel."""
    headers = {"Authorization": f"Bot {scene.sim.token}"}
    url = f"{scene.sim.rest_url}/channels/{scene.channel.id}/messages"
    async with aiohttp.ClientSession(headers=headers) as http, http.post(url, json=body) as answer:
        assert answer.status == 200, await answer.text()
    return scene.channel.messages[-1]


def rows(*children: Json) -> Json:
    return {"content": "x", "components": [{"type": 1, "components": [child]} for child in children]}


def command(scene: Scene, **fields: object) -> None:
    scene.sim.commands.replace(None, [{"name": "imagine", "description": "x", **fields}])


async def test_menus_send_values_and_who_they_stand_for(scene: Scene) -> None:
    message = await shown(scene, rows(STRING_SELECT, {"type": 5, "custom_id": "who"}))
    chosen = await scene.sim.choose(scene.ada, message, "style", ["Oil", "ink"])
    assert chosen.data["values"] == ["oil", "ink"]
    chosen = await scene.sim.choose(scene.ada, message, "who", [scene.ada])
    assert chosen.data["values"] == [str(scene.ada.id)]
    assert set(chosen.data["resolved"]) == {"users", "members"}
    with pytest.raises(NotPossible, match="offers"):
        await scene.sim.choose(scene.ada, message, "style", ["Chalk"])
    with pytest.raises(NotPossible, match="1 to 1 values"):
        await scene.sim.choose(scene.ada, message, "who", [scene.ada, scene.ada])


async def test_buttons_are_found_by_label_emoji_place_and_custom_id(scene: Scene) -> None:
    buttons: list[Json] = [
        {"type": 2, "style": 1, "label": "Again", "custom_id": "a"},
        {"type": 2, "style": 2, "emoji": {"name": "\N{FIRE}"}, "custom_id": "b"},
        {"type": 2, "style": 5, "label": "Site", "url": "https://example.org"},
        {"type": 2, "style": 1, "label": "Off", "custom_id": "c", "disabled": True},
    ]
    message = await shown(scene, {"content": "x", "components": [{"type": 1, "components": buttons}]})
    clicks = [
        await scene.sim.click(scene.ada, message, "Again"),
        await scene.sim.click(scene.ada, message, emoji="\N{FIRE}"),
        await scene.sim.click(scene.ada, message, 1),
        await scene.sim.click(scene.ada, message, custom_id="a"),
    ]
    assert [one.data["custom_id"] for one in clicks] == ["a", "b", "b", "a"]
    for wanted, why in (("Site", "link"), ("Off", "disabled"), ("Gone", "no button"), (9, "4 buttons")):
        with pytest.raises(NotPossible, match=why):
            await scene.sim.click(scene.ada, message, wanted)
    forged = await scene.sim.click(scene.ada, message, custom_id="v1:delete:img_9", force=True)
    assert forged.data["custom_id"] == "v1:delete:img_9"


async def test_a_deleted_message_cannot_be_clicked(scene: Scene) -> None:
    message = await shown(scene, rows({"type": 2, "style": 1, "label": "x", "custom_id": "a"}))
    scene.sim.delete(message)
    with pytest.raises(NotPossible, match="gone"):
        await scene.sim.click(scene.ada, message, "x")


async def test_commands_are_offered_by_permission_place_and_age(scene: Scene) -> None:
    sim, guild = scene.sim, scene.guild

    async def refused(who: Member, where: str) -> None:
        channel = scene.channel if where == "channel" else sim.dm(who)
        with pytest.raises(NotPossible):
            await sim.slash(who, channel, "imagine")

    command(scene, default_member_permissions="32", contexts=[0])
    await refused(scene.ada, "channel")
    admin = guild.add_member("Admin", permissions="manage_guild")
    await sim.slash(admin, scene.channel, "imagine")
    await refused(admin, "direct")
    command(scene, default_member_permissions="0")
    await refused(admin, "channel")
    owner = guild.members[guild.owner.id]
    await sim.slash(owner, scene.channel, "imagine")
    command(scene, nsfw=True)
    await refused(scene.ada, "channel")
    await sim.slash(scene.ada, guild.add_channel("dark", nsfw=True), "imagine")
    command(scene, contexts=[1])
    await refused(scene.ada, "channel")
    await sim.slash(scene.ada, scene.channel, "imagine", force=True)


async def test_where_nobody_invited_the_bot_only_user_installed_commands_work(scene: Scene) -> None:
    elsewhere = scene.sim.add_guild("Elsewhere", bot=False)
    channel, zed = elsewhere.add_channel("chat"), elsewhere.add_member("Zed")
    command(scene)
    with pytest.raises(NotPossible, match="member"):
        await scene.sim.slash(zed, channel, "imagine")
    command(scene, integration_types=[0, 1], contexts=[0, 1, 2])
    asked = await scene.sim.slash(zed, channel, "imagine")
    assert asked.owners() == {"1": str(zed.id)}
    group = scene.sim.private_channel(zed.user, scene.ada.user)
    asked = await scene.sim.slash(zed.user, group, "imagine")
    assert asked.owners() == {"1": str(zed.id)}


async def test_options_are_checked_and_typed_like_a_client_does(scene: Scene) -> None:
    command(
        scene,
        options=[
            {"type": 3, "name": "size", "description": "x", "choices": [{"name": "Wide", "value": "16:9"}]},
            {"type": 5, "name": "private", "description": "x"},
            {"type": 7, "name": "channel", "description": "x"},
            {"type": 8, "name": "role", "description": "x"},
            {"type": 10, "name": "strength", "description": "x", "min_value": 0, "max_value": 1},
        ],
    )
    role = scene.guild.add_role("vip")
    values = {"size": "Wide", "private": True, "channel": scene.channel, "role": role, "strength": 0.5}
    asked = await scene.sim.slash(scene.ada, scene.channel, "imagine", values)
    sent = {one["name"]: one["value"] for one in asked.data["options"]}
    assert sent == {**values, "size": "16:9", "channel": str(scene.channel.id), "role": str(role.id)}
    assert set(asked.data["resolved"]) == {"channels", "roles"}
    for bad in ({"size": "Tall"}, {"private": "yes"}, {"strength": 2}, {"strength": "much"}):
        with pytest.raises(NotPossible):
            await scene.sim.slash(scene.ada, scene.channel, "imagine", bad)
    forged = await scene.sim.slash(scene.ada, scene.channel, "imagine", {"strength": 99}, force=True)
    assert forged.data["options"][0]["value"] == 99


async def test_channel_overwrites_decide_over_roles(scene: Scene) -> None:
    role = scene.guild.add_role("muted")
    scene.ada.add_role(role)
    assert scene.ada.may("send_messages", scene.channel)
    scene.channel.deny(role, "send_messages")
    assert not scene.ada.may("send_messages", scene.channel)
    scene.channel.allow(scene.ada, "send_messages")
    assert scene.ada.may("send_messages", scene.channel)
    scene.channel.deny(scene.guild.everyone, "view_channel")
    assert not scene.ada.may("send_messages", scene.channel)
    assert scene.guild.members[scene.guild.owner.id].may("administrator", scene.channel)


async def test_who_listens_hears_each_change_once(scene: Scene) -> None:
    with scene.sim.bus.subscribe() as events:
        message = await shown(scene, {"content": "hello"})
        scene.sim.delete(message)
    heard = [events.get_nowait() for _ in range(events.qsize())]
    assert [one.kind for one in heard] == ["message.created", "request", "message.deleted"]
    assert heard[0].data["content"] == "hello"
    assert all(orjson.dumps(one.to_dict()) for one in heard)


async def test_a_message_can_be_waited_for_before_it_comes(scene: Scene) -> None:
    waiting = asyncio.create_task(scene.channel.wait_for_message(lambda one: "hello" in one.text))
    await asyncio.sleep(0)
    scene.channel.post(scene.ada, "not this")
    posted = scene.channel.post(scene.ada, "hello")
    assert await waiting is posted


async def test_it_runs_by_itself_and_says_where_it_is() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.playground.server", "--no-files", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    told = orjson.loads(await asyncio.wait_for(process.stdout.readline(), 10))
    headers = {"Authorization": f"Bot {told['token']}"}
    url = f"{told['rest_url']}/guilds/{told['guild_id']}"
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as answer:
        assert orjson.loads(await answer.read())["id"] == told["guild_id"]
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
