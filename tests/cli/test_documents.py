"""What the pages on the command line and the library show is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Run

DOCS = Path(__file__).parent.parent.parent / "docs"
PYTHON = re.findall(r"```python\n(.*?)```", (DOCS / "library.md").read_text(), re.DOTALL)
CONSOLE = re.findall(r"```console\n(.*?)```", (DOCS / "command-line.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_python_blocks_run_as_they_stand(block: str) -> None:
    exec(compile(block, "library.md", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("block", CONSOLE, ids=range(len(CONSOLE)))
def test_commands_say_what_the_page_says(block: str, atelier: Run) -> None:
    for command in filter(None, re.split(r"^\$ ", block, flags=re.MULTILINE)):
        typed, _, shown = command.partition("\n")
        program, *arguments = shlex.split(typed)
        if program == "printf":
            Path(arguments[-1]).write_text(arguments[0])
            continue
        ended = atelier(*arguments)
        assert (program, ended.code) == ("atelier", 0), ended.err
        assert not shown or ended.out == shown


def test_there_are_examples() -> None:
    assert len(PYTHON) >= 4
    assert len(CONSOLE) >= 2
