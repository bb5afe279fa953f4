"""The simulated Discord with a page, and the real bot as a process beside it."""

from __future__ import annotations

import asyncio
import errno
import secrets
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.playground.acts import Uploads
from bot.playground.botprocess import BotProcess
from bot.playground.home import Home, claim
from bot.playground.jsonic import Json
from bot.playground.scene import Scene
from bot.playground.site import Site
from bot.playground.sockets import SimulatedDiscord
from bot.playground.trouble import Trouble

PORTS_TRIED = 20


@dataclass(frozen=True)
class Addresses:
    """What the bot has to be told: where its Discord is, its token, its folder, where it reads of its trouble."""

    token: str
    rest_url: str
    gateway_url: str
    folder: Path
    trouble_file: Path


@dataclass(frozen=True)
class Plan:
    """What the rest of the project hands in: how its bot is started, a look into its books, where words go."""

    command: Sequence[str]
    environment: Callable[[Addresses], Mapping[str, str]]
    peek: Callable[[Path], Awaitable[Json]]
    say: Callable[[str], None]


class Playground:
    def __init__(self, home: Home, plan: Plan, *, port: int) -> None:
        # A token of its own: a bot that an earlier playground left behind must not sign in here.
        token = f"MTAwMDAwMDAwMDAwMDAwMDAw.played.{secrets.token_urlsafe(28)}"
        self.discord = _WithPage(self, port, token)
        self.scene = Scene(self.discord)
        self.uploads = Uploads()
        self.site = Site(self)
        self._home, self._plan = home, plan
        self.bot: BotProcess
        self.trouble: Trouble

    async def run(self) -> None:
        """Until cancelled. Raises OSError when the port is taken."""
        try:
            await self.discord.start()
            self._prepare_bot()
            self._greet()
            await self.bot.keep_running()
        finally:
            await self.site.close()
            await self.discord.stop()

    def tell(self) -> None:
        """Something about the bot or its trouble changed."""
        self.discord.bus.publish("bot", self.bot)

    def state(self) -> Json:
        online = bool(self.discord.gateway.connected)
        return {
            "process": self.bot.to_dict(),
            "online": online,
            "trouble": self.trouble.to_dict(),
            "deviations": len(self.discord.deviations),
        }

    async def books(self) -> Json:
        return await self._plan.peek(self._home.folder)

    def _greet(self) -> None:
        self._plan.say(f"The playground is at http://{self.discord.host}:{self.discord.port}")
        self._plan.say(
            "Open it in a browser and type / to see what the bot can do: no account, no key needed."
        )
        self._plan.say("Nothing leaves this machine. Ctrl-C ends it.")

    def _prepare_bot(self) -> None:
        folder = self._home.folder
        addresses = Addresses(
            token=self.discord.token,
            rest_url=self.discord.rest_url,
            gateway_url=self.discord.gateway_url,
            folder=folder,
            trouble_file=folder / "trouble.json",
        )
        self.bot = BotProcess(
            self._plan.command,
            self._plan.environment(addresses),
            folder,
            changed=self.tell,
            # The claim on the folder outlives the playground as long as its bot does.
            kept_open=[self._home.lock.fileno()],
        )
        self.trouble = Trouble(self.discord, self.bot, addresses.trouble_file)


class _WithPage(SimulatedDiscord):
    def __init__(self, playground: Playground, port: int, token: str) -> None:
        super().__init__(port=port, token=token)
        self._playground = playground

    def application(self) -> web.Application:
        app = super().application()
        self._playground.site.register(app)
        return app


async def play(parent: Path, plan: Plan, *, port: int) -> None:
    """Run a playground in `parent` until SIGINT or SIGTERM. Raises OSError without a port or a folder for it."""
    home = claim(parent)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    for candidate in range(port, port + PORTS_TRIED):
        try:
            await _until(stopped, Playground(home, plan, port=candidate).run())
        except OSError as error:
            if error.errno != errno.EADDRINUSE or candidate == port + PORTS_TRIED - 1:
                raise
            plan.say(f"Port {candidate} is in use by another program; trying {candidate + 1}.")
        else:
            return


async def _until(stopped: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do `work`, and end it when `stopped` is set. Raises what it raises."""
    running, waiting = asyncio.create_task(work), asyncio.create_task(stopped.wait())
    await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not running.done():
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        return
    await running
