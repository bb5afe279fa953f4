"""A Stable Diffusion web UI of the owner's own (Automatic1111, Forge), with the model that is loaded there.

Its progress and its interrupt are for the whole server: one job at a time.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
import structlog

from bot.errors import NoPicture, ProviderError
from bot.images import Kind
from bot.media import Pixels
from bot.providers.base import Description, Picture, PreviewSink, RenderCall, Rendering, described
from bot.providers.http import PICTURE_LIMIT, Door, json_of, made
from bot.providers.masks import white_where_it_changes
from bot.providers.openai_answers import Json, Unreadable, picture_bytes
from bot.providers.openai_errors import Origin, StatusRefused, object_of
from bot.sizes import dimensions

_log = structlog.get_logger(__name__)

_CANCEL_LIMIT = 64 * 1024
_WORDS_LIMIT = 256 * 1024
_TIMES = 2
_ENLARGERS = ("R-ESRGAN 4x+", "ESRGAN_4x", "SwinIR 4x", "Lanczos")
"""What the web UI brings along, the best for pictures of all kinds first."""

_DEFAULT_STRENGTH = 0.6


class A1111Provider:
    """`base_url` may hold user and password, as `--api-auth` wants them. `look_seconds` lie between two previews."""

    name = "a1111"

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        pixels: Pixels,
        timeout_seconds: float = 180.0,
        stall_seconds: float = 30.0,
        look_seconds: float = 1.0,
        picture_limit: int = PICTURE_LIMIT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        parts = urlsplit(base_url)
        headers: dict[str, str] = {}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        self._door = Door(
            session,
            origin=Origin(
                provider=self.name,
                key_setting="A1111_BASE_URL",
                address_setting="A1111_BASE_URL",
                secret=unquote(parts.password or ""),
            ),
            base_url=f"{bare}/sdapi/v1",
            said=_said,
            headers=headers,
            timeout_seconds=timeout_seconds,
            stall_seconds=stall_seconds,
            sleep=sleep,
        )
        self._pixels, self._look, self._sleep, self._limit = pixels, look_seconds, sleep, picture_limit
        self._one = asyncio.Lock()
        self._enlarger: str | None = None

    async def render(self, call: RenderCall, preview: PreviewSink) -> Rendering:
        if call.request.kind is Kind.UPSCALE:
            answer = await self._job("/extra-single-image", await self._enlargement(call), self._limit * 4)
            return self._rendering(call, {"images": [answer.get("image")]})
        path = "/img2img" if call.inputs else "/txt2img"
        answer = await self._job(
            path, await self._body(call), self._limit * call.count, lambda: self._watch(call, preview)
        )
        return self._rendering(call, answer)

    async def describe(self, call: RenderCall, locale: str) -> Description:
        """In English, whatever the locale: the vendor's model writes nothing else."""
        body = {"image": _text(call.inputs[0]), "model": "clip"}
        answer = await self._job("/interrogate", body, _WORDS_LIMIT)
        return described(call, answer.get("caption"), {})

    async def _job(
        self, path: str, body: Json, limit: int, watch: Callable[[], Coroutine[Any, Any, None]] | None = None
    ) -> Json:
        """The answer to one job, the only one at this time; `watch` runs beside it."""
        async with self._one:
            watching = asyncio.create_task(watch()) if watch else None
            try:
                async with self._door.patience.in_time():
                    answer = await self._door.send("POST", path, json=body, limit=limit)
            except asyncio.CancelledError:
                await asyncio.shield(self._interrupt())
                raise
            except ProviderError as error:
                if error.kind == "provider_timeout":
                    await self._interrupt()
                raise
            finally:
                if watching is not None:
                    watching.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await watching
        return json_of(self.name, answer)

    async def close(self) -> None:
        """The session is not ours."""

    async def _body(self, call: RenderCall) -> Json:
        request = call.request
        size = dimensions(request.size) or (512, 512)
        body: Json = {
            "prompt": call.prompt,
            "negative_prompt": request.negative or "",
            "width": size[0],
            "height": size[1],
            "batch_size": call.count,
            "seed": -1 if request.seed is None else request.seed + call.first - 1,
        }
        if call.inputs:
            body |= {
                "init_images": [_text(call.inputs[0])],
                "denoising_strength": _DEFAULT_STRENGTH if request.strength is None else request.strength,
            }
        if call.mask is not None:
            mask = await self._pixels.run(white_where_it_changes, call.mask)
            body |= {"mask": _text(mask), "inpainting_mask_invert": 0, "inpainting_fill": 1}
        return body

    async def _enlargement(self, call: RenderCall) -> Json:
        """To the size that was asked for, else twice as large; with the server's best enlarger."""
        if self._enlarger is None:
            async with self._door.patience.in_time():
                answer = await self._door.send("GET", "/upscalers", limit=_WORDS_LIMIT, buys=False)
            self._enlarger = _best_enlarger(answer.body)
        body: Json = {"image": _text(call.inputs[0]), "upscaler_1": self._enlarger, "resize_mode": 0}
        size = dimensions(call.request.size)
        if size is None:
            return body | {"upscaling_resize": _TIMES}
        return body | {"resize_mode": 1, "upscaling_resize_w": size[0], "upscaling_resize_h": size[1]}

    async def _watch(self, call: RenderCall, preview: PreviewSink) -> None:
        """The picture as it grows; a server that does not tell shows none."""
        seen, path = "", "/progress" if call.previews else "/progress?skip_current_image=true"
        with contextlib.suppress(ProviderError, Unreadable):
            while True:
                await self._sleep(self._look)
                answer = (await self._door.send("GET", path, limit=self._limit, buys=False)).json()
                share = answer.get("progress")
                if isinstance(share, int | float) and 0 < share <= 1:
                    call.progress(call.first, float(share))
                text = answer.get("current_image")
                if call.previews and isinstance(text, str) and text and text != seen:
                    seen = text
                    preview(call.first, picture_bytes(text))

    async def _interrupt(self) -> None:
        try:
            await self._door.send("POST", "/interrupt", limit=_CANCEL_LIMIT, buys=False)
        except ProviderError as error:
            _log.info("the web UI could not be interrupted", why=str(error))

    def _rendering(self, call: RenderCall, answer: Json) -> Rendering:
        entries = answer.get("images")
        entries = entries if isinstance(entries, list) else []
        try:
            pictures = [picture_bytes(text) for text in entries if isinstance(text, str) and text]
        except Unreadable as error:
            raise NoPicture(provider=self.name, code="Unreadable", detail=str(error)) from error
        if not pictures:
            raise NoPicture(provider=self.name)
        # A grid of all of them may follow.
        pictures = pictures[: call.count]
        seeds = _seeds(answer, len(pictures))
        images = [made(self.name, data, seed=seed) for data, seed in zip(pictures, seeds, strict=True)]
        _log.info("the vendor drew", provider=self.name, pictures=len(images), microusd=0)
        cost = call.model.cost(call.request, {}, pictures=len(images))
        return Rendering(images=tuple(images), cost_microusd=cost)


def _best_enlarger(body: bytes) -> str:
    """Of the server's list, `[{"name": …}, …]`; Lanczos is in every one."""
    try:
        listed = json.loads(body)
        names = {str(entry["name"]) for entry in listed}
    except (ValueError, KeyError, TypeError):
        names = set[str]()
    return next((name for name in _ENLARGERS if name in names), _ENLARGERS[-1])


def _text(picture: Picture) -> str:
    return base64.b64encode(picture.data).decode()


def _seeds(answer: Json, count: int) -> list[int | None]:
    """`info` is JSON inside JSON."""
    try:
        told = json.loads(str(answer.get("info", "")))
        seeds = list(told["all_seeds"])
    except (ValueError, KeyError, TypeError):
        return [None] * count
    return [seeds[n] if n < len(seeds) and isinstance(seeds[n], int) else None for n in range(count)]


def _said(refused: StatusRefused) -> Mapping[str, Any]:
    """`{"error", "detail", "errors"}`, or FastAPI's list of details."""
    body = object_of(refused.body)
    detail = body.get("detail") or body.get("errors") or body.get("message")
    param = None
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        places = detail[0].get("loc")
        param = str(places[-1]) if isinstance(places, list) and places else None
        detail = detail[0].get("msg")
    return {"code": None, "message": str(detail or ""), "param": param}
