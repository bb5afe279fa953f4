"""Somebody who wants everything for themselves has it behind every command, menu, button and window.

The tables are those of `test_everything`, in which whatever is registered must stand: a new door is gone through here
without anybody thinking of it, and may show nothing to the others.
"""

from __future__ import annotations

import pytest

from bot.playground.messages import Message
from bot.playground.places import Channel
from storage.rows import RequestRow
from tests.scenarios.conftest import Stage
from tests.scenarios.everybody import Cell, errors_logged
from tests.scenarios.test_batches import said, zipped
from tests.scenarios.test_everything import (
    COMMANDS,
    DESKS,
    MENUS,
    PRESSES,
    PROMPT,
    SMALL,
    Tour,
)

_SECONDS = 200
_WISHES = {"private": True, "model": "demo/sketch", "style": "cartoon", "size": "256x256"}
_SCRIPT = {"script": "one hut\ntwo huts"}


class Watched:
    """What of the bot's everybody reads in a channel and its threads, but for what the tour put there."""

    def __init__(self, tour: Tour, channel: Channel) -> None:
        self._tour, self._channel = tour, channel
        self._seen: set[int] = set()
        self.new()

    def new(self) -> list[str]:
        discord = self._tour.stage.discord
        found = [
            message
            for place in discord.channels.values()
            if self._channel in (place, place.parent)
            for message in place.messages
            if message.author is discord.bot and message.id not in self._seen | self._tour.carriers
        ]
        self._seen |= {message.id for message in found}
        return [repr(message) for message in found]


@pytest.mark.timeout(_SECONDS)
async def test_what_a_member_keeps_to_themselves_is_shown_to_nobody_by_any_door(whole: Stage) -> None:
    stage, shy = whole, whole.bruno
    channel = stage.guild.add_channel("everybody")
    ada = Cell(stage, "en-US", "server", "member", stage.ada, stage.ada, channel)
    here = Cell(stage, "en-US", "server", "stranger", shy, stage.ada, channel)
    tour = Tour(stage, [[ada, here]])
    await tour.prepare(ada)
    assert (await (await stage.discord.slash(shy, channel, "settings", _WISHES)).says("Only you")).ephemeral
    watched, leaks = Watched(tour, channel), list[str]()
    for name, deed in COMMANDS.items():
        await tour.type(name, deed, here)
        leaks += [f"/{name}: {message}" for message in watched.new()]
    for name, deed in MENUS.items():
        await tour.choose_from_menu(name, deed, here)
        leaks += [f"{name}: {message}" for message in watched.new()]
    for name, deeds in (PRESSES | DESKS).items():
        for deed in deeds if name != "erase_me" else ():
            await tour.press(name, deed, here)
            leaks += [f"[{name}]: {message}" for message in watched.new()]
    assert not tour.wrong, "\n".join(tour.wrong)
    rows = await stage.ended_rows(shy)
    assert {row.kind for row in rows} == {"generate", "edit", "variations", "upscale", "describe"}
    leaks += [f"not private: {row.kind} {row.prompt!r}" for row in rows if not row.private or row.listed]
    assert not leaks, "everybody saw:\n" + "\n".join(leaks)
    told_again = [row for row in rows if row.kind == "generate" and row.prompt != PROMPT]
    assert {_look(row) for row in told_again} == {("demo/sketch", "cartoon", "256x256")}, (
        "a description, drawn"
    )
    brought = [
        row for row in rows if row.kind in ("edit", "variations", "upscale") and not row.parent_image_id
    ]
    assert {row.model for row in brought} == {"demo/sketch"}, "what goes on from no picture of ours"
    await many_for_one(stage, watched, channel)
    assert not errors_logged(stage)


def _look(row: RequestRow) -> tuple[str, str | None, str]:
    return row.model, row.request.get("style"), row.request["size"]


async def many_for_one(stage: Stage, watched: Watched, channel: Channel) -> None:
    """What posts messages of its own goes to direct messages; where those are closed, nothing begins."""
    discord, shy = stage.discord, stage.bruno
    direct = discord.dm(shy)
    shy.user.dms_open = False
    models = {"model1": "demo/studio", "model2": "demo/sketch"}
    refused = await discord.slash(shy, channel, "compare", {"prompt": "a hut", **models})
    assert (await refused.says("Open your direct messages")).ephemeral
    window = await (await discord.slash(shy, channel, "batch", {"style": "minimalist"})).modal()
    offer = await (await discord.submit(shy, window, _SCRIPT)).says("Only you see them")
    closed = await discord.click(shy, offer, "Draw 2 pictures")
    assert "ask with `private: False`" in (await closed.followup(10)).text
    shy.user.dms_open = True
    before = len(await stage.rows(shy))
    await (await discord.click(shy, offer, "Draw 2 pictures")).until(_begun, 10)
    files = await direct.wait_for_message(lambda one: "2 pictures and the script" in one.text, 30)
    assert len(zipped(files)[1]) == 2
    await said(await direct.wait_for_message(lambda one: "▰" in one.text, 10), "2 of 2 pictures")
    assert sum(bool(one.pictures) and "hut" in one.text for one in direct.messages) == 2
    drawn = (await stage.ended_rows(shy))[: len(await stage.rows(shy)) - before]
    assert {(_look(row), row.private, row.guild_id) for row in drawn} == {
        (("demo/sketch", "minimalist", "256x256"), True, stage.guild.id)
    }
    asked = await discord.slash(shy, channel, "compare", {"prompt": "a mill", **models, **SMALL})
    assert (await asked.says("in your direct messages: https://discord.com/channels/@me/")).ephemeral
    card = await direct.wait_for_message(lambda one: "a mill" in one.text and len(one.buttons) > 1, 30)
    assert len(card.pictures) == 2
    await discord.click(shy, card, "1 · 0")
    await card.until(lambda one: one if "Repeat 1" in str([b.label for b in one.buttons]) else None, 10)
    assert not watched.new()

    # Said otherwise: everybody may see this one.
    window = await (await discord.slash(shy, channel, "batch", {"private": False})).modal()
    offer = await (await discord.submit(shy, window, {"script": "a barn"})).says("1 picture")
    assert "Only you" not in offer.text
    await discord.click(shy, offer, "Draw 1 picture")
    await channel.wait_for_message(lambda one: "▰" in one.text and not one.ephemeral, 20)


def _begun(message: Message) -> Message | None:
    return message if "Only you see it, in your direct messages" in message.text else None
