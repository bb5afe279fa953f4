"""`python -m tests.cli.twenty FOLDER COUNT`: so many processes at once ask for a picture each, into the same folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bot import cli, library, workshop


def main(folder: Path, count: int) -> int:
    """How many of them failed. Forked when everything is loaded, so that they really meet."""
    assert all((library, workshop))
    ready, go = os.pipe()
    children = [_child(folder, number, (ready, go)) for number in range(count)]
    os.close(ready)
    os.close(go)  # all begin when the last writer has gone
    return sum(os.waitpid(child, 0)[1] != 0 for child in children)


def _child(folder: Path, number: int, gate: tuple[int, int]) -> int:
    child = os.fork()
    if child:
        return child
    ready, go = gate
    os.close(go)
    os.read(ready, 1)
    code = cli.main(["imagine", f"fox number {number}", "--out", str(folder), "--quiet"])
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
