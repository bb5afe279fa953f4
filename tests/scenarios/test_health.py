"""GET /health tells a container whether the process does its work; a busy port stops nothing."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys

import aiohttp

from tests.scenarios.conftest import StartStage
from tests.scenarios.process import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def ask_health(port: int) -> tuple[int, str]:
    """The exit code and the words of `python -m bot health`."""
    asked = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", "bot", "health"),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HTTP_PORT": str(port)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asked.communicate()
    assert asked.returncode is not None
    return asked.returncode, said.decode()


async def test_a_bot_that_works_is_healthy_and_one_that_is_gone_is_not(start_stage: StartStage) -> None:
    port = free_port()
    stage = await start_stage(HTTP_PORT=str(port))
    async with asyncio.timeout(20):
        # Discord's client calls itself ready a moment after the server has.
        while (asked := await ask_health(port))[0] != 0:
            assert "gateway" in asked[1] or "503" in asked[1]
    said = asked[1]
    assert json.loads(said) == {
        "status": "healthy",
        "features": {"database": True, "gateway": True, "image_generation": True},
    }
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/other") as answer:
        assert answer.status == 404
    await stage.bot.stop()
    assert (await ask_health(port))[0] == 1


async def test_a_port_that_is_taken_is_logged_and_the_bot_draws_all_the_same(start_stage: StartStage) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        stage = await start_stage(HTTP_PORT=str(taken.getsockname()[1]))
        asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a fox"})
        await asked.card()
        assert "the web side cannot listen" in stage.bot.log()
