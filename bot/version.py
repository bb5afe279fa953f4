"""The version, as installed or, in a checkout that is not, as `pyproject.toml` says it."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path


def version() -> str:
    try:
        return metadata.version("atelier-bot")
    except metadata.PackageNotFoundError:
        pyproject = tomllib.loads(
            (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
        )
        return str(pyproject["project"]["version"])
