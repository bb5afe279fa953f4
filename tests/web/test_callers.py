"""Who may call: nothing is revealed without a key, and a key does what it was made for, no more and no longer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from storage.api_keys import ApiKeyRepository
from storage.database import open_database
from tests.web.conftest import Api, api_of
from tests.web.test_jobs import MISSION

ROUTES = (
    ("GET", "/health", 200),
    ("GET", "/metrics", 401),
    ("GET", "/api/openapi.json", 401),
    ("GET", "/api/docs", 401),
    ("POST", "/api/images/generate", 401),
    ("POST", "/api/images/edit", 401),
    ("POST", "/api/images/variations", 401),
    ("POST", "/api/images/batch", 401),
    ("GET", "/api/images/status/{job}", 401),
    ("GET", "/api/images/events/{job}", 401),
    ("GET", "/api/images/result/{job}", 401),
    ("DELETE", "/api/images/{job}", 401),
    ("GET", "/generated_images/{job}/image_1.png", 401),
    ("POST", "/api/generate/image", 401),
    ("GET", "/api/generate/providers", 401),
    ("PUT", "/api/images/generate", 401),
    ("OPTIONS", "/api/images/generate", 401),
    ("GET", "/api/nothing", 401),
    ("GET", "/generated_images/", 401),
)


async def test_without_a_key_nothing_is_revealed(api: Api) -> None:
    job_id = await api.generate()
    picture = (await api.finished(job_id))["images"][0]
    seen: set[str] = set()
    for method, path, status in ROUTES:
        real, none = [
            await api.call(method, path.format(job=job), Authorization="", Forwarded="for=203.0.113.7")
            for job in (job_id, "img_aaaaaaaaaaaaa")
        ]
        print(f"{method:8} {path:40} {real.status}")
        assert (real.status, none.status) == (status, status), path
        assert real.body == none.body, "what is there answers otherwise than what is not"
        if status == 401:
            assert real.headers["WWW-Authenticate"].startswith("Bearer")
            seen.add(str(real.body))
    assert len(seen) == 1
    for forged in (
        picture["url"].replace("signature=", "signature=A"),
        picture["url"].replace("expires=", "expires=9"),
        picture["url"].replace("image_1.", "image_2."),
        picture["url"].partition("?")[0],
    ):
        assert (await api.call("GET", forged, Authorization="")).status == 401
    for wrong in ("atl_", f"{api.key}x", (api.key or "")[:-1], "atl_000000000000_" + "a" * 43):
        assert (
            await api.call("GET", f"/api/images/status/{job_id}", Authorization=f"Bearer {wrong}")
        ).status == 401


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
    asked = await api.call("GET", "/api/docs", Authorization="", Accept="text/html")
    assert asked.headers["WWW-Authenticate"].startswith("Basic")


async def test_limits_hold_for_clients_as_for_members(tmp_path: Path) -> None:
    async with api_of(tmp_path / "bot", QUOTA_IMAGES_PER_DAY="2", API_ANONYMOUS="1") as api:
        _, key = await api.make_key()
        api.key = None
        allowed = await api.call("GET", "/api/generate/providers")
        assert allowed.status == 200
        hostile: tuple[dict[str, Any], ...] = (
            {"Host": "evil.example"},
            {"Origin": "https://evil.example"},
            {"X-Forwarded-For": "203.0.113.7"},
            {"Sec-Fetch-Site": "cross-site"},
        )
        for headers in hostile:
            assert (await api.call("GET", "/api/generate/providers", **headers)).status == 401, headers
        assert (
            await api.call("GET", "/api/generate/providers", Origin="http://localhost:3000")
        ).status == 200
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
