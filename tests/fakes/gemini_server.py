"""A local server that speaks Gemini's `generateContent`, checks what it is sent, and fails as it is told."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs
from aiohttp import web
from PIL import Image

from bot.sizes import dimensions
from tests.fakes.vendor import Call, FakeVendor

MODELS = {
    "gemini-nano-banana-2.1": ({"1K", "2K", "4K"}, 14),
    "gemini-3-pro-image": ({"1K", "2K", "4K"}, 10),
    "gemini-3.1-flash-lite-image": ({"1K"}, 10),
}
READERS = {"gemini-3.5-flash-lite"}
"""Language models: they read pictures and draw none."""

SAID = "A fox in deep snow, low winter sun, soft blue shadows, telephoto photograph."
_RATIOS = (
    "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8", "8:1",
)  # fmt: skip
_SPEC = Path(__file__).parent.parent / "specs" / "gemini-generate-content.json"


class FakeGemini(FakeVendor):
    """`says(...)` answers the next call with this body instead of a picture."""

    name = "gemini"

    def __init__(self, *, key: str | None = None) -> None:
        super().__init__(key=key)
        schemas = json.loads(_SPEC.read_text(encoding="utf-8"))["components"]["schemas"]
        for name in ("GenerateContentRequest", "GenerationConfig", "ImageConfig", "Content", "Part", "Blob"):
            schemas[name]["additionalProperties"] = False
        for part in schemas["Blob"]["properties"].values():
            part.pop("format", None)
        self._check, self._check_answer = (
            jsonschema_rs.validator_for(
                {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
            )
            for name in ("GenerateContentRequest", "GenerateContentResponse")
        )
        self._said: list[dict[str, Any]] = []

    def says(self, body: dict[str, Any]) -> None:
        self._said.append(body)

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/{version:v1|v1beta}/models/{model}:generateContent", self._generate),
            web.get("/{version:v1|v1beta}/models", self._models),
        ]

    async def _models(self, request: web.Request) -> web.Response:
        if self.key is not None and request.headers.get("x-goog-api-key") != self.key:
            return self.refusal("bad_key")
        return web.json_response({"models": [{"name": f"models/{name}"} for name in MODELS]})

    def refusal(self, word: str) -> web.Response:
        status, name, message = {
            "bad_key": (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
            "rate_limited": (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."),
            "rate_limited_untimed": (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."),
            "out_of_credit": (402, "RESOURCE_EXHAUSTED", "Your prepaid credits are depleted."),
            "down": (503, "UNAVAILABLE", "The model is overloaded."),
            "gone": (404, "NOT_FOUND", "models/x is not found for API version v1beta"),
        }[word]
        error: dict[str, Any] = {"code": status, "status": name, "message": message}
        if word == "rate_limited":
            kind = "type.googleapis.com/google.rpc.RetryInfo"
            error["details"] = [{"@type": kind, "retryDelay": "7s"}]
        return web.json_response({"error": error}, status=status)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        model = request.match_info["model"]
        self.note(*self._faults(model, body))
        call = await self.noted(request.path, body)
        if self.key is not None and request.headers.get("x-goog-api-key") != self.key:
            call.outcome = "refused"
            return self.refusal("bad_key")
        if model not in MODELS and model not in READERS:
            call.outcome = "refused"
            return self.refusal("gone")
        if call.failure == "refused":
            self.says({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})
            call.failure = None
        if call.failure == "empty":
            self.says({"candidates": [{"finishReason": "NO_IMAGE", "index": 0}]})
            call.failure = None
        return await self.answered(request, call, lambda: self._whole(call, body))

    async def _whole(self, call: Call, body: dict[str, Any]) -> web.Response:
        draws = "IMAGE" in body.get("generationConfig", {}).get("responseModalities", ())
        make = self._drawn if draws else self._told
        answer = self._said.pop(0) if self._said else make(call, body)
        self.note(*(f"answer: {error.message[:200]}" for error in self._check_answer.iter_errors(answer)))
        return web.json_response(answer)

    def _told(self, call: Call, body: dict[str, Any]) -> dict[str, Any]:
        text = "" if call.failure == "not_a_picture" else SAID
        parts = [{"text": "Let me look.", "thought": True}, {"text": text}]
        return {
            "candidates": [
                {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
            ],
            "usageMetadata": {
                "promptTokenCount": 1200,
                "candidatesTokenCount": 60,
                "thoughtsTokenCount": 40,
                "totalTokenCount": 1300,
            },
            "responseId": f"resp-{len(self.calls)}",
        }

    def _drawn(self, call: Call, body: dict[str, Any]) -> dict[str, Any]:
        asked = body.get("generationConfig", {}).get("imageConfig", {})
        size = f"{asked.get('aspectRatio', '1:1')} {asked.get('imageSize', '1K')}"
        width, height = dimensions(size) or (1024, 1024)
        data = self.picture(call, f"{width}x{height}", "png")
        tokens = {"1K": 1120, "2K": 1680, "4K": 2520}[size.rpartition(" ")[2]]
        blob = {"mimeType": "image/png", "data": base64.b64encode(data).decode()}
        parts = [{"text": "A draft first.", "thought": True}, {"inlineData": blob}]
        return {
            "candidates": [
                {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
            ],
            "usageMetadata": {
                "promptTokenCount": 12,
                "candidatesTokenCount": tokens,
                "thoughtsTokenCount": 100,
                "totalTokenCount": tokens + 112,
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": tokens}],
            },
            "modelVersion": call.path.partition("models/")[2].partition(":")[0],
            "responseId": f"resp-{len(self.calls)}",
        }

    def _faults(self, model: str, body: dict[str, Any]) -> list[str]:
        plain = json.loads(json.dumps(body).replace('"mime_type"', '"mimeType"'))
        faults = [
            f"{'/'.join(map(str, error.instance_path))}: {error.message[:200]}"
            for error in self._check.iter_errors(plain)
        ]
        if model in READERS and "IMAGE" in body.get("generationConfig", {}).get("responseModalities", ()):
            faults.append(f"{model} draws nothing")
        sizes, ratios = MODELS.get(model, ({"1K"}, len(_RATIOS)))
        asked = body.get("generationConfig", {}).get("imageConfig", {})
        if (
            asked.get("imageSize", "1K") not in sizes
            or asked.get("aspectRatio", "1:1") not in _RATIOS[:ratios]
        ):
            faults.append(f"{model} has no {asked}")
        for part in plain["contents"][0]["parts"]:
            if blob := part.get("inlineData"):
                with Image.open(io.BytesIO(base64.urlsafe_b64decode(blob["data"]))) as opened:
                    if f"image/{(opened.format or '').lower()}" != blob["mimeType"]:
                        faults.append(f"{blob['mimeType']}: is {opened.format}")
        return faults
