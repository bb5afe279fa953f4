"""Webhooks reach their receiver once, whatever dies or fails on the way, and can be told from forged ones."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from storage.database import open_database
from storage.webhooks import WebhookRepository
from tests.scenarios.test_backup_verbs import type_verb
from tests.web.conftest import Api, api_of, well


@dataclass
class Receiver:
    """Answers with the next of `script`, 200 when it is empty; None keeps the call waiting for ever."""

    script: list[int | None] = field(default_factory=list[int | None])
    calls: list[tuple[dict[str, str], bytes, int]] = field(
        default_factory=list[tuple[dict[str, str], bytes, int]]
    )
    url: str = ""
    hosts: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        status = self.script.pop(0) if self.script else 200
        self.calls.append((dict(request.headers), body, status or 0))
        self.news.set()
        if status is None:
            await asyncio.Event().wait()
        return web.Response(status=status or 500)

    @property
    def heard(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body, status in self.calls if status == 200]

    async def until(self, count: int, *, heard: bool = True, timeout: float = 40) -> None:
        async with asyncio.timeout(timeout):
            while len(self.heard if heard else self.calls) < count:
                self.news.clear()
                await self.news.wait()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.add_routes([web.post("/hook", made.handle)])
    async with TestServer(app, shutdown_timeout=0.1) as server:
        made.url, made.hosts = str(server.make_url("/hook")), f"127.0.0.1:{server.port}"
        yield made


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Written from the Standard Webhooks page, not from our code."""
    sent = {name.lower(): value for name, value in headers.items()}
    text = b".".join([sent["webhook-id"].encode(), sent["webhook-timestamp"].encode(), body])
    key = base64.b64decode(secret.split("_")[1]) if secret.startswith("whsec_") else secret.encode()
    expected = "v1," + base64.b64encode(hmac.digest(key, text, "sha256")).decode()
    return (
        expected in sent["webhook-signature"].split(" ")
        and abs(time.time() - int(sent["webhook-timestamp"])) < 60
    )


async def webhook_secret(api: Api, key_id: str) -> str:
    """As the command line shows it."""
    code, said = await type_verb(api.stage, "webhooks", "secret", key_id)
    assert code == 0, said
    return said.strip()


async def states(api: Api) -> dict[str, int]:
    async with open_database(api.stage.bot.database_url) as database:
        return await WebhookRepository(database).counts()


async def test_a_kill_before_the_webhook_and_five_failures_end_in_one_delivery(
    tmp_path: Path, receiver: Receiver
) -> None:
    settings = {"TRUSTED_HOSTS": receiver.hosts, "WEBHOOK_RETRY_SECONDS": "0.05"}
    async with api_of(tmp_path / "bot", **settings) as api:
        row, api.key = await api.make_key()
        receiver.script[:] = [None, 500, 500, 500, 500, 500]
        job_id = await api.generate("a fox", webhook_url=receiver.url)
        assert (await api.finished(job_id))["status"] == "COMPLETED"
        await receiver.until(1, heard=False)
        await api.stage.bot.kill()
        print("killed -9 after COMPLETED, while the webhook was on its way")
        await api.stage.bot.start()
        await well(api)
        await receiver.until(1)
        await asyncio.sleep(1)
        statuses = [status for _, _, status in receiver.calls]
        print("the receiver answered", statuses)
        assert statuses == [0, 500, 500, 500, 500, 500, 200]
        assert len({headers["webhook-id"] for headers, _, _ in receiver.calls}) == 1
        secret = await webhook_secret(api, row.id)
        assert all(is_signed(secret, headers, body) for headers, body, _ in receiver.calls)
        headers, body, _ = receiver.calls[-1]
        assert not is_signed(secret, headers, body + b" ")
        assert "X-Webhook-Secret" not in headers
        (told,) = receiver.heard
        assert (told["job_id"], told["status"], told["environment"]) == (job_id, "completed", "production")
        assert told["data"]["images"][0]["file_path"] == f"./generated_images/{job_id}/image_1.png"
        picture = await api.call("GET", told["data"]["images"][0]["url"], Authorization="")
        assert picture.body.startswith(b"\x89PNG")
        assert await states(api) == {"delivered": 1}
        await a_kill_before_the_webhook_was_even_queued(api, receiver)


def held_once_rendered(database: Path, job_id: str) -> sqlite3.Connection | None:
    """Lets nobody write from the moment at which the job is settled; None when its webhook was quicker."""
    # It does not wait for its turn, which would be too late, but tries again at once.
    connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False, timeout=0)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        time.sleep(0.0001)
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            continue
        queued = connection.execute("SELECT 1 FROM webhooks WHERE request_id = ?", [job_id]).fetchone()
        (state,) = connection.execute("SELECT state FROM requests WHERE id = ?", [job_id]).fetchone()
        if state == "rendered" and not queued:
            return connection
        connection.execute("ROLLBACK")
        if queued:
            break
    connection.close()
    return None


async def a_kill_before_the_webhook_was_even_queued(api: Api, receiver: Receiver) -> None:
    """Between the end of the job and the row of its webhook there is a moment: it is made longer to be hit."""
    for attempt in range(1, 21):
        heard = len(receiver.calls)
        job_id = await api.generate(f"fox {attempt}", webhook_url=receiver.url)
        held = await asyncio.to_thread(held_once_rendered, api.stage.bot.database, job_id)
        if held is not None:
            break
        await receiver.until(heard + 1, heard=False)
    else:
        raise AssertionError("the moment was missed twenty times")
    status = await api.call("GET", f"/api/images/status/{job_id}")
    assert status.body["status"] == "COMPLETED"
    await api.stage.bot.kill()
    held.close()
    print(f"killed -9 after COMPLETED and before the webhook was queued (attempt {attempt})")
    assert len(receiver.calls) == heard
    await api.stage.bot.start()
    await well(api)
    await receiver.until(heard + 1, heard=False)
    await asyncio.sleep(1)
    told = [json.loads(body)["job_id"] for _, body, _ in receiver.calls[heard:]]
    assert told == [job_id]
    assert not await api.stage.differences()


async def test_the_owner_is_told_in_the_missions_json_with_the_owners_secret(
    tmp_path: Path, receiver: Receiver
) -> None:
    trouble = tmp_path / "trouble.json"
    settings = {
        "WEBHOOK_URL": receiver.url,
        "WEBHOOK_SECRET": "sorami-webhook-secret-key-2025",
        "ENVIRONMENT": "development",
        "TRUSTED_HOSTS": receiver.hosts,
        "DEMO_TROUBLE_FILE": str(trouble),
    }
    async with api_of(tmp_path / "bot", **settings) as api:
        _, api.key = await api.make_key()
        job_id = await api.generate("two", num_images=2, webhook_url=receiver.url, webhook_progress=True)
        await api.finished(job_id)
        # News of the second picture may be overtaken by the end.
        while (words := [one["status"] for one in receiver.heard]).count("completed") < 2 or (
            "generating" not in words
        ):
            await receiver.until(len(words) + 1)
        assert words.count("completed") == 2
        assert words.count("generating") in (1, 2, 3)
        progress = [one for one in receiver.heard if one["status"] == "generating"]
        assert all({*one} == {"job_id", "status", "timestamp", "progress", "message"} for one in progress)
        mine = [call for call in receiver.calls if "X-Webhook-Secret" in call[0]]
        assert len(mine) == 1
        headers, body, _ = mine[0]
        assert headers["X-Webhook-Secret"] == "sorami-webhook-secret-key-2025"
        assert is_signed("sorami-webhook-secret-key-2025", headers, body)
        told = json.loads(body)
        assert {*told} == {"job_id", "status", "timestamp", "environment", "data"}
        assert {*told["data"]} == {"job_id", "images", "metadata", "status", "generated_at"}
        assert told["environment"] == "development"
        trouble.write_text(json.dumps({"fail": "policy"}))
        before = len(receiver.calls)
        failed = await api.generate("refused", webhook_url=receiver.url)
        assert (await api.finished(failed))["status"] == "FAILED"
        await receiver.until(before + 2, heard=False)
        last = json.loads(receiver.calls[-1][1])
        assert {*last} == {"job_id", "status", "timestamp", "environment", "error_message", "message"}
        assert (last["status"], last["job_id"]) == ("failed", failed)
        trouble.unlink()
        # Members' requests in Discord are told to the owner too, private ones are not.
        for private in (True, False):
            asked = await api.stage.discord.slash(
                api.stage.ada, api.stage.channel, "imagine", {"prompt": "mine", "private": private}
            )
            await asked.card()
        await receiver.until(before + 3, heard=False)
        await asyncio.sleep(0.5)
        assert [json.loads(body)["status"] for _, body, _ in receiver.calls[before + 2 :]] == ["completed"]
        components = (await api.call("GET", "/api/openapi.json")).body["components"]
        shapes = {"completed": "CompletedHook", "failed": "FailedHook", "generating": "ProgressHook"}
        for one in receiver.heard:
            schema = {"$ref": f"#/components/schemas/{shapes[one['status']]}", "components": components}
            jsonschema_rs.validator_for(schema).validate(one)
        print({name: headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")})
