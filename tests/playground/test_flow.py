"""The flow of an image bot, through a real client: command, waiting message, card, button, modal."""

import asyncio
from typing import Any

import discord
import pytest

from bot.playground import Answer, NotPossible, Upload
from tests.playground.conftest import Scene
from tests.playground.robot import Robot, png, running


async def test_a_command_ends_in_a_card_with_the_very_bytes_that_were_posted(
    scene: Scene, robot: Robot
) -> None:
    sim = scene.sim
    asked = await sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "a fox"})
    assert await asked.answered() == Answer.DEFERRED
    card = await asked.card()
    assert card.pictures == [png()]
    assert card.alt_texts == ["Picture of a fox"]
    assert card.text == "**a fox**"
    assert [(b.label, b.custom_id, b.emoji) for b in card.buttons] == [
        ("Edit", "v1:repeat:img_1", "\N{PENCIL}")
    ]
    assert card.is_v2
    assert not card.ephemeral
    assert card is asked.message
    assert scene.channel.messages == [card]
    assert asked.first_answer_seconds is not None
    assert asked.first_answer_seconds < 1
    assert not sim.deviations, [str(one) for one in sim.deviations]


async def test_a_button_opens_a_modal_and_its_submission_reaches_the_bot(scene: Scene, robot: Robot) -> None:
    sim = scene.sim
    card = await (await sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "a fox"})).card()
    clicked = await sim.click(scene.ada, card, label="Edit")
    modal = await clicked.modal()
    assert modal.title == "Edit the picture"
    assert [field.label for field in modal.fields] == ["Prompt", "Size", "Private", "Extras", "Reference"]
    picture = png(8, 8)
    sent = await sim.submit(
        scene.ada,
        modal,
        {
            "Size": "Wide",
            "Private": True,
            "Extras": ["Grain"],
            "Reference": [Upload("r.png", picture, "image/png")],
        },
    )
    await sent.answered()
    assert sent.message is not None
    assert sent.message.text == f"a fox 16:9 True ['Grain'] [{len(picture)}]"
    assert sent.message.ephemeral
    assert not sim.deviations, [str(one) for one in sim.deviations]


async def test_a_modal_holds_a_member_to_its_rules(scene: Scene, robot: Robot) -> None:
    card = await (await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "a fox"})).card()
    modal = await (await scene.sim.click(scene.ada, card, "Edit")).modal()
    with pytest.raises(NotPossible, match="needs a choice"):
        await scene.sim.submit(scene.ada, modal)
    with pytest.raises(NotPossible, match="characters"):
        await scene.sim.submit(scene.ada, modal, {"Size": "Wide", "Prompt": "x" * 101})


async def test_a_file_given_to_a_command_can_be_read_by_the_bot(scene: Scene, robot: Robot) -> None:
    picture = png(20, 30, "red")
    upload = Upload("photo of me.png", picture, "image/png")
    asked = await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "me", "image": upload})
    assert (await asked.card()).pictures == [picture]
    given = robot.heard[0].namespace.image
    assert (given.width, given.height, given.filename) == (20, 30, "photo_of_me.png")


async def test_subcommands_resolve_members_and_answer_in_private(scene: Scene, robot: Robot) -> None:
    bob = scene.guild.add_member("Bob")
    asked = await scene.sim.slash(scene.ada, scene.channel, "quota set", {"user": bob, "images": 3})
    assert await asked.answered() == Answer.MESSAGE
    assert asked.message is not None
    assert asked.message.text == "Bob: 3"
    assert scene.channel.messages == []
    assert scene.channel.ephemerals == [asked.message]


async def test_autocomplete_offers_choices(scene: Scene, robot: Robot) -> None:
    choices = await scene.sim.autocomplete(
        scene.ada, scene.channel, "imagine", {"prompt": "x"}, focused=("model", "gp")
    )
    assert choices == [{"name": "model gp", "value": "gp"}]


async def test_context_menus_carry_their_target(scene: Scene, robot: Robot) -> None:
    posted = scene.channel.post(scene.ada, "look", [Upload("cat.png", png())])
    asked = await scene.sim.menu(scene.ada, posted, "Edit image")
    await asked.says("1 files")
    asked = await scene.sim.user_menu(scene.ada, scene.channel, scene.ada, "Usage")
    await asked.says("usage of Ada")


async def test_the_client_refuses_what_no_member_could_send(scene: Scene, robot: Robot) -> None:
    sim, ada, channel = scene.sim, scene.ada, scene.channel
    for values, why in [
        ({}, "required"),
        ({"prompt": "x" * 201}, "characters"),
        ({"prompt": "x", "count": 9}, "takes 1 to 4"),
        ({"prompt": "x", "style": "y"}, "no option"),
    ]:
        with pytest.raises(NotPossible, match=why):
            await sim.slash(ada, channel, "imagine", values)
    with pytest.raises(NotPossible, match="no command"):
        await sim.slash(ada, channel, "draw")
    scene.channel.deny(scene.guild.everyone, "use_application_commands")
    with pytest.raises(NotPossible, match="cannot use commands"):
        await sim.slash(ada, channel, "imagine", {"prompt": "x"})


async def test_the_payload_says_where_and_by_whom(scene: Scene, robot: Robot) -> None:
    await (await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})).card()
    heard = robot.heard[0]
    assert str(heard.locale) == "fr"
    assert str(heard.guild_locale) == "fr"
    assert heard.filesize_limit == 10 * 1024 * 1024
    assert heard.app_permissions.attach_files
    assert heard.channel_id == scene.channel.id
    assert heard.is_guild_integration()
    assert isinstance(heard.user, discord.Member)
    assert heard.user.display_name == "Ada"


async def test_direct_messages_work_like_channels(scene: Scene, robot: Robot) -> None:
    dm = scene.sim.dm(scene.ada)
    card = await (await scene.sim.slash(scene.ada, dm, "imagine", {"prompt": "x"})).card()
    assert dm.messages == [card]
    user = await robot.fetch_user(scene.ada.id)
    sent = await user.send("done", nonce="img_1")
    again = await user.send("done", nonce="img_1")
    assert sent.id == again.id
    assert [message.text for message in dm.messages] == ["**x**", "done"]


async def test_a_thread_is_a_place_of_its_own(scene: Scene, robot: Robot) -> None:
    thread = scene.channel.add_thread("night work")
    card = await (await scene.sim.slash(scene.ada, thread, "imagine", {"prompt": "x"})).card()
    assert thread.messages == [card]
    assert isinstance(robot.heard[0].channel, discord.Thread)


async def test_many_members_at_once_each_get_their_card(scene: Scene, robot: Robot) -> None:
    members = [scene.guild.add_member(f"Member {n}") for n in range(40)]
    asked = [await scene.sim.slash(m, scene.channel, "imagine", {"prompt": m.name}) for m in members]
    cards = await asyncio.gather(*(one.card() for one in asked))
    assert [card.text for card in cards] == [f"**{m.name}**" for m in members]
    assert not scene.sim.deviations


async def test_a_client_without_intents_still_hears_interactions(scene: Scene) -> None:
    async with running(scene.sim, discord.Intents.none()):
        asked = await scene.sim.slash(scene.ada, scene.channel, "imagine", {"prompt": "x"})
        await asked.card()


async def test_the_commands_are_there_as_they_were_synced(scene: Scene, robot: Robot) -> None:
    assert scene.sim.commands.syncs == 1
    assert {one["name"] for one in scene.sim.commands.all()} == {"imagine", "quota", "Edit image", "Usage"}
    ids = {one["name"]: one["id"] for one in scene.sim.commands.all()}
    await robot.tree.sync()
    assert {one["name"]: one["id"] for one in scene.sim.commands.all()} == ids
    fetched: list[Any] = await robot.tree.fetch_commands()
    assert {one.name for one in fetched} == set(ids)
