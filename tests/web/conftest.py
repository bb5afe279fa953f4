"""A bot as a process with its web side on, and a client of its HTTP API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, FormData

from bot.apikeys import ApiKeys, Wanted
from bot.images import Requester
from storage.api_keys import ApiKeyRepository
from storage.database import open_database
from storage.rows import ApiKeyRow
from tests.scenarios.conftest import Stage, staged
from tests.scenarios.test_health import free_port

SECRET = "a-secret-for-the-tests-of-the-web"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    body: Any


@dataclass
class Api:
    """`key` goes along with every call; None for nobody's."""

    stage: Stage
    base: str
    http: ClientSession
    key: str | None = None
    language: str = "en"
    sent: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def call(
        self, method: str, path: str, *, json: Any = None, form: FormData | None = None, **headers: Any
    ) -> Answer:
        given = {
            "Accept-Language": self.language,
            **{name.replace("_", "-"): said for name, said in headers.items()},
        }
        if self.key is not None:
            given.setdefault("Authorization", f"Bearer {self.key}")
        address = path if path.startswith("http") else self.base + path
        async with self.http.request(method, address, json=json, data=form, headers=given) as got:
            is_text = "json" in got.content_type
            body = await got.json(content_type=None) if is_text else await got.read()
            return Answer(got.status, got.headers, body)

    async def generate(self, prompt: str = "a fox", **fields: Any) -> str:
        """The job's id."""
        answer = await self.call("POST", "/api/images/generate", json={"prompt": prompt, **fields})
        assert answer.status == 202, answer
        return str(answer.body["job_id"])

    async def finished(self, job_id: str, timeout: float = 30) -> dict[str, Any]:
        """The result once there is one."""
        async with asyncio.timeout(timeout):
            while True:
                answer = await self.call("GET", f"/api/images/result/{job_id}")
                if answer.status != 202:
                    return answer.body
                await asyncio.sleep(0.1)

    async def make_key(
        self, name: str = "tests", member: Any = None, *, made_days_ago: float = 0, **wanted: Any
    ) -> tuple[ApiKeyRow, str]:
        """A new key, made beside the running bot."""
        requester = Requester(user_id=member.id, name=member.name) if member else None
        async with open_database(self.stage.bot.database_url) as database:
            then = time.time() - 86_400 * made_days_ago
            keys = ApiKeys(ApiKeyRepository(database), SECRET, now=lambda: then)
            return await keys.create(Wanted(name=name, actor_id=1, requester=requester, **wanted))


@asynccontextmanager
async def api_of(folder: Path, **environment: str) -> AsyncGenerator[Api]:
    port = free_port()
    settings = {"HTTP_PORT": str(port), "SECRET_KEY": SECRET, **environment}
    async with staged(folder, settings) as stage, ClientSession() as http:
        await stage.bot.start()
        api = Api(stage, f"http://127.0.0.1:{port}", http)
        await well(api)
        yield api
        unexpected = [str(one) for one in stage.discord.deviations]
        assert not unexpected, unexpected


async def well(api: Api, timeout: float = 60) -> None:
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        try:
            if (await api.call("GET", "/health")).status == 200:
                return
        except OSError:
            pass
        await asyncio.sleep(0.05)
    raise AssertionError(api.stage.bot.log()[-4000:])


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """With a key of a service called "tests"."""
    async with api_of(tmp_path / "bot") as made:
        _, made.key = await made.make_key()
        yield made
