"""A local server that speaks Stability's v2beta, checks each form against the list of endpoints, and fails as told."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import web
from PIL import Image

from bot.sizes import dimensions
from tests.fakes.openai_rules import Upload
from tests.fakes.vendor import Call, FakeVendor, read_form

_SPEC = json.loads(
    (Path(__file__).parent.parent / "specs" / "stability-endpoints.json").read_text(encoding="utf-8")
)
_ENDPOINTS: dict[str, dict[str, Any]] = {
    entry["path"]: entry for entry in _SPEC["endpoints"].values() if entry.get("method", "POST") == "POST"
}
_FILES = {"image", "mask", "init_image", "style_image", "subject_image"}


class FakeStability(FakeVendor):
    name = "stability"

    def routes(self) -> Sequence[web.RouteDef]:
        drawing = [web.post(path, self._draw) for path in _ENDPOINTS]
        return [*drawing, web.get("/v1/user/balance", self._balance)]

    def refusal(self, word: str) -> web.Response:
        status, name, message = {
            "bad_key": (401, "unauthorized", "authorization: invalid or missing header value"),
            "rate_limited": (429, "rate_limit_exceeded", "You have exceeded the rate limit of 150 requests."),
            "rate_limited_untimed": (429, "rate_limit_exceeded", "You have exceeded the rate limit."),
            "refused": (403, "content_moderation", _SPEC["errors"]["403 content_moderation"]["errors"][0]),
            "out_of_credit": (402, "payment_required", "You lack sufficient credits to make this request."),
            "down": (503, "service_unavailable", "The service is temporarily unavailable."),
        }[word]
        headers = {"Retry-After": "7"} if word == "rate_limited" else {}
        return web.json_response(
            {"id": f"{len(self.calls):032x}", "name": name, "errors": [message]},
            status=status,
            headers=headers,
        )

    async def _balance(self, request: web.Request) -> web.Response:
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            return self.refusal("bad_key")
        return web.json_response({"credits": 42.5})

    async def _draw(self, request: web.Request) -> web.StreamResponse:
        if not request.content_type.startswith("multipart/form-data"):
            self.note(f"{request.path}: {request.content_type} is no form")
        fields, files = await read_form(request)
        self.note(*_faults(request.path, fields, files))
        call = await self.noted(request.path, fields, files)
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            call.outcome = "refused"
            return self.refusal("bad_key")
        return await self.answered(request, call, lambda: self._picture(call))

    async def _picture(self, call: Call) -> web.Response:
        kind = call.fields.get("output_format", "png")
        width, height = dimensions(call.fields.get("aspect_ratio", "1:1")) or (1024, 1024)
        if call.files:
            with Image.open(io.BytesIO(call.files[0].data)) as opened:
                width, height = opened.size
        width += int(call.fields.get("left", 0)) + int(call.fields.get("right", 0))
        height += int(call.fields.get("up", 0)) + int(call.fields.get("down", 0))
        data = b"" if call.failure == "empty" else self.picture(call, f"{width}x{height}", kind)
        reason = "CONTENT_FILTERED" if call.fields.get("prompt") == "blurred" else "SUCCESS"
        seed = call.fields.get("seed") or "4242"
        return web.Response(
            body=data, content_type=f"image/{kind}", headers={"finish-reason": reason, "seed": seed}
        )


def _faults(path: str, fields: dict[str, str], files: list[Upload]) -> list[str]:
    entry = _ENDPOINTS[path]
    known = {*entry["required"], *entry["optional"]}
    given = {*fields, *(file.field for file in files)}
    faults = [f"{path}: {name} is missing" for name in entry["required"] if name not in given]
    faults += [f"{path}: there is no {name}" for name in given - known]
    faults += [f"{path}: {name} must be a file" for name in fields if name in _FILES]
    for name in ("output_format", "model", "mode"):
        if name in fields and name in entry and fields[name] not in entry[name]:
            faults.append(f"{path}: {name} is {fields[name]}")
    if "style_preset" in fields and fields["style_preset"] not in _SPEC["style_preset"]:
        faults.append(f"{path}: style_preset is {fields['style_preset']}")
    if "aspect_ratio" in fields and fields["aspect_ratio"] not in _SPEC["aspect_ratio"]:
        faults.append(f"{path}: aspect_ratio is {fields['aspect_ratio']}")
    if "seed" in fields and not 0 <= int(fields["seed"]) <= _SPEC["seed"]["max"]:
        faults.append(f"{path}: seed is {fields['seed']}")
    if "strength" in fields and not 0 <= float(fields["strength"]) <= 1:
        faults.append(f"{path}: strength is {fields['strength']}")
    if len(fields.get("prompt", "")) > _SPEC["prompt_max_chars"]:
        faults.append(f"{path}: prompt is too long")
    return faults + _faults_of_rules(path, fields, files) + _faults_of_files(path, files)


def _faults_of_rules(path: str, fields: dict[str, str], files: list[Upload]) -> list[str]:
    faults: list[str] = []
    image = any(file.field == "image" for file in files)
    if path.endswith("/ultra") and image and "strength" not in fields:
        faults.append("ultra: strength is required with image")
    if path.endswith("/sd3"):
        if image and (fields.get("mode") != "image-to-image" or "strength" not in fields):
            faults.append("sd3: image-to-image needs mode and strength")
        if image and "aspect_ratio" in fields:
            faults.append("sd3: image-to-image takes no aspect_ratio")
    if path.endswith("/outpaint"):
        edges = [int(fields[name]) for name in ("left", "right", "up", "down") if name in fields]
        if not edges or not all(0 <= edge <= 2000 for edge in edges):
            faults.append(f"outpaint: {edges}")
    return faults


def _faults_of_files(path: str, files: list[Upload]) -> list[str]:
    faults: list[str] = []
    sizes: dict[str, tuple[int, int]] = {}
    for file in files:
        with Image.open(io.BytesIO(file.data)) as opened:
            sizes[file.field] = opened.size
            if f"image/{(opened.format or '').lower()}" != file.media_type:
                faults.append(f"{path}: {file.field} is said to be {file.media_type}")
            if file.field == "mask" and "A" in opened.getbands():
                faults.append(f"{path}: white is repainted, not what is transparent")
    if "mask" in sizes and sizes["mask"] != sizes.get("image"):
        faults.append(f"{path}: the mask is not of the image's size")
    return faults
