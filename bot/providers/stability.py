"""Stability AI's v2beta: pictures from words, and its tools for editing, control and upscaling, each a model.

Every call is one multipart form and one picture; `stability_recipes` says which fields each tool takes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import structlog

from bot.errors import PolicyRefusal
from bot.media import Pixels
from bot.providers.base import Picture, PreviewSink, RenderCall, Rendering
from bot.providers.http import PICTURE_LIMIT, Answer, Door, made
from bot.providers.masks import white_where_it_changes
from bot.providers.openai_errors import Origin, StatusRefused, object_of
from bot.providers.stability_recipes import recipe_of

_log = structlog.get_logger(__name__)

STABILITY_URL = "https://api.stability.ai"

_PARAM = re.compile(r"([a-z_]+):")


class StabilityProvider:
    name = "stability"

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        api_key: str,
        pixels: Pixels,
        base_url: str | None = None,
        timeout_seconds: float = 180.0,
        stall_seconds: float = 30.0,
        picture_limit: int = PICTURE_LIMIT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._door = Door(
            session,
            origin=Origin(
                provider=self.name,
                key_setting="STABILITY_API_KEY",
                address_setting="STABILITY_BASE_URL",
                secret=api_key,
            ),
            base_url=f"{base_url or STABILITY_URL}/v2beta/stable-image",
            said=_said,
            headers={
                "Authorization": f"Bearer {api_key}",
                "Accept": "image/*",
                "stability-client-id": "atelier",
            },
            timeout_seconds=timeout_seconds,
            stall_seconds=stall_seconds,
            sleep=sleep,
        )
        self._pixels, self._limit = pixels, picture_limit

    async def render(self, call: RenderCall, preview: PreviewSink) -> Rendering:
        recipe = recipe_of(call.model.vendor_id)
        fields = recipe.fields(call)
        files = dict(zip(recipe.files, call.inputs, strict=False))
        if call.mask is not None:
            files["mask"] = await self._pixels.run(white_where_it_changes, call.mask)
        headers = {"stability-client-user-id": call.requester} if call.requester else {}
        async with self._door.patience.in_time():
            answer = await self._door.send(
                "POST", recipe.path, form=lambda: _form(fields, files), headers=headers, limit=self._limit
            )
        return self._rendering(call, answer)

    async def close(self) -> None:
        """The session is not ours."""

    def _rendering(self, call: RenderCall, answer: Answer) -> Rendering:
        request_id = answer.headers.get("x-request-id")
        if answer.headers.get("finish-reason", "SUCCESS").upper() == "CONTENT_FILTERED":
            # A success by its status: what came is the picture, blurred.
            raise PolicyRefusal(
                provider=self.name, code="CONTENT_FILTERED", request_id=request_id, may_be_paid=True
            )
        seed = answer.headers.get("seed", "")
        image = made(
            self.name, answer.body, request_id=request_id, seed=int(seed) if seed.isdecimal() else None
        )
        cost = call.model.cost(call.request, {}, pictures=1, prompt=call.prompt)
        _log.info("the vendor drew", provider=self.name, vendor_request=request_id, pictures=1, microusd=cost)
        return Rendering(images=(image,), cost_microusd=cost, request_id=request_id)


def _form(fields: Mapping[str, str], files: Mapping[str, Picture]) -> aiohttp.FormData:
    # Multipart also without a file: the vendor reads nothing else.
    form = aiohttp.FormData(default_to_multipart=True)
    for name, text in fields.items():
        form.add_field(name, text)
    for name, picture in files.items():
        form.add_field(
            name,
            picture.data,
            filename=f"{name}.{picture.media_type.removeprefix('image/')}",
            content_type=picture.media_type,
        )
    return form


def _said(refused: StatusRefused) -> Mapping[str, Any]:
    """`{"id", "name", "errors": ["field: what is wrong"]}`."""
    body = object_of(refused.body)
    errors = body.get("errors")
    words = [str(entry) for entry in errors] if isinstance(errors, list) else [str(body.get("message", ""))]
    code = str(body.get("name") or "") or None
    if code == "content_moderation" or any("moderation" in entry.casefold() for entry in words):
        code = "content_filter"
    found = _PARAM.match(words[0]) if words else None
    param = "image" if refused.status == 413 else found[1] if found else None
    return {"code": code, "message": " ".join(words), "param": param}
