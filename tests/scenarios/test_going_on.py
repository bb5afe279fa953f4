"""Going on from a picture: windows, menus, the way back, copies. The buttons outlive the process that posted them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.playground import Answer, Upload
from bot.playground.interactions import Interaction
from bot.playground.messages import Message
from bot.playground.people import Member
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import Stage, StartStage
from tests.scenarios.test_first_pictures import png

ONWARD = ["Repeat", "Change", "Vary", "Edit", "Enlarge"]
KEEPING = ["Keep", "Details", "Original", "To my DMs", "Delete"]


async def imagined(stage: Stage, who: Member, prompt: str, **options: object) -> Message:
    return await (
        await stage.discord.slash(who, stage.channel, "imagine", {"prompt": prompt, **options})
    ).card()


async def edited(stage: Stage, who: Member, card: Message, words: str, **values: object) -> Message:
    window = await (await stage.discord.click(who, card, "Edit")).modal()
    return await (await stage.discord.submit(who, window, {"prompt": words, **values})).card()


async def details(stage: Stage, who: Member, card: Message) -> Message:
    asked = await stage.discord.click(who, card, "Details")
    return await asked.says("Reference")


async def test_each_button_works_after_a_restart(stage: Stage) -> None:
    card = await imagined(stage, stage.ada, "a lighthouse")
    several = await imagined(stage, stage.ada, "two kites", count=2)
    await stage.bot.stop()
    await stage.bot.start()
    offered = [button.label for button in card.buttons]
    assert offered == ONWARD + KEEPING

    assert (await (await stage.discord.click(stage.bruno, card, "Repeat")).card()).pictures
    window = await (await stage.discord.click(stage.bruno, card, "Change")).modal()
    assert window.field("prompt").prefilled == "a lighthouse"
    changed = await stage.discord.submit(stage.bruno, window, {"prompt": "a lighthouse at night"})
    assert "a lighthouse at night" in (await changed.card()).text
    window = await (await stage.discord.click(stage.bruno, card, "Vary")).modal()
    await stage.bot.stop()
    await stage.bot.start()
    varied = await (await stage.discord.submit(stage.bruno, window, {"direction": "close-up"})).card()
    assert varied.alt_texts == ["Variation 1, Close-up: a lighthouse"]
    assert "Close-up" in varied.text
    assert "in a storm" in (await edited(stage, stage.bruno, card, "in a storm")).text

    window = await (await stage.discord.click(stage.bruno, several, "Vary")).modal()
    varied = await (await stage.discord.submit(stage.bruno, window, {"which": "2"})).card()
    assert varied.pictures[0] not in several.pictures
    together = await edited(stage, stage.bruno, several, "both kites", which=["1", "2"])
    assert "from 2 pictures" in (await details(stage, stage.bruno, together)).text.replace(
        "**Made from** ", "from "
    )

    larger = await (await stage.discord.click(stage.bruno, card, "Enlarge")).card()
    assert larger.alt_texts == ["Enlarged picture 1: a lighthouse"]
    assert "2048×2048" in larger.text
    window = await (await stage.discord.click(stage.bruno, several, "Enlarge")).modal()
    assert (await (await stage.discord.submit(stage.bruno, window, {"which": "2"})).card()).pictures

    assert "a lighthouse" in (await details(stage, stage.bruno, card)).text
    original = await (await stage.discord.click(stage.bruno, card, "Original")).until(
        lambda message: message if message.pictures else None
    )
    assert original.ephemeral
    assert original.pictures == card.pictures
    sent = await stage.discord.click(stage.bruno, card, "To my DMs")
    assert "direct messages" in (await sent.says("direct messages")).text
    (copy,) = [m for m in stage.discord.dm(stage.bruno).messages if m.pictures]
    assert copy.pictures == card.pictures
    assert (
        await (await stage.discord.click(stage.bruno.user, copy, "Repeat")).card()
    ).channel is copy.channel
    await stage.discord.click(stage.ada, card, "Delete")
    await card.until_deleted()


async def test_a_chain_of_edits_tells_its_path_and_branches_from_its_middle(stage: Stage) -> None:
    root = await imagined(stage, stage.ada, "a house")
    night = await edited(stage, stage.ada, root, "at night")
    lantern = await edited(stage, stage.bruno, night, "with a lantern")
    snow = await edited(stage, stage.ada, lantern, "in the snow")
    told = await details(stage, stage.ada, snow)
    assert told.ephemeral
    steps = re.findall(r"^(\d)\. (.+)$", told.text, re.MULTILINE)
    assert [number for number, _ in steps] == ["1", "2", "3", "4"]
    assert all(
        words in steps[place][1] for place, words in enumerate(["a house", "at night", "lantern", "snow"])
    )
    for (_, line), card in zip(steps, [root, night, lantern], strict=False):
        assert f"/{stage.guild.id}/{stage.channel.id}/{card.id}" in line
    assert "this one" in steps[3][1]

    back = await (await stage.discord.click(stage.ada, told, "Back to 2")).card()
    assert back.ephemeral
    assert back.pictures == night.pictures
    window = await (await stage.discord.click(stage.ada, back, "Edit")).modal()
    branch = await stage.discord.submit(stage.ada, window, {"prompt": "with a moon"})
    card = await branch.card()
    assert not card.ephemeral, "what comes of a public picture is public, though only one person saw it again"
    told = await details(stage, stage.ada, card)
    assert re.findall(r"^\d\. .*?\*\*(.+?)\*\*", told.text, re.MULTILINE) == [
        "a house",
        "at night",
        "with a moon",
    ]
    assert "2 pictures were made from it" in (await details(stage, stage.ada, night)).text
    copied = await (await stage.discord.click(stage.ada, told, "Prompt to copy")).says("with a moon")
    assert copied.content == "with a moon"


async def test_the_menus_take_a_picture_from_any_message(stage: Stage) -> None:
    upload = Upload("mine.png", png(), "image/png")
    other = Upload("other.png", png(colour="red"), "image/png")
    posted = stage.channel.post(stage.bruno, "look", [upload, other])
    window = await (await stage.discord.menu(stage.ada, posted, "Edit image")).modal()
    assert [label for label, _ in window.field("which").options] == [
        "Picture 1 · mine.png",
        "Picture 2 · other.png",
    ]
    await stage.bot.stop()
    await stage.bot.start()
    third = Upload("third.png", png(colour="blue"), "image/png")
    edit = await stage.discord.submit(
        stage.ada, window, {"prompt": "warmer", "which": ["0", "1"], "files": [third], "size": "1024x1024"}
    )
    card = await edit.card()
    assert "3 pictures" in (await details(stage, stage.ada, card)).text
    window = await (await stage.discord.menu(stage.ada, posted, "Vary image")).modal()
    varied = await stage.discord.submit(stage.ada, window, {"direction": "light", "strength": "strong"})
    assert (await varied.card()).alt_texts == ["Variation 1, Other light"]
    ours = await imagined(stage, stage.ada, "a mill")
    window = await (await stage.discord.menu(stage.bruno, ours, "Edit image")).modal()
    child = await (await stage.discord.submit(stage.bruno, window, {"prompt": "with sails"})).card()
    assert "a mill" in (await details(stage, stage.bruno, child)).text
    words = stage.channel.post(stage.bruno, "no picture here")
    refused = await stage.discord.menu(stage.ada, words, "Edit image")
    assert "no picture in that message" in (await refused.says("no picture")).text
    rows = {row.prompt: row for row in await stage.ended_rows(stage.ada)}
    assert rows[""].request["direction"] == "light"
    assert rows[""].request["strength"] == 0.8


async def test_a_private_picture_stays_private_whatever_is_made_of_it(stage: Stage) -> None:
    card = await imagined(stage, stage.ada, "a secret", private=True)
    child = await edited(stage, stage.ada, card, "more secret")
    assert child.ephemeral
    window = await (await stage.discord.click(stage.ada, child, "Change")).modal()
    assert (await (await stage.discord.submit(stage.ada, window, {})).card()).ephemeral
    told = await details(stage, stage.ada, child)
    assert "discord.com/channels" not in told.text
    assert not stage.channel.messages
    stranger = await stage.discord.click(stage.bruno, child, "Details", force=True)
    assert "not there any more" in (await stranger.says("not there")).text


async def test_a_failure_is_tried_again_or_in_other_words(start_stage: StartStage, tmp_path: Path) -> None:
    trouble = tmp_path / "trouble.json"
    trouble.write_text('{"fail": "policy_refusal"}')
    stage = await start_stage(DEMO_TROUBLE_FILE=str(trouble))
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a fax"})
    failed = await asked.says("refused this prompt", timeout=15)
    trouble.unlink()
    assert [button.label for button in failed.buttons] == ["Change"]
    window = await (await stage.discord.click(stage.ada, failed, "Change")).modal()
    assert (await (await stage.discord.submit(stage.ada, window, {"prompt": "a fox"})).card()).pictures


async def test_an_edit_takes_three_pictures_of_a_card_and_ten_files(
    start_stage: StartStage, vendor: FakeOpenAI, with_openai: dict[str, str]
) -> None:
    stage = await start_stage(**with_openai)
    card = await imagined(stage, stage.ada, "three kites", count=3, quality="low")
    window = await (await stage.discord.click(stage.ada, card, "Edit")).modal()
    files = [Upload(f"{number}.png", png(64, 64 + number), "image/png") for number in range(10)]
    values = {"prompt": "all of them together", "which": ["1", "2", "3"], "files": files}
    together = await (await stage.discord.submit(stage.ada, window, values)).card(30)
    sent = vendor.calls[-1]
    assert len(sent.files) == 13
    assert "13 pictures" in (await details(stage, stage.ada, together)).text
    styled = {"prompt": "warmer", "image": files[0], "style": "cinematic", "quality": "low"}
    card = await (await stage.discord.slash(stage.ada, stage.channel, "edit", styled)).card(30)
    assert "· Cinematic ·" in card.text
    assert vendor.calls[-1].fields["prompt"] != "warmer"
    offered = await stage.discord.autocomplete(
        stage.ada, stage.channel, "variations", {}, focused=("style", "cine")
    )
    assert [one["value"] for one in offered] == ["cinematic"]


@pytest.mark.parametrize("where", ["thread", "dm"])
async def test_windows_speak_french_in_threads_and_direct_messages(
    start_stage: StartStage, where: str
) -> None:
    stage = await start_stage()
    place = (
        stage.channel.add_thread("nuit", owner=stage.camille)
        if where == "thread"
        else stage.discord.dm(stage.camille)
    )
    who = stage.camille if where == "thread" else stage.camille.user
    asked: Interaction = await stage.discord.slash(who, place, "imagine", {"prompt": "un renard"})
    card = await asked.card()
    window = await (await stage.discord.click(who, card, "Varier")).modal()
    assert window.title == "Varier cette image"
    varied = await (await stage.discord.submit(who, window, {"direction": "🔍 Gros plan"})).card()
    assert varied.channel is place
    told = await stage.discord.click(who, varied, "Détails")
    assert await told.answered() is Answer.DEFERRED
    assert "Modèle" in (await told.says("Référence")).text
