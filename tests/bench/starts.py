"""`python -m tests.bench.starts`: how long the command line and the library take before they do anything, in ms."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.bench.processes import ROOT

STARTS = {
    "python -c pass": ("-c", "pass"),
    "import bot": ("-c", "import bot"),
    "from bot import Atelier": ("-c", "from bot import Atelier"),
    "atelier --help": ("-m", "bot", "--help"),
    "atelier --help --language fr": ("-m", "bot", "--help", "--language", "fr"),
    "atelier imagine --help": ("-m", "bot", "imagine", "--help"),
    "atelier styles": ("-m", "bot", "styles"),
}
TIMES = 11


def main() -> None:
    for name, arguments in STARTS.items():
        taken = [_milliseconds(arguments) for _ in range(TIMES)]
        print(
            f"{name:<30} {statistics.median(taken):6.0f} ms   (best {min(taken):.0f}, worst {max(taken):.0f})"
        )


def _milliseconds(arguments: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
