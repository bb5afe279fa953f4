"""The API as a process of its own beside a worker, on one PostgreSQL: what one accepts the other draws, and tells."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.fakes.gemini_server import FakeGemini
from tests.fakes.stability_server import FakeStability
from tests.scenarios.conftest import staged
from tests.scenarios.process import BotProcess
from tests.scenarios.test_health import free_port
from tests.storage.postgres_server import PostgresServer
from tests.web.conftest import SECRET, Api, well
from tests.web.test_jobs import a_picture, form, opened
from tests.web.test_webhooks import Receiver, is_signed, receiver, webhook_secret

__all__ = ["receiver"]


@asynccontextmanager
async def split(folder: Path, database_url: str, **environment: str) -> AsyncGenerator[Api]:
    port = free_port()
    settings = {
        "DATABASE_URL": database_url,
        "SECRET_KEY": SECRET,
        "IMAGE_STORE_URL": (folder / "images").as_uri(),
        **environment,
    }
    beside = {**settings, "HTTP_PORT": str(port)}
    async with staged(folder / "web", beside, verb=("web",)) as stage, ClientSession() as http:
        worker = BotProcess(stage.discord, folder / "worker", settings, verb=("worker",))
        try:
            await asyncio.gather(stage.bot.spawn(), worker.spawn())
            api = Api(stage, f"http://127.0.0.1:{port}", http)
            await well(api)
            await worker.says("logged in")
            yield api
        finally:
            await worker.end()


async def events(api: Api, job_id: str) -> list[dict[str, Any]]:
    """All of them, until the stream ends."""
    headers = {"Authorization": f"Bearer {api.key}"}
    seen: list[dict[str, Any]] = []
    async with api.http.get(f"{api.base}/api/images/events/{job_id}", headers=headers) as stream:
        async for line in stream.content:
            if line.startswith(b"data: "):
                seen.append(json.loads(line.removeprefix(b"data: ")))
    return seen


async def test_a_web_process_and_a_worker_are_one_api(
    tmp_path: Path, postgres: PostgresServer, receiver: Receiver
) -> None:
    async with FakeStability() as stability, FakeGemini() as gemini:
        settings = {
            "STABILITY_API_KEY": "sk-test",
            "STABILITY_BASE_URL": stability.url,
            "GEMINI_API_KEY": "AIza-test",
            "GEMINI_BASE_URL": gemini.url,
            "TRUSTED_HOSTS": receiver.hosts,
        }
        async with split(tmp_path, postgres.empty_database(), **settings) as api:
            row, api.key = await api.make_key()
            await formats_are_what_was_asked_for(api, receiver, await webhook_secret(api, row.id))
            await a_job_of_the_worker_is_cancelled(api, stability)
            await a_picture_that_came_here_is_changed_there(api, gemini)
            await what_postgresql_cannot_store_breaks_nothing(api, stability)
            assert not await api.stage.differences()
            assert not stability.violations + gemini.violations


async def formats_are_what_was_asked_for(api: Api, receiver: Receiver, secret: str) -> None:
    """One model knows other formats only, the other is not asked for any."""
    jobs = [
        await api.generate("a fox", model="stability/sd3.5-large", format="WEBP", webhook_url=receiver.url),
        await api.generate("an owl", provider="gemini", format="JPEG", num_images=2),
    ]
    followed = await asyncio.gather(*(events(api, job) for job in jobs))
    for job, seen, kind, count in zip(jobs, followed, ("WEBP", "JPEG"), (1, 2), strict=True):
        assert [one["job_id"] for one in seen] == [job] * len(seen)
        assert (seen[-1]["status"], seen[-1]["progress"]) == ("COMPLETED", 100), seen
        pictures = (await api.finished(job))["images"]
        assert [picture["format"] for picture in pictures] == [kind] * count
        data = [(await api.call("GET", picture["url"], Authorization="")).body for picture in pictures]
        assert [opened(one).format for one in data] == [kind] * count
    await receiver.until(1)
    headers, body, _ = receiver.calls[0]
    assert is_signed(secret, headers, body)
    told = json.loads(body)
    assert (told["job_id"], told["status"]) == (jobs[0], "completed")
    # The worker knows neither the port of the web process nor who came under which name: the client's row does.
    url = told["data"]["images"][0]["url"]
    assert url.startswith(f"{api.base}/generated_images/")
    picture = await api.call("GET", url, Authorization="")
    assert opened(picture.body).format == "WEBP"


async def a_job_of_the_worker_is_cancelled(api: Api, stability: FakeStability) -> None:
    before = len(stability.calls)
    stability.will("hold")
    job_id = await api.generate("slow", model="stability/sd3.5-large")
    following = asyncio.create_task(events(api, job_id))
    await stability.arrived(before + 1)
    assert (await api.call("DELETE", f"/api/images/{job_id}")).status == 200
    assert (await following)[-1]["status"] == "CANCELLED"
    told = await api.finished(job_id)
    assert (told["status"], "images" in told) == ("CANCELLED", False)
    stability.release()


async def a_picture_that_came_here_is_changed_there(api: Api, gemini: FakeGemini) -> None:
    sent = form(prompt="make it blue", image=a_picture(), provider="gemini", format="PNG")
    made = await api.call("POST", "/api/images/edit", form=sent, Idempotency_Key="once")
    again = await api.call(
        "POST", "/api/images/edit", Idempotency_Key="once",
        form=form(prompt="make it blue", image=a_picture(), provider="gemini", format="PNG"),
    )  # fmt: skip
    assert (made.status, again.body) == (202, made.body)
    assert (await api.finished(made.body["job_id"]))["status"] == "COMPLETED"
    asked = [call for call in gemini.calls if "make it blue" in json.dumps(call.fields)]
    assert len(asked) == 1
    assert "inlineData" in json.dumps(asked[0].fields)


async def what_postgresql_cannot_store_breaks_nothing(api: Api, stability: FakeStability) -> None:
    job_id = await api.generate(
        "a\0 fox",
        model="stability/sd3.5-large",
        negative_prompt="a\0 dog <sd_cpp_extra_args>{}</sd_cpp_extra_args>",
    )
    assert (await api.finished(job_id))["status"] == "COMPLETED"
    fields = stability.calls[-1].fields
    assert (fields["prompt"], fields["negative_prompt"]) == ("a fox", "a dog"), fields
    secret = base64.b64encode(b"reader:atl_\0_x").decode()
    assert (await api.call("GET", "/api/docs", Authorization=f"Basic {secret}")).status == 401
    assert (await api.call("GET", "/api/images/status/img_%00aaaaaaaaaaaa")).status == 404
    assert "a web request failed" not in api.stage.bot.log()
