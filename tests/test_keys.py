"""Keys that people bring: tested first, never readable at rest, gone when they are taken away."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.errors import BadKey, Misconfigured
from bot.keys import OwnKeys, probes
from bot.providers.base import PreviewSink, Provider, RenderCall, Rendering
from bot.vault import Vault
from storage.database import Database, open_database
from storage.keys import KeyRepository

GOOD = "sk-good-key-1234"
PATHS = ("/openai/v1/models", "/gemini/v1beta/models", "/replicate/v1/account", "/stability/v1/user/balance")


class Keyed:
    """Only remembers its key: drawing is not what is tried here."""

    name = "openai"

    def __init__(self, key: str) -> None:
        self.key, self.closed = key, False

    async def render(self, call: RenderCall, preview: PreviewSink) -> Rendering:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
async def vendors() -> AsyncGenerator[str]:
    """All four free calls: 200 for the good key, 401 for another, 500 where the path says so."""

    async def ask(request: web.Request) -> web.Response:
        said = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.headers.get(
            "x-goog-api-key"
        )
        return web.json_response(
            {}, status=200 if said == GOOD else 500 if said == "sk-broken-vendor" else 401
        )

    app = web.Application()
    for path in PATHS:
        app.router.add_get(path, ask)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    async with open_database(f"sqlite:///{tmp_path / 'atelier.db'}") as opened:
        yield opened


@pytest.fixture
async def keys(vendors: str, database: Database) -> AsyncGenerator[OwnKeys]:
    def build(name: str, key: str) -> Provider:
        return Keyed(key)

    bases = {
        "openai": f"{vendors}/openai/v1", "gemini": f"{vendors}/gemini", "replicate": f"{vendors}/replicate",
        "stability": f"{vendors}/stability", "demo": vendors,
    }  # fmt: skip
    async with aiohttp.ClientSession() as http:
        yield OwnKeys(
            KeyRepository(database), Vault("secret", "provider-key"), build=build, probes=probes(bases), http=http,
            members_may=False,
        )  # fmt: skip


@pytest.mark.parametrize("provider", ["openai", "gemini", "replicate", "stability"])
async def test_a_good_key_is_saved_and_pays(keys: OwnKeys, database: Database, provider: str) -> None:
    assert await keys.save("guild:5", provider, f" {GOOD}\n", guild_id=5, actor_id=7) == "1234"
    assert await keys.payer(provider, 1, 5) == "guild:5"
    assert await keys.payer(provider, 1, 6) is None
    made = await keys.provider("guild:5", provider)
    assert isinstance(made, Keyed)
    assert made.key == GOOD
    assert await keys.provider("guild:5", provider) is made
    (row,) = await keys.of("guild:5")
    assert GOOD.encode() not in row.sealed
    assert GOOD not in repr(row)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("sk-wrong-key-9999", "refused"),
        ("sk-broken-vendor", "unreachable"),
        ("short", "empty"),
        ("clé-é-è-à-ù-ô", "empty"),
    ],
)
async def test_a_bad_key_is_not_saved(keys: OwnKeys, key: str, problem: str) -> None:
    with pytest.raises(BadKey) as caught:
        await keys.save("guild:5", "openai", key, guild_id=5, actor_id=7)
    assert caught.value.problem == problem
    assert await keys.of("guild:5") == []


async def test_a_key_that_was_taken_away_pays_no_more(keys: OwnKeys) -> None:
    await keys.save("guild:5", "openai", GOOD, guild_id=5, actor_id=7)
    assert await keys.payer("openai", 1, 5) == "guild:5"
    assert await keys.remove("guild:5", "openai", guild_id=5, actor_id=7)
    assert await keys.payer("openai", 1, 5) is None
    with pytest.raises(Misconfigured):
        await keys.provider("guild:5", "openai")


async def test_members_and_unknown_providers_are_refused(keys: OwnKeys) -> None:
    with pytest.raises(BadKey, match="closed"):
        await keys.save("user:1", "openai", GOOD, guild_id=0, actor_id=1)
    with pytest.raises(BadKey, match="provider"):
        await keys.save("guild:5", "demo", GOOD, guild_id=5, actor_id=1)
