"""The clients that people already have: the documented Python program and curl calls, run as the processes they are.

`mission/` holds them word for word. Changed are the base address, the header with the key, what stands for an example
in them (the job's id, the address of the photo), and one apostrophe that ends a shell's quotes in the first curl call.
"""

from __future__ import annotations

import asyncio
import difflib
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.web.conftest import Api, api_of
from tests.web.test_jobs import a_picture, opened

MISSION = Path(__file__).parent / "mission"
DOCUMENTED = "http://localhost:9006"


@pytest.fixture
async def photo() -> AsyncIterator[TestServer]:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=a_picture(320, 240, "JPEG"), content_type="image/jpeg")

    app = web.Application()
    app.add_routes([web.get("/photo.jpg", answer)])
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


async def output(*command: str, **environment: str) -> str:
    """What the program prints. Fails when it does."""
    program = await asyncio.create_subprocess_exec(
        *command,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await asyncio.wait_for(program.communicate(), 60)
    assert program.returncode == 0, complained.decode()
    return said.decode()


def python_client(api: Api) -> str:
    """The documented program with another address, and the key beside each address that it calls."""
    text = (MISSION / "client.py.txt").read_text().replace(DOCUMENTED, api.base)
    return re.sub(r'(f"\{API_URL\}[^"]*")', r'\1, headers={"X-API-Key": KEY}', text).replace(
        "import time\n", f"import time\nKEY = {api.key!r}\n", 1
    )


def curl_calls(api: Api, photo: str) -> list[str]:
    text = (MISSION / "calls.sh.txt").read_text()
    assert text.count("l'espace") == 1
    text = text.replace("l'espace", "l’espace").replace(DOCUMENTED, api.base)
    text = text.replace("https://example.com/photo.jpg", photo)
    return [
        call.replace("curl", f'curl -H "X-API-Key: {api.key}"', 1)
        for call in re.split(r"\n\n(?=curl)", text.strip())
    ]


async def python_ends_with_a_picture(api: Api, folder: Path) -> None:
    text = python_client(api)
    lines = (MISSION / "client.py.txt").read_text().splitlines()
    changed = [line for line in difflib.ndiff(lines, text.splitlines()) if line.startswith("+")]
    assert len(changed) == 5, "an address, a key, and the header of three calls"
    program = folder / "client.py"
    program.write_text(text)
    said = await output(sys.executable, str(program))
    print(said)
    assert "📊 Statut : COMPLETED - 1 picture was made" in said
    assert "- Modèle : demo/studio" in said
    assert "- Dimensions : 1024x1024" in said
    (url,) = re.findall(r"- URL : (\S+)", said)
    picture = await api.call("GET", url, Authorization="")
    assert opened(picture.body).size == (1024, 1024)


async def curl_ends_with_pictures(api: Api, photo: TestServer) -> None:
    if shutil.which("curl") is None:
        print("there is no curl on this machine: its calls were not made")
        return
    simple, multimodal, status, result, health = curl_calls(api, str(photo.make_url("/photo.jpg")))

    async def run(call: str, job_id: str = "") -> dict[str, Any]:
        said = await output("sh", "-c", call.replace("img_abc123xyz", job_id))
        print(f"$ {call}\n{said}")
        return json.loads(said)

    for create, count, shape, kind in ((simple, 1, "1024x1024", "PNG"), (multimodal, 2, "1792x1024", "JPEG")):
        made = await run(create)
        assert made["status"] == "PENDING"
        told = await run(status, made["job_id"])
        assert {*told} == {"job_id", "status", "message", "progress", "created_at", "updated_at"}
        await api.finished(made["job_id"])
        done = await run(result, made["job_id"])
        assert (done["status"], len(done["images"])) == ("COMPLETED", count)
        for picture in done["images"]:
            data = (await api.call("GET", picture["url"], Authorization="")).body
            drawn = opened(data)
            assert (drawn.format, picture["format"]) == (kind, kind)
            assert (f"{drawn.width}x{drawn.height}", picture["dimensions"]) == (shape, shape)
            assert len(data) == picture["size_bytes"]
    assert (await run(health))["status"] == "healthy"


async def test_what_is_documented_ends_with_pictures(tmp_path: Path, photo: TestServer) -> None:
    async with api_of(tmp_path / "bot", TRUSTED_HOSTS=f"127.0.0.1:{photo.port}") as api:
        _, api.key = await api.make_key()
        await asyncio.gather(python_ends_with_a_picture(api, tmp_path), curl_ends_with_pictures(api, photo))
        assert not await api.stage.differences()
