"""Scripts, lists and comparisons in Discord: priced first, drawn in a thread, gone on with after a kill."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections import Counter
from typing import Any

from bot.playground import Upload
from bot.playground.messages import Message
from bot.playground.places import Channel
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import Stage, StartStage

SCENES = [
    "a harbour at dawn", "gulls over the mast", "a wasp on the rope", "the captain's hands", "a chart and a lamp",
    "rain on deck", "a whale far away", "a wasp in the cabin", "the cook asleep", "an island in fog",
    "children on the pier", "the empty boat",
]  # fmt: skip
SCRIPT = [{"timestamp": f"{n // 2}:{n % 2 * 30:02}", "text": text} for n, text in enumerate(SCENES)]


def script_file(name: str = "the_voyage.json", scenes: list[dict[str, str]] = SCRIPT) -> Upload:
    return Upload(name, json.dumps(scenes).encode(), "application/json")


async def card_of(channel: Channel, text: str, timeout: float = 40) -> Message:
    """The batch's own card, as soon as it says so."""

    def look(message: Message) -> bool:
        return "▰" in message.text + "▰" and text in message.text and not message.ephemeral

    return await channel.wait_for_message(look, timeout)


async def said(message: Message, text: str, timeout: float = 40) -> Message:
    return await message.until(lambda one: one if text in one.text else None, timeout)


def thread_of(stage: Stage, card: Message) -> Channel:
    return stage.discord.channels[card.id]


def zipped(message: Message) -> tuple[list[dict[str, Any]], list[str]]:
    """The script, and the names of all pictures, of all zip files of a message."""
    script: list[dict[str, Any]] = []
    names: list[str] = []
    for attachment in message.attachments:
        with zipfile.ZipFile(io.BytesIO(attachment.data or b"")) as archive:
            for name in archive.namelist():
                if name == "script.json":
                    script = json.loads(archive.read(name))
                else:
                    assert archive.read(name).startswith(b"\x89PNG")
                    names.append(name)
    return script, names


async def test_a_script_survives_a_kill_buys_nothing_twice_and_keeps_what_was_made(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai, QUOTA_IMAGES_PER_DAY="50", OWNER_USD_PER_DAY="100")
    vendor.answers_of("wasp", status=400, code="moderation_blocked", type="image_generation_user_error")
    asked = await stage.discord.slash(
        stage.ada,
        stage.channel,
        "illustrate",
        {"file": script_file(), "look": "Ink and watercolour.", "model": "openai/gpt-image-2"},
    )
    offer = await asked.says("12 pictures, at most $")
    assert offer.ephemeral
    assert "`0:00` a harbour at dawn" in offer.text
    assert not vendor.calls, "nothing is asked for before the price is confirmed"
    vendor.answers(times=3)
    vendor.always(hold=True)
    await stage.discord.click(stage.ada, offer, "Draw 12 pictures")
    await vendor.ended(4)  # three pictures and one refusal
    await vendor.arrived(6)
    await pictures_stored(stage, 3)
    await stage.bot.kill()
    await vendor.ended(len(vendor.calls))
    vendor.always()
    await stage.bot.start()
    card = await card_of(stage.channel, "10 of 12 pictures")
    await said(card, "finished")
    thread = thread_of(stage, card)
    files = await thread.wait_for_message(lambda message: "10 pictures and the script" in message.text, 20)
    shown = [message for message in thread.messages if message.pictures]
    assert len(shown) == 10
    assert any(message.text.startswith("1/12 · `0:00`\n") for message in shown), shown[0].text
    named = [line for line in card.text.splitlines() if "a wasp" in line]
    assert [("3. `1:00` a wasp on the rope" in named[0]), ("8. `3:30` a wasp in the cabin" in named[1])] == [
        True
    ] * 2
    script, names = zipped(files)
    assert [entry["text"] for entry in script] == SCENES
    assert [entry["timestamp"] for entry in script] == [entry["timestamp"] for entry in SCRIPT]
    made = [entry["generated_image"] for entry in script if entry["generated_image"]]
    assert [one["file"] for one in made] == names
    assert len(names) == 10
    assert all(
        one["source"] == "openai/gpt-image-2" and one["license"] == "ai-generated" and one["cost"] > 0
        for one in made
    )
    assert [bool(entry.get("error")) for entry in script].count(True) == 2
    bought = Counter(call.fields["prompt"] for call in vendor.calls if call.outcome == "answered")
    assert len(bought) == 10
    assert set(bought.values()) == {1}, "a picture that was there was bought again"
    assert all(prompt.startswith("Ink and watercolour. ") for prompt in bought)
    rows = await stage.ended_rows(stage.ada)
    assert Counter(row.state for row in rows) == {"delivered": 10, "refused": 2}
    assert not await stage.differences()
    print(
        f"12 segments, killed after 3: {len(shown)} pictures, {bought.total()} bought, {len(named)} errors named"
    )

    vendor.answers_of("wasp")
    await stage.discord.click(stage.bruno, card, "Draw the 2 missing ones")
    await stage.discord.click(stage.ada, card, "Draw the 2 missing ones")
    await said(card, "12 of 12 pictures")
    again = await thread.wait_for_message(lambda message: "12 pictures and the script" in message.text, 20)
    assert len(zipped(again)[1]) == 12
    bought = Counter(call.fields["prompt"] for call in vendor.calls if call.outcome == "answered")
    assert (len(bought), set(bought.values())) == (12, {1})
    assert not await stage.differences()


async def pictures_stored(stage: Stage, count: int) -> None:
    async with asyncio.timeout(20):
        while True:
            if sum("render_1" in row.stages for row in await stage.rows(stage.ada)) >= count:
                return
            await asyncio.sleep(0.05)


async def test_lists_in_english_and_french_in_server_thread_and_dm(start_stage: StartStage) -> None:
    stage = await start_stage(QUOTA_IMAGES_PER_DAY="20")
    opened = await (
        await stage.discord.slash(stage.ada, stage.channel, "batch", {"style": "cartoon"})
    ).modal()
    sent = await stage.discord.submit(stage.ada, opened, {"script": "a fox\n\na crow\nan owl"})
    offer = await sent.says("3 pictures, free")
    assert "· Cartoon · " in offer.text
    await stage.discord.click(stage.ada, offer, "Draw 3 pictures")
    card = await card_of(stage.channel, "3 of 3 pictures")
    # The card counts what is made; a row has ended when its picture is posted.
    rows = await stage.ended_rows(stage.ada)
    assert len([one for one in thread_of(stage, card).messages if one.pictures]) == 3
    assert {(row.request["style"], row.prompt) for row in rows} == {
        ("cartoon", "a fox"), ("cartoon", "a crow"), ("cartoon", "an owl"),
    }  # fmt: skip
    assert len({row.request["seed"] for row in rows}) == 1, "one look for all"

    thread = stage.channel.add_thread("nuit", owner=stage.camille)
    opened = await (
        await stage.discord.slash(
            stage.camille, thread, "illustrate", {"look": "aquarelle", "style": "cartoon"}
        )
    ).modal()
    sent = await stage.discord.submit(stage.camille, opened, {"script": "0:00 Un port\n0:20 Une île"})
    offer = await sent.says("2 images, gratuit")
    await stage.discord.click(stage.camille, offer, "Dessiner 2 images")
    card = await card_of(thread, "2 images sur 2")
    await stage.ended_rows(stage.camille)
    pictures = [one for one in thread.messages if one.pictures]
    assert len(pictures) == 2, "a thread has no thread of its own"
    assert [one.text.count("· Dessin animé ·") for one in [card, *pictures]] == [1] * 3
    shown = await stage.discord.click(stage.camille, pictures[0], "Détails")
    await shown.says("**Style** Dessin animé")

    direct = stage.discord.dm(stage.ada)
    file = Upload("script.srt", b"1\n00:00:01,000 --> 00:00:02,000\nA lighthouse\n", "text/plain")
    asked = await stage.discord.slash(stage.ada.user, direct, "illustrate", {"file": file})
    await stage.discord.click(stage.ada.user, await asked.says("1 picture"), "Draw 1 picture")
    card = await card_of(direct, "1 of 1 pictures")
    await stage.ended_rows(stage.ada)
    assert len([one for one in direct.messages if one.pictures]) == 1
    export = await stage.discord.click(stage.ada.user, card, "Download")
    assert zipped(await export.says("1 picture and the script"))[1] == ["01_00-00-01-000.png"]
    assert not await stage.differences()


async def test_only_its_owner_or_a_moderator_decides_and_bad_scripts_lose_nothing(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai)
    bad = Upload("a.json", b'[{"text": "a"},\n{"text" "b"}]', "application/json")
    asked = await stage.discord.slash(stage.ada, stage.channel, "illustrate", {"file": bad})
    await asked.says("look at line 2")
    late = await stage.discord.slash(stage.ada, stage.channel, "illustrate", {"file": script_file()})
    offer = await late.says("12 pictures")
    dropped = await stage.discord.click(stage.ada, offer, "Not now")
    await offer.until_deleted()
    assert dropped.followups == []
    asked = await stage.discord.slash(stage.ada, stage.channel, "illustrate", {"file": script_file()})
    vendor.answers(times=1)
    vendor.always(hold=True)
    await stage.discord.click(stage.ada, await asked.says("12 pictures"), "Draw 12 pictures")
    card = await card_of(stage.channel, "1 of 12 pictures")
    refused = await stage.discord.click(stage.bruno, card, "Cancel")
    assert "Only the one who asked" in (await refused.followup()).text
    await stage.bot.kill()
    await stage.bot.start()
    await stage.discord.click(stage.moderator, card, "Cancel")
    await said(card, "stopped")
    thread = thread_of(stage, card)
    await thread.wait_for_message(lambda message: "1 picture and the script" in message.text, 20)
    rows = await stage.ended_rows(stage.ada)
    assert Counter(row.state for row in rows)["delivered"] == 1
    assert len(rows) < 6, "no more than a few are under way at once"
    assert not await stage.differences()
    vendor.release()
    vendor.always()
    await stage.discord.click(stage.ada, card, "Draw the 11 missing ones")
    await said(card, "12 of 12 pictures")
    await stage.ended_rows(stage.ada)
    assert len([one for one in thread.messages if one.pictures]) == 12


async def test_a_quota_pauses_a_batch_and_more_of_it_lets_it_go_on(start_stage: StartStage) -> None:
    stage = await start_stage(QUOTA_IMAGES_PER_DAY="2")
    opened = await (await stage.discord.slash(stage.ada, stage.channel, "batch")).modal()
    sent = await stage.discord.submit(stage.ada, opened, {"script": "one\ntwo\nthree"})
    offer = await sent.says("3 pictures")
    assert "2 pictures left today" in offer.text
    await stage.discord.click(stage.ada, offer, "Draw 3 pictures")
    card = await card_of(stage.channel, "2 of 3 pictures")
    await said(card, "waits for you")
    assert "Your quota is used up" in card.text
    granted = await stage.discord.slash(
        stage.admin, stage.channel, "quota grant", {"user": stage.ada, "images": 1}
    )
    await granted.says("✅")
    await stage.discord.click(stage.ada, card, "Draw the missing one")
    await said(card, "3 of 3 pictures")


async def test_models_are_compared_voted_on_and_the_winner_goes_on(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai)
    models = {"model1": "openai/gpt-image-2", "model2": "openai/gpt-image-1-mini"}
    twice = {"prompt": "a kite", "model1": "openai/gpt-image-2", "model2": "openai/gpt-image-2"}
    refused = await stage.discord.slash(stage.ada, stage.channel, "compare", twice)
    assert "different models" in (await refused.followup()).text
    asked = await stage.discord.slash(stage.ada, stage.channel, "compare", {"prompt": "a kite", **models})
    card = await asked.until(lambda message: message if len(message.buttons) == 2 else None, 20)
    assert len(card.pictures) == 2
    assert [button.label for button in card.buttons] == ["1 · 0", "2 · 0"]
    assert card.text.count("$") == 2, "what each cost"
    await stage.bot.kill()
    await stage.bot.start()
    await stage.discord.click(stage.bruno, card, "2 · 0")
    await card.until(lambda message: any(button.label == "Vary 2" for button in message.buttons), 10)
    await stage.discord.click(stage.bruno, card, "2 · 1")
    await card.until(lambda message: len(message.buttons) == 2, 10)
    for voter, label in ((stage.ada, "1 · 0"), (stage.camille, "1 · 1")):
        await stage.discord.click(voter, card, label)
        await card.until(lambda message, seen=label: all(one.label != seen for one in message.buttons), 10)
    assert len(card.pictures) == 2, "voting keeps the pictures"
    varied = await stage.discord.click(stage.camille, card, "Repeat 1")
    assert (await varied.card(20)).pictures
    assert not await stage.differences()
