"""Verbs that start something which stays, or ask what has been started: the bot, its parts, the playground."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commandline.verbs import EXIT_FAILED, EXIT_OK, Verbs, read_settings
from bot.errors import StartupError
from bot.terminal import reason, t

if TYPE_CHECKING:
    from bot.playground.playground import Addresses
    from bot.settings import Settings


def declare(verbs: Verbs) -> None:
    verbs.add("run", run, t("run the bot on Discord, all of it in one process"))
    taking = verbs.add(
        "gateway", gateway, t("take commands only and leave the drawing to workers (needs PostgreSQL)")
    )
    taking.add_argument(
        "--shards",
        metavar="0-3/8",
        help=t("hold these of so many connections to Discord; default: all of them"),
    )
    verbs.add("worker", worker, t("draw and deliver only (needs PostgreSQL); start as many as you like"))
    verbs.add("web", web, t("the web side only (needs PostgreSQL)"))
    verbs.add("playground", playground, t("try the bot in a browser: no account, no key"))
    verbs.add("health", health, t("ask the running bot whether it is well"))
    verbs.add("version", version, t("say which version this is"))


def run_or_play(options: argparse.Namespace) -> int | None:
    settings = read_settings()
    return start(settings) if settings.discord_token else playground(options)


def run(_options: argparse.Namespace) -> int | None:
    return start(read_settings(need=("DISCORD_TOKEN",)))


def gateway(options: argparse.Namespace) -> int | None:
    return start(read_settings(need=("DISCORD_TOKEN",)), "gateway", shards=options.shards)


def worker(_options: argparse.Namespace) -> int | None:
    return start(read_settings(need=("DISCORD_TOKEN",)), "worker")


def web(_options: argparse.Namespace) -> int | None:
    return start(read_settings(), "web")


def start(settings: Settings, role: str = "run", *, shards: str | None = None) -> int | None:
    settings.prepare_data_dir()  # said before the half second that it takes to load everything
    from bot import processes, roles

    for name, meant in settings.misspelt:
        words = t("Warning: {name} is not a setting; {meant} was probably meant.", name=name, meant=meant)
        print(words, file=sys.stderr)
    return processes.run(settings, roles.Role(role), shards=roles.Shards.parse(shards) if shards else None)


def playground(_options: argparse.Namespace) -> None:
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
            raise StartupError("unwritable", str(data_dir), reason(error)) from error
        where = f"127.0.0.1:{settings.playground_port}"
        raise StartupError("port_in_use", where, t("Set PLAYGROUND_PORT to another port.")) from error


def _playing_environment(addresses: Addresses) -> dict[str, str]:
    """For the playground's bot. Nothing of the owner's: no key, and the files of settings stay where the owner is."""
    passed = {
        name: text for name, text in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR", "TZ")
    }
    return {
        **passed,
        "PYTHONPATH": str(Path(__file__).parent.parent.parent),
        "DISCORD_TOKEN": addresses.token,
        "DISCORD_API_URL": addresses.rest_url,
        "DISCORD_GATEWAY_URL": addresses.gateway_url,
        "DATA_DIR": str(addresses.folder),
        "DEMO_TROUBLE_FILE": str(addresses.trouble_file),
        "DEMO_LATENCY_SECONDS": os.environ.get("DEMO_LATENCY_SECONDS", "5"),
        "QUOTA_IMAGES_PER_DAY": os.environ.get("QUOTA_IMAGES_PER_DAY", "25"),
        "HTTP_PORT": str(_free_port()),
        "STOP_GRACE_SECONDS": "0",
    }


def _free_port() -> int:
    """For the pages of the playground's bot; the same one after each of its restarts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def health(_options: argparse.Namespace) -> int:
    """For a container's health check: 0 when the web side of the bot on this machine answers."""
    import http.client
    import urllib.error
    import urllib.request

    settings = read_settings()
    if settings.http_port is None:
        print(t("HTTP_PORT is empty: the bot has no web side that could be asked."), file=sys.stderr)
        return EXIT_FAILED
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.http_host, settings.http_host)  # noqa: S104
    address = f"http://{host}:{settings.http_port}/health"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(address, timeout=5) as answer:
            print(answer.read(10_000).decode(errors="replace"))
    except urllib.error.HTTPError as error:
        print(t("{address} answers {code}.", address=address, code=error.code), file=sys.stderr)
        return EXIT_FAILED
    except (OSError, http.client.HTTPException):
        print(t("{address} does not answer.", address=address), file=sys.stderr)
        return EXIT_FAILED
    return EXIT_OK


def version(_options: argparse.Namespace) -> None:
    from bot.version import version

    print(f"atelier {version()}")
