"""What goes wrong at the vendor, at Discord or in what people send: said in words, and it costs the member nothing."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from bot.playground import Upload
from bot.playground.messages import Message
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import Stage, StartStage

VENDOR_FAILURES: dict[str, tuple[dict[str, Any], str, str]] = {
    "policy": (
        {"status": 400, "code": "moderation_blocked", "type": "image_generation_user_error"},
        "refused this prompt",
        "a refusé ce texte",
    ),
    "no credit": ({"status": 429, "code": "insufficient_quota"}, "no credit left", "n’a plus de crédit"),
    "bad input": (
        {"status": 400, "code": "invalid_value", "param": "size"},
        "did not accept",
        "n’accepte pas",
    ),
    "down": ({"status": 500, "html": "<h1>oops</h1>"}, "out of order", "en panne"),
    "wrong key": ({"status": 401, "code": "invalid_api_key"}, "key or settings", "la clé ou les réglages"),
    "nothing": ({"count": 0, "ignore_stream": True}, "without a picture", "sans image"),
    "dropped": ({"drop": "half"}, "out of order", "en panne"),
    # The last: nobody asks that vendor again before its time is over.
    "rate limit": (
        {"status": 429, "code": "rate_limit_exceeded", "headers": {"retry-after": "90"}},
        "Try again in 90 s",
        "Réessaie dans 90 s",
    ),
}


def failed(message: Message) -> Message | None:
    return message if "Reference" in message.text or "Référence" in message.text else None


@pytest.fixture
async def limited(start_stage: StartStage, with_openai: dict[str, str]) -> Stage:
    return await start_stage(
        **with_openai, QUOTA_IMAGES_PER_DAY="5", QUOTA_USD_PER_MONTH="10", OWNER_USD_PER_DAY="10"
    )


async def test_each_failure_of_the_vendor_reads_well_and_releases_everything(
    limited: Stage, vendor: FakeOpenAI
) -> None:
    stage = limited
    for name, (how, english, french) in VENDOR_FAILURES.items():
        for member, words in ((stage.ada, english), (stage.camille, french)):
            vendor.answers(**how)
            asked = await stage.discord.slash(
                member, stage.channel, "imagine", {"prompt": f"trouble: {name}"}
            )
            card = await asked.until(failed, timeout=20)
            print(f"{name:12} {member.user.locale:6} {card.text.splitlines()[1]}")
            assert words in card.text, name
    rows = await stage.ended_rows(stage.ada, stage.camille)
    assert {row.state for row in rows} == {"failed", "refused"}
    assert {row.charged_microusd for row in rows} == {0}
    assert not await stage.differences()
    shown = await stage.discord.slash(stage.ada, stage.channel, "quota show")
    assert "5 pictures of 5 pictures left" in (await shown.says("left")).text


def picture(width: int = 64, height: int = 64, kind: str = "PNG", **options: Any) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(held, kind, **options)
    return held.getvalue()


def animation() -> bytes:
    held = io.BytesIO()
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(held, "GIF", save_all=True, append_images=frames[1:])
    return held.getvalue()


BAD_FILES = {
    "no picture": (b"%PDF-1.7 not a picture at all", "not a picture that can be read"),
    "truncated": (picture(512, 512, "JPEG")[:900], "damaged"),
    "animated": (animation(), "animated"),
    "bomb": (picture(9000, 9000), "too many pixels"),
}


async def test_bad_attachments_are_refused_in_words(limited: Stage) -> None:
    stage = limited
    for name, (data, words) in BAD_FILES.items():
        values = {"prompt": "warmer", "image": Upload("mine.png", data, "image/png")}
        asked = await stage.discord.slash(stage.ada, stage.channel, "edit", values)
        assert words in (await asked.followup(10)).text, name
    mask = Upload("mask.png", picture(32, 32), "image/png")
    values = {"prompt": "x", "image": Upload("a.png", picture(), "image/png"), "mask": mask}
    asked = await stage.discord.slash(stage.ada, stage.channel, "edit", values)
    assert "exactly the size" in (await asked.followup(10)).text
    assert not await stage.rows(stage.ada)


BAD_OPTIONS = {
    "unknown model": ({"model": "picasso"}, "There is no model `picasso`"),
    "retired model": ({"model": "dall-e-3"}, "Its successor is"),
    "nonsense size": ({"size": "huge"}, "huge"),
    "quality of another": ({"quality": "hyper"}, "hyper"),
    "transparent jpeg": ({"background": "transparent", "format": "jpeg"}, "transparent background"),
    "a seed for a model without": ({"seed": 7}, "seed"),
    "nothing to see": ({"prompt": "\u200b "}, "The prompt is empty"),
    "a style that is none": ({"style": "dreamy-goo"}, "dreamy-goo"),
}


async def test_impossible_options_are_refused_in_words_before_anything_is_spent(
    limited: Stage, vendor: FakeOpenAI
) -> None:
    stage = limited
    for name, (options, words) in BAD_OPTIONS.items():
        values = {"prompt": "a fox", **options}
        asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", values, force=True)
        told = await asked.followup(10)
        assert words in told.text, f"{name}: {told.text}"
        assert told.ephemeral
    assert not vendor.calls
    assert not await stage.rows(stage.ada)


async def test_a_prompt_of_six_thousand_characters_is_drawn_and_shown_cut(
    limited: Stage, vendor: FakeOpenAI
) -> None:
    stage = limited
    prompt = ("a very long story " * 400)[:6000]
    card = await (await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": prompt})).card()
    assert vendor.calls[0].fields["prompt"] == prompt.strip()
    assert len(card.text) < 1500
    assert "…" in card.text


async def test_without_permission_in_the_channel_the_answer_still_arrives(limited: Stage) -> None:
    stage = limited
    stage.channel.deny_bot("send_messages")
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a quiet fox"})
    assert (await asked.card()).pictures


async def test_a_dead_token_leads_to_the_stored_message_then_the_channel_then_a_direct_message(
    limited: Stage, vendor: FakeOpenAI
) -> None:
    stage = limited
    vendor.answers(hold=True)
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a slow fox"})
    await vendor.arrived(1)
    stage.discord.clock.advance(16 * 60)
    vendor.release()
    card = await asked.until(lambda message: message if message.pictures else None, timeout=30)
    assert card.channel is stage.channel
    assert len(stage.channel.messages) == 1


async def test_a_private_result_whose_token_died_is_never_shown_in_the_channel(
    limited: Stage, vendor: FakeOpenAI
) -> None:
    stage = limited
    vendor.answers(hold=True)
    await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a secret", "private": True})
    await vendor.arrived(1)
    stage.discord.clock.advance(16 * 60)
    vendor.release()
    direct = stage.discord.dm(stage.ada)
    arrived = await direct.wait_for_message(lambda message: bool(message.pictures), timeout=30)
    assert "a secret" in arrived.text
    assert not stage.channel.messages


async def test_a_message_deleted_while_drawing_is_not_posted_again_and_its_requester_alone_gets_it(
    limited: Stage, vendor: FakeOpenAI
) -> None:
    stage = limited
    vendor.answers(hold=True)
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "gone"})
    await vendor.arrived(1)
    assert asked.message is not None
    stage.discord.delete(asked.message)
    vendor.release()
    told = await asked.followup(30)
    assert told.ephemeral
    assert len(told.pictures) == 1
    assert not stage.channel.messages


async def test_a_channel_deleted_while_drawing_leads_to_a_direct_message(
    limited: Stage, vendor: FakeOpenAI
) -> None:
    stage = limited
    other = stage.guild.add_channel("short-lived")
    vendor.answers(hold=True)
    await stage.discord.slash(stage.ada, other, "imagine", {"prompt": "homeless"})
    await vendor.arrived(1)
    other.delete()
    vendor.release()
    direct = stage.discord.dm(stage.ada)
    arrived = await direct.wait_for_message(lambda message: bool(message.pictures), timeout=30)
    assert "homeless" in arrived.text


async def test_discord_in_trouble_delays_a_picture_and_loses_none(limited: Stage, vendor: FakeOpenAI) -> None:
    stage = limited
    faults = stage.discord.faults
    for plan in (
        lambda: faults.fail(429, method="PATCH", route="/messages/", retry_after=0.5),
        lambda: faults.fail(500, method="PATCH", route="/messages/", times=2),
        lambda: faults.drop(method="PATCH", route="/messages/"),
    ):
        plan()
        asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "stormy"})
        assert (await asked.card(40)).pictures
        faults.clear()
    vendor.answers(hold=True)
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "cut off"})
    await vendor.arrived(4)
    stage.discord.gateway.drop()
    vendor.release()
    assert (await asked.card(40)).pictures


async def test_an_interaction_that_comes_twice_is_one_request(limited: Stage, vendor: FakeOpenAI) -> None:
    stage = limited
    stage.discord.gateway.duplicates = 1
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "echo"})
    await asked.card()
    assert len(await stage.rows(stage.ada)) == 1
    assert len(vendor.calls) == 1


async def test_a_file_over_the_places_limit_is_posted_in_a_smaller_format(
    limited: Stage, vendor: FakeOpenAI
) -> None:
    stage = limited
    stage.channel.own_upload_limit = 300_000
    vendor.answers(weight=900_000)
    card = await (await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "heavy"})).card(
        30
    )
    assert len(card.pictures[0]) <= 300_000
    assert card.attachments[0].filename.endswith(".webp")


async def test_a_strangers_server_gets_a_kind_refusal_and_costs_nothing(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**with_openai, ALLOWED_GUILDS="1")
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a fox"})
    told = await asked.says("not opened me for this server")
    assert told.ephemeral
    assert not vendor.calls


async def test_a_long_outage_of_discord_puts_delivery_off_and_a_restart_hands_over(
    limited: Stage, vendor: FakeOpenAI
) -> None:
    stage = limited
    stage.discord.faults.drop(method="PATCH", times=None)
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "an outage"})
    await vendor.arrived(1)
    await stage.bot.stop()
    stage.discord.gateway.drop()
    stage.discord.faults.clear()
    await stage.bot.start()
    assert (await asked.card(60)).pictures
    assert len(stage.channel.messages) == 1
    assert len(vendor.calls) == 1
