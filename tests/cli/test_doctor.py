"""What the doctor sees: nothing wrong, keys that are refused, another database, a Discord that knows the bot."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.doctor import discord as discord_checks
from bot.playground import Permission
from bot.playground.sockets import SimulatedDiscord
from tests.cli.conftest import Ended, Run
from tests.fakes.a1111_server import FakeA1111
from tests.fakes.gemini_server import FakeGemini
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.replicate_server import FakeReplicate
from tests.fakes.stability_server import FakeStability
from tests.storage.postgres_server import PostgresServer

SHED = """
[[servers]]
name = "shed"
base_url = "{url}"
api_key_env = "SHED_KEY"

[[models]]
id = "shed/gpt-image-2"
name = "The shed"
kinds = ["generate"]
sizes = {{ list = ["1024x1024"] }}
price = {{ usd = 0 }}
"""


def verdicts(ended: Ended) -> dict[str, str]:
    return {one["what"]: one["verdict"] for one in json.loads(ended.out)}


def test_a_fresh_folder_is_worth_a_look_and_nothing_is_wrong(atelier: Run) -> None:
    ended = atelier("doctor", "--json")
    told = verdicts(ended)
    assert ended.code == 0
    assert (told["database"], told["ledger"], told["disk"], told["pictures"]) == ("ok", "ok", "ok", "ok")
    assert (told["providers"], told["discord"]) == ("look", "look")
    shown = atelier("doctor", "--quiet").out
    assert "only the demo draws" in shown
    assert "adds up" not in shown


def test_settings_that_cannot_be_are_findings(atelier: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PORT", "many")
    ended = atelier("doctor", "--json")
    assert ended.code == 1
    assert [one["words"] for one in json.loads(ended.out)] == [
        "HTTP_PORT must be a whole number (it is set in the environment)"
    ]


async def test_good_keys_are_told_from_bad_ones_without_a_call_that_costs(
    atelier: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as stack:
        openai = await stack.enter_async_context(FakeOpenAI(key="sk-good"))
        shed = await stack.enter_async_context(FakeOpenAI(key="shed-good"))
        gemini = await stack.enter_async_context(FakeGemini(key="AIza-good"))
        replicate = await stack.enter_async_context(FakeReplicate(key="r8_good"))
        stability = await stack.enter_async_context(FakeStability(key="sk-stable-good"))
        webui = await stack.enter_async_context(FakeA1111())
        (here / "catalog.toml").write_text(SHED.format(url=shed.url))
        settings = {
            "OPENAI_BASE_URL": openai.url,
            "GEMINI_BASE_URL": gemini.url,
            "REPLICATE_BASE_URL": replicate.url,
            "STABILITY_BASE_URL": stability.url,
            "A1111_BASE_URL": webui.url,
            "CATALOG_FILE": "catalog.toml",
        }
        good = {
            "OPENAI_API_KEY": "sk-good",
            "SHED_KEY": "shed-good",
            "GEMINI_API_KEY": "AIza-good",
            "REPLICATE_API_TOKEN": "r8_good",
            "STABILITY_API_KEY": "sk-stable-good",
        }
        for name, text in (settings | good).items():
            monkeypatch.setenv(name, text)
        names = ("openai", "shed", "gemini", "replicate", "stability")
        ended = await asyncio.to_thread(atelier, "doctor", "--json")
        told = verdicts(ended)
        assert (ended.code, [told[name] for name in names], told["a1111"]) == (0, ["ok"] * 5, "ok"), ended.out
        for name in good:
            monkeypatch.setenv(name, "sk-bad-0123456789")
        ended = await asyncio.to_thread(atelier, "doctor", "--json")
        told = verdicts(ended)
        assert (ended.code, [told[name] for name in names]) == (1, ["wrong"] * 5), ended.out
        advice = {one["what"]: one["advice"] for one in json.loads(ended.out)}
        assert all(setting in " ".join(advice.values()) for setting in good)
        assert "sk-bad" not in ended.out
        shown = (await asyncio.to_thread(atelier, "doctor", "--quiet")).out
        assert "does not accept STABILITY_API_KEY (401)" in shown
        print(shown)
    assert not any(vendor.calls for vendor in (openai, shed, gemini, replicate, stability, webui))
    ended = await asyncio.to_thread(atelier, "doctor", "--json")  # all of them are gone now
    assert {verdicts(ended)[name] for name in (*names, "a1111")} == {"wrong"}


async def test_discord_says_what_the_bot_is_where_it_is_and_what_it_may_not(
    atelier: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SimulatedDiscord() as discord:
        discord.add_guild("The studio")
        monkeypatch.setenv("DISCORD_TOKEN", discord.token)
        monkeypatch.setenv("DISCORD_API_URL", discord.rest_url)
        ended = await asyncio.to_thread(atelier, "doctor", "--json")
        told = {one["what"]: one for one in json.loads(ended.out)}
        assert ended.code == 0, ended.out
        assert {told[name]["verdict"] for name in ("discord", "clock", "intents", "server The studio")} == {
            "ok"
        }
        assert "client_id=" in told["install link"]["words"]
        locked = discord.add_guild("The cellar", bot_permissions=0)
        locked.everyone.permissions &= ~(Permission.ATTACH_FILES | Permission.CREATE_PUBLIC_THREADS)
        real = time.time
        monkeypatch.setattr(discord_checks, "time", SimpleNamespace(time=lambda: real() + 90))
        ended = await asyncio.to_thread(atelier, "doctor", "--json")
        told = {one["what"]: one for one in json.loads(ended.out)}
        assert ended.code == 1
        cellar, clock = told["server The cellar"], told["clock"]
        assert (cellar["verdict"], cellar["words"]) == ("wrong", "lacks attach_files, create_public_threads")
        assert (clock["verdict"], clock["words"][:2]) == ("wrong", "+9")
        monkeypatch.setenv("DISCORD_TOKEN", "MTIz.not-the-right.token")
        ended = await asyncio.to_thread(atelier, "doctor", "--json")
        assert (ended.code, verdicts(ended)["discord"]) == (1, "wrong")
        assert "not-the-right" not in ended.out


def test_on_postgres_and_on_one_that_is_not_there(
    atelier: Run, monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer
) -> None:
    monkeypatch.setenv("SECRET_KEY", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("DATABASE_URL", postgres.fresh_database())
    ended = atelier("doctor", "--json")
    told = {one["what"]: one for one in json.loads(ended.out)}
    assert ended.code == 0, ended.out
    assert (told["database"]["words"], told["ledger"]["verdict"]) == ("PostgreSQL", "ok")
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://nobody:hush@127.0.0.1:9/atelier")
    ended = atelier("doctor", "--json")
    told = {one["what"]: one for one in json.loads(ended.out)}
    assert (ended.code, told["database"]["verdict"]) == (1, "wrong")
    assert told["database"]["words"].startswith("There is no answer from there: ")
    assert "hush" not in ended.out


def test_in_french(atelier: Run) -> None:
    ended = atelier("doctor", "--language", "fr")
    assert ended.code == 0
    assert "seule la démo dessine" in ended.out
