"""In a real (pseudo-)terminal: a line that moves, the picture as it grows, Ctrl-C, a question, the viewer, Tab."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_processes import environment
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.replicate_server import FakeReplicate

# What a build server starts in the background may ignore Ctrl-C, and so would everything below it.
_IN_A_TERMINAL = """
import os, pty, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""
CTRL_C = b"\x03"
HALF_BLOCK = "▀"
"""What pictures are made of in a terminal."""


class Terminal:
    def __init__(self, process: Process) -> None:
        self._process, self.shown = process, ""

    async def shows(self, words: str) -> None:
        """Returns when these words have appeared."""
        assert self._process.stdout
        async with asyncio.timeout(60):
            while words not in self.shown:
                read = await self._process.stdout.read(65536)
                assert read, f"{words!r} never came: {self.shown!r}"
                self.shown += read.decode(errors="replace")

    def types(self, keys: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(keys)

    async def ended(self) -> int:
        assert self._process.stdout
        rest = await asyncio.wait_for(self._process.stdout.read(), 60)
        self.shown += rest.decode(errors="replace")
        return await self._process.wait()


@asynccontextmanager
async def terminal(folder: Path, *arguments: str, **settings: str) -> AsyncGenerator[Terminal]:
    command = [sys.executable, "-c", _IN_A_TERMINAL, sys.executable, "-m", "bot", *arguments]
    env = environment(TERM="xterm-256color", COLORTERM="truecolor", COLUMNS="100", LINES="60", **settings)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=env, stdin=PIPE, stdout=PIPE, stderr=STDOUT
    )
    try:
        yield Terminal(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _history(folder: Path) -> dict[str, str]:
    with sqlite3.connect(folder / "data/atelier.db") as database:
        return dict(database.execute("SELECT prompt, state FROM requests").fetchall())


async def test_the_picture_grows_before_it_is_there_and_ctrl_c_ends_it_at_the_vendor(
    atelier: Run, here: Path
) -> None:
    async with FakeOpenAI(key="sk-test") as vendor:
        settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": vendor.url}
        vendor.always(hold_half=True)
        async with terminal(here, "imagine", **settings) as shell:
            await shell.shows("What would you like to see?")
            shell.types(b"a fox\n")
            await shell.shows("Drawing…")
            await shell.shows(HALF_BLOCK)
            assert not list(here.glob("IMG_*"))
            vendor.release()
            assert await shell.ended() == 0
            assert "IMG_0001.png" in shell.shown
        assert int(vendor.calls[0].fields["partial_images"]) > 0
    async with FakeOpenAI(key="sk-test") as vendor:
        vendor.always(hold=True)
        async with terminal(
            here, "imagine", "a slow fox", **{**settings, "OPENAI_BASE_URL": vendor.url}
        ) as shell:
            await vendor.arrived(1)
            await shell.shows("Drawing…")
            shell.types(CTRL_C)
            assert await shell.ended() == 130
            assert "Stopped. What was not made costs nothing." in shell.shown
        await vendor.ended(1)
        assert [call.outcome for call in vendor.calls] == ["abandoned"]
    assert _history(here) == {"a fox": "delivered", "a slow fox": "cancelled"}
    assert (await asyncio.to_thread(atelier, "ledger", "verify")).code == 0


async def test_a_vendor_that_names_its_work_says_how_far_it_is_and_is_told_to_cancel(
    atelier: Run, here: Path
) -> None:
    async with FakeReplicate() as vendor:
        vendor.always("hold")
        settings = {"REPLICATE_API_TOKEN": "r8_test", "REPLICATE_BASE_URL": vendor.url}
        async with terminal(here, "imagine", "a fox", "--language", "fr", **settings) as shell:
            await shell.shows("Dessin en cours… 45\u00a0%")
            shell.types(CTRL_C)
            assert await shell.ended() == 130
            assert "Arrêté." in shell.shown
        assert vendor.cancelled == list(vendor.predictions)
        assert len(vendor.predictions) == 1
        (here / "prompts.txt").write_text("a fox\na boat\n")
        async with terminal(here, "batch", "prompts.txt", **settings) as shell:
            await shell.shows("Go on? [y/N]")
            shell.types(b"n\n")
            assert await shell.ended() == 130
        assert len(vendor.predictions) == 1
    assert _history(here) == {"a fox": "cancelled"}
    assert (await asyncio.to_thread(atelier, "ledger", "verify")).code == 0


async def test_the_owner_is_told_what_only_an_owner_can_mend(here: Path) -> None:
    async with FakeOpenAI(key="sk-test") as vendor:
        settings = {"OPENAI_API_KEY": "sk-bad", "OPENAI_BASE_URL": vendor.url}
        async with terminal(here, "imagine", "a fox", **settings) as shell:
            assert await shell.ended() == 1
            assert "openai does not accept its key or settings. Ask: atelier doctor" in shell.shown


def test_open_shows_the_file(here: Path) -> None:
    viewer = here / "bin/xdg-open"
    viewer.parent.mkdir()
    viewer.write_text('#!/bin/sh\necho "$1" > "$0.shown.part" && mv "$0.shown.part" "$0.shown"\n')
    viewer.chmod(0o755)
    command = [sys.executable, "-m", "bot", "imagine", "a fox", "--open", "--quiet"]
    env = environment()
    ended = subprocess.run(
        command, cwd=here, env={**env, "PATH": f"{viewer.parent}:{env['PATH']}"}, timeout=60, check=False
    )
    assert ended.returncode == 0
    wait = ["sh", "-c", 'while [ ! -e "$1" ]; do sleep 0.05; done', "sh", f"{viewer}.shown"]
    subprocess.run(wait, timeout=30, check=True)
    assert Path(f"{viewer}.shown").read_text() == "IMG_0001.png\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_tab_in_bash_offers_verbs_options_and_what_is_in_the_catalogue(here: Path) -> None:
    (here / "bin").mkdir()
    (here / "bin/atelier").write_text(f'#!/bin/sh\nexec "{sys.executable}" -W ignore -m bot "$@"\n')
    (here / "bin/atelier").chmod(0o755)
    script = """
eval "$(atelier completion bash)"
tab() {
    COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9 COMP_WORDS=($*)
    [ "${COMP_LINE% }" = "$COMP_LINE" ] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    "$(complete -p atelier | sed 's/.*-F \\([^ ]*\\).*/\\1/')" atelier "${COMP_WORDS[COMP_CWORD]}"
    echo "${COMPREPLY[@]}"
}
tab "atelier ill"
tab "atelier imagine --neg"
tab "atelier imagine --style cine"
tab "atelier imagine --model de"
"""
    env = environment()
    env["PATH"] = f"{here}/bin:{env['PATH']}"
    shown = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=here, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    offered = [line.split() for line in shown.stdout.splitlines()]
    assert offered == [["illustrate"], ["--negative"], ["cinematic"], ["demo/studio"]], shown.stderr
    for shell in ("zsh", "fish"):
        said = subprocess.run(
            [f"{here}/bin/atelier", "completion", shell], env=env, capture_output=True, text=True, check=True
        )
        assert "atelier" in said.stdout
        if program := shutil.which(shell):
            subprocess.run([program, "-n"], input=said.stdout, text=True, check=True)
