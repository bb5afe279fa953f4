"""The API against its own document: schemathesis sends what that allows and what it does not, and reads the answers.

    python -m tests.web.contract [--examples 100]

starts a bot, does so with a key and without one, and prints what came of both. Each example is up to four pictures:
100 of them an operation take some minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.scenarios.process import ROOT
from tests.web.conftest import Api, api_of
from tests.web.test_jobs import a_picture

PHASES = "examples,coverage,fuzzing,stateful"


@dataclass(frozen=True)
class Verdict:
    """What schemathesis says: whether nothing failed, and its report."""

    good: bool
    report: str


@asynccontextmanager
async def to_examine(folder: Path) -> AsyncGenerator[tuple[Api, str]]:
    """A bot with a key that may call often, and the address of a picture that it may fetch; webhooks go there too."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=a_picture(kind="JPEG") if request.method == "GET" else b"")

    app = web.Application()
    app.add_routes([web.route("*", "/picture.jpg", answer)])
    server = TestServer(app)
    await server.start_server()
    try:
        async with api_of(folder, TRUSTED_HOSTS=f"127.0.0.1:{server.port}") as api:
            _, api.key = await api.make_key(per_minute=100_000)
            yield api, str(server.make_url("/picture.jpg"))
    finally:
        await server.close()


async def examine(
    api: Api,
    picture: str,
    folder: Path,
    *,
    key: str | None,
    examples: int,
    phases: str = PHASES,
    seed: int = 1,
) -> Verdict:
    """All of schemathesis' checks, with up to so many examples for each operation."""
    document = folder / "openapi.json"
    document.write_text(json.dumps((await api.call("GET", "/api/openapi.json")).body))
    header = ("--header", f"Authorization: Bearer {key}") if key is not None else ()
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", api.base, *header,
        "--checks", "all", "--max-examples", str(examples), "--phases", phases, "--seed", str(seed),
        "--request-timeout", "30", "--no-color", "--warnings", "off",
        cwd=folder,
        env={
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8",
            "SCHEMATHESIS_HOOKS": "tests.web.contract_hooks", "CONTRACT_PICTURE": picture,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await program.communicate()
    return Verdict(program.returncode == 0, said.decode())


async def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    options.add_argument("--examples", type=int, default=100, help="for each operation and phase")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as name:
        async with to_examine(Path(name) / "bot") as (api, picture):
            for what, key in (("With a key", api.key), ("Without one", None)):
                verdict = await examine(
                    api, picture, Path(name), key=key, examples=chosen.examples, seed=chosen.seed
                )
                print(f"\n## {what}\n\n{verdict.report}")
                good = good and verdict.good
            broken = api.stage.bot.log().count("a web request failed")
            print(f"Requests that broke on our side: {broken}")
            return 0 if good and not broken else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
