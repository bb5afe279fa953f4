"""A bot that cannot start says why in a line, with an exit code, no traceback, no secret; it syncs only if it must."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from bot.marks import Sign
from bot.playground.record import RequestRecord
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import Stage, StartStage


async def refusal(stage: Stage, **environment: str) -> tuple[int, str]:
    """The exit code and what was said."""
    before = len(stage.bot.log())
    await stage.bot.spawn(**environment)
    code = await stage.bot.ended()
    said = stage.bot.log()[before:]
    assert "Traceback" not in said
    return code, said


async def test_commands_are_told_to_discord_once_and_not_at_every_start(stage: Stage) -> None:
    assert stage.discord.commands.syncs == 1
    await stage.bot.stop()
    await stage.bot.start()
    assert stage.discord.commands.syncs == 1
    answer = await stage.discord.slash(stage.ada, stage.channel, "help")
    told = (await answer.says("Three ways")).text
    assert "</admin" not in told
    for admin in (stage.admin, stage.guild.add_member("Adèle", permissions="manage_guild", locale="fr")):
        asked = await stage.discord.slash(admin, stage.channel, "help")
        told = await asked.until(lambda one: one.text or None)
        typed = [str(one["name"]) for one in stage.discord.commands if one["type"] == 1]
        assert not [name for name in typed if f"</{name}" not in told and name != "help"]
        assert len(told) <= 2000
        print(f"{len(told)} characters, {len(typed)} commands")


def asked(stage: Stage, method: str) -> list[RequestRecord]:
    """What was done of that kind about emoji."""
    return [one for one in stage.discord.requests if one.method == method and "/emojis" in one.route]


async def test_signs_are_uploaded_once_and_are_plain_where_discord_takes_none(
    start_stage: StartStage, vendor: FakeOpenAI, with_openai: dict[str, str]
) -> None:
    vendor.always(status=401, code="invalid_api_key")
    stage = await start_stage(run=False, **with_openai)
    refused = stage.discord.faults.fail(403, code=50001, route="/emojis", times=None)
    await stage.bot.start()
    await stage.bot.says("signs stay plain")
    down = {"prompt": "a fox"}
    card = await (await stage.discord.slash(stage.ada, stage.channel, "imagine", down)).says("Reference")
    assert "⚠️ The image service does not accept" in card.text
    assert re.search(r"Who can draw: </models:\d+>", card.text)
    stage.discord.faults.planned.remove(refused)
    for looked in (2, 3):
        await stage.bot.stop()
        await stage.bot.start()
        await stage.discord.requested.until(
            lambda times=looked: len(asked(stage, "GET")) >= times or None, 10, lambda: "nobody looked"
        )
    await stage.discord.requested.until(
        lambda: len(asked(stage, "POST")) == len(Sign) or None, 10, lambda: "not all were uploaded"
    )
    numbers = {str(one["name"]): one["id"] for one in stage.discord.emojis}
    card = await (await stage.discord.slash(stage.ada, stage.channel, "imagine", down)).says("Reference")
    assert f"<:atelier_failed_1:{numbers['atelier_failed_1']}> The image service does" in card.text


async def test_a_bad_token_is_said_and_not_shown(start_stage: StartStage) -> None:
    stage = await start_stage(run=False)
    code, said = await refusal(stage, DISCORD_TOKEN="MTIz.not-the-right.token")
    assert code == 1
    assert "does not accept" in said
    assert "not-the-right" not in said


async def test_several_bad_settings_are_named_at_once(start_stage: StartStage) -> None:
    stage = await start_stage(run=False)
    code, said = await refusal(
        stage, OWNER_USD_PER_DAY="lots", ALLOWED_GUILDS="my server", DEFAULT_MODEL="dall-e-3"
    )
    assert code == 2
    assert "OWNER_USD_PER_DAY" in said
    assert "ALLOWED_GUILDS" in said


async def test_a_default_model_that_is_gone_names_the_setting(start_stage: StartStage) -> None:
    stage = await start_stage(run=False)
    code, said = await refusal(stage, DEFAULT_MODEL="dall-e-3")
    assert code == 2
    assert "DEFAULT_MODEL" in said


async def test_a_model_whose_key_is_missing_names_both(start_stage: StartStage) -> None:
    stage = await start_stage(run=False)
    code, said = await refusal(stage, DEFAULT_MODEL="gemini/gemini-nano-banana-2.1", OPENAI_API_KEY="sk-test")
    assert code == 2
    assert "DEFAULT_MODEL" in said
    assert "GEMINI_API_KEY" in said
    code, said = await refusal(stage, MODERATION="all")
    assert code == 2
    assert "MODERATION needs OPENAI_API_KEY" in said


async def test_a_second_bot_on_the_same_file_is_told_to_use_postgres(stage: Stage) -> None:
    running = stage.bot._process
    code, said = await refusal(stage)
    assert code == 1
    assert "PostgreSQL" in said
    stage.bot._process = running


async def test_a_schema_of_a_newer_release_is_refused(stage: Stage) -> None:
    await stage.bot.stop()
    with sqlite3.connect(stage.bot.database) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    code, said = await refusal(stage)
    assert code == 1
    assert "newer" in said


async def test_a_locked_database_is_said(stage: Stage) -> None:
    await stage.bot.stop()
    database = sqlite3.connect(stage.bot.database, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    try:
        code, said = await refusal(stage)
    finally:
        database.close()
    assert code == 1
    assert "in use by another program" in said


@pytest.mark.skipif(
    not Path("/proc").is_dir(), reason="root may write everywhere but in /proc, and there is none"
)
async def test_a_data_folder_that_cannot_be_written_is_said(start_stage: StartStage) -> None:
    stage = await start_stage(run=False)
    code, said = await refusal(stage, DATA_DIR="/proc/atelier")
    assert code == 1
    assert "/proc/atelier" in said
