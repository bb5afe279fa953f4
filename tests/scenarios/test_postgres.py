"""The whole bot in one process on PostgreSQL: the same pictures, exact quotas, and nothing forgotten in a crash."""

from __future__ import annotations

import asyncio

import pytest

from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import StartStage
from tests.scenarios.test_crashes import IN_FLIGHT, all_delivered_once, ask_eight
from tests.scenarios.test_many import outcome
from tests.storage.postgres_server import PostgresServer

SECRET = "one-secret-for-all-the-processes"


@pytest.fixture
def on_postgres(postgres: PostgresServer) -> dict[str, str]:
    return {"DATABASE_URL": postgres.empty_database(), "SECRET_KEY": SECRET}


async def test_quotas_hold_exactly(start_stage: StartStage, on_postgres: dict[str, str]) -> None:
    stage = await start_stage(**on_postgres, QUOTA_IMAGES_PER_DAY="3")
    members = [stage.guild.add_member(f"member{number}") for number in range(8)]
    asked = await asyncio.gather(
        *(
            stage.discord.slash(member, stage.channel, "imagine", {"prompt": f"wish {number}"})
            for number in range(5)
            for member in members
        )
    )
    outcomes = await asyncio.gather(*(outcome(interaction) for interaction in asked))
    assert outcomes.count("picture") == 24
    assert outcomes.count("refused") == 16
    rows = await stage.ended_rows(*members)
    assert {row.state for row in rows} == {"delivered"}
    assert not await stage.differences()


async def test_a_kill_loses_nothing_and_buys_nothing_again_that_had_come_back(
    start_stage: StartStage, on_postgres: dict[str, str], with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    stage = await start_stage(**on_postgres, **with_openai, QUOTA_IMAGES_PER_DAY="5", OWNER_USD_PER_DAY="100")
    vendor.answers(times=IN_FLIGHT, hold=True)
    asked = await ask_eight(stage, 0)
    await vendor.arrived(IN_FLIGHT)
    await stage.bot.kill()
    await vendor.ended(IN_FLIGHT)
    await stage.bot.start()
    await all_delivered_once(stage, asked)


async def test_all_processes_must_share_a_secret(start_stage: StartStage, postgres: PostgresServer) -> None:
    stage = await start_stage(run=False, DATABASE_URL=postgres.empty_database())
    await stage.bot.spawn()
    assert await stage.bot.ended() == 2
    assert "SECRET_KEY is missing" in stage.bot.log()
