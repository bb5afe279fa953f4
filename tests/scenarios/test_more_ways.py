"""/upscale, /blend and /describe, and /settings that hold everywhere: in both languages, in servers and in DMs."""

from __future__ import annotations

from bot.playground import Answer, Upload
from bot.playground.messages import Message
from bot.playground.people import Member
from tests.scenarios.conftest import Stage, StartStage
from tests.scenarios.test_first_pictures import png
from tests.scenarios.test_going_on import details


def upload(colour: str, name: str = "mine.png") -> Upload:
    return Upload(name, png(colour=colour), "image/png")


async def described(stage: Stage, who: Member, **options: object) -> Message:
    asked = await stage.discord.slash(who, stage.channel, "describe", {"image": upload("teal"), **options})
    return await asked.card()


async def test_a_picture_is_enlarged_and_several_are_blended(stage: Stage) -> None:
    asked = await stage.discord.slash(stage.ada, stage.channel, "upscale", {"image": upload("teal")})
    card = await asked.card()
    assert "512×512" in card.text
    assert "Larger" in card.text
    given = {f"image{number}": upload(colour) for number, colour in enumerate(("red", "blue", "green"), 1)}
    asked = await stage.discord.slash(stage.ada, stage.channel, "blend", given)
    card = await asked.card()
    assert "Blend" in card.text
    assert card.alt_texts == ["Edited picture 1, Blend"]
    assert "3 pictures" in (await details(stage, stage.ada, card)).text
    rows = {row.kind: row for row in await stage.ended_rows(stage.ada)}
    assert rows["upscale"].request["inputs"][0]["width"] == 256
    assert rows["edit"].request["direction"] == "blend"


async def test_a_picture_becomes_words_and_the_words_become_pictures(start_stage: StartStage) -> None:
    stage = await start_stage(QUOTA_IMAGES_PER_DAY="3")
    card = await described(stage, stage.ada)
    assert "In words" in card.text
    assert "2 pictures left today" in card.text
    (row,) = await stage.ended_rows(stage.ada)
    assert (row.kind, row.state, row.made) == ("describe", "delivered", 1)
    assert row.told_text
    assert not await stage.differences()
    await stage.bot.stop()
    await stage.bot.start()
    copied = await (await stage.discord.click(stage.bruno, card, "Prompt to copy")).says(row.told_text[:60])
    assert copied.content == row.told_text
    drawn = await (await stage.discord.click(stage.bruno, card, "Imagine this")).card()
    assert drawn.pictures
    window = await (await stage.discord.click(stage.bruno, card, "Change first")).modal()
    assert window.field("prompt").prefilled == row.told_text
    drawn = await (await stage.discord.submit(stage.bruno, window, {"prompt": "quite another thing"})).card()
    assert "quite another thing" in drawn.text
    posted = stage.channel.post(stage.bruno, "look", [upload("red")])
    asked = await stage.discord.menu(stage.camille, posted, "Describe image")
    assert "En mots" in (await asked.card()).text


async def test_settings_hold_for_every_command_and_survive_a_restart(stage: Stage) -> None:
    discord, ada = stage.discord, stage.ada
    told = await discord.slash(
        ada,
        stage.channel,
        "settings",
        {"private": True, "language": "fr", "size": "16:9", "style": "cinematic"},
    )
    assert "Tes réglages" in (await told.says("réglages")).text
    assert await told.answered() is Answer.DEFERRED
    await stage.bot.stop()
    await stage.bot.start()
    asked = await discord.slash(ada, stage.channel, "imagine", {"prompt": "a fox"})
    card = await asked.card()
    assert card.ephemeral
    assert "Refaire" in [button.label for button in card.buttons]
    (row,) = await stage.ended_rows(ada)
    assert row.request["style"] == "cinematic"
    assert row.request["asked_size"] == "16:9" or "16:9" in row.request["size"]
    shown = await discord.slash(ada, stage.channel, "imagine", {"prompt": "for all", "private": False})
    assert not (await shown.card()).ephemeral
    for command in ("edit", "variations"):
        options = {"image": upload("teal")} | ({"prompt": "warmer"} if command == "edit" else {})
        asked = await discord.slash(ada, stage.channel, command, options)
        assert (await asked.card()).ephemeral
    elsewhere = await discord.slash(ada.user, discord.dm(ada), "settings", {"reset": True, "ping": "always"})
    assert "Your settings" in (await elsewhere.says("settings")).text
    asked = await discord.slash(ada, stage.channel, "imagine", {"prompt": "loudly"})
    assert not (await asked.card()).ephemeral
    assert "your picture is ready" in (await asked.followup()).text
    refused = await discord.slash(ada, stage.channel, "settings", {"model": "dall-e-3"})
    assert "retired" in (await refused.says("retired")).text
