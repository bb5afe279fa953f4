"""The wheel and the sdist: complete, and at work in an environment of its own, far from the checkout."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.media import inspect
from tests.fakes.openai_server import FakeOpenAI
from tests.test_repository import PYPROJECT, ROOMS, ROOT, files


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, it unpacked, and the wheel that was built from it, as `pip` builds one."""
    folder = tmp_path_factory.mktemp("built")
    _hatch(ROOT, "sdist", folder)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    _hatch(_unpacked(folder), "wheel", folder)
    return folder


def _hatch(project: Path, target: str, into: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    subprocess.run(command, cwd=project, check=True, capture_output=True, timeout=60)


def _unpacked(folder: Path) -> Path:
    return next(path for path in folder.iterdir() if path.is_dir())


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel and, besides, only what the wheel depends on."""

    python: Path
    packages: Path

    def run(
        self, folder: Path, *arguments: str, program: str = "atelier", **more: str
    ) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "DEMO_LATENCY_SECONDS": "0", **more}
        return subprocess.run(
            [self.python.with_name(program), *arguments],
            capture_output=True, text=True, cwd=folder, env=environment, timeout=60, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin/python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install"]
    wheel = str(next(built.glob("*.whl")))
    subprocess.run(
        [*install, "--quiet", "--no-deps", "--no-index", wheel], check=True, capture_output=True, timeout=60
    )
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())
    # What it depends on, as it is installed here, without the network. Lines of a .pth there are not read, so that the
    # checkout, which is installed here in that way, stays out of sight.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return Installed(python, packages)


def test_the_sdist_holds_what_was_written_and_nothing_that_was_made(built: Path) -> None:
    top = _unpacked(built)
    held = {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}
    ours = {path.relative_to(ROOT).as_posix() for path in files()}
    assert (held - ours, ours - held) == ({"PKG-INFO"}, set())


def test_the_wheel_holds_every_file_of_the_three_rooms_and_no_other(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    ours = {path.relative_to(ROOT).as_posix() for path in files()}
    assert held == {name for name in ours if name.partition("/")[0] in ROOMS}


def test_it_draws_far_from_the_checkout(installed: Installed, tmp_path: Path) -> None:
    drawn = installed.run(tmp_path, "imagine", "a fox", "--json")
    assert drawn.returncode == 0, drawn.stderr
    told = json.loads(drawn.stdout)
    assert (told["model"], told["pictures"][0]["path"]) == ("demo/studio", "IMG_0001.png")
    assert inspect((tmp_path / "IMG_0001.png").read_bytes())[0] == "image/png"
    assert installed.run(tmp_path, "ledger", "verify").stdout == "The ledger adds up.\n"
    said = installed.run(tmp_path, "version").stdout
    assert said == f"atelier {PYPROJECT['project']['version']}\n"


async def test_it_draws_with_an_openai_shaped_server(installed: Installed, tmp_path: Path) -> None:
    async with FakeOpenAI(key="sk-test") as vendor:
        settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": vendor.url}
        drawn = await asyncio.to_thread(installed.run, tmp_path, "imagine", "a fox", "--quiet", **settings)
    assert (drawn.returncode, drawn.stdout) == (0, "IMG_0001.png\n"), drawn.stderr
    assert [call.fields["prompt"] for call in vendor.calls] == ["a fox"]
    assert vendor.violations == []


def test_it_is_a_library_whose_files_are_its_own(installed: Installed, tmp_path: Path) -> None:
    script = """
import bot
from bot import BlockingAtelier
from bot.i18n import texts_for
with BlockingAtelier() as atelier:
    print(bot.__file__, "cinematic" in atelier.styles(), len(atelier.generate("a fox").picture.data) > 1000)
print(texts_for("fr")("NO PICTURE"))
"""
    ran = installed.run(tmp_path, "-W", "error", "-c", script, program="python")
    assert ran.returncode == 0, ran.stderr
    where, styles, drawn, french = ran.stdout.replace("\n", " ").split(maxsplit=3)
    assert Path(where).is_relative_to(installed.packages)
    assert (styles, drawn, french) == ("True", "True", "PAS D’IMAGE ")
