"""A folder of one's own with nothing in it, the demo without its pause, and the command line in this very process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from bot import cli


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """What a verb does to this process's logs is undone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEMO_LATENCY_SECONDS", "0")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield tmp_path
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Run = Callable[..., Ended]


@pytest.fixture
def atelier(capsys: pytest.CaptureFixture[str]) -> Run:
    """`atelier("imagine", "a fox")` as typed in a terminal that is none."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        try:
            code = cli.main(arguments)
        except SystemExit as error:  # argparse's own way out
            code = int(error.code or 0)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return run
