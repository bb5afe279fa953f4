"""The provider that needs no key and no network: it paints landscapes, and has the options of a real one."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from bot.errors import AtelierError, ProviderError, error_from_facts
from bot.images import GeneratedImage, ImageRequest, Kind
from bot.media import Pixels
from bot.providers.base import Description, PreviewSink, RenderCall, Rendering
from bot.sizes import dimensions

if TYPE_CHECKING:
    from PIL import Image

Fail = Callable[[RenderCall], AtelierError | None]
Sleep = Callable[[float], Awaitable[None]]

_SWITCH = re.compile(
    r"\[(slow|refuse|limit|down|credit|nothing|key|timeout)(?:\s+(\d{1,4}(?:\.\d+)?))?\]", re.IGNORECASE
)
_SWITCH_KINDS = {
    "refuse": "policy_refusal",
    "limit": "rate_limited",
    "down": "provider_unavailable",
    "credit": "out_of_credit",
    "nothing": "no_picture",
    "key": "misconfigured",
    "timeout": "provider_timeout",
}
_EDGE = 1024


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    data: bytes = field(repr=False)
    size: tuple[int, int]
    previews: list[bytes] = field(repr=False)


class DemoProvider:
    """`fail` is the kind of error that every call ends in, or asked for each call.

    With `switches` a prompt can ask for trouble: `[slow 10]`, `[refuse]`, `[limit 20]`, `[down]`, `[credit]`,
    `[nothing]`, `[key]`, `[timeout]`; numbers are seconds. `trouble_file` is read at each call: see `_told`.
    """

    name = "demo"

    def __init__(
        self,
        pixels: Pixels,
        *,
        latency_seconds: float = 0.0,
        fail: str | Fail | None = None,
        switches: bool = False,
        trouble_file: Path | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._pixels, self._latency, self._sleep = pixels, latency_seconds, sleep
        self._fail, self._switches, self._trouble_file = fail, switches, trouble_file

    async def render(self, call: RenderCall, preview: PreviewSink) -> Rendering:
        latency = await self._trouble(call)
        first_seed = (
            secrets.randbelow(2**31) if call.request.seed is None else call.request.seed + call.first - 1
        )
        images: list[GeneratedImage] = []
        for offset in range(call.count):
            seed = first_seed + offset
            drawn = await self._pixels.run(_draw, call, seed)
            for unfinished in drawn.previews:
                await self._sleep(latency / (len(drawn.previews) + 1))
                preview(call.first + offset, unfinished)
            await self._sleep(latency / (len(drawn.previews) + 1))
            images.append(_image(drawn, call.request, seed))
        return Rendering(images=tuple(images), cost_microusd=0, request_id=f"demo-{secrets.token_hex(6)}")

    async def describe(self, call: RenderCall, locale: str) -> Description:
        from bot.providers.demo_describing import describe

        await self._sleep(await self._trouble(call))
        words = await self._pixels.run(describe, call.inputs[0].data, locale)
        return Description(text=words, cost_microusd=0, request_id=f"demo-{secrets.token_hex(6)}")

    async def close(self) -> None:
        """Nothing is held open."""

    async def _trouble(self, call: RenderCall) -> float:
        """How many seconds this call takes. Raises the failure that somebody asked for."""
        latency, failure = self._latency, self._failure(call)
        if self._switches:
            slower, asked_failure = _switched(call.prompt)
            latency, failure = latency + slower, failure or asked_failure
        if self._trouble_file is not None:
            slower, told_failure = _told(self._trouble_file)
            latency, failure = latency + slower, failure or told_failure
        if failure is not None:
            await self._sleep(latency / 2)
            raise failure
        return latency

    def _failure(self, call: RenderCall) -> AtelierError | None:
        if isinstance(self._fail, str):
            return _error(self._fail)
        return self._fail(call) if self._fail else None


def _switched(prompt: str) -> tuple[float, ProviderError | None]:
    """Seconds to be slow, and the failure that the prompt asks for."""
    slow, failure = 0.0, None
    for word, number in _SWITCH.findall(prompt):
        seconds = float(number) if number else None
        if word.casefold() == "slow":
            slow += seconds if seconds is not None else 10.0
        else:
            failure = _error(_SWITCH_KINDS[word.casefold()], seconds)
    return slow, failure


def _told(file: Path) -> tuple[float, ProviderError | None]:
    """Seconds to be slow, and the failure, as the file says now: `{"slow_seconds": 12, "fail": "out_of_credit"}`."""
    try:
        told = json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):
        # No trouble yet, or somebody is writing it at this moment.
        return 0.0, None
    return float(told.get("slow_seconds", 0)), _error(told["fail"]) if told.get("fail") else None


def _error(kind: str, seconds: float | None = None) -> ProviderError:
    facts = {
        "provider": DemoProvider.name,
        "code": "demo_switch",
        "retry_after_seconds": seconds,
        "seconds": seconds,
    }
    error = error_from_facts(kind, facts)
    if not isinstance(error, ProviderError):
        raise ValueError(f"{kind} is no failure of a provider")
    return error


def _image(drawn: _Drawn, request: ImageRequest, seed: int) -> GeneratedImage:
    width, height = drawn.size
    return GeneratedImage(
        data=drawn.data, media_type=f"image/{request.format or 'png'}", width=width, height=height, seed=seed
    )


def _draw(call: RenderCall, seed: int) -> _Drawn:
    # Here, because a bot with a real provider never paints: Pillow and the palette stay out of its memory.
    from bot.providers import demo_brushes, demo_edits, demo_painting
    from bot.providers.demo_palette import listen

    request, prompt = call.request, _SWITCH.sub("", call.prompt)
    size = dimensions(request.size) or (_EDGE, _EDGE)
    quality = request.quality if request.quality in ("low", "medium", "high") else "medium"
    own = int.from_bytes(hashlib.sha256(f"{prompt}\0{seed}".encode()).digest()[:8])
    scene = listen(prompt, request.negative, Random(own))
    inputs = [picture.data for picture in call.inputs]
    if request.kind is Kind.UPSCALE:
        picture = demo_edits.enlarge(inputs[0], dimensions(request.size))
    elif inputs and request.kind is Kind.VARIATIONS:
        strength = 0.5 if request.strength is None else request.strength
        picture = demo_edits.vary(size, inputs, strength, scene, own, quality)
    elif inputs:
        picture = demo_edits.edit(size, inputs, call.mask.data if call.mask else None, scene, own, quality)
    else:
        picture = demo_painting.paint(size, scene, own, quality)
        if request.background != "transparent":
            demo_brushes.mark(picture)
    if request.background == "transparent":
        picture = demo_edits.cut_out(picture)
    previews = [_unfinished(picture, step, call.previews) for step in range(1, call.previews + 1)]
    return _Drawn(data=_encoded(picture, request.format or "png"), size=picture.size, previews=previews)


def _unfinished(picture: Image.Image, step: int, steps: int) -> bytes:
    """The picture as through frosted glass, clearer with each step, at half its size."""
    grain = 8 * 2 ** (steps - step)
    coarse = picture.resize(
        (max(1, picture.width // grain), max(1, picture.height // grain)), reducing_gap=2.0
    )
    half = coarse.resize((max(1, picture.width // 2), max(1, picture.height // 2)))
    return _encoded(half, "webp" if half.mode == "RGBA" else "jpeg")


def _encoded(picture: Image.Image, kind: str) -> bytes:
    sink = io.BytesIO()
    match kind:
        case "jpeg":
            picture.convert("RGB").save(sink, "JPEG", quality=90)
        case "webp":
            picture.save(sink, "WEBP", quality=90, method=1)
        case _:
            picture.save(sink, "PNG", compress_level=3)
    return sink.getvalue()
