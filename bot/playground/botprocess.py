"""The bot as a process of its own: started, watched, started again when it dies, stopped with the playground."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bot.playground.jsonic import Json

RESTART_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 30.0
LIVED_WELL_SECONDS = 10.0
STOP_SECONDS = 2.0
LOG_TAIL_BYTES = 8000


class BotProcess:
    """`changed` is called whenever it starts or ends; `kept_open` are file descriptors that it inherits."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        changed: Callable[[], None],
        kept_open: Sequence[int] = (),
    ) -> None:
        self._command, self._environment, self._folder = command, environment, folder
        self._changed, self._kept_open = changed, kept_open
        self._process: asyncio.subprocess.Process | None = None
        self._again = asyncio.Event()
        self.log_path = folder / "bot.log"
        self.restarts = 0
        self.started_at: float | None = None
        self.exit_code: int | None = None

    @property
    def pid(self) -> int | None:
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process and running else None

    async def keep_running(self) -> None:
        """Until cancelled; then the bot is ended as well."""
        pause = RESTART_SECONDS
        try:
            while True:
                await self._spawn()
                self.exit_code = await self._ended()
                lived = time.time() - (self.started_at or 0)
                pause = (
                    RESTART_SECONDS if lived > LIVED_WELL_SECONDS else min(pause * 2, LONGEST_PAUSE_SECONDS)
                )
                self._changed()
                await self._pause(RESTART_SECONDS if self.exit_code < 0 else pause)
                self.restarts += 1
        finally:
            await self._end()

    def kill(self) -> None:
        """As `kill -9` does: nothing is tidied up. It comes back by itself."""
        self._tell(signal.SIGKILL)

    def restart(self) -> None:
        """Ask it to stop, politely, and start it again; at once when it is down already."""
        self._tell(signal.SIGTERM)
        self._again.set()

    def log_tail(self) -> str:
        """The last words of its log."""
        with suppress(OSError), self.log_path.open("rb") as log:
            log.seek(max(log.seek(0, 2) - LOG_TAIL_BYTES, 0))
            return log.read().decode(errors="replace")
        return ""

    def to_dict(self) -> Json:
        return {
            "pid": self.pid,
            "restarts": self.restarts,
            "started_at": self.started_at,
            "exit_code": self.exit_code,
        }

    async def _spawn(self) -> None:
        with self.log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self._kept_open,
                # Ctrl-C is for the playground, which ends the bot in its own way.
                start_new_session=True,
            )
        self.started_at, self.exit_code = time.time(), None
        self._again.clear()
        self._changed()

    async def _ended(self) -> int:
        assert self._process is not None
        return await self._process.wait()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._again.wait()

    def _tell(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def _end(self) -> None:
        """A second request to stop ends its patience with what still runs; then it is killed."""
        if self._process is None:
            return
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            self._tell(number)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), STOP_SECONDS / 2)
                return
        await self._process.wait()
