"""The command line: `atelier <verb>` or `python -m bot <verb>`.

Each verb imports what it needs when it runs, so that `--help` answers at once. What goes wrong at start is said here,
in words and with an exit code, never as a traceback.
"""

from __future__ import annotations

import argparse
import errno
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import SettingsError, StartupError

if TYPE_CHECKING:
    from bot.playground.playground import Addresses
    from bot.settings import Settings

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
EXIT_INTERRUPTED = 130

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
    "bad_styles": ("STYLES_FILE cannot be used.", ""),
    "port_in_use": ("The address is in use by another program.", "Stop that one, or choose another port."),
}


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 could not start or failed, 2 wrong settings or usage, 130 interrupted."""
    options = _parser().parse_args(argv)
    debug: bool = getattr(options, "debug", False)
    verb: Callable[[argparse.Namespace], int | None] = options.verb
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
    parser.set_defaults(verb=_run_or_play)
    verbs = parser.add_subparsers(title="verbs", metavar="<verb>")

    def add(
        name: str, verb: Callable[[argparse.Namespace], int | None], about: str
    ) -> argparse.ArgumentParser:
        chosen = verbs.add_parser(name, help=about, description=about, parents=[common])
        chosen.set_defaults(verb=verb)
        return chosen

    add("run", _run, "run the bot on Discord")
    add("playground", _playground, "try the bot in a browser: no account, no key")
    add("health", _health, "ask the running bot whether it is well")
    add("version", _version, "say which version this is")
    return parser


def _run_or_play(options: argparse.Namespace) -> int | None:
    settings = _settings()
    return _start(settings) if settings.discord_token else _playground(options)


def _run(_options: argparse.Namespace) -> int | None:
    return _start(_settings(need=("DISCORD_TOKEN",)))


def _start(settings: Settings) -> int | None:
    settings.prepare_data_dir()  # said before the half second that it takes to load everything
    from bot import wiring

    for name, meant in settings.misspelt:
        print(f"Warning: {name} is not a setting; {meant} was probably meant.", file=sys.stderr)
    return wiring.run(settings)


def _playground(_options: argparse.Namespace) -> None:
    """Only its port and folder come from the settings, and from the environment alone: `.env` is for the real bot."""
    import asyncio

    from bot.peek import peek
    from bot.playground.playground import Plan, play
    from bot.settings import load_settings

    own = ("PLAYGROUND_PORT", "DATA_DIR")
    said = {name: text for name, text in os.environ.items() if name in own}
    settings = load_settings(said, Path(os.devnull))
    plan = Plan([sys.executable, "-m", "bot", "run"], _playing_environment, peek)
    data_dir = Path(said.get("DATA_DIR") or "data").absolute()
    try:
        asyncio.run(play(data_dir, plan, port=settings.playground_port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise StartupError("unwritable", str(data_dir), error.strerror or "") from error
        where = f"127.0.0.1:{settings.playground_port}"
        raise StartupError("port_in_use", where, "Set PLAYGROUND_PORT to another port.") from error


def _playing_environment(addresses: Addresses) -> dict[str, str]:
    """For the playground's bot. Nothing of the owner's: no key, and the files of settings stay where the owner is."""
    passed = {
        name: text for name, text in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR", "TZ")
    }
    return {
        **passed,
        "PYTHONPATH": str(Path(__file__).parent.parent),
        "DISCORD_TOKEN": addresses.token,
        "DISCORD_API_URL": addresses.rest_url,
        "DISCORD_GATEWAY_URL": addresses.gateway_url,
        "DATA_DIR": str(addresses.folder),
        "DEMO_TROUBLE_FILE": str(addresses.trouble_file),
        "DEMO_LATENCY_SECONDS": "3",
        "QUOTA_IMAGES_PER_DAY": "25",
        "HTTP_PORT": "",
        "STOP_GRACE_SECONDS": "0",
    }


def _health(_options: argparse.Namespace) -> int:
    """For a container's health check: 0 when the web side of the bot on this machine answers."""
    import http.client
    import urllib.error
    import urllib.request

    settings = _settings()
    if settings.http_port is None:
        print("HTTP_PORT is empty: the bot has no web side that could be asked.", file=sys.stderr)
        return EXIT_FAILED
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.http_host, settings.http_host)  # noqa: S104
    address = f"http://{host}:{settings.http_port}/health"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(address, timeout=5) as answer:
            print(answer.read(10_000).decode(errors="replace"))
    except urllib.error.HTTPError as error:
        print(f"{address} answers {error.code}.", file=sys.stderr)
        return EXIT_FAILED
    except (OSError, http.client.HTTPException):
        print(f"{address} does not answer.", file=sys.stderr)
        return EXIT_FAILED
    return EXIT_OK


def _version(_options: argparse.Namespace) -> None:
    from bot.version import version

    print(f"atelier {version()}")


def _settings(need: Sequence[str] = ()) -> Settings:
    from bot.settings import load_settings

    return load_settings(need=need)


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
