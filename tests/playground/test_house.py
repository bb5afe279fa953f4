"""The playground around the simulation: its folder, the bot as a process, who may open the page, what it is told."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.playground.botprocess import BotProcess
from bot.playground.home import claim
from bot.playground.jsonic import Json, loads
from bot.playground.playground import Plan, Playground
from bot.playground.signals import Signal

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


async def no_books(_folder: Path) -> Json:
    return {}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Playground]:
    """A playground whose bot never signs in."""
    ready = asyncio.Event()
    home = claim(tmp_path)
    playground = Playground(home, Plan(SLEEPER, lambda _: {}, no_books, lambda _: ready.set()), port=0)
    running = asyncio.create_task(playground.run())
    await asyncio.wait_for(ready.wait(), 10)
    yield playground
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    home.lock.close()


async def until(changed: Signal, holds: Callable[[], bool]) -> None:
    await changed.until(lambda: holds() or None, 15, lambda: "it did not come to that")


def test_two_playgrounds_have_folders_of_their_own_and_the_next_takes_the_first_again(tmp_path: Path) -> None:
    first, second = claim(tmp_path), claim(tmp_path)
    assert (first.folder.name, second.folder.name) == ("playground", "playground-2")
    (first.folder / "atelier.db").write_text("of a world that is gone")
    first.lock.close()
    again = claim(tmp_path)
    assert again.folder == first.folder
    assert not (again.folder / "atelier.db").exists()
    again.lock.close()
    second.lock.close()


def test_a_folder_that_somebody_else_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "playground").mkdir()
    (tmp_path / "playground" / "thesis.txt").write_text("years of work")
    home = claim(tmp_path)
    assert home.folder.name == "playground-2"
    assert (tmp_path / "playground" / "thesis.txt").read_text() == "years of work"
    home.lock.close()


async def test_a_bot_that_is_killed_comes_back_and_one_that_is_stopped_does_not(tmp_path: Path) -> None:
    changed = Signal()
    bot = BotProcess(SLEEPER, {}, tmp_path, changed=changed.notify)
    running = asyncio.create_task(bot.keep_running())
    await until(changed, lambda: bot.pid is not None)
    first = bot.pid
    bot.kill()
    await until(changed, lambda: bot.pid is None)
    assert bot.exit_code == -signal.SIGKILL
    await until(changed, lambda: bot.pid not in (None, first))
    assert bot.restarts == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert bot.pid is None


async def test_only_the_browser_of_this_machine_may_open_the_page(house: Playground) -> None:
    address = f"http://127.0.0.1:{house.discord.port}"
    async with aiohttp.ClientSession() as http:
        for headers, status in (
            ({}, 200),
            ({"Host": "evil.example"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": address}, 200),
        ):
            async with http.get(address, headers=headers) as answer:
                assert answer.status == status
        async with http.get(f"{address}/page/%2e%2e/site.py") as answer:
            assert answer.status == 404
        async with http.post(f"{address}/page/upload", headers={"Origin": "http://evil.example"}) as answer:
            assert answer.status == 403


async def test_an_act_that_makes_no_sense_gets_an_answer_and_the_page_lives_on(house: Playground) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"http://127.0.0.1:{house.discord.port}/page/socket") as socket,
    ):

        async def ask(**said: Any) -> Json:
            await socket.send_json({"id": 1, **said})
            while True:
                told = loads((await socket.receive(timeout=10)).data)
                if "re" in told:
                    return told

        for said in (
            {"do": "dance"},
            {"do": "click", "message": "1", "custom_id": "x"},
            {"do": "slash", "command": "imagine"},
            {"do": "trouble", "kind": "flood"},
            {"do": "submit", "interaction": "7"},
            {"do": "locale", "locale": "xx"},
            {"do": "post", "files": ["99"]},
            {},
        ):
            answer = await ask(**said)
            assert not answer["ok"]
            assert answer["error"]
        looked = await ask(do="look", person="nobody", place="nowhere")
        assert [one["role"] for one in looked["value"]["people"]] == [
            "member",
            "member",
            "moderator",
            "admin",
        ]


async def test_trouble_at_the_provider_is_written_where_the_bot_reads_it(house: Playground) -> None:
    house.trouble.make("provider", "refusing")
    house.trouble.make("discord", 3)
    file = house.bot.log_path.with_name("trouble.json")
    assert loads(file.read_bytes()) == {"fail": "policy_refusal"}
    assert house.trouble.to_dict() == {"provider": "refusing", "discord": 3}
    house.trouble.make("provider", "fine")
    house.trouble.make("discord", 0)
    assert loads(file.read_bytes()) == {}
    assert not house.discord.faults.planned
