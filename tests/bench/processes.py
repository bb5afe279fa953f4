"""What a running program costs, as Linux counts it: processor time and memory of a process and all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PYTHON = sys.executable
_TICKS = os.sysconf("SC_CLK_TCK")
_KIB = 1024


def tree(pid: int) -> list[int]:
    """The process and its descendants that live now."""
    found, waiting = [pid], [pid]
    while waiting:
        folder = Path(f"/proc/{waiting.pop()}/task")
        with contextlib.suppress(OSError):
            for thread in folder.iterdir():
                children = [int(word) for word in (thread / "children").read_text().split()]
                found += children
                waiting += children
    return found


def cpu_seconds(pid: int) -> float:
    """Of all threads of the tree, user and system, ended children included; in steps of 10 ms."""
    total = 0
    for one in tree(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(field) for field in fields[11:15])
    return total / _TICKS


def memory_mb(pid: int) -> float:
    """Proportional share of what the tree holds in memory, in MB of 10**6 bytes."""
    return sum(_field(one, "smaps_rollup", "Pss") for one in tree(pid)) / 1e6


def peak_mb(pid: int) -> float:
    """The most that was resident since `forget_peak`, added up over the tree."""
    return sum(_field(one, "status", "VmHWM") for one in tree(pid)) / 1e6


def forget_peak(pid: int) -> None:
    for one in tree(pid):
        with contextlib.suppress(OSError):
            Path(f"/proc/{one}/clear_refs").write_text("5")


def _field(pid: int, file: str, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * _KIB
    return 0


def listen_to_crowds(address: str, port: int) -> None:
    """Let a listening socket of this process queue 1024 connections: of 200 at once, aiohttp's 128 turn some away.

    What is turned away comes back after a second, and that second would be counted as the bot's.
    """
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if not str(descriptor.readlink()).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(descriptor.name))) as found:
                listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                if listens and found.getsockname()[:2] == (address, port):
                    found.listen(1024)


class Program:
    """A Python program of ours that was started, with its output in a file."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process, self._log = process, log

    @classmethod
    async def start(cls, arguments: Sequence[str], log: Path, environment: Mapping[str, str]) -> Program:
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                PYTHON,
                *arguments,
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "HOME": str(log.parent), **environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )
        return cls(process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def check_alive(self) -> None:
        if self._process.returncode is not None:
            raise RuntimeError(f"a program ended with {self._process.returncode}:\n{self.log()[-3000:]}")

    def tell(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Its exit code, once it has one."""
        return await self._process.wait()

    async def kill(self) -> None:
        """Kill -9: for what would first finish its work."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), 20)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
