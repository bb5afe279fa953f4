"""Trouble on demand: lost answers, failing and slow requests, gateways that drop, events that come twice."""

from __future__ import annotations

import asyncio

import aiohttp
import discord
import pytest

from bot.playground import NoAnswer, SimulatedDiscord
from tests.playground.conftest import Scene
from tests.playground.robot import Robot, pointed_at, running


async def test_a_request_that_fails_once_is_repeated_by_the_library(scene: Scene, robot: Robot) -> None:
    fault = scene.sim.faults.fail(502, method="PATCH", route="@original")
    asked = await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})
    await asked.card()
    assert fault.struck == 1
    tries = [one for one in scene.sim.requests if one.method == "PATCH"]
    assert [one.status for one in tries] == [502, 200]
    assert tries[0].fault == "status 502"
    assert tries[1].files[0].size > 0


async def test_an_answer_may_be_lost_after_it_took_effect(scene: Scene, robot: Robot) -> None:
    scene.sim.faults.lose_answer(method="PATCH", route="@original")
    asked = await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})
    card = await asked.card()
    assert card.text == "**x**"
    record = await scene.sim.wait_request("PATCH", "@original")
    assert record.fault == "answer lost"


async def test_a_dropped_request_has_no_effect(scene: Scene, robot: Robot) -> None:
    scene.sim.faults.drop(method="POST", route="/messages")
    channel = robot.get_partial_messageable(scene.channel.id)
    with pytest.raises(aiohttp.ClientError):
        await channel.send("x")
    assert scene.channel.messages == []


async def test_a_post_that_was_done_but_reported_failed_is_not_doubled_thanks_to_its_nonce(
    scene: Scene, robot: Robot
) -> None:
    scene.sim.faults.lose_answer(status=500, method="POST", route="/messages")
    channel = robot.get_partial_messageable(scene.channel.id)
    await channel.send("x", nonce="img_1")
    assert [one.text for one in scene.channel.messages] == ["x"]
    assert len([one for one in scene.sim.requests if one.route.endswith("/messages")]) == 2


async def test_a_429_is_waited_for(scene: Scene, robot: Robot) -> None:
    scene.sim.faults.fail(429, method="POST", route="/messages", retry_after=0.01)
    await robot.get_partial_messageable(scene.channel.id).send("x")
    assert [one.text for one in scene.channel.messages] == ["x"]


async def test_refusals_carry_their_codes_until_cleared(scene: Scene, robot: Robot) -> None:
    scene.sim.faults.fail(403, code=200000, message="blocked", route="/messages", times=None)
    channel = robot.get_partial_messageable(scene.channel.id)
    for _ in range(2):
        with pytest.raises(discord.Forbidden) as caught:
            await channel.send("x")
        assert caught.value.code == 200000
    scene.sim.faults.clear()
    await channel.send("x")


async def test_a_slow_answer_is_only_slow(scene: Scene, robot: Robot) -> None:
    scene.sim.faults.slow(0.05, route="/callback", where=lambda record: record.body["type"] == 5)
    asked = await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})
    await asked.card()
    assert asked.first_answer_seconds is not None
    assert asked.first_answer_seconds >= 0.05


async def test_waiting_in_vain_says_what_there_is_instead(scene: Scene, robot: Robot) -> None:
    robot.hold = asyncio.Event()
    asked = await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})
    await asked.answered()
    with pytest.raises(NoAnswer, match="loading"):
        await asked.card(timeout=0.05)
    robot.hold.set()
    await asked.card()


# The gateway


async def test_what_happened_while_the_socket_was_gone_is_replayed(scene: Scene, robot: Robot) -> None:
    scene.sim.gateway.drop()
    asked = await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})
    await asked.card()
    assert scene.sim.gateway.resumes == 1
    assert scene.sim.gateway.identifies == 1


async def test_op_7_makes_the_bot_come_back_and_resume(scene: Scene, robot: Robot) -> None:
    scene.sim.gateway.reconnect()
    await scene.sim.gateway.signal.until(lambda: scene.sim.gateway.resumes or None, 5, lambda: "no resume")
    await (await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})).card()


async def test_an_invalid_session_makes_the_bot_identify_anew(scene: Scene, robot: Robot) -> None:
    scene.sim.gateway.invalidate()
    await scene.sim.gateway.signal.until(
        lambda: scene.sim.gateway.identifies == 2 or None, 8, lambda: "no second identify"
    )
    await (await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})).card()


async def test_an_interaction_may_be_delivered_twice(scene: Scene, robot: Robot) -> None:
    scene.sim.gateway.duplicates = 1
    asked = await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})
    await asked.card()
    await scene.sim.wait_request("POST", "/callback", count=2)
    assert len({one.id for one in robot.heard}) == 1
    assert len(robot.heard) == 2
    assert [one.code for one in scene.sim.requests if one.route.endswith("/callback")] in (
        [None, 40060],
        [40060, None],
    )


async def test_without_a_bot_an_interaction_stays_unanswered(scene: Scene) -> None:
    async with running(scene.sim):
        pass
    asked = await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})
    with pytest.raises(NoAnswer, match="unanswered"):
        await asked.answered(timeout=0.01)


async def test_a_wrong_token_is_turned_away_at_login_and_at_the_gateway(scene: Scene) -> None:
    sim = scene.sim
    async with pointed_at(sim), Robot(discord.Intents.none()) as robot:
        with pytest.raises(discord.LoginFailure):
            await robot.login("wrong")
    async with aiohttp.ClientSession() as http, http.ws_connect(sim.gateway_url) as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": 2, "d": {"token": "wrong", "intents": 0}})
        assert (await socket.receive()).data == 4004


async def test_privileged_intents_need_to_be_allowed(scene: Scene) -> None:
    intents = discord.Intents(guilds=True, message_content=True)
    async with pointed_at(scene.sim), Robot(intents) as robot:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await robot.start(scene.sim.token)


async def test_each_guild_belongs_to_one_shard_and_direct_messages_to_the_first() -> None:
    async with SimulatedDiscord() as sim:
        odd, even = sim.add_guild("Odd", id=(1001 << 22) + 1), sim.add_guild("Even", id=(1002 << 22) + 2)
        async with aiohttp.ClientSession() as http:
            sockets = [await http.ws_connect(sim.gateway_url) for _ in range(2)]
            for number, socket in enumerate(sockets):
                await socket.receive_json()
                identify = {"token": sim.token, "intents": 1, "shard": [number, 2]}
                await socket.send_json({"op": 2, "d": identify})
                ready = await socket.receive_json()
                assert ready["d"]["shard"] == [number, 2]
                assert [one["id"] for one in ready["d"]["guilds"]] == [str((even, odd)[number].id)]
                assert (await socket.receive_json())["d"]["name"] == ("Even", "Odd")[number]
            sim.commands.replace(None, [{"name": "x", "description": "x"}])
            zed = odd.add_member("Zed")
            await sim.slash(zed, odd.add_channel("a"), "x")
            await sim.slash(zed, sim.dm(zed), "x")
            heard = [await _next_interaction(socket) for socket in sockets]
            assert [one.get("guild_id") for one in heard] == [None, str(odd.id)]
            for socket in sockets:
                await socket.close()


async def _next_interaction(socket: aiohttp.ClientWebSocketResponse) -> dict[str, str]:
    while True:
        event = await socket.receive_json(timeout=2)
        if event["t"] == "INTERACTION_CREATE":
            return event["d"]


async def test_all_connections_of_a_shard_hear_an_interaction_and_one_may_answer(scene: Scene) -> None:
    async with running(scene.sim) as one, running(scene.sim) as two:
        await scene.sim.gateway.signal.until(
            lambda: len(scene.sim.gateway.connected) == 2 or None, 5, lambda: "not two connections"
        )
        for number in range(4):
            await (await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": str(number)})).card()
        assert (len(one.heard), len(two.heard)) == (4, 4)


async def test_the_bot_hears_of_changes_of_the_server(scene: Scene, robot: Robot) -> None:
    await robot.wait_until_ready()
    channel = scene.guild.add_channel("new")
    other = scene.sim.add_guild("Second")
    await robot.wait_for("guild_join", timeout=2)
    guild = robot.get_guild(scene.guild.id)
    assert guild is not None
    assert guild.get_channel(channel.id) is not None
    other.remove_bot()
    await robot.wait_for("guild_remove", timeout=2)
    channel.delete()
    await robot.wait_for("guild_channel_delete", timeout=2)


async def test_messages_are_events_for_those_who_asked_for_them(scene: Scene) -> None:
    async with running(scene.sim, discord.Intents(guilds=True, guild_messages=True)) as robot:
        waiting = asyncio.create_task(robot.wait_for("message", timeout=2))
        await asyncio.sleep(0)
        scene.channel.post(scene.ada, "secret")
        heard = await waiting
        assert heard.author.id == scene.ada.id
        assert heard.content == ""


async def test_a_bot_that_dies_in_mid_sentence_harms_nobody(scene: Scene) -> None:
    sim = scene.sim
    _, writer = await asyncio.open_connection(sim.host, sim.port)
    head = f"POST /api/v10/channels/{scene.channel.id}/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{{"
    writer.write(head.encode())
    await writer.drain()
    writer.transport.abort()
    record = await sim.wait_request("POST", "/messages")
    assert record.fault == "the client went away"
    assert scene.channel.messages == []
    assert not sim.deviations


async def test_sessions_of_bots_that_were_killed_are_forgotten_in_time(scene: Scene) -> None:
    sim = scene.sim
    async with aiohttp.ClientSession() as http:
        for _ in range(7):
            socket = await http.ws_connect(sim.gateway_url)
            await socket.receive_json()
            await socket.send_json({"op": 2, "d": {"token": sim.token, "intents": 0}})
            assert (await socket.receive_json())["t"] == "READY"
            sim.gateway.drop()
            await socket.close()
    assert len(sim.gateway.sessions) == 5
