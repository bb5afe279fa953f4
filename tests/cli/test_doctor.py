"""What the doctor sees: nothing wrong, a key that is refused, a Discord that knows the bot."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bot.checkup import Finding, examine
from bot.playground.sockets import SimulatedDiscord
from tests.cli.conftest import Run
from tests.fakes.openai_server import FakeOpenAI


def test_a_fresh_folder_is_worth_a_look_and_nothing_is_wrong(atelier: Run) -> None:
    ended = atelier("doctor", "--json")
    told = {one["what"]: one["verdict"] for one in json.loads(ended.out)}
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


async def _seen(monkeypatch: pytest.MonkeyPatch, key: str, token: str | None = None) -> dict[str, Finding]:
    async with SimulatedDiscord() as discord, FakeOpenAI(key="sk-good") as openai:
        discord.add_guild("The studio")
        monkeypatch.setenv("DISCORD_TOKEN", token or discord.token)
        monkeypatch.setenv("DISCORD_API_URL", discord.rest_url)
        monkeypatch.setenv("OPENAI_API_KEY", key)
        monkeypatch.setenv("OPENAI_BASE_URL", openai.url)
        return {finding.what: finding for finding in await examine()}


def test_good_keys_are_told_from_bad_ones_without_a_call_that_costs(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = asyncio.run(_seen(monkeypatch, "sk-good"))
    assert (good["openai"].verdict, good["discord"].verdict, good["clock"].verdict) == ("ok", "ok", "ok")
    assert "client_id=" in good["install link"].words
    bad = asyncio.run(_seen(monkeypatch, "sk-bad", "not.a.token"))
    assert (bad["openai"].verdict, bad["discord"].verdict) == ("wrong", "wrong")
    assert "OPENAI_API_KEY" in bad["openai"].advice
    assert not any("sk-bad" in finding.words + finding.advice for finding in bad.values())
