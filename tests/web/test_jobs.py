"""Jobs over HTTP, from the first call to the bytes of the picture, by a real bot on real sockets."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

from aiohttp import FormData
from PIL import Image

from tests.web.conftest import Api, api_of

MISSION = {
    "prompt": "Un paysage de montagne majestueux au lever du soleil",
    "num_images": 1,
    "size": "1024x1024",
    "format": "PNG",
    "style": "photorealistic",
    "quality": "high",
}


def a_picture(width: int = 64, height: int = 48, kind: str = "PNG") -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(sink, kind)
    return sink.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def form(**fields: str | bytes) -> FormData:
    made = FormData()
    for name, value in fields.items():
        if isinstance(value, bytes):
            made.add_field(name, value, filename=f"{name}.png", content_type="image/png")
        else:
            made.add_field(name, value)
    return made


async def test_a_job_goes_from_words_to_a_picture(api: Api) -> None:
    made = await api.call("POST", "/api/images/generate", json=MISSION)
    assert made.status == 202
    job_id = made.body["job_id"]
    assert made.body == {"job_id": job_id, "status": "PENDING", "message": "The job was created"}
    assert made.headers["Location"] == f"/api/images/status/{job_id}"
    result = await api.finished(job_id)
    status = (await api.call("GET", f"/api/images/status/{job_id}")).body
    assert {**status, "created_at": "", "updated_at": ""} == {
        "job_id": job_id,
        "status": "COMPLETED",
        "message": "1 picture was made",
        "progress": 100,
        "created_at": "",
        "updated_at": "",
    }
    (picture,) = result["images"]
    assert picture["file_path"] == f"./generated_images/{job_id}/image_1.png"
    assert picture["url"].startswith(f"{api.base}/generated_images/{job_id}/image_1.png?expires=")
    assert (picture["format"], picture["dimensions"]) == ("PNG", "1024x1024")
    assert picture["description"] == MISSION["prompt"]
    assert result["metadata"]["model_name"] == "demo/studio"
    assert result["metadata"]["input_tokens"] > 0
    signed = await api.call("GET", picture["url"], Authorization="")
    assert (signed.status, len(signed.body)) == (200, picture["size_bytes"])
    assert opened(signed.body).size == (1024, 1024)
    assert not await api.stage.differences()


async def test_the_wishes_of_the_mission_mean_what_they_say(api: Api) -> None:
    wide, jpeg, several = await asyncio.gather(
        api.generate("a wide one", size="1792x1024"),
        api.generate("a jpeg", format="jpeg", style=None, quality=None),
        api.generate("three", num_images=3, size="512x512", format="WEBP", quality="ultra"),
    )
    found = [(await api.finished(job))["images"] for job in (wide, jpeg, several)]
    assert [picture["dimensions"] for picture in found[0]] == ["1792x1024"]
    assert found[1][0]["file_path"].endswith("image_1.jpg")
    assert [picture["format"] for picture in found[2]] == ["WEBP"] * 3
    data = [(await api.call("GET", picture["url"])).body for picture in found[2]]
    assert [opened(one).size for one in data] == [(512, 512)] * 3
    assert len({*data}) == 3


async def test_pictures_are_changed_varied_and_made_in_batches(api: Api) -> None:
    edit = await api.call(
        "POST", "/api/images/edit", form=form(prompt="make it blue", image=a_picture(), num_images="2")
    )
    vary = await api.call(
        "POST", "/api/images/variations", form=form(image=a_picture(kind="JPEG"), strength="0.3")
    )
    batch = await api.call(
        "POST", "/api/images/batch", json={"requests": [MISSION, {"prompt": "b", "model": "none/such"}]}
    )
    assert (edit.status, vary.status, batch.status) == (202, 202, 202), (edit, vary, batch)
    first, second = batch.body["jobs"]
    assert (second["status"], second["code"]) == ("REFUSED", "unknown_model")
    assert len((await api.finished(edit.body["job_id"]))["images"]) == 2
    assert len((await api.finished(vary.body["job_id"]))["images"]) == 1
    assert (await api.finished(first["job_id"]))["status"] == "COMPLETED"
    waited = await api.call(
        "POST", "/api/generate/image", json={"prompt": "a temple", "provider": "demo", "style": "concept-art"}
    )
    assert waited.status == 200, waited
    assert waited.body["local_path"] == f"./generated_images/{waited.body['job_id']}/image_1.png"
    assert (waited.body["provider"], waited.body["cost"]) == ("demo", 0.0)
    listed = (await api.call("GET", "/api/generate/providers")).body["providers"]
    told = {entry["provider"]: entry["status"] for entry in listed}
    assert told["demo"] == "ready"
    assert told["openai"] == "no_key"


async def test_what_is_wrong_is_said_by_field_and_nothing_is_lost(api: Api) -> None:
    async def refused(body: Any, path: str = "/api/images/generate", language: str = "en") -> Any:
        answer = await api.call("POST", path, json=body, Accept_Language=language)
        assert 400 <= answer.status < 500, answer
        return answer.status, answer.body["errors"], [one["field"] for one in answer.body.get("fields", [])]

    assert await refused({}) == (400, ["prompt is required"], ["prompt"])
    assert await refused({"prompt": "  "}) == (400, ["prompt is required"], ["prompt"])
    assert await refused({"prompt": "a", "num_images": 9}) == (
        400, ["num_images must be between 1 and 4"], ["num_images"],
    )  # fmt: skip
    assert await refused({"prompt": "a", "num_images": 0}, language="fr") == (
        400, ["num_images doit être entre 1 et 4"], ["num_images"],
    )  # fmt: skip
    assert (await refused({"prompt": "a", "style": "none-such"}))[2] == ["style"]
    assert (await refused({"prompt": "a", "model": "none/such"}))[2] == ["model"]
    assert (await refused({"prompt": "a", "format": "BMP", "promt": "b"}))[2] == ["format", "promt"]
    assert (await refused({"requests": [{"prompt": "a"}, {}]}, "/api/images/batch"))[2] == [
        "requests[1].prompt"
    ]
    assert (await refused({"prompt": "a"}, "/api/images/edit"))[2] == ["image"]
    assert (await refused({"prompt": "a", "provider": "nobody"}))[2] == ["provider"]
    missing = await api.call("POST", "/api/images/generate", json={"prompt": "a", "provider": "openai"})
    assert missing.status == 503
    assert missing.body["message"] == "provider key not configured: the owner has to set OPENAI_API_KEY"
    for path in ("status", "result", "events"):
        answer = await api.call("GET", f"/api/images/{path}/img_aaaaaaaaaaaaa")
        assert (answer.status, answer.body["message"]) == (404, "job not found")
    not_json = await api.call("POST", "/api/images/generate", form=form(prompt="a"))
    assert not_json.status == 415
    broken = await api.http.post(
        f"{api.base}/api/images/generate",
        data=b"{",
        headers={"Authorization": f"Bearer {api.key}", "Content-Type": "application/json"},
    )
    assert broken.status == 400
    huge = await api.call("POST", "/api/images/generate", json={"prompt": "a" * 1_020_000})
    assert huge.status == 413
    no_picture = await api.call("POST", "/api/images/edit", form=form(prompt="a", image=b"no picture"))
    assert no_picture.status == 400
    assert not await api.stage.differences()


async def test_the_same_idempotency_key_is_the_same_job(api: Api) -> None:
    tries = await asyncio.gather(
        *(api.call("POST", "/api/images/generate", json=MISSION, Idempotency_Key="k-1") for _ in range(4))
    )
    assert {one.status for one in tries} == {202}
    assert len({json.dumps(one.body) for one in tries}) == 1
    assert sum("Idempotent-Replayed" in one.headers for one in tries) == 3
    other = await api.call("POST", "/api/images/generate", json={"prompt": "another"}, Idempotency_Key="k-1")
    assert (other.status, other.body["code"]) == (409, "idempotency_conflict")
    batch = {"requests": [MISSION, MISSION]}
    twice = [await api.call("POST", "/api/images/batch", json=batch, Idempotency_Key="k-1") for _ in range(2)]
    assert twice[0].body == twice[1].body
    assert len({job["job_id"] for job in twice[0].body["jobs"]}) == 2
    _, stranger = await api.make_key("another service")
    api.key, mine = stranger, api.key
    fresh = await api.call("POST", "/api/images/generate", json=MISSION, Idempotency_Key="k-1")
    assert fresh.body["job_id"] != tries[0].body["job_id"]
    job_id = tries[0].body["job_id"]
    assert (await api.call("GET", f"/api/images/status/{job_id}")).status == 404
    assert (await api.call("DELETE", f"/api/images/{job_id}")).status == 404
    assert (await api.call("GET", f"/generated_images/{job_id}/image_1.png")).status == 404
    api.key = mine
    assert (await api.call("GET", f"/api/images/status/{job_id}")).status == 200


async def test_a_slow_job_is_followed_and_cancelled(tmp_path: Path) -> None:
    async with api_of(tmp_path / "bot", DEMO_LATENCY_SECONDS="30") as api:
        _, api.key = await api.make_key()
        job_id = await api.generate("slow", num_images=2)
        seen: list[dict[str, Any]] = []
        unfinished = None
        headers = {"Authorization": f"Bearer {api.key}"}
        async with api.http.get(f"{api.base}/api/images/events/{job_id}", headers=headers) as stream:
            assert stream.content_type == "text/event-stream"
            async for line in stream.content:
                if not line.startswith(b"data: "):
                    continue
                seen.append(json.loads(line.removeprefix(b"data: ")))
                # Once: the next line may have been on its way when the job was cancelled.
                if seen[-1]["status"] == "GENERATING" and unfinished is None:
                    unfinished = await api.call("GET", f"/api/images/result/{job_id}")
                    assert (unfinished.status, unfinished.headers["Retry-After"]) == (202, "2")
                    assert "images" not in unfinished.body
                    assert (await api.call("DELETE", f"/api/images/{job_id}")).status == 200
        words = [one["status"] for one in seen]
        assert list(dict.fromkeys(words)) in (
            ["PENDING", "INITIALIZING", "GENERATING", "CANCELLED"],
            ["INITIALIZING", "GENERATING", "CANCELLED"],
        )
        shares = [one["progress"] for one in seen[:-1]]
        assert shares == sorted(shares)
        assert 0 < shares[-1] < 100
        assert not await api.stage.differences()
