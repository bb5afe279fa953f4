"""`--language`, and argparse taught to speak it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from itertools import pairwise

from bot.i18n import LOCALES, _
from bot.terminal import texts

OPTION = "--language"


def choose(argv: Sequence[str]) -> None:
    """Takes `--language` before anything is worded, for this process and for those that it starts."""
    said = [argument.partition("=")[2] for argument in argv if argument.startswith(f"{OPTION}=")]
    said += [value for option, value in pairwise(argv) if option == OPTION]
    if said and said[-1] in LOCALES:
        os.environ["LANGUAGE"] = said[-1]
    if texts().locale != "en":
        _teach_argparse()


_ARGPARSE = (
    _("usage: "),
    _("positional arguments"),
    _("options"),
    _("show this help message and exit"),
    _("%(prog)s: error: %(message)s\n"),
    _("argument %(argument_name)s: %(message)s"),
    _("the following arguments are required: %s"),
    _("unrecognized arguments: %s"),
    _("not allowed with argument %s"),
    _("one of the arguments %s is required"),
    _("expected one argument"),
    _("expected at most one argument"),
    _("expected at least one argument"),
    _("ignored explicit argument %r"),
    _("unexpected option string: %s"),
    _("ambiguous option: %(option)s could match %(matches)s"),
    _("invalid %(type)s value: %(value)r"),
    _("invalid choice: %(value)r (choose from %(choices)s)"),
)
"""All that argparse says by itself of what was typed, as Python 3.11 to 3.14 write it."""


def _teach_argparse() -> None:
    """It asks gettext's own domain, to which a catalogue in memory cannot be given: so it is given another `_`."""

    def translated(message: str) -> str:
        return (texts().translation(message) if message in _ARGPARSE else None) or message

    setattr(argparse, "_", translated)  # noqa: B010 - a name of argparse's own, unknown to its stubs
