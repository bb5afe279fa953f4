"""Which verb takes which option: the parser against the table that the page on the command line promises."""

from __future__ import annotations

import argparse
import re

import pytest

from bot import cli
from tests.cli.test_documents import DOCS

LOOK = {"--model", "--style", "--size", "--quality", "--format", "--background", "--seed", "--negative"}
WAY = {"--out", "--latest", "--open", "--timeout", "--yes", "--json", "--quiet"}
ONE = LOOK | WAY | {"--cached", "--no-cached", "--fallback"}
"""What a verb takes that draws one wish; lists and scripts go on by themselves and have no stand-ins."""

TABLE = {
    "imagine": ONE | {"--count", "--image"},
    "edit": ONE | {"--count", "--with", "--mask"},
    "variations": ONE | {"--count", "--strength"},
    "upscale": ONE,
    "describe": {"--model", "--timeout", "--json", "--quiet"},
    "batch": LOOK | WAY,
    "illustrate": LOOK | WAY | {"--look", "--again", "--retry-cut-off", "--embed"},
    "compare": LOOK | WAY | {"--models"},
    "history": {"--limit", "--all", "--json", "--quiet"},
    "show": {"--out", "--json", "--quiet"},
    "usage": {"--span", "--guild", "--json", "--quiet"},
    "models": {"--json"},
    "styles": {"--json"},
    "doctor": {"--json", "--quiet"},
}
EVERYWHERE = {"--help", "--debug", "--language"}


def parsers() -> dict[str, argparse.ArgumentParser]:
    (verbs,) = (action for action in cli._parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(verbs.choices)


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    return {
        word for action in parser._actions for word in action.option_strings if word.startswith("--")
    } - EVERYWHERE


def test_every_verb_takes_what_the_table_says() -> None:
    known = parsers()
    assert {verb: options_of(known[verb]) for verb in TABLE} == TABLE


@pytest.mark.parametrize("verb", sorted(parsers()))
def test_every_option_of_every_verb_is_explained(verb: str) -> None:
    parser = parsers()[verb]
    parents = [parser, *(sub for action in parser._actions for sub in _below(action))]
    silent = [
        (one.prog, action.option_strings or action.dest)
        for one in parents
        for action in one._actions
        if not action.help and not isinstance(action, argparse._SubParsersAction)
    ]
    assert not silent


def _below(action: argparse.Action) -> list[argparse.ArgumentParser]:
    return list(action.choices.values()) if isinstance(action, argparse._SubParsersAction) else []


def test_the_page_names_every_verb_and_option() -> None:
    page = (DOCS / "command-line.md").read_text()
    named = set(re.findall(r"--[a-z][a-z-]+", page))
    assert not {option for options in TABLE.values() for option in options} - named
    assert not {verb for verb in TABLE if f"`{verb}" not in page}
