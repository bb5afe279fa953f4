"""The command line: `atelier <verb>` or `python -m bot <verb>`.

Each verb imports what it needs when it runs, so that `--help` answers at once. What goes wrong at start is said here,
in words and with an exit code, never as a traceback.
"""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from collections.abc import Sequence

from bot.commandline import catalogue, service, upkeep
from bot.commandline.verbs import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, Verb, Verbs
from bot.errors import SettingsError, StartupError

# What happened, and what helps when the error itself has no better hint.
_STARTUP_WORDS = {
    "unwritable": ("A file or folder cannot be written to.", ""),
    "locked_database": (
        "The database is in use by another program.",
        "Stop that one, or wait until it is done.",
    ),
    "damaged_database": ("The database is damaged.", "Put a backup in its place."),
    "newer_schema": (
        "The database was made by a newer version of Atelier.",
        "Update Atelier, or restore a backup.",
    ),
    "database": ("The database cannot be used.", ""),
    "second_engine": (
        "Another Atelier already works with this data.",
        "One SQLite file serves one process: stop the other, or set DATABASE_URL to PostgreSQL to run several.",
    ),
    "backup_exists": ("There is a file of that name already.", "Choose another name, or a folder."),
    "no_backup": ("The backup cannot be read.", ""),
    "unfinished": (
        "Some requests are not finished.",
        "Start the bot and stop it again (it lets them end), or add --close-unfinished.",
    ),
    "not_empty": ("The database to write into has rows already, in this table.", "Give an empty one."),
    "copy_differs": ("What was written differs from what was read. Do not use it.", ""),
    "bad_database_url": ("The address of a database is not understood.", ""),
    "needs_postgres": (
        "Several processes share one PostgreSQL; SQLite serves one process alone.",
        "Set DATABASE_URL to postgresql+asyncpg://…, or use: python -m bot run",
    ),
    "bad_shards": ("--shards wants numbers such as 0-3/8: shards 0 to 3 of 8.", ""),
    "unreachable": (
        "There is no answer from there.",
        "Check the address, the network and the service's own status.",
    ),
    "bad_token": (
        "Discord does not accept DISCORD_TOKEN.",
        "Make a new one: https://discord.com/developers/applications, your application, Bot, Reset Token",
    ),
    "gateway_closed": ("Discord closed the connection for good.", ""),
    "bad_catalog": ("CATALOG_FILE cannot be used.", ""),
    "bad_plugin": ("A provider that was installed as a plug-in cannot be used.", "Update or uninstall it."),
    "bad_styles": ("STYLES_FILE cannot be used.", ""),
    "port_in_use": ("The address is in use by another program.", "Stop that one, or choose another port."),
}


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 could not start or failed, 2 wrong settings or usage, 130 interrupted."""
    options = _parser().parse_args(argv)
    debug: bool = getattr(options, "debug", False)
    verb: Verb = options.verb
    try:
        return verb(options) or EXIT_OK
    except SettingsError as error:
        _say(error, _settings_words(error), debug=debug)
        return EXIT_USAGE
    except StartupError as error:
        _say(error, _startup_words(error), debug=debug)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        if logging.getLogger().handlers:
            logging.getLogger("bot").critical("Atelier broke", exc_info=error)
        words = f"Atelier broke: {type(error).__name__}. Its log knows more, or run it again with --debug."
        _say(error, words, debug=debug)
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks")
    parser = argparse.ArgumentParser(
        prog="atelier",
        description="An AI image studio for Discord. No verb: the bot when DISCORD_TOKEN is set, else the playground.",
        parents=[common],
    )
    parser.set_defaults(verb=service.run_or_play)
    verbs = Verbs(parser, common)
    for shelf in (service, catalogue, upkeep):
        shelf.declare(verbs)
    return parser


def _settings_words(error: SettingsError) -> str:
    count = len(error.problems)
    lines = ["One setting needs attention:" if count == 1 else f"{count} settings need attention:"]
    for name, what, where in error.problems:
        lines += [f"  {name} {what}", *([f"      {where}"] if where else [])]
    lines.append("Settings come from the environment, .env or config.json; .env.example lists them all.")
    return "\n".join(lines)


def _startup_words(error: StartupError) -> str:
    happened, help_ = _STARTUP_WORDS.get(error.what, (f"Atelier cannot start: {error.what}.", ""))
    return "\n  ".join(line for line in (happened, error.where, error.hint or help_) if line)


def _say(error: Exception, words: str, *, debug: bool) -> None:
    if debug:
        traceback.print_exception(error)
    print(words, file=sys.stderr)
