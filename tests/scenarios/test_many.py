"""Many at once: quotas and budgets hold exactly, and everybody is answered in time."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.playground.interactions import Interaction
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import StartStage

FIVE_CENTS = """
[[models]]
id = "openai/five-cents"
name = "Five cents"
kinds = ["generate"]
recommended = true
max_count = 4
sizes = { list = ["1024x1024"] }
price = { usd = 0.05 }
"""


async def outcome(interaction: Interaction) -> str:
    """`picture` or `refused`."""
    return await interaction.until(
        lambda message: "picture" if message.pictures else "refused" if "Not drawn" in message.text else None,
        timeout=60,
    )


async def test_two_hundred_at_once_get_exactly_their_quota(start_stage: StartStage) -> None:
    stage = await start_stage(QUOTA_IMAGES_PER_DAY="3")
    members = [stage.guild.add_member(f"member{number}") for number in range(40)]
    asked = await asyncio.gather(
        *(
            stage.discord.slash(member, stage.channel, "imagine", {"prompt": f"wish {number}"})
            for number in range(5)
            for member in members
        )
    )
    outcomes = await asyncio.gather(*(outcome(interaction) for interaction in asked))
    assert outcomes.count("picture") == 120
    assert outcomes.count("refused") == 80
    waits = sorted(interaction.first_answer_seconds or 99.0 for interaction in asked)
    print(f"first answers: p50 {waits[100]:.3f} s, p99 {waits[198]:.3f} s, max {waits[-1]:.3f} s")
    assert waits[-1] < 3.0
    assert not await stage.differences()
    rows = await stage.ended_rows(*members)
    assert len(rows) == 120
    assert {row.state for row in rows} == {"delivered"}


async def test_an_owners_dollar_buys_twenty_pictures_and_never_twenty_one(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI, tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog.toml"
    catalog.write_text(FIVE_CENTS)
    stage = await start_stage(
        **with_openai, CATALOG_FILE=str(catalog), DEFAULT_MODEL="openai/five-cents", OWNER_USD_PER_DAY="1"
    )
    members = [stage.guild.add_member(f"member{number}") for number in range(20)]
    asked = await asyncio.gather(
        *(
            stage.discord.slash(member, stage.channel, "imagine", {"prompt": "a coin"})
            for _ in range(5)
            for member in members
        )
    )
    outcomes = await asyncio.gather(*(outcome(interaction) for interaction in asked))
    assert outcomes.count("picture") == 20
    assert len(vendor.calls) == 20
    refused = next(one for one, how in zip(asked, outcomes, strict=True) if how == "refused")
    assert "budget is used up" in (await refused.followup()).text
    assert not await stage.differences()
