"""What must hold for the repository as a whole: nothing of a machine in it, locks complete, versions agree."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "cogs", "storage")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.txt", "requirements-dev.txt")


@cache
def files() -> tuple[Path, ...]:
    """All that git has or would take; without git (an unpacked archive) all that is not made by a tool."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    found = [ROOT / name for name in names if name] or [
        path for path in ROOT.rglob("*") if not _is_made(path)
    ]
    return tuple(path for path in found if path.is_file())


def _is_made(path: Path) -> bool:
    folders = path.relative_to(ROOT).parts[:-1]
    return bool({"__pycache__", "data"} & {*folders}) or any(
        folder.startswith(".") and folder not in (".ci", ".github") for folder in folders
    )


@cache
def texts() -> dict[str, str]:
    read: dict[str, str] = {}
    for path in files():
        content = path.read_bytes()
        if b"\0" not in content:
            read[path.relative_to(ROOT).as_posix()] = content.decode()
    return read


def locked(name: str) -> dict[str, str]:
    """Version by canonical name of what this interpreter would install."""
    entries = re.sub(r"\\\n", " ", (ROOT / name).read_text())
    requirements = [
        Requirement(line.partition(" --hash")[0]) for line in entries.splitlines() if re.match(r"\w", line)
    ]
    environment = {key: str(value) for key, value in default_environment().items()}
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate(environment)
    }


def declared(group: str | None = None) -> list[Requirement]:
    project = PYPROJECT["project"]
    return [
        Requirement(text)
        for text in (project["optional-dependencies"][group] if group else project["dependencies"])
    ]


def test_no_file_names_a_place_of_somebodys_machine() -> None:
    private = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+|opt/(?:pypi|wheels))/")
    allowed = {"tests/test_repository.py"}
    assert not [name for name, text in texts().items() if name not in allowed and private.search(text)]


def test_no_build_file_names_a_package_index() -> None:
    index = re.compile(r"https?://|file:|--(?:extra-)?index-url|--find-links|--trusted-host")
    for name in LOCKS:
        assert not index.search(texts()[name]), name
    hosts = re.compile(r"--(?:extra-)?index-url|--find-links|pythonhosted\.org|[\w.-]+/simple\b")
    places = [
        name
        for name in texts()
        if name.startswith((".ci/", "Makefile", "Dockerfile", "pyproject", "compose"))
    ]
    assert not [name for name in places if hosts.search(texts()[name])]


def test_nothing_that_a_tool_makes_and_no_secret_is_kept() -> None:
    made = re.compile(r"(^|/)(__pycache__|\.venv|\.cache|node_modules|data)/|\.(pyc|mo|pot|db|log|egg-info)$")
    secret = re.compile(r"(^|/)(\.env|config\.json|secret\.key)$")
    assert not [
        name
        for path in files()
        if made.search(name := path.relative_to(ROOT).as_posix()) or secret.search(name)
    ]


def test_text_files_end_in_one_line_break_and_have_unix_ones() -> None:
    generated = (".json", ".po")
    wrong = [
        name
        for name, text in texts().items()
        if text
        and not name.endswith(generated)
        and ("\r" in text or not text.endswith("\n") or text.endswith("\n\n"))
    ]
    assert not wrong


def test_the_packages_at_the_top_are_the_four_that_are_agreed() -> None:
    packages = {Path(name).parts[0] for name in texts() if name.endswith(".py")}
    assert packages <= {*ROOMS, "tests"}


@pytest.mark.parametrize("name", LOCKS)
def test_each_locked_version_has_its_hashes(name: str) -> None:
    entries = re.sub(r"\\\n", " ", texts()[name]).splitlines()
    assert not [line for line in entries if re.match(r"\w", line) and "--hash=sha256:" not in line]


def test_the_locks_hold_what_the_project_declares() -> None:
    for lock, requirements in ((LOCKS[0], declared()), (LOCKS[1], declared() + declared("dev"))):
        versions = locked(lock)
        wrong = [
            str(requirement)
            for requirement in requirements
            if not requirement.specifier.contains(versions.get(canonicalize_name(requirement.name), "0"))
        ]
        assert not wrong, f"{lock}: run `make lock`"


def test_developers_and_owners_run_the_same_versions() -> None:
    assert locked(LOCKS[0]).items() <= locked(LOCKS[1]).items()


def test_every_import_is_a_declared_dependency() -> None:
    providers = metadata.packages_distributions()
    names = {canonicalize_name(requirement.name) for requirement in declared()}
    undeclared = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in ROOMS
        for module in imported(path)
        if module not in (*ROOMS, *sys.stdlib_module_names)
        and not names & {canonicalize_name(name) for name in providers.get(module, [])}
    }
    assert not undeclared


def imported(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module.partition(".")[0])
    return modules


def test_the_version_is_that_of_the_newest_entry_of_the_changelog() -> None:
    newest = re.search(r"^## \[(.+?)\]", texts()["CHANGELOG.md"], re.MULTILINE)
    assert newest
    assert newest[1] == PYPROJECT["project"]["version"]


def test_every_target_of_the_makefile_says_what_it_does() -> None:
    targets = set(re.findall(r"^\.PHONY: (\S+)$", texts()["Makefile"], re.MULTILINE))
    described = set(re.findall(r"^([a-z-]+):.*  ## \S", texts()["Makefile"], re.MULTILINE))
    assert {"help", "setup", "run", "playground", "test", "check"} <= targets
    assert targets == described


def test_the_build_server_runs_the_same_check_as_everyone() -> None:
    assert "make test" in texts()[".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
