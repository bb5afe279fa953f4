"""Every cog loads, and what Discord is told of the commands is within its limits in each language."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bot.client import COGS, AtelierBot, GettextTranslator, command_payload

# Discord's documented limits (application-commands), and its pattern for names.
NAME = re.compile(r"^[-_'\w]{1,32}$")
WHOLE_COMMAND = 8000
MENU = 3
TEXT = ("name", "description")


@pytest.fixture
async def payload() -> AsyncIterator[list[dict[str, Any]]]:
    async with AtelierBot(user_install=False) as bot:
        await bot.tree.set_translator(GettextTranslator())
        for cog in COGS:
            await bot.load_extension(cog)
        yield await command_payload(bot.tree)


def nodes(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield entry
    for child in (*entry.get("options", ()), *entry.get("choices", ())):
        yield from nodes(child)


def spoken(entry: dict[str, Any], key: str) -> list[str]:
    return [str(entry.get(key, "")), *(entry.get(f"{key}_localizations") or {}).values()]


async def test_the_commands_of_the_design_are_there_with_their_options(payload: list[dict[str, Any]]) -> None:
    named = {entry["name"]: [option["name"] for option in entry.get("options", ())] for entry in payload}
    assert {"imagine", "edit", "variations", "quota", "help"} <= named.keys()
    assert named["imagine"] == [
        "prompt",
        "image",
        "model",
        "style",
        "size",
        "quality",
        "count",
        "format",
        "background",
        "seed",
        "negative",
        "private",
        "spoiler",
    ]
    assert set(named["edit"]) == {
        "prompt",
        "image",
        "image2",
        "image3",
        "mask",
        "model",
        "style",
        "size",
        "quality",
        "count",
        "format",
        "private",
    }
    assert set(named["variations"]) == {
        "image", "prompt", "strength", "count", "model", "style", "private",
    }  # fmt: skip
    assert {"show", "set", "list"} <= set(named["quota"])


async def test_names_descriptions_and_sizes_are_within_discords_limits(payload: list[dict[str, Any]]) -> None:
    for command in payload:
        whole = 0
        for entry in nodes(command):
            is_choice = "value" in entry
            is_free = is_choice or command["type"] == MENU
            for name in spoken(entry, "name"):
                assert (1 <= len(name) <= (100 if is_choice else 32)) if is_free else NAME.match(name), name
            for description in [] if is_free else spoken(entry, "description"):
                assert 1 <= len(description) <= 100, description
            assert len(entry.get("options", ())) <= 25
            assert len(entry.get("choices", ())) <= 25
            whole += sum(max(map(len, spoken(entry, key))) for key in TEXT) + len(str(entry.get("value", "")))
        assert whole <= WHOLE_COMMAND, command["name"]
        print(f"{command['name']}: {whole} of {WHOLE_COMMAND} characters, the longer of both languages")


async def test_every_description_is_in_french_too(payload: list[dict[str, Any]]) -> None:
    for command in payload:
        for entry in nodes(command):
            if entry.get("description"):
                assert "fr" in (entry.get("description_localizations") or {}), entry["description"]


async def test_required_options_come_first(payload: list[dict[str, Any]]) -> None:
    for command in payload:
        for entry in nodes(command):
            required = [bool(option.get("required")) for option in entry.get("options", ())]
            assert required == sorted(required, reverse=True), entry["name"]


async def test_what_needs_a_server_is_not_offered_in_direct_messages(payload: list[dict[str, Any]]) -> None:
    """discord.py's own `guild_only` leaves the tree's default in `contexts`, and Discord goes by that."""
    only = {entry["name"] for entry in payload if entry["contexts"] == [0]}
    assert only == {"admin", "setup", "gallery"}
    assert {entry["name"] for entry in payload if entry["default_member_permissions"] is not None} == {
        "admin",
        "setup",
    }
