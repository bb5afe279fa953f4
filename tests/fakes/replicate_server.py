"""A local server that speaks Replicate's predictions, checks what it is sent, and fails as it is told."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs
from aiohttp import web

from bot.sizes import dimensions
from tests.fakes.openai_rules import Upload
from tests.fakes.vendor import Call, FakeVendor, echoing, read_form

_SPEC = Path(__file__).parent.parent / "specs" / "replicate.json"
_RATIOS = ["1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21"]
_VERSION = "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"


def _word(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


_COMMON = {
    "prompt": {"type": "string"},
    "seed": {"type": "integer"},
    "num_outputs": {"type": "integer", "minimum": 1, "maximum": 4},
    "disable_safety_checker": {"type": "boolean"},
}
_FLUX = _COMMON | {
    "aspect_ratio": {"allOf": [{"$ref": "#/components/schemas/aspect_ratio"}]},
    "output_format": {"$ref": "#/components/schemas/output_format"},
}
_PICTURE = {"image": {"type": "string", "format": "uri"}, "prompt_strength": {"type": "number", "maximum": 1}}
_EDGE = {"type": "integer", "minimum": 64, "maximum": 2048}
MODELS: dict[str, tuple[bool, dict[str, Any]]] = {
    "black-forest-labs/flux-schnell": (True, _FLUX),
    "black-forest-labs/flux-dev": (True, _FLUX | _PICTURE),
    "black-forest-labs/flux-1.1-pro": (
        True,
        {name: part for name, part in _FLUX.items() if name != "num_outputs"},
    ),
    "stability-ai/sdxl": (
        False,
        _COMMON
        | _PICTURE
        | {
            "width": _EDGE,
            "height": _EDGE,
            "negative_prompt": {"type": "string"},
            "mask": {"type": "string"},
        },
    ),
    "nightmareai/real-esrgan": (
        False,
        {
            "image": {"type": "string", "format": "uri"},
            "scale": {"type": "number", "minimum": 0, "maximum": 10, "default": 4},
            "face_enhance": {"type": "boolean"},
        },
    ),
    "recraft-ai/recraft-crisp-upscale": (True, {"image": {"type": "string", "format": "uri"}}),
}


def _required(model: str) -> list[str]:
    return ["prompt"] if "prompt" in MODELS[model][1] else ["image"]


class FakeReplicate(FakeVendor):
    """A prediction is done when it is looked at after `latency_seconds`; with `hold` only after `release`."""

    name = "replicate"

    def __init__(self, *, key: str | None = None) -> None:
        super().__init__(key=key)
        schemas = json.loads(_SPEC.read_text(encoding="utf-8"))["components"]["schemas"]
        self._checks = {
            name: jsonschema_rs.validator_for(
                {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
            )
            for name in ("schemas_prediction_request", "schemas_version_prediction_request")
        }
        self._numbers = itertools.count(1)
        self.predictions: dict[str, dict[str, Any]] = {}
        self.cancelled: list[str] = []
        self._calls: dict[str, Call] = {}
        self._files: dict[str, Upload] = {}
        self.latency_seconds = 0.0
        self.confirming = asyncio.Event()
        self.confirming.set()
        """Cleared: orders are taken and worked on, but nobody is told their name."""
        self.describing = asyncio.Event()
        self.describing.set()
        """Cleared: who asks what a model takes, which comes before the first order, waits for the answer."""
        self.asked_about = 0
        self._ordered_at: dict[str, float] = {}
        self.looked = 0
        self.blind = 0
        """So many looks are answered 503."""
        self.silent = 0
        """To so many who ask what was ordered nothing is told but 503."""

    async def ordered(self, count: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.predictions) >= count)

    async def asked(self, times: int) -> None:
        """Returns when so often somebody wanted to know what a model takes."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.asked_about >= times)

    async def looked_at(self, times: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.looked >= times)

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.get("/v1/account", self._account),
            web.get("/v1/models/{owner}/{model}", self._model),
            web.post("/v1/models/{owner}/{model}/predictions", self._official),
            web.post("/v1/predictions", self._versioned),
            web.get("/v1/predictions", self._list),
            web.get("/v1/predictions/{id}", self._look),
            web.post("/v1/predictions/{id}/cancel", self._cancel),
            web.post("/v1/files", self._upload),
            web.get("/output/{id}/{number}", self._output),
        ]

    def refusal(self, word: str) -> web.Response:
        status, title, detail = {
            "bad_key": (401, "Unauthenticated", "You did not pass a valid authentication token"),
            "rate_limited": (429, "", "Request was throttled. Your rate limit resets in ~7s."),
            "rate_limited_untimed": (429, "", "Request was throttled."),
            "out_of_credit": (402, "Insufficient credit", "You have insufficient credit to run this model."),
            "down": (503, "Service unavailable", "Please try again."),
            "invalid": (422, "Invalid version or not permitted", "The specified version does not exist"),
        }[word]
        problem = {"title": title, "detail": detail, "status": status}
        return web.json_response(problem, status=status, content_type="application/problem+json")

    def _stranger(self, request: web.Request) -> bool:
        return self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}"

    async def _account(self, request: web.Request) -> web.Response:
        if self._stranger(request):
            return self.refusal("bad_key")
        return web.json_response({"type": "user", "username": "ada", "name": "Ada", "github_url": None})

    async def _model(self, request: web.Request) -> web.Response:
        if self._stranger(request):
            return self.refusal("bad_key")
        self.asked_about += 1
        await self.tell()
        await self.describing.wait()
        owner, name = request.match_info["owner"], request.match_info["model"]
        if f"{owner}/{name}" not in MODELS:
            return web.json_response({"detail": "Not found.", "status": 404}, status=404)
        official, properties = MODELS[f"{owner}/{name}"]
        schemas = {
            "Input": {
                "type": "object",
                "required": _required(f"{owner}/{name}"),
                "properties": properties,
            },
            "aspect_ratio": _word(*_RATIOS),
            "output_format": _word("webp", "jpg", "png"),
        }
        return web.json_response(
            {
                "owner": owner,
                "name": name,
                "is_official": official,
                "visibility": "public",
                "latest_version": {
                    "id": _VERSION,
                    "openapi_schema": {"openapi": "3.0.2", "components": {"schemas": schemas}},
                },
            }
        )

    async def _official(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        model = f"{request.match_info['owner']}/{request.match_info['model']}"
        self._against("schemas_prediction_request", body)
        if not MODELS[model][0]:
            self.note(f"{model} is no official model")
        return await self._create(request, model, body)

    async def _versioned(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self._against("schemas_version_prediction_request", body)
        found = re.fullmatch(r"([^/]+/[^:]+):([0-9a-f]{64})", str(body.get("version")))
        if not found or found[1] not in MODELS or found[2] != _VERSION:
            self.note(f"version: {body.get('version')}")
            return self.refusal("invalid")
        return await self._create(request, found[1], body)

    async def _create(self, request: web.Request, model: str, body: dict[str, Any]) -> web.StreamResponse:
        self._check_input(model, body.get("input", {}))
        if not re.fullmatch(r"\d+s", request.headers.get("Cancel-After", "")):
            self.note("Cancel-After: none, or no seconds")
        call = await self.noted(request.path, body)
        if self._stranger(request):
            call.outcome = "refused"
            return self.refusal("bad_key")
        if call.failure in ("bad_key", "rate_limited", "rate_limited_untimed", "out_of_credit", "down"):
            call.outcome = "refused"
            await self.tell()
            refusal = self.refusal(call.failure)
            return echoing(refusal, request) if call.failure == "bad_key" else refusal
        name = f"pred{next(self._numbers):022d}"
        self._calls[name], self._ordered_at[name] = call, time.monotonic()
        self.predictions[name] = {
            "id": name,
            "model": model,
            "version": "hidden" if MODELS[model][0] else _VERSION,
            "input": body["input"],
            "output": None,
            "error": None,
            "logs": "",
            "status": "starting",
            "data_removed": False,
            "created_at": "2026-11-21T09:00:00Z",
            "urls": {
                "get": f"{self.url}/v1/predictions/{name}",
                "cancel": f"{self.url}/v1/predictions/{name}/cancel",
                "web": f"https://replicate.com/p/{name}",
            },
        }
        await self.tell()
        await self.confirming.wait()
        return web.json_response(self.predictions[name], status=201)

    async def _list(self, request: web.Request) -> web.Response:
        if self.silent:
            self.silent -= 1
            return web.json_response({"detail": "Not now.", "status": 503}, status=503)
        newest_first = list(reversed(self.predictions.values()))[:100]
        return web.json_response({"previous": None, "next": None, "results": newest_first})

    async def _look(self, request: web.Request) -> web.Response:
        found = self.predictions.get(request.match_info["id"])
        if found is None or self._stranger(request):
            return web.json_response({"detail": "Not found.", "status": 404}, status=404)
        self.looked += 1
        if self.blind:
            self.blind -= 1
            return self.refusal("down")
        await self.tell()
        call = self._calls[found["id"]]
        if found["status"] in ("starting", "processing"):
            found["status"] = "processing"
            found["logs"] = (
                "Using seed: 7\n  0%|          | 0/20 [00:00<?]\r 45%|####5     | 9/20 [00:01<00:01]"
            )
            is_due = time.monotonic() >= self._ordered_at[found["id"]] + self.latency_seconds
            if is_due and (call.failure != "hold" or self._released.is_set()):
                self._end(found, call)
                await self.tell()
        return web.json_response(found)

    def _end(self, found: dict[str, Any], call: Call) -> None:
        found["logs"], found["metrics"] = " 100%|##########| 4/4", {"predict_time": 2.0, "total_time": 2.5}
        if call.failure == "refused":
            found["status"], found["error"] = "failed", "NSFW content detected. Try running it again."
            call.outcome = "refused"
            return
        found["status"] = "succeeded"
        count = found["input"].get("num_outputs", 1)
        if call.failure != "empty":
            output = [f"{self.url}/output/{found['id']}/{number}" for number in range(count)]
            found["output"] = output if "num_outputs" in MODELS[found["model"]][1] else output[0]
        else:
            call.outcome = "answered"

    async def _output(self, request: web.Request) -> web.StreamResponse:
        found = self.predictions[request.match_info["id"]]
        call = self._calls[found["id"]]
        asked = found["input"]
        shape = dimensions(asked.get("aspect_ratio", "1:1")) or (1024, 1024)
        size = f"{asked.get('width', shape[0])}x{asked.get('height', shape[1])}"
        word = str(asked.get("output_format", "png"))
        kind = "jpeg" if word == "jpg" else word

        async def make() -> web.Response:
            data = self.picture(call, size, kind, int(request.match_info["number"]))
            return web.Response(body=data, content_type=f"image/{kind}")

        return await self.answered(request, call, make)

    async def _cancel(self, request: web.Request) -> web.Response:
        found = self.predictions[request.match_info["id"]]
        self.cancelled.append(found["id"])
        found["status"] = "canceled"
        self._calls[found["id"]].outcome = "abandoned"
        await self.tell()
        return web.json_response(found)

    async def _upload(self, request: web.Request) -> web.Response:
        _, files = await read_form(request)
        if [file.field for file in files] != ["content"]:
            self.note(f"files: {[file.field for file in files]}")
        name = f"file{next(self._numbers)}"
        self._files[name] = files[0]
        return web.json_response(
            {"id": name, "urls": {"get": f"{self.url}/v1/files/{name}"}, "size": len(files[0].data)},
            status=201,
        )

    def _check_input(self, model: str, given: dict[str, Any]) -> None:
        schemas = {
            "aspect_ratio": _word(*_RATIOS),
            "output_format": _word("webp", "jpg", "png"),
        }
        check = jsonschema_rs.validator_for(
            {
                "type": "object",
                "required": _required(model),
                "properties": MODELS[model][1],
                "additionalProperties": False,
                "components": {"schemas": schemas},
            }
        )
        self.note(*(f"input of {model}: {error.message[:200]}" for error in check.iter_errors(given)))
        for name in ("image", "mask"):
            if name in given and not self.bytes_of(given[name]):
                self.note(f"{name}: {given[name][:60]} is nothing that was sent")

    def bytes_of(self, address: str) -> bytes | None:
        """What an input's address stands for: an uploaded file, or the data URL itself."""
        if address.startswith("data:"):
            return base64.b64decode(address.partition(",")[2]) if len(address) < 400_000 else None
        found = self._files.get(address.rpartition("/")[2])
        return found.data if found else None

    def _against(self, name: str, body: Any) -> None:
        self.note(*(f"{name}: {error.message[:200]}" for error in self._checks[name].iter_errors(body)))
