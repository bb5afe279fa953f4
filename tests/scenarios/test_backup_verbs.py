"""`backup` while the bot runs, `restore` into its place, and the move to PostgreSQL, as their owner types them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.playground.messages import Message
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import Stage, StartStage
from tests.scenarios.process import ROOT
from tests.storage.postgres_server import PostgresServer


async def type_verb(stage: Stage, *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", "bot", *words),
        cwd=ROOT,
        env=stage.bot.settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


def finished(message: Message) -> bool:
    return any(button.label == "Repeat" for button in message.buttons)


async def test_a_backup_is_restored_and_buys_nothing_again(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI, tmp_path: Path
) -> None:
    stage = await start_stage(**with_openai, QUOTA_IMAGES_PER_DAY="5")
    first = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "kept"})
    await first.card()
    await stage.ended_rows(stage.ada)
    vendor.answers(hold=True)
    await stage.discord.slash(stage.bruno, stage.channel, "imagine", {"prompt": "under way"})
    await vendor.arrived(2)
    file = tmp_path / "backup.db"
    code, said = await type_verb(stage, "backup", str(file))
    assert code == 0, said
    code, said = await type_verb(stage, "restore", str(file))
    assert code == 1
    assert "Another Atelier already works" in said
    await stage.bot.kill()
    code, said = await type_verb(stage, "restore", str(file))
    assert code == 0, said
    assert "1 unfinished requests were closed" in said
    await stage.bot.start()
    rows = await stage.ended_rows(stage.ada, stage.bruno)
    assert [row.state for row in rows] == ["delivered", "failed"]
    card = stage.channel.messages[0]
    assert finished(card)
    again = await stage.discord.click(stage.ada, card, "Repeat")
    await again.card()
    assert [call.fields["prompt"] for call in vendor.calls] == ["kept", "under way", "kept"]
    assert not await stage.differences()


async def test_a_bot_goes_on_with_everything_after_its_move_to_postgres(
    start_stage: StartStage, postgres: PostgresServer
) -> None:
    stage = await start_stage(QUOTA_IMAGES_PER_DAY="2", SECRET_KEY="one-secret-for-all-the-processes")
    drawn = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "before the move"})
    card = await drawn.card()
    await stage.ended_rows(stage.ada)
    assert await stage.bot.stop() == 0
    target = postgres.empty_database()
    code, said = await type_verb(stage, "migrate-store", stage.bot.database_url, target)
    assert code == 0, said
    assert "the same in both" in said
    stage.bot.settings["DATABASE_URL"] = target
    stage.discord.gateway.drop()
    await stage.bot.start()
    again = await stage.discord.click(stage.ada, card, "Repeat")
    await again.card()
    third = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "one too many"})
    assert "used up" in (await third.followup()).text
    assert [row.state for row in await stage.ended_rows(stage.ada)] == ["delivered", "delivered"]
    assert not await stage.differences()
