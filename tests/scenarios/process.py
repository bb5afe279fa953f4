"""The real bot as a process of its own, pointed at servers on the loopback: started, stopped, killed, started again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.playground.sockets import SimulatedDiscord

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 30.0


class BotProcess:
    """`environment` is added to what points the bot at `discord`; its output is kept for when a test fails."""

    def __init__(
        self,
        discord: SimulatedDiscord,
        data_dir: Path,
        environment: Mapping[str, str],
        *,
        verb: Sequence[str] = ("run",),
    ) -> None:
        self._discord, self.data_dir, self._verb = discord, data_dir, verb
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(data_dir),
            "DISCORD_TOKEN": discord.token,
            "DISCORD_API_URL": discord.rest_url,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
            "DATA_DIR": str(data_dir),
            "HTTP_PORT": "",
            "DEMO_LATENCY_SECONDS": "0",
            "LOG_FORMAT": "json",
            "PYTHONWARNINGS": "default",
            **environment,
        }
        self._process: asyncio.subprocess.Process | None = None
        self.log_path = data_dir / "bot.log"

    @property
    def database(self) -> Path:
        return self.data_dir / "atelier.db"

    @property
    def settings(self) -> dict[str, str]:
        return self._environment

    @property
    def database_url(self) -> str:
        return self._environment.get("DATABASE_URL") or f"sqlite:///{self.database}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def log(self) -> str:
        return self.log_path.read_text() if self.log_path.exists() else ""

    async def start(self, **environment: str) -> None:
        """Until it is signed in at the gateway; raises with the log's end when it dies before."""
        await self.spawn(**environment)
        assert self._process is not None
        ready = asyncio.create_task(self._discord.wait_ready(START_SECONDS))
        died = asyncio.create_task(self._process.wait())
        await asyncio.wait([ready, died], return_when=asyncio.FIRST_COMPLETED)
        if died.done():
            ready.cancel()
            raise AssertionError(f"the bot ended with {died.result()}:\n{self.log()[-4000:]}")
        died.cancel()
        await ready

    async def spawn(self, **environment: str) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                *self._verb,
                cwd=ROOT,
                env={**self._environment, **environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def says(self, text: str, timeout: float = START_SECONDS, *, times: int = 1) -> None:
        """Until its log has that text so often: how a process without a gateway tells that it is up."""
        async with asyncio.timeout(timeout):
            while self.log().count(text) < times:
                assert self._process is not None
                assert self._process.returncode is None, self.log()[-4000:]
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """Kill -9: nothing is tidied up."""
        await self.end()
        self._discord.gateway.drop()

    async def end(self) -> None:
        """Kill -9 of a process that holds no connection to the gateway."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        return await self._end(signal.SIGTERM)

    def tell(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def ended(self, timeout: float = 30) -> int:
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), timeout)

    async def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self.ended()
