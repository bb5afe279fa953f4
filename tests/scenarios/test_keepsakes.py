"""What members keep: history, gallery, favourites and mood boards, with buttons that outlive a kill."""

from __future__ import annotations

import io
import json
import zipfile

from bot.playground.interactions import Interaction
from bot.playground.messages import Message
from bot.playground.people import Member, User
from bot.playground.places import Channel
from tests.scenarios.conftest import Stage


async def drawn(
    stage: Stage, who: Member | User, channel: Channel, *prompts: str, **options: object
) -> list[Message]:
    cards: list[Message] = []
    for prompt in prompts:
        asked = await stage.discord.slash(who, channel, "imagine", {"prompt": prompt, **options})
        cards.append(await asked.card())
    return cards


async def shows(asked: Interaction, text: str, timeout: float = 10) -> Message:
    return await asked.until(lambda message: message if text in message.text else None, timeout)


async def restart(stage: Stage) -> None:
    await stage.bot.kill()
    await stage.bot.start()


async def test_a_history_is_searched_paged_opened_and_gone_on_from(stage: Stage) -> None:
    await drawn(stage, stage.ada, stage.channel, "Un été à Québec", "a fox", "a crow", "an owl", "a hare")
    await drawn(stage, stage.ada, stage.channel, "my secret", private=True)
    await drawn(stage, stage.ada.user, stage.discord.dm(stage.ada), "a moth")
    asked = await stage.discord.slash(stage.ada, stage.channel, "history")
    page = await shows(asked, "7 found")
    assert page.ephemeral
    assert "page 1 of 2" in page.text
    assert len(page.pictures) == 5
    assert "a moth" in page.text
    await restart(stage)
    await stage.discord.click(stage.ada, page, "▶️")
    await page.until(lambda message: "page 2 of 2" in message.text or None, 10)
    assert "Un été à Québec" in page.text
    assert len(page.pictures) == 2
    await stage.discord.click(stage.ada, page, "◀️")
    await page.until(lambda message: "page 1 of 2" in message.text or None, 10)
    opened = await stage.discord.choose(stage.ada, page, None, ["an owl"])
    card = await opened.card()
    assert card.ephemeral
    again = await stage.discord.click(stage.ada, card, "Repeat")
    assert (await again.card()).pictures

    found = await stage.discord.slash(stage.ada, stage.channel, "history", {"search": "ETE quebec"})
    assert "1 found" in (await shows(found, "Québec")).text
    nothing = await stage.discord.slash(stage.ada, stage.channel, "history", {"search": "zebra"})
    await shows(nothing, "Nothing like that")
    here = await stage.discord.slash(stage.ada.user, stage.discord.dm(stage.ada), "history", {"here": True})
    assert "a moth" in (await shows(here, "1 found")).text
    french = await stage.discord.slash(stage.camille, stage.channel, "history")
    await shows(french, "Rien encore")


async def test_a_gallery_shows_what_everyone_may_see_and_what_is_liked(stage: Stage) -> None:
    quiet = stage.guild.add_channel("council")
    quiet.deny(stage.guild.everyone, "view_channel")
    quiet.allow(stage.ada, "view_channel")
    assert stage.guild.me is not None
    quiet.allow(stage.guild.me, "view_channel")
    late = stage.guild.add_channel("after dark", nsfw=True)
    thread = stage.channel.add_thread("night", owner=stage.ada)
    boat, fox = await drawn(stage, stage.ada, stage.channel, "a boat", "a fox")
    await drawn(stage, stage.ada, stage.channel, "private", private=True)
    await drawn(stage, stage.ada, stage.channel, "hidden", spoiler=True)
    await drawn(stage, stage.ada, quiet, "a plan")
    await drawn(stage, stage.ada, late, "a bar")
    await drawn(stage, stage.bruno, thread, "a moth")
    await stage.ended_rows(stage.ada, stage.bruno)
    asked = await stage.discord.slash(stage.camille, stage.channel, "gallery")
    page = await shows(asked, "3 trouvées")
    assert "a moth" in page.text
    assert not [word for word in ("private", "hidden", "a plan", "a bar") if word in page.text]
    assert len(page.pictures) == 3
    for member in (stage.camille, stage.bruno):
        kept = await stage.discord.click(member, boat, "❤️")
        await shows(kept, "❤️")
    await shows(await stage.discord.click(stage.ada, fox, "❤️"), "One of your favourites now")
    await restart(stage)
    await stage.discord.click(stage.camille, page, "Favoris d’abord")
    await page.until(lambda message: "❤️ 2" in message.text or None, 10)
    assert page.text.index("a boat") < page.text.index("a fox") < page.text.index("a moth")
    opened = await stage.discord.choose(stage.camille, page, None, ["1. a boat"])
    card = await opened.card()
    assert "a boat" in card.text
    liked = await stage.discord.slash(stage.bruno, stage.channel, "history", {"favourites": True})
    await shows(liked, "Nothing like that")
    mine = await stage.discord.slash(stage.ada, stage.channel, "history", {"favourites": True})
    assert "a fox" in (await shows(mine, "1 found")).text


async def test_boards_are_filled_ordered_shared_taken_home_and_deleted(stage: Stage) -> None:
    discord, ada, channel = stage.discord, stage.ada, stage.channel
    boat, fox, crow = await drawn(stage, ada, channel, "a boat", "a fox", "a crow")
    (secret,) = await drawn(stage, ada, channel, "my secret", private=True)
    await shows(await discord.slash(ada, channel, "board list"), "None yet")
    await shows(await discord.slash(ada, channel, "board create", {"name": "Été"}), "Été")
    taken = await discord.slash(ada, channel, "board create", {"name": "ETE"})
    await shows(taken, "already")
    refused = await discord.slash(ada, channel, "board create", {"name": "House", "server": True})
    await shows(refused, "moderators")
    made = await discord.slash(stage.moderator, channel, "board create", {"name": "House", "server": True})
    await shows(made, "House")
    await restart(stage)
    for card in (boat, fox, secret):
        kept = await shows(await discord.click(ada, card, "❤️"), "favourites now")
        await discord.choose(ada, kept, None, ["Été"])
        await kept.until(lambda message: "It is on **Été** now" in message.text or None, 10)
    kept = await shows(await discord.click(stage.camille, crow, "❤️"), "favoris")
    opened = await (await discord.choose(stage.camille, kept, None, ["Une nouvelle planche…"])).modal()
    await discord.submit(stage.camille, opened, {"name": "Oiseaux"})
    await kept.until(lambda message: "Elle est maintenant sur **Oiseaux**" in message.text or None, 10)

    page = await shows(await discord.slash(ada, channel, "board show", {"name": "ete"}), "3 pictures")
    assert len(page.pictures) == 3
    order = await shows(await discord.click(ada, page, "Put in order"), "1. a boat")
    await discord.choose(ada, order, None, ["2. a fox"])
    await order.until(lambda message: "▸ **2. a fox" in message.text or None, 10)
    await restart(stage)
    await discord.click(ada, order, "⏫")
    await order.until(lambda message: "▸ **1. a fox" in message.text or None, 10)
    opened_card = await discord.choose(ada, page, None, ["1. a boat"])
    assert (await opened_card.card()).pictures

    await shows(await discord.slash(stage.bruno, channel, "board show", {"name": "ete"}), "no such board")
    shared = await shows(await discord.slash(ada, channel, "board share", {"name": "ete"}), "2 pictures")
    assert not shared.ephemeral
    seen = await shows(await discord.slash(stage.bruno, channel, "board show", {"name": "ete"}), "2 pictures")
    assert "Put in order" not in [button.label for button in seen.buttons]
    renamed = await discord.slash(stage.bruno, channel, "board rename", {"name": "ete", "to": "Mine"})
    await shows(renamed, "somebody else")
    await shows(await discord.slash(ada, channel, "board rename", {"name": "ete", "to": "Summer"}), "Summer")
    export = await discord.slash(ada, channel, "board export", {"name": "summer"})
    files = await export.followup(10)
    with zipfile.ZipFile(io.BytesIO(files.attachments[0].data or b"")) as archive:
        told = json.loads(archive.read("board.json"))
        assert told["name"] == "Summer"
        assert [one["prompt"] for one in told["pictures"]] == ["a fox", "a boat", "my secret"]
        assert {one["file"] for one in told["pictures"]} < set(archive.namelist())
    closed = stage.guild.add_channel("closed")
    assert stage.guild.me is not None
    closed.deny(stage.guild.everyone, "view_channel")
    for insider in (ada, stage.guild.me):
        closed.allow(insider, "view_channel")
    (plan,) = await drawn(stage, ada, closed, "the plan")
    kept = await shows(await discord.click(ada, plan, "❤️"), "favourites now")
    await discord.choose(ada, kept, None, ["Summer"])
    await kept.until(lambda message: "It is on **Summer** now" in message.text or None, 10)
    await shows(await discord.slash(ada, channel, "board show", {"name": "summer"}), "4 pictures")
    await shows(await discord.slash(stage.bruno, channel, "board show", {"name": "summer"}), "2 pictures")
    export = await discord.slash(stage.bruno, channel, "board export", {"name": "summer"})
    with zipfile.ZipFile(io.BytesIO((await export.followup(10)).attachments[0].data or b"")) as archive:
        assert "the plan" not in archive.read("board.json").decode()
    await shows(await discord.slash(ada, channel, "board share", {"name": "summer"}), "2 pictures")
    await shows(
        await discord.slash(ada, channel, "board share", {"name": "summer", "on": False}), "yours alone"
    )
    await shows(await discord.slash(stage.bruno, channel, "board list"), "House")
    asked = await shows(
        await discord.slash(ada, channel, "board delete", {"name": "summer"}), "Delete **Summer**?"
    )
    await discord.click(ada, asked, "Delete it")
    await asked.until(lambda message: "is gone" in message.text or None, 10)
    listed = await shows(await discord.slash(ada.user, discord.dm(ada), "board list"), "Mood boards")
    assert "None yet" in listed.text
