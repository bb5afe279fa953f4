"""The command line beside a running bot: one database, one ledger, and neither takes the other's work for abandoned."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process

from tests.cli.test_processes import until_drawing
from tests.scenarios.conftest import Stage, StartStage
from tests.scenarios.process import ROOT


async def test_both_draw_at_once_and_the_ledger_adds_up(start_stage: StartStage) -> None:
    stage = await start_stage(run=False, QUOTA_IMAGES_PER_DAY="3")
    await stage.bot.start()
    await stage.bot.stop()
    slow = await _atelier(stage, "imagine", "a slow fox", DEMO_LATENCY_SECONDS="4")
    await asyncio.to_thread(until_drawing, stage.bot.database, lambda: slow.returncode is not None)
    # A bot looks for abandoned requests as soon as it is up: this one is not.
    await stage.bot.start()
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a boat"})
    await asked.card()
    assert await _said(slow) == "IMG_0001.png\n"
    told = json.loads(await _said(await _atelier(stage, "history", "--all", "--json")))
    assert {one["prompt"]: one["state"] for one in told} == {"a slow fox": "delivered", "a boat": "delivered"}
    assert await _said(await _atelier(stage, "ledger", "verify")) == "The ledger adds up.\n"
    assert "reconciled" not in stage.bot.log()
    told = json.loads(await _said(await _atelier(stage, "doctor", "--json")))
    assert [one["words"] for one in told if one["what"] == "ledger"] == ["adds up"]
    with sqlite3.connect(stage.bot.database) as database:
        booked = database.execute(
            "SELECT door, SUM(ledger.used_images) FROM ledger JOIN requests ON requests.id = ledger.request_id "
            "WHERE ledger.kind = 'settle' GROUP BY door ORDER BY door"
        ).fetchall()
    print(f"one ledger, beside a running bot: pictures settled by door {booked}, difference 0")
    assert [door for door, _ in booked] == ["cli", "discord"]


async def _atelier(stage: Stage, *arguments: str, **more: str) -> Process:
    environment = {**stage.bot.settings, "PYTHONPATH": str(ROOT), **more}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        stdout=PIPE,
        stderr=PIPE,
        env=environment,
        cwd=stage.bot.data_dir,
    )


async def _said(process: Process) -> str:
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()
