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

    add("run", _run, "run the bot on Discord, all of it in one process")
    gateway = add(
        "gateway", _gateway, "take commands only and leave the drawing to workers (needs PostgreSQL)"
    )
    gateway.add_argument(
        "--shards", metavar="0-3/8", help="hold these of so many connections to Discord; default: all of them"
    )
    add("worker", _worker, "draw and deliver only (needs PostgreSQL); start as many as you like")
    add("web", _web, "the web side only (needs PostgreSQL)")
    add("playground", _playground, "try the bot in a browser: no account, no key")
    backup = add("backup", _backup, "write the database into one file, also while the bot runs")
    backup.add_argument("where", metavar="FILE|DIR", type=Path)
    restore = add(
        "restore", _restore, "put a backup in place of the database; unfinished requests are closed"
    )
    restore.add_argument("file", metavar="FILE", type=Path)
    store = add("migrate-store", _migrate_store, "move everything from one database to another, and prove it")
    store.add_argument("source", metavar="FROM", help="such as sqlite+aiosqlite:///data/atelier.db")
    store.add_argument(
        "target", metavar="TO", help="such as postgresql+asyncpg://user:password@host/database"
    )
    store.add_argument(
        "--close-unfinished", action="store_true", help="release what is not finished instead of refusing"
    )
    add("models", _models, "list the models, what they cost, and what lacks a key")
    ledger = add("ledger", _ledger, "look after the ledger of images and money")
    ledger.add_argument("what", choices=["verify"], help="verify: add all of it up again and compare")
    add("health", _health, "ask the running bot whether it is well")
    add("version", _version, "say which version this is")
    return parser


def _run_or_play(options: argparse.Namespace) -> int | None:
    settings = _settings()
    return _start(settings) if settings.discord_token else _playground(options)


def _run(_options: argparse.Namespace) -> int | None:
    return _start(_settings(need=("DISCORD_TOKEN",)))


def _gateway(options: argparse.Namespace) -> int | None:
    return _start(_settings(need=("DISCORD_TOKEN",)), "gateway", shards=options.shards)


def _worker(_options: argparse.Namespace) -> int | None:
    return _start(_settings(need=("DISCORD_TOKEN",)), "worker")


def _web(_options: argparse.Namespace) -> int | None:
    return _start(_settings(), "web")


def _start(settings: Settings, role: str = "run", *, shards: str | None = None) -> int | None:
    settings.prepare_data_dir()  # said before the half second that it takes to load everything
    from bot import processes, wiring

    for name, meant in settings.misspelt:
        print(f"Warning: {name} is not a setting; {meant} was probably meant.", file=sys.stderr)
    return processes.run(settings, wiring.Role(role), shards=wiring.Shards.parse(shards) if shards else None)


def _playground(_options: argparse.Namespace) -> None:
    """Only its port and folder come from the settings, and from the environment alone: `.env` is for the real bot."""
    import asyncio

    from bot.peek import peek
    from bot.playground.playground import Plan, play
    from bot.settings import load_settings

    own = ("PLAYGROUND_PORT", "DATA_DIR")
    said = {name: text for name, text in os.environ.items() if name in own}
    settings = load_settings(said, Path(os.devnull))
    command = [sys.executable, "-m", "bot", "run"]
    plan = Plan(command, _playing_environment, peek, say=lambda words: print(words, flush=True))
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
        "DEMO_LATENCY_SECONDS": os.environ.get("DEMO_LATENCY_SECONDS", "5"),
        "QUOTA_IMAGES_PER_DAY": "25",
        "HTTP_PORT": "",
        "STOP_GRACE_SECONDS": "0",
    }


def _backup(options: argparse.Namespace) -> None:
    import asyncio

    from bot.backup import back_up_at

    path = asyncio.run(back_up_at(_settings().database_url, options.where))
    print(
        f"Backed up into {path} ({path.stat().st_size:,} bytes). Pictures stay in the image store: copy it as well."
    )


def _restore(options: argparse.Namespace) -> None:
    import asyncio

    from bot import backup, wiring

    settings = _settings()
    settings.prepare_data_dir()
    with wiring.only_one_engine(settings.data_dir):
        aside = backup.put_aside(settings.sqlite_file) if settings.sqlite_file else None
        moved = asyncio.run(backup.restore(options.file, settings.database_url))
    print(f"Restored {moved.rows:,} rows; {moved.closed} unfinished requests were closed and released.")
    if aside is not None:
        print(f"What was there before is kept as {aside}.")


def _migrate_store(options: argparse.Namespace) -> None:
    import asyncio

    from bot import backup, wiring

    settings = _settings()
    settings.prepare_data_dir()
    with wiring.only_one_engine(settings.data_dir):
        moved = asyncio.run(
            backup.move(options.source, options.target, close_unfinished=options.close_unfinished)
        )
    for name, content in moved.tables.items():
        print(f"{name:14} {content.rows:>9,} rows  sum {content.total:>26,}  sha256 {content.digest[:16]}")
    print(
        f"{moved.rows:,} rows are the same in both by count, sum and hash; {moved.closed} unfinished closed; "
        f"{moved.seconds:.1f} s. Now set DATABASE_URL, and SECRET_KEY to what DATA_DIR/secret.key holds."
    )


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


def _models(_options: argparse.Namespace) -> None:
    from bot.i18n import texts_for
    from bot.model_list import NO_KEY, abilities, shelves
    from bot.providers.registry import open_catalog

    settings = _settings()
    catalog, t = open_catalog(settings), texts_for("en")
    for shelf in shelves(catalog, {}):
        status = f"needs {shelf.setting}" if shelf.health.status == NO_KEY else "ready"
        print(f"{shelf.name} ({shelf.provider}): {status}")
        for listed in shelf.models:
            low, high = t.money(listed.low), t.money(listed.high)
            price = "free" if listed.model.free else low if low == high else f"{low} to {high}"
            until = f", until {listed.retires_on}" if listed.retires_on else ""
            print(f"  {listed.model.id:<44} {price:<20} {', '.join(abilities(listed.model))}{until}")


def _ledger(_options: argparse.Namespace) -> int:
    """Adds the whole ledger up again; 0 when every counter is its sum. Works beside a running bot."""
    import asyncio

    from storage.database import open_database
    from storage.ledger import Ledger

    async def differences() -> int:
        async with open_database(_settings().database_url) as database:
            found = await Ledger(database).verify()
        for one in found:
            print(f"{one.key}: the counter says {one.counted}, the ledger {one.booked}")
        return len(found)

    count = asyncio.run(differences())
    print("The ledger adds up." if not count else f"{count} counters differ from the ledger.")
    return EXIT_FAILED if count else EXIT_OK


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
