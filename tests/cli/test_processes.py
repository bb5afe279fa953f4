"""The command line as processes of their own: many at once, interrupted, killed. Beside a bot: tests/scenarios."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bot.errands import SILENT_SECONDS
from tests.cli.conftest import Run

# What a shell starts in the background ignores it, and so would all that these tests start.
_HEARS_CTRL_C = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from bot.cli import main
sys.exit(main())
"""

ROOT = Path(__file__).parent.parent.parent


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DEMO_LATENCY_SECONDS": "0", **more}


def test_twenty_at_once_into_one_folder_are_twenty_files_without_a_gap(atelier: Run, here: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.cli.twenty", "pictures", "20"]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment(), check=False
    )
    assert ended.returncode == 0, ended.stderr
    names = [f"IMG_{number:04}.png" for number in range(1, 21)]
    assert sorted(path.name for path in (here / "pictures").iterdir()) == names
    assert sorted(ended.stdout.split()) == [f"pictures/{name}" for name in names]
    assert len({path.read_bytes() for path in (here / "pictures").iterdir()}) == 20
    assert atelier("usage", "--json").out.count('"images": 20')
    assert atelier("ledger", "verify").out == "The ledger adds up.\n"
    print(f"20 processes at once: {names[0]} to {names[-1]}, 20 files, no gap, 20 different pictures")


def drawing(folder: Path, seconds: float) -> subprocess.Popen[str]:
    """One that is at the vendor's when this returns."""
    command = [sys.executable, "-c", _HEARS_CTRL_C, "imagine", "a slow fox"]
    pipe = subprocess.PIPE
    env = environment(DEMO_LATENCY_SECONDS=str(seconds))
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=folder, env=env)
    until_drawing(folder / "data/atelier.db", lambda: process.poll() is not None)
    return process


def until_drawing(database: Path, has_ended: Callable[[], bool]) -> None:
    """Until the newest request is at the vendor's, or its process is gone."""
    while not has_ended() and _state_of(database) != "rendering":
        time.sleep(0.05)


def _state_of(database: Path) -> str | None:
    if not database.exists():
        return None
    with sqlite3.connect(database) as connection:
        try:
            found = connection.execute("SELECT state FROM requests ORDER BY created_at DESC").fetchone()
        except sqlite3.OperationalError:  # its tables are being made
            return None
    return found[0] if found else None


def test_ctrl_c_ends_it_at_the_vendor_and_releases_everything(atelier: Run, here: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        process = drawing(here, 60)
        process.send_signal(number)
        out, err = process.communicate(timeout=90)
        assert (process.returncode, out, err) == (130, "", "Stopped. What was not made costs nothing.\n")
        assert json.loads(atelier("history", "--json").out)[0]["state"] == "cancelled"
        assert atelier("ledger", "verify").code == 0


def test_what_a_killed_one_held_is_released_by_the_next_but_never_that_of_a_living_one(
    atelier: Run, here: Path
) -> None:
    process = drawing(here, 60)
    assert atelier("imagine", "another").code == 0
    assert {one["state"] for one in json.loads(atelier("history", "--json").out)} == {
        "rendering",
        "delivered",
    }
    process.kill()
    process.communicate()
    with sqlite3.connect(here / "data/atelier.db") as connection:  # a minute later
        connection.execute("UPDATE requests SET updated_at = updated_at - ?", (SILENT_SECONDS,))
    newest, killed = json.loads(atelier("history", "--json").out)
    assert (newest["state"], killed["state"], killed["pictures"]) == ("delivered", "failed", [])
    assert atelier("ledger", "verify").code == 0
