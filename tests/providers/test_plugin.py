"""The provider that `docs/add-a-provider.md` shows, taken from the page: installed, found, and drawn with."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.errors import Misconfigured, PolicyRefusal, RateLimited, StartupError
from bot.images import ImageRequest, Kind
from bot.media import Pixels
from bot.providers.base import RenderCall
from bot.providers.registry import BUILT_IN, Parts, build_providers, open_catalog, plugins
from bot.settings import load_settings
from tests.fakes.openai_pictures import picture
from tests.providers.calls import Previews

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "add-a-provider.md").read_text(encoding="utf-8")


def block(language: str, number: int = 0) -> str:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[number]


def install(folder: Path, target: str = "atelier_acme:acme") -> None:
    (folder / "acme.toml").write_text(block("toml"), encoding="utf-8")
    (folder / "atelier_acme.py").write_text(block("python"), encoding="utf-8")
    about = folder / "atelier_acme-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: atelier-acme\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[atelier.providers]\nacme = {target}\n")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "atelier_acme", raising=False)
    monkeypatch.setenv("ACME_API_KEY", "acme-key")
    return tmp_path


@asynccontextmanager
async def acme(
    status: int = 200, body: dict[str, object] | None = None
) -> AsyncGenerator[tuple[str, list[object]]]:
    asked: list[object] = []

    async def draw(request: web.Request) -> web.Response:
        asked.append(await request.json())
        assert request.headers["Authorization"] == "Bearer acme-key"
        drawn = base64.b64encode(picture("1024x1024", "png")).decode()
        return web.json_response(body or {"id": "a-1", "picture": drawn}, status=status)

    app = web.Application()
    app.add_routes([web.post("/v1/draw", draw)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}", asked
    await runner.cleanup()


async def draw(folder: Path) -> tuple[int, int]:
    settings = load_settings({}, folder)
    catalog = open_catalog(settings)
    async with aiohttp.ClientSession() as http:
        with contextlib.closing(Pixels()) as pixels:
            parts = Parts(settings=settings, http=http, pixels=pixels)
            provider = build_providers(catalog, parts)["acme"]
            request = catalog.check(ImageRequest(kind=Kind.GENERATE, prompt="a fox", model="brush", seed=5))
            call = RenderCall(request=request, model=catalog.find("brush"), prompt="a fox")
            rendering = await provider.render(call, Previews())
            await provider.close()
    return rendering.images[0].width, rendering.cost_microusd


async def test_the_pages_provider_draws(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with acme() as (url, asked):
        monkeypatch.setenv("ACME_BASE_URL", url)
        assert await draw(installed) == (1024, 20_000)
    assert asked == [{"prompt": "a fox", "size": "1024x1024", "seed": 5}]


@pytest.mark.parametrize(
    ("status", "body", "becomes"),
    [
        (401, {"reason": "who are you"}, Misconfigured),
        (429, {"reason": "slow down"}, RateLimited),
        (400, {"reason": "unsafe", "text": "not this"}, PolicyRefusal),
    ],
)
async def test_its_refusals_become_ours(
    installed: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: dict[str, object],
    becomes: type[Exception],
) -> None:
    async with acme(status, body) as (url, _):
        monkeypatch.setenv("ACME_BASE_URL", url)
        with pytest.raises(becomes):
            await draw(installed)


def test_without_its_key_the_demo_stays(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME_API_KEY")
    assert open_catalog(load_settings({}, installed)).providers == ("demo",)


def test_the_command_line_lists_it(installed: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{installed}:{ROOT}", "ACME_API_KEY": "k"}
    done = subprocess.run(
        [sys.executable, "-m", "bot", "models"],
        cwd=installed,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Acme (acme): ready\n  acme/brush ")
    assert "OpenAI (openai): needs OPENAI_API_KEY" in done.stdout


def test_an_entry_point_that_is_no_plugin_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, target="atelier_acme:nothing")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "atelier_acme", raising=False)
    with pytest.raises(StartupError) as caught:
        plugins()
    assert caught.value.what == "bad_plugin"


def test_servers_on_the_page_are_a_catalogue_that_works(tmp_path: Path) -> None:
    (tmp_path / "catalog.toml").write_text(block("toml", 2), encoding="utf-8")
    catalog = open_catalog(load_settings({"CATALOG_FILE": "catalog.toml"}, tmp_path), {})
    assert catalog.providers == ("shed",)
    assert catalog.default(Kind.GENERATE).id == "shed/sd-turbo"


@pytest.mark.parametrize("sdk", ["openai", "google.genai", "httpx2"])
def test_no_sdk_is_loaded_before_its_provider_is_made(sdk: str) -> None:
    program = f"import sys, bot.providers.registry, bot.wiring; sys.exit({sdk!r} in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{sdk} is loaded at start {done.stderr}"


async def test_every_built_in_provider_is_made_from_its_settings_alone(tmp_path: Path) -> None:
    said = {
        "OPENAI_API_KEY": "sk-abcdefgh",
        "GEMINI_API_KEY": "AIza-abcdefgh",
        "REPLICATE_API_TOKEN": "r8_abcdefgh",
        "STABILITY_API_KEY": "sk-abcdefgh",
        "A1111_BASE_URL": "http://user:pass@127.0.0.1:7860",
    }
    settings = load_settings(said, tmp_path)
    catalog = open_catalog(settings, {})
    async with aiohttp.ClientSession() as http:
        with contextlib.closing(Pixels()) as pixels:
            made = build_providers(catalog, Parts(settings=settings, http=http, pixels=pixels), {})
            assert {*made, "demo"} == set(BUILT_IN)
            assert all(provider.name == name for name, provider in made.items())
            for provider in made.values():
                await provider.close()
