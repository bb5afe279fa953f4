"""Discord's rules, tried with plain requests: what a bot may answer, when, and in what form."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import orjson
import pytest

from bot.playground import Interaction
from bot.playground.jsonic import Json
from tests.playground.conftest import Scene
from tests.playground.robot import png

EPHEMERAL, V2 = 64, 32768
COMMAND: Json = {"name": "imagine", "description": "Draw", "type": 1}
BUTTON: Json = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}


def row(*children: Json) -> Json:
    return {"type": 1, "components": list(children)}


def text(content: str) -> Json:
    return {"type": 10, "content": content}


def gallery(*names: str) -> Json:
    return {"type": 12, "items": [{"media": {"url": f"attachment://{name}"}} for name in names]}


class Bot:
    """A bot without a library: it sends what it is told to and shows what came back."""

    def __init__(self, scene: Scene, http: aiohttp.ClientSession) -> None:
        self.scene, self.http = scene, http

    async def ask(self, **options: Any) -> Interaction:
        return await self.scene.sim.slash(self.scene.ada, self.scene.channel, "imagine", **options)

    async def call(
        self, method: str, path: str, body: Any = None, files: dict[str, bytes] | None = None
    ) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        headers = {"Authorization": f"Bot {self.scene.sim.token}"}
        sent: Any = None
        if files is not None:
            sent = aiohttp.FormData(quote_fields=False)
            sent.add_field("payload_json", orjson.dumps(body).decode())
            for number, (name, data) in enumerate(files.items()):
                sent.add_field(
                    f"files[{number}]",
                    io.BytesIO(data),
                    filename=name,
                    content_type="application/octet-stream",
                )
        elif body is not None:
            sent, headers["Content-Type"] = orjson.dumps(body), "application/json"
        url = f"{self.scene.sim.rest_url}{path}"
        async with self.http.request(method, url, data=sent, headers=headers) as answer:
            raw = await answer.read()
            return answer.status, orjson.loads(raw) if raw else None

    async def answer(self, to: Interaction, kind: int, data: Json | None = None) -> tuple[int, Any]:
        return await self.call(
            "POST", f"/interactions/{to.id}/{to.token}/callback", {"type": kind, "data": data or {}}
        )

    async def edit(
        self, to: Interaction, body: Json, files: dict[str, bytes] | None = None
    ) -> tuple[int, Any]:
        return await self.call("PATCH", self.webhook(to, "/messages/@original"), body, files)

    def webhook(self, to: Interaction, rest: str = "") -> str:
        return f"/webhooks/{self.scene.sim.application_id}/{to.token}{rest}"

    async def send(self, body: Json, files: dict[str, bytes] | None = None) -> tuple[int, Any]:
        return await self.call("POST", f"/channels/{self.scene.channel.id}/messages", body, files)

    async def waiting(self) -> Interaction:
        """An interaction that was deferred in public."""
        asked = await self.ask()
        assert await self.answer(asked, 5) == (204, None)
        return asked


@pytest.fixture
async def bot(scene: Scene) -> AsyncGenerator[Bot]:
    async with aiohttp.ClientSession() as http:
        bot = Bot(scene, http)
        status, _ = await bot.call("PUT", f"/applications/{scene.sim.application_id}/commands", [COMMAND])
        assert status == 200
        yield bot


def code(answer: tuple[int, Any]) -> tuple[int, int]:
    return answer[0], answer[1]["code"]


# The first answer


async def test_a_late_first_answer_is_unknown(scene: Scene, bot: Bot) -> None:
    asked = await bot.ask()
    scene.sim.clock.advance(3.1)
    assert code(await bot.answer(asked, 5)) == (404, 10062)
    assert asked.answer is None


async def test_a_second_first_answer_is_refused(bot: Bot) -> None:
    asked = await bot.waiting()
    assert code(await bot.answer(asked, 4, {"content": "again"})) == (400, 40060)


async def test_a_refused_answer_leaves_the_interaction_open(bot: Bot) -> None:
    asked = await bot.ask()
    assert code(await bot.answer(asked, 4, {})) == (400, 50006)
    assert await bot.answer(asked, 4, {"content": "yes"}) == (204, None)


async def test_the_defer_decides_whether_the_answer_is_private(scene: Scene, bot: Bot) -> None:
    asked = await bot.ask()
    await bot.answer(asked, 5, {"flags": EPHEMERAL})
    status, message = await bot.edit(asked, {"content": "psst", "flags": 0})
    assert status == 200
    assert message["flags"] & EPHEMERAL
    public = await bot.waiting()
    await bot.edit(public, {"content": "all", "flags": EPHEMERAL})
    assert [one.content for one in scene.channel.messages] == ["all"]


async def test_only_ephemeral_may_be_set_on_a_defer(bot: Bot) -> None:
    assert code(await bot.answer(await bot.ask(), 5, {"flags": V2})) == (400, 50035)


async def test_answers_fit_their_interaction(bot: Bot) -> None:
    asked = await bot.ask()
    for kind in (6, 7, 8):
        assert code(await bot.answer(asked, kind, {"content": "x"} if kind == 7 else {})) == (400, 50035)


async def test_tokens_die_after_fifteen_minutes(scene: Scene, bot: Bot) -> None:
    asked = await bot.waiting()
    scene.sim.clock.advance(15 * 60 + 1)
    assert code(await bot.edit(asked, {"content": "late"})) == (401, 50027)


async def test_unknown_and_early_tokens_are_unknown_webhooks(scene: Scene, bot: Bot) -> None:
    asked = await bot.ask()
    assert code(await bot.edit(asked, {"content": "early"})) == (404, 10015)
    path = f"/webhooks/{scene.sim.application_id}/nonsense/messages/@original"
    assert code(await bot.call("PATCH", path, {"content": "x"})) == (404, 10015)


async def test_a_deleted_answer_is_unknown(bot: Bot) -> None:
    asked = await bot.waiting()
    assert await bot.call("DELETE", bot.webhook(asked, "/messages/@original")) == (204, None)
    assert code(await bot.edit(asked, {"content": "x"})) == (404, 10008)
    assert asked.message is None


async def test_a_follow_up_right_after_a_defer_fills_the_waiting_message(scene: Scene, bot: Bot) -> None:
    asked = await bot.waiting()
    _, first = await bot.call("POST", bot.webhook(asked), {"content": "one"})
    _, second = await bot.call("POST", bot.webhook(asked), {"content": "two", "flags": EPHEMERAL})
    assert asked.message is not None
    assert first["id"] == str(asked.message.id)
    assert not asked.message.loading
    assert [one.content for one in asked.followups] == ["two"]
    assert asked.followups[0].ephemeral
    assert second["id"] != first["id"]
    status, _ = await bot.call("PATCH", bot.webhook(asked, f"/messages/{second['id']}"), {"content": "three"})
    assert (status, asked.followups[0].content) == (200, "three")


async def test_a_user_install_gets_five_follow_ups(scene: Scene, bot: Bot) -> None:
    command = {**COMMAND, "integration_types": [0, 1], "contexts": [0, 1, 2]}
    await bot.call("PUT", f"/applications/{scene.sim.application_id}/commands", [command])
    elsewhere = scene.sim.add_guild("Elsewhere", bot=False)
    zed = elsewhere.add_member("Zed")
    asked = await scene.sim.slash(zed, elsewhere.add_channel("chat"), "imagine")
    await bot.answer(asked, 4, {"content": "hi"})
    answers = [await bot.call("POST", bot.webhook(asked), {"content": str(n)}) for n in range(6)]
    assert [one[0] for one in answers] == [200] * 5 + [400]
    assert answers[5][1]["code"] == 40094


# Components V2


async def test_a_v2_message_has_neither_content_nor_embeds(bot: Bot) -> None:
    asked = await bot.waiting()
    for extra in ({"content": "x"}, {"embeds": [{"title": "x"}]}):
        answer = await bot.edit(asked, {"flags": V2, "components": [text("hi")], **extra})
        assert code(answer) == (400, 50035)
        assert next(iter(extra)) in answer[1]["errors"]


async def test_v2_components_need_the_flag_and_the_flag_never_goes(bot: Bot) -> None:
    asked = await bot.waiting()
    assert code(await bot.edit(asked, {"components": [text("hi")]})) == (400, 50035)
    status, message = await bot.edit(asked, {"components": [text("hi")], "flags": V2})
    assert (status, message["flags"]) == (200, V2)
    assert code(await bot.edit(asked, {"content": "plain", "components": [], "flags": 0})) == (400, 50035)
    status, message = await bot.edit(asked, {"components": [text("still")], "flags": 0})
    assert (status, message["flags"]) == (200, V2)


async def test_a_plain_message_becomes_v2_only_when_its_content_goes(bot: Bot) -> None:
    asked = await bot.waiting()
    await bot.edit(asked, {"content": "rendering"})
    assert code(await bot.edit(asked, {"components": [text("hi")], "flags": V2})) == (400, 50035)
    done = {"content": None, "embeds": [], "components": [text("hi")], "flags": V2}
    assert (await bot.edit(asked, done))[0] == 200


@pytest.mark.parametrize(
    ("components", "why"),
    [
        ([text("x")] * 41, "at most 40|more than 40|41 components"),
        ([text("x" * 3000), text("y" * 1001)], "4001 characters"),
        ([text("")], "shorter than 1 character"),
        ([row(BUTTON, BUTTON)], "duplicated"),
        ([row({**BUTTON, "label": "x" * 81})], "80 characters"),
        ([row({**BUTTON, "custom_id": "x" * 101})], "100 characters"),
        ([row({"type": 2, "style": 5, "label": "x"})], "url is required"),
        ([row({**BUTTON, "url": "https://x.y"})], "url is not allowed"),
        ([row({"type": 2, "style": 1, "custom_id": "a"})], "label or an emoji"),
        ([row(*({**BUTTON, "custom_id": str(n)} for n in range(6)))], "5"),
        ([gallery("missing.png")], "referenced attachment was not found"),
        ([gallery()], "1"),
        ([{"type": 13, "file": {"url": "https://x.y/z.png"}}], "attachment://"),
        ([{"type": 9, "components": [text("x")]}], "accessory"),
        ([{"type": 17, "components": [{"type": 17, "components": [text("x")]}]}], "no shape"),
        ([{"type": 99}], "no shape"),
        ([{"type": 3}], "no shape"),
    ],
)
async def test_bad_components_are_refused_with_a_reason(bot: Bot, components: list[Json], why: str) -> None:
    asked = await bot.waiting()
    answer = await bot.edit(asked, {"flags": V2, "components": components})
    assert code(answer) == (400, 50035)
    assert re.search(why, str(answer[1]["errors"])), answer[1]["errors"]


async def test_files_of_a_v2_message_show_only_where_a_component_points_to_them(
    scene: Scene, bot: Bot
) -> None:
    asked = await bot.waiting()
    picture = png(40, 30)
    body = {
        "flags": V2,
        "components": [{"type": 17, "components": [gallery("a.png")]}],
        "attachments": [
            {"id": 0, "filename": "a.png", "description": "a fox"},
            {"id": 1, "filename": "b.png"},
        ],
    }
    status, message = await bot.edit(asked, body, {"a.png": picture, "b.png": png()})
    assert status == 200
    media = message["components"][0]["components"][0]["items"][0]["media"]
    assert (media["width"], media["height"], media["content_type"]) == (40, 30, "image/png")
    assert asked.message is not None
    assert (asked.message.pictures, asked.message.alt_texts) == ([picture], ["a fox"])
    async with bot.http.get(media["url"]) as file:
        assert await file.read() == picture


# Files


async def test_a_file_over_the_limit_of_the_place_is_too_large(scene: Scene, bot: Bot) -> None:
    scene.guild.upload_limit = 1000
    asked = await bot.waiting()
    assert code(await bot.edit(asked, {}, {"a.bin": b"x" * 1001})) == (413, 40005)
    assert (await bot.edit(asked, {}, {"a.bin": b"x" * 1000}))[0] == 200


async def test_a_request_over_25_mib_is_too_large(bot: Bot) -> None:
    part = b"x" * (9 * 1024 * 1024)
    assert code(await bot.edit(await bot.waiting(), {}, {"a": part, "b": part, "c": part})) == (413, 40005)


async def test_more_than_ten_files_are_refused(bot: Bot) -> None:
    files = {f"{n}.png": b"x" for n in range(11)}
    assert code(await bot.edit(await bot.waiting(), {"content": "x"}, files)) == (400, 50035)


async def test_an_edit_keeps_the_attachments_that_it_lists(scene: Scene, bot: Bot) -> None:
    asked = await bot.waiting()
    _, message = await bot.edit(asked, {"content": "two"}, {"a.png": png(), "b.png": png()})
    keep = message["attachments"][1]
    _, message = await bot.edit(asked, {"attachments": [{"id": keep["id"]}, {"id": 0}]}, {"c.png": png()})
    assert [one["filename"] for one in message["attachments"]] == ["b.png", "c.png"]
    _, message = await bot.edit(asked, {"attachments": []})
    assert message["attachments"] == []
    async with bot.http.get(keep["url"]) as gone:
        assert gone.status == 404


async def test_addresses_of_files_expire_and_cannot_be_altered(scene: Scene, bot: Bot) -> None:
    _, message = await bot.send({"content": "x"}, {"a.png": png()})
    url = message["attachments"][0]["url"]
    for address in (url.replace("hm=", "hm=0"), url.split("?")[0], url.replace("ex=", "ex=f")):
        async with bot.http.get(address) as answer:
            assert answer.status == 404
    scene.sim.clock.advance(25 * 3600)
    async with bot.http.get(url) as answer:
        assert answer.status == 404
    _, fresh = await bot.call("GET", f"/channels/{scene.channel.id}/messages/{message['id']}")
    async with bot.http.get(fresh["attachments"][0]["url"]) as answer:
        assert answer.status == 200


async def test_without_keeping_files_only_size_and_hash_remain(scene: Scene, bot: Bot) -> None:
    scene.sim.cdn.keep_files = False
    await bot.send({"content": "x"}, {"a.png": png(10, 20)})
    kept = scene.channel.messages[0].attachments[0]
    assert (kept.data, kept.size, kept.width, len(kept.sha256)) == (None, len(png(10, 20)), 10, 64)


# Channels, permissions, direct messages


async def test_missing_permissions_are_told_apart_from_missing_access(scene: Scene, bot: Bot) -> None:
    scene.channel.deny_bot("attach_files")
    assert code(await bot.send({"content": "x"}, {"a.png": png()})) == (403, 50013)
    assert code(await bot.edit(await bot.waiting(), {}, {"a.png": png()})) == (403, 50013)
    assert (await bot.send({"content": "x"}))[0] == 200
    scene.channel.deny_bot("send_messages")
    assert code(await bot.send({"content": "x"})) == (403, 50013)
    scene.channel.deny_bot("view_channel")
    assert code(await bot.send({"content": "x"})) == (403, 50001)


async def test_gone_channels_and_messages_are_unknown(scene: Scene, bot: Bot) -> None:
    _, message = await bot.send({"content": "x"})
    path = f"/channels/{scene.channel.id}/messages/{message['id']}"
    assert await bot.call("DELETE", path) == (204, None)
    assert code(await bot.call("PATCH", path, {"content": "y"})) == (404, 10008)
    scene.channel.delete()
    assert code(await bot.send({"content": "x"})) == (404, 10003)


async def test_other_peoples_messages_cannot_be_edited(scene: Scene, bot: Bot) -> None:
    posted = scene.channel.post(scene.ada, "mine")
    path = f"/channels/{scene.channel.id}/messages/{posted.id}"
    assert code(await bot.call("PATCH", path, {"content": "yours"})) == (403, 50005)
    assert code(await bot.call("DELETE", path)) == (403, 50013)


async def test_an_ephemeral_message_is_unknown_to_the_channel(scene: Scene, bot: Bot) -> None:
    asked = await bot.ask()
    await bot.answer(asked, 4, {"content": "psst", "flags": EPHEMERAL})
    assert asked.message is not None
    path = f"/channels/{scene.channel.id}/messages/{asked.message.id}"
    assert code(await bot.call("PATCH", path, {"content": "y"})) == (404, 10008)


async def test_closed_and_foreign_direct_messages_are_refused(scene: Scene, bot: Bot) -> None:
    stranger = scene.sim.add_user("Stranger")
    scene.ada.user.dms_open = False
    for user, expected in ((scene.ada, 50007), (stranger, 50278)):
        _, dm = await bot.call("POST", "/users/@me/channels", {"recipient_id": str(user.id)})
        assert code(await bot.call("POST", f"/channels/{dm['id']}/messages", {"content": "x"})) == (
            403,
            expected,
        )


async def test_the_same_nonce_gives_the_first_message_again_for_some_minutes(scene: Scene, bot: Bot) -> None:
    body = {"content": "x", "nonce": "img_1", "enforce_nonce": True}
    _, first = await bot.send(body)
    _, second = await bot.send({**body, "content": "changed"})
    assert (second["id"], second["content"]) == (first["id"], "x")
    scene.sim.clock.advance(6 * 60)
    _, third = await bot.send(body)
    assert third["id"] != first["id"]


async def test_mentions_ping_only_whom_they_may(scene: Scene, bot: Bot) -> None:
    content = f"@everyone {scene.ada.mention}"
    await bot.send({"content": content})
    await bot.send({"content": content, "allowed_mentions": {"parse": []}})
    await bot.edit(await bot.waiting(), {"content": content})
    ada = str(scene.ada.id)
    assert [one.pings for one in scene.channel.messages] == [{"everyone", ada}, frozenset(), {ada}]


async def test_a_wrong_token_is_unauthorized(scene: Scene, bot: Bot) -> None:
    async with bot.http.get(f"{scene.sim.rest_url}/users/@me", headers={"Authorization": "Bot no"}) as answer:
        assert answer.status == 401
        assert answer.headers["Content-Type"] == "application/json"


async def test_rate_limits_count_by_bucket_and_say_when_to_come_back(scene: Scene, bot: Bot) -> None:
    scene.sim.rate_limits.enabled = True
    answers = [await bot.send({"content": str(n)}) for n in range(6)]
    assert [one[0] for one in answers] == [200] * 5 + [429]
    assert 0 < answers[5][1]["retry_after"] <= 5
    other = scene.guild.add_channel("other")
    assert (await bot.call("POST", f"/channels/{other.id}/messages", {"content": "x"}))[0] == 200


# Modals and commands


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"title": "x" * 46}, "45"),
        ({"components": [text("x")] * 6}, "between 1 and 5"),
        ({"components": [row({"type": 4, "custom_id": "a", "style": 1})]}, "required"),
        (
            {
                "components": [
                    {"type": 18, "label": "x" * 46, "component": {"type": 4, "custom_id": "a", "style": 1}}
                ]
            },
            "45",
        ),
        (
            {
                "components": [
                    {
                        "type": 18,
                        "label": "x",
                        "component": {
                            "type": 21,
                            "custom_id": "a",
                            "options": [{"label": "1", "value": "1"}],
                        },
                    }
                ]
            },
            "2",
        ),
    ],
)
async def test_bad_modals_are_refused(bot: Bot, data: Json, why: str) -> None:
    good: Json = {"custom_id": "m", "title": "t", "components": [text("x")]}
    answer = await bot.answer(await bot.ask(), 9, {**good, **data})
    assert code(answer) == (400, 50035)
    assert why in str(answer[1]["errors"])


def option(**fields: Any) -> Json:
    return {"type": 3, "name": "prompt", "description": "what", **fields}


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ({**COMMAND, "name": "Imagine"}, "name is invalid"),
        ({**COMMAND, "description": ""}, "required"),
        ({**COMMAND, "name_localizations": {"xx": "y"}}, "Value must be one of"),
        ({**COMMAND, "options": [option(), option(name="image", required=True)]}, "Required options"),
        ({**COMMAND, "options": [option(), option()]}, "unique"),
        ({**COMMAND, "options": [option(name=f"o{n}") for n in range(26)]}, "25"),
        (
            {**COMMAND, "options": [option(autocomplete=True, choices=[{"name": "a", "value": "a"}])]},
            "exclusive",
        ),
        ({**COMMAND, "options": [option(choices=[{"name": "a" * 101, "value": "a"}])]}, "100"),
        (
            {
                **COMMAND,
                "options": [
                    option(
                        choices=[{"name": f"{n:02}" * 45, "value": str(n)} for n in range(25)], name=f"o{o}"
                    )
                    for o in range(4)
                ],
            },
            "maximum size",
        ),
        ({"name": "Edit image", "type": 3, "description": "not here"}, "cannot have"),
    ],
)
async def test_bad_commands_are_refused_with_a_reason(
    scene: Scene, bot: Bot, command: Json, why: str
) -> None:
    answer = await bot.call("PUT", f"/applications/{scene.sim.application_id}/commands", [command])
    assert code(answer) == (400, 50035)
    assert why in str(answer[1]["errors"]), answer[1]["errors"]
    assert scene.sim.commands.all()[0]["name"] == "imagine"


async def test_guild_commands_stand_before_global_ones(scene: Scene, bot: Bot) -> None:
    path = f"/applications/{scene.sim.application_id}/guilds/{scene.guild.id}/commands"
    await bot.call("PUT", path, [{**COMMAND, "description": "Here"}])
    found = scene.sim.commands.find("imagine", 1, scene.guild.id)
    assert found is not None
    assert found["description"] == "Here"
    assert len((await bot.call("GET", path))[1]) == 1
