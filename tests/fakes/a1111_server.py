"""A local server that speaks the API of the Stable Diffusion web UI, and fails as it is told."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from PIL import Image

from tests.fakes.openai_pictures import picture
from tests.fakes.vendor import Call, FakeVendor

_BOTH = {"prompt", "negative_prompt", "width", "height", "batch_size", "seed", "steps", "cfg_scale"}
_PICTURE = {"init_images", "denoising_strength", "mask", "inpainting_mask_invert", "inpainting_fill"}
_OTHERS = {
    "extra-single-image": {
        "image", "resize_mode", "upscaling_resize", "upscaling_resize_w", "upscaling_resize_h", "upscaler_1",
    },
    "interrogate": {"image", "model"},
}  # fmt: skip
SAID = "a fox standing in the snow, sunlight, photograph"


class FakeA1111(FakeVendor):
    """One job at a time: a second one while the first runs is a violation."""

    name = "a1111"

    def __init__(self, *, key: str | None = None) -> None:
        super().__init__(key=key)
        self.interrupted = 0
        self._running = 0

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/sdapi/v1/txt2img", self._draw),
            web.post("/sdapi/v1/img2img", self._draw),
            web.post("/sdapi/v1/extra-single-image", self._draw),
            web.post("/sdapi/v1/interrogate", self._draw),
            web.get("/sdapi/v1/upscalers", self._upscalers),
            web.get("/sdapi/v1/progress", self._progress),
            web.post("/sdapi/v1/interrupt", self._interrupt),
        ]

    def refusal(self, word: str) -> web.Response:
        status, detail, retry = {
            "bad_key": (401, "Incorrect username or password", ""),
            "rate_limited": (429, "Too many requests", "7"),
            "rate_limited_untimed": (429, "Too many requests", ""),
            "down": (503, "Loading", ""),
        }[word]
        headers = {"Retry-After": retry} if retry else {}
        body = {"error": "HTTPException", "detail": detail, "body": "", "errors": ""}
        return web.json_response(body, status=status, headers=headers)

    async def _draw(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.note(*_faults(request.path, body))
        call = await self.noted(request.path, body)
        if self.key is not None:
            pair = base64.b64encode(self.key.encode()).decode()
            if request.headers.get("Authorization") != f"Basic {pair}":
                call.outcome = "refused"
                return self.refusal("bad_key")
        if self._running:
            self.note("two jobs at once")
        self._running += 1
        try:
            return await self.answered(request, call, lambda: self._drawn(call, body))
        finally:
            self._running -= 1

    async def _upscalers(self, request: web.Request) -> web.Response:
        return web.json_response([{"name": name} for name in ("None", "Lanczos", "R-ESRGAN 4x+")])

    async def _drawn(self, call: Call, body: dict[str, Any]) -> web.Response:
        if call.path.endswith("/interrogate"):
            return web.json_response({"caption": "" if call.failure in ("empty", "not_a_picture") else SAID})
        if call.path.endswith("/extra-single-image"):
            return self._enlarged(call, body)
        count, seed = body.get("batch_size", 1), max(0, body.get("seed", -1))
        size = f"{body['width']}x{body['height']}"
        images = [
            base64.b64encode(self.picture(call, size, "png", number)).decode() for number in range(count)
        ]
        info = {"seed": seed, "all_seeds": [seed + number for number in range(count)]}
        return web.json_response(
            {
                "images": [] if call.failure == "empty" else images,
                "parameters": {},
                "info": json.dumps(info),
            }
        )

    def _enlarged(self, call: Call, body: dict[str, Any]) -> web.Response:
        with Image.open(io.BytesIO(base64.b64decode(body["image"]))) as opened:
            width, height = (round(edge * body.get("upscaling_resize", 2)) for edge in opened.size)
        if body.get("resize_mode") == 1:
            width, height = body["upscaling_resize_w"], body["upscaling_resize_h"]
        data = base64.b64encode(self.picture(call, f"{width}x{height}", "png")).decode()
        return web.json_response({"html_info": "", "image": "" if call.failure == "empty" else data})

    async def _progress(self, request: web.Request) -> web.Response:
        data = base64.b64encode(picture("256x256", "png", label="growing")).decode()
        shown = data if self._running else None
        return web.json_response({"progress": 0.4, "eta_relative": 1.5, "state": {}, "current_image": shown})

    async def _interrupt(self, request: web.Request) -> web.Response:
        self.interrupted += 1
        await self.tell()
        return web.json_response({})


def _faults(path: str, body: dict[str, Any]) -> list[str]:
    known = _OTHERS.get(path.rpartition("/")[2]) or _BOTH | (_PICTURE if path.endswith("img2img") else set())
    faults = [f"{path}: there is no {name}" for name in body.keys() - known]
    if body.get("width", 0) % 8 or body.get("height", 0) % 8:
        faults.append(f"{path}: edges must be multiples of 8")
    if path.endswith("img2img"):
        if not body.get("init_images"):
            faults.append("img2img: no init_images")
        for text in [*body.get("init_images", ()), *([body["mask"]] if "mask" in body else ())]:
            with Image.open(io.BytesIO(base64.b64decode(text))) as opened:
                opened.verify()
    return faults
