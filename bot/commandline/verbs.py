"""How a verb is declared: a name, what it does, and a parser of its own for what it takes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bot.i18n import _
from bot.terminal import t

if TYPE_CHECKING:
    from bot.settings import Settings

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
EXIT_LIMIT, EXIT_PARTLY, EXIT_POLICY = 3, 4, 5
EXIT_INTERRUPTED = 130

Verb = Callable[[argparse.Namespace], int | None]
"""Returns the exit code; None is EXIT_OK."""


AS_JSON = _("say it for programs")


class Verbs:
    """The verbs of one parser; `common` holds the options that all of them take."""

    def __init__(self, parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
        self._verbs = parser.add_subparsers(title=t("verbs"), metavar="<verb>")
        self._common = common

    def add(self, name: str, verb: Verb, about: str, *, epilog: str | None = None) -> argparse.ArgumentParser:
        chosen = self._verbs.add_parser(
            name, help=about, description=about, parents=[self._common], epilog=epilog
        )
        chosen.set_defaults(verb=verb)
        return chosen


def whole(text: str) -> int:
    """A type of options: 1 or more."""
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(t("{value} is no whole number above 0", value=repr(text)))
    return int(text)


def seconds(text: str) -> float:
    """A type of options: a span above 0."""
    try:
        span = float(text)
    except ValueError:
        span = 0.0
    if not 0 < span < float("inf"):
        raise argparse.ArgumentTypeError(t("{value} is no number of seconds above 0", value=repr(text)))
    return span


def read_settings(need: Sequence[str] = ()) -> Settings:
    """Raises SettingsError."""
    from bot.settings import load_settings

    return load_settings(need=need)


def say_json(told: object) -> None:
    """On stdout: indented where a person looks, one line for programs."""
    import json

    print(json.dumps(told, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))
