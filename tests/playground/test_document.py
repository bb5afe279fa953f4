"""The official document as judge: of the bot's requests, and of what the simulation answers."""

from __future__ import annotations

from typing import Any

import aiohttp
import jsonschema_rs
import orjson
import pytest

from bot.playground import Interaction, document
from bot.playground.jsonic import Json
from bot.playground.record import RequestRecord
from bot.playground.rest import ROUTES
from tests.playground.conftest import Scene
from tests.playground.robot import Robot

CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
ORIGINAL = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"


def check(method: str, route: str, body: Any = None, **query: str) -> list[str]:
    record = RequestRecord(method, route, route, 0, query, body)
    return [str(one) for one in document.official().check(record)]


def test_every_route_that_is_served_is_in_the_document() -> None:
    assert [r for r in ROUTES if not document.official().knows(r.method, r.path)] == []


def test_the_document_says_where_it_comes_from() -> None:
    info = document.description()["info"]
    assert info["x-cut"]["commit"] == "74fda0f"
    assert info["license"]["identifier"] == "MIT"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"type": 4, "data": {"contnet": "x"}}, "contnet"),
        ({"type": 4, "data": {"content": 5}}, "data.content: 5 is not of types"),
        ({"type": 44, "data": {}}, "type: no shape that fits here has this type"),
        ({"data": {}}, "type"),
        (
            {"type": 7, "data": {"components": [{"type": 1, "components": [{"type": 2, "label": "x"}]}]}},
            'data.components.0.components.0: "style" is a required property',
        ),
        (
            {
                "type": 4,
                "data": {"components": [{"type": 17, "components": [{"type": 12, "items": [{"medai": 1}]}]}]},
            },
            "data.components.0.components.0.items.0",
        ),
        (
            {"type": 9, "data": {"custom_id": "x", "title": "t" * 46, "components": []}},
            "data.title: is longer than 45",
        ),
        (
            {
                "type": 9,
                "data": {
                    "custom_id": "x",
                    "title": "t",
                    "components": [
                        {"type": 18, "label": "l", "component": {"type": 4, "custom_id": "c", "style": 9}}
                    ],
                },
            },
            "data.components.0.component.style",
        ),
    ],
)
def test_deviations_name_the_place_and_the_reason(body: Json, message: str) -> None:
    found = check("POST", CALLBACK, body)
    assert found
    assert message in "\n".join(found)


def test_unknown_paths_queries_and_bodies_are_deviations() -> None:
    assert check("GET", "/guilds/{guild_id}/nothing")
    assert check("GET", "/users/@me", colour="red")
    assert check("GET", "/users/@me", {"a": 1})
    assert check("GET", "/users/@me") == []


def test_a_wrong_body_that_discord_would_ignore_is_told_but_not_refused() -> None:
    record = RequestRecord("PATCH", ORIGINAL, ORIGINAL, 0, {}, {"content": "x", "flagz": 4})
    found = document.official().check(record)
    assert [one.fatal for one in found] == [False]


async def test_a_deliberately_wrong_request_is_recorded_and_refused(scene: Scene) -> None:
    headers = {"Authorization": f"Bot {scene.sim.token}"}
    url = f"{scene.sim.rest_url}/channels/{scene.channel.id}/messages"
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.post(url, json={"content": ["x"]}) as answer:
            assert answer.status == 400
        async with http.post(url, json={"content": "x", "colour": 1}) as answer:
            assert answer.status == 200
        async with http.put(f"{scene.sim.rest_url}/guilds/1/nowhere") as answer:
            assert answer.status == 404
    told = [str(one) for one in scene.sim.deviations]
    assert len(told) == 3
    assert "content" in told[0]
    assert "colour" in told[1]
    assert "not served" in told[2]


async def test_the_log_keeps_hashes_of_files_and_bodies_without_them(scene: Scene, robot: Robot) -> None:
    asked = await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})
    card = await asked.card()
    record = await scene.sim.wait_request("PATCH", "@original")
    assert record.files[0].sha256 == card.attachments[0].sha256
    assert record.files[0].size == card.attachments[0].size
    assert record.body["flags"] == 32768
    assert record.status == 200
    assert record.seconds > 0
    assert orjson.dumps(record.to_dict())


# What the simulation answers has the document's shape, too.


def response_faults(method: str, route: str, status: int, body: Any) -> list[str]:
    whole = document.description()
    responses = whole["paths"][route][method.lower()]["responses"]
    schema = responses[str(status)]["content"]["application/json"]["schema"]
    validator = jsonschema_rs.validator_for({**schema, "components": whole["components"]})
    leaves = document._leaves(validator.iter_errors(body))
    return [f"{one.where}: {one.what} {one.value!r:.80}" for one in leaves]


async def test_answers_have_the_shape_of_the_document(scene: Scene, robot: Robot) -> None:
    sim = scene.sim
    card = await (await sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})).card()
    thread = scene.channel.add_thread("t")
    app, channel, guild = sim.application_id, scene.channel.id, scene.guild.id
    paths = [
        ("/users/@me", "/users/@me"),
        ("/users/@me/guilds", "/users/@me/guilds"),
        (f"/users/{scene.ada.id}", "/users/{user_id}"),
        (f"/guilds/{guild}", "/guilds/{guild_id}"),
        (f"/guilds/{guild}/roles", "/guilds/{guild_id}/roles"),
        (f"/guilds/{guild}/channels", "/guilds/{guild_id}/channels"),
        (f"/guilds/{guild}/members/{scene.ada.id}", "/guilds/{guild_id}/members/{user_id}"),
        (f"/channels/{channel}", "/channels/{channel_id}"),
        (f"/channels/{thread.id}", "/channels/{channel_id}"),
        (f"/channels/{sim.dm(scene.ada).id}", "/channels/{channel_id}"),
        (f"/channels/{channel}/messages", "/channels/{channel_id}/messages"),
        (f"/channels/{channel}/messages/{card.id}", "/channels/{channel_id}/messages/{message_id}"),
        (f"/applications/{app}/commands", "/applications/{application_id}/commands"),
        (f"/applications/{app}/emojis", "/applications/{application_id}/emojis"),
        ("/applications/@me", "/applications/@me"),
        ("/oauth2/applications/@me", "/oauth2/applications/@me"),
        ("/gateway/bot", "/gateway/bot"),
    ]
    faults: dict[str, list[str]] = {}
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {sim.token}"}) as http:
        for path, route in paths:
            async with http.get(f"{sim.rest_url}{path}") as answer:
                body = orjson.loads(await answer.read())
                faults[path] = response_faults("GET", route, answer.status, body)
        asked = await _asked_without_library(scene)
        posts: list[tuple[str, str, str, Json | list[Json]]] = [
            ("POST", "/users/@me/channels", "/users/@me/channels", {"recipient_id": str(scene.ada.id)}),
            (
                "POST",
                f"/channels/{channel}/messages",
                "/channels/{channel_id}/messages",
                {"content": scene.ada.mention},
            ),
            (
                "POST",
                f"/channels/{channel}/threads",
                "/channels/{channel_id}/threads",
                {"name": "t", "type": 11},
            ),
            (
                "PUT",
                f"/applications/{app}/commands",
                "/applications/{application_id}/commands",
                sim.commands.all(),
            ),
            ("POST", f"/interactions/{asked.id}/{asked.token}/callback?with_response=1", CALLBACK, RICH),
            ("PATCH", f"/webhooks/{app}/{asked.token}/messages/@original", ORIGINAL, {"content": "y"}),
            (
                "POST",
                f"/webhooks/{app}/{asked.token}",
                "/webhooks/{webhook_id}/{webhook_token}",
                {"content": "z"},
            ),
        ]
        for method, path, route, sent in posts:
            async with http.request(method, f"{sim.rest_url}{path}", json=sent) as answer:
                body = orjson.loads(await answer.read())
                faults[path] = response_faults(method, route, answer.status, body)
    assert not [f"{path}: {one}" for path, many in faults.items() for one in many]


RICH: Json = {
    "type": 4,
    "data": {
        "content": "x",
        "embeds": [{"title": "t", "image": {"url": "https://example.org/x.png"}}],
        "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "a", "custom_id": "b"}]}],
    },
}


async def _asked_without_library(scene: Scene) -> Interaction:
    """An interaction that no bot hears, for us to answer."""
    scene.sim.gateway.sessions.clear()
    return await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})
