"""Who may call: nothing is revealed without a key, and a key does what it was made for, no more and no longer."""

from __future__ import annotations

import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from bot.web.api.room import api_room
from bot.web.app import Room, application
from storage.api_keys import ApiKeyRepository
from storage.database import open_database
from tests.web.conftest import Answer, Api, api_of
from tests.web.test_jobs import MISSION

UNREGISTERED = (
    ("PUT", "/api/images/generate"),
    ("OPTIONS", "/api/images/generate"),
    ("GET", "/api/nothing"),
    ("GET", "/generated_images/"),
)
OPEN = ("/health",)
PAGE = "https://site.example"
METRICS = "/metrics"


def registered() -> list[tuple[str, str]]:
    """Method and path of every route there is, so that new ones are covered."""
    room = api_room(cast(Any, SimpleNamespace(cors_origins=frozenset[str]())))
    app = application(cast(Any, None), Room(routes=room.routes))
    return [
        (route.method, route.resource.canonical.replace("{name}", "image_1.png"))
        for route in app.router.routes()
        if route.resource is not None
    ]


async def test_without_a_key_nothing_is_revealed(api: Api) -> None:
    job_id = await api.generate()
    picture = (await api.finished(job_id))["images"][0]
    keys = {
        "none": None,
        "forged": f"{api.key}x",
        "ended": (await api.make_key("old", days=1, made_days_ago=2))[1],
        "metrics only": (await api.make_key("prometheus", scopes=("metrics",)))[1],
        "read only": (await api.make_key("tests", scopes=("read",)))[1],
        "all": api.key,
    }

    async def ask(method: str, path: str, key: str | None) -> Answer:
        given = f"Bearer {key}" if key else ""
        return await api.call(method, path, Authorization=given, Forwarded="for=203.0.113.7")

    print(f"{'route':50}" + "".join(f"{name:>14}" for name in keys))
    refusals: set[str] = set()
    for method, path in (*registered(), *UNREGISTERED):
        real, missing = path.replace("{job_id}", job_id), path.replace("{job_id}", "img_aaaaaaaaaaaaa")
        answers = {name: await ask(method, real, key) for name, key in keys.items()}
        said = {name: answer.status for name, answer in answers.items()}
        print(f"{method:8}{path:42}" + "".join(f"{status:14}" for status in said.values()))
        if path in OPEN:
            assert {*said.values()} == {200}
            continue
        for name in ("none", "forged", "ended"):
            assert said[name] == 401, (method, path, name)
            assert answers[name].headers["WWW-Authenticate"].startswith("Bearer")
            if method != "HEAD":
                refusals.add(str(answers[name].body))
        none = await ask(method, missing, None)
        assert (none.status, none.body) == (401, answers["none"].body), "what is there answers otherwise"
        writes = (method, path) in registered() and method in ("POST", "DELETE")
        assert said["metrics only"] == (200 if path == METRICS else 403), path
        assert said["read only"] != 401
        assert (said["read only"] == 403) == (writes or path == METRICS), path
        assert said["all"] != 401
        assert (said["all"] == 403) == (path == METRICS), path
    assert len(refusals) == 1
    for forged in (
        picture["url"].replace("signature=", "signature=A"),
        picture["url"].replace("signature=", "signature=%ED%A0%80"),
        picture["url"].replace("expires=", "expires=9"),
        picture["url"].replace("image_1.", "image_2."),
        picture["url"].partition("?")[0],
    ):
        assert (await api.call("GET", forged, Authorization="")).status == 401
    for wrong in (
        "atl_",
        f"{api.key}x",
        (api.key or "")[:-1],
        "atl_000000000000_" + "a" * 43,
        "atl_é_\udcff",
    ):
        assert (await ask("GET", f"/api/images/status/{job_id}", wrong)).status == 401
    assert "a web request failed" not in api.stage.bot.log()


async def test_a_key_does_what_it_was_made_for(api: Api) -> None:
    job_id = await api.generate()
    await api.finished(job_id)
    _, reader = await api.make_key("tests", scopes=("read",))
    _, watcher = await api.make_key("prometheus", scopes=("metrics",))
    slow, paced = await api.make_key("paced", per_minute=3)
    status = f"/api/images/status/{job_id}"
    same_account = await api.call("GET", status, Authorization=f"Bearer {reader}")
    assert same_account.status == 200
    by_header = await api.call("GET", status, Authorization="", X_API_Key=reader)
    assert by_header.status == 200
    assert (
        await api.call("POST", "/api/images/generate", json=MISSION, Authorization=f"Bearer {reader}")
    ).status == 403
    assert (await api.call("GET", status, Authorization=f"Bearer {watcher}")).status == 403
    metrics = await api.call(
        "GET", "/metrics", Authorization=f"Bearer {watcher}", Forwarded="for=203.0.113.7"
    )
    assert metrics.status == 200
    assert (
        b'atelier_http_requests_total{method="POST",route="/api/images/generate",status="202"} 1.0'
        in metrics.body
    )
    assert b'atelier_jobs_open{state="rendering"} 0.0' in metrics.body
    assert (await api.call("GET", "/metrics", Authorization="")).status == 200, "loopback may read them"
    calls = [
        await api.call("GET", "/api/generate/providers", Authorization=f"Bearer {paced}") for _ in range(4)
    ]
    assert [one.status for one in calls] == [200, 200, 200, 429]
    assert 1 <= int(calls[-1].headers["Retry-After"]) <= 20
    member, mine = await api.make_key("Ada's", member=api.stage.ada)
    for_ada = await api.call("POST", "/api/images/generate", json=MISSION, Authorization=f"Bearer {mine}")
    rows = await api.stage.rows(api.stage.ada)
    assert [(row.id, row.door, row.user_id) for row in rows] == [
        (for_ada.body["job_id"], "http", api.stage.ada.id)
    ]
    async with open_database(api.stage.bot.database_url) as database:
        keys = ApiKeyRepository(database)
        assert await keys.revoke(member.id, actor_id=1)
        assert not await keys.revoke(member.id, actor_id=1)
        known = {row.id: row for row in await keys.list()}
    assert mine.rpartition("_")[2].encode() not in known[member.id].digest
    assert slow.user_id < -1
    until = time.monotonic() + 10
    while (await api.call("GET", "/api/generate/providers", Authorization=f"Bearer {mine}")).status != 401:
        assert time.monotonic() < until, "a revoked key goes on"
    page = await api.call("GET", "/api/docs", Authorization=f"Bearer {reader}")
    assert b"/api/images/generate" in page.body
    await the_page_is_read_in_two_languages(api, reader)
    asked = await api.call("GET", "/api/docs", Authorization="", Accept="text/html")
    assert asked.headers["WWW-Authenticate"].startswith("Basic")


async def the_page_is_read_in_two_languages(api: Api, key: str) -> None:
    """By `Accept-Language` or by its own links; nothing in words is the same in both."""
    said: dict[str, set[str]] = {}
    for query, wanted in (("", "fr"), ("?lang=fr", "fr"), ("?lang=en", "en"), ("?lang=xx", "fr")):
        page = await api.call(
            "GET", f"/api/docs{query}", Authorization=f"Bearer {key}", Accept_Language="fr-CA,en;q=0.5"
        )
        text = page.body.decode()
        assert page.headers["Content-Language"] == wanted, query
        assert f'<html lang="{wanted}">' in text
        shown = re.sub(r"<(style|pre|code)>.*?</\1>", "", text, flags=re.DOTALL)
        said[wanted] = {
            words for words in re.findall(r">([^<>]+)<", shown) if re.search(r"[a-z]+ [a-z]", words)
        }
    assert "When it cannot be done" in said["en"]
    assert "Quand ce n’est pas possible" in said["fr"]
    assert len(said["fr"]) > 60
    assert not said["en"] & said["fr"]


async def test_limits_hold_for_clients_as_for_members(tmp_path: Path) -> None:
    settings = {"API_CORS_ORIGINS": f"{PAGE}, http://localhost:3000/"}
    async with api_of(tmp_path / "bot", QUOTA_IMAGES_PER_DAY="2", API_ANONYMOUS="1", **settings) as api:
        _, key = await api.make_key()
        api.key = None
        allowed = await api.call("GET", "/api/generate/providers")
        assert allowed.status == 200
        hostile: tuple[dict[str, Any], ...] = (
            {"Host": "evil.example"},
            {"Origin": "https://evil.example"},
            {"Origin": "http://[::1"},
            {"Host": "[::1"},
            {"X-Forwarded-For": "203.0.113.7"},
            {"Sec-Fetch-Site": "cross-site"},
        )
        for headers in hostile:
            assert (await api.call("GET", "/api/generate/providers", **headers)).status == 401, headers
        assert (
            await api.call("GET", "/api/generate/providers", Origin="http://localhost:3000")
        ).status == 200
        await pages_of_named_sites_may_call(api)
        jobs = [await api.generate(num_images=2)]
        full = await api.call("POST", "/api/images/generate", json=MISSION)
        assert (full.status, full.body["code"]) == (429, "quota_exceeded")
        assert 0 < int(full.headers["Retry-After"]) <= 86_400
        assert "<t:" not in full.body["message"]
        assert "`" not in full.body["message"]
        api.key = key
        jobs.append(await api.generate())
        assert (await api.finished(jobs[1]))["status"] == "COMPLETED"
        assert (await api.call("GET", f"/api/images/status/{jobs[0]}")).status == 404
        assert not await api.stage.differences()


async def pages_of_named_sites_may_call(api: Api) -> None:
    async def preflight(path: str, origin: str) -> Answer:
        return await api.call(
            "OPTIONS", path, Origin=origin,
            Access_Control_Request_Method="POST", Access_Control_Request_Headers="content-type,x-api-key",
        )  # fmt: skip

    asked = await preflight("/api/images/generate", PAGE)
    assert (asked.status, asked.headers["Access-Control-Allow-Origin"]) == (204, PAGE)
    assert "X-API-Key" in asked.headers["Access-Control-Allow-Headers"]
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    for path, status in (("/api/generate/providers", 401), ("/api/images/status/x", 401)):
        refused = await api.call("GET", path, Origin=PAGE)
        assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (status, PAGE), (
            "none of this machine"
        )
    near = await api.call("GET", "/api/generate/providers", Origin="http://localhost:3000")
    assert (near.status, near.headers["Access-Control-Allow-Origin"]) == (200, "http://localhost:3000")
    assert near.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in near.headers
    for path, origin in (
        ("/api/images/generate", "https://site.example.evil.example"),
        ("/api/images/generate", "null"),
        ("/health", PAGE),
        ("/create", PAGE),
    ):
        denied = await preflight(path, origin)
        assert denied.status in (401, 404, 405)
        assert "Access-Control-Allow-Origin" not in denied.headers
