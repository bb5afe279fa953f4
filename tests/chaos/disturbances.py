"""What goes wrong around a bot besides kills: Discord and vendors that answer badly, a full disk, a jumping clock."""

from __future__ import annotations

import asyncio
import contextlib
import random
import resource
from collections import Counter
from pathlib import Path

from bot.playground.sockets import SimulatedDiscord
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.replicate_server import FakeReplicate

_FULL_SECONDS = 2.5
_FULL_BYTES = 8192
_JUMPS_SECONDS = (-10_800, -600, 600, 10_800, 93_600)


class Trouble:
    """One disturbance before each blow, drawn by `dice`."""

    def __init__(
        self, discord: SimulatedDiscord, openai: FakeOpenAI, replicate: FakeReplicate, dice: random.Random
    ) -> None:
        self._discord, self._openai, self._replicate, self._dice = discord, openai, replicate, dice
        self.caused = Counter[str]()

    def cause(self) -> None:
        faults = self._discord.faults
        causes = {
            "answer lost": lambda: faults.lose_answer(method="PATCH", times=2),
            "edit 503": lambda: faults.fail(503, method="PATCH", times=2),
            "edit cut": lambda: faults.drop(method="PATCH", times=2),
            "edit slow": lambda: faults.slow(1.0, method="PATCH", times=4),
            "vendor 500": lambda: self._openai.answers(status=500),
            "vendor 429": lambda: self._openai.answers(status=429, code="rate_limit_exceeded"),
            "vendor cut": lambda: self._openai.answers(drop="half"),
            "job vendor 503": lambda: self._replicate.will("down"),
            "job vendor half": lambda: self._replicate.will("half"),
        }
        what = self._dice.choice(("nothing", *causes))
        if what in causes:
            causes[what]()
            self.caused[what] += 1


async def fill_disk(pid: int) -> None:
    """For a few seconds no file of that process grows past a few KB: its writes fail as on a disk that is full.

    A limit of the kernel on the living process, so that the errors come from SQLite's and our own real writes.
    """
    with contextlib.suppress(ProcessLookupError):
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_FULL_BYTES, hard))
        await asyncio.sleep(_FULL_SECONDS)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


class WallClock:
    """The clock on the wall as a bot started with `environment` reads it: set anew, as people and time servers do."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file, self._dice, self._ahead = folder / "clock", dice, 0
        self._file.write_bytes(_shown(0))

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(Path(__file__).with_name("wall_clock")), "CHAOS_CLOCK": str(self._file)}

    def jump(self) -> str:
        """Forward or back by minutes or hours; which."""
        seconds = self._dice.choice(_JUMPS_SECONDS)
        self._ahead += seconds
        with self._file.open("r+b") as file:
            # In place, and always as long: the bot has it in its memory.
            file.write(_shown(self._ahead))
        return f"clock {seconds / 3600:+.1f} h"


def _shown(seconds: int) -> bytes:
    return b"%+12d" % seconds
