"""Replicate: models of many makers behind one API of predictions, which are created, watched and fetched.

What a model takes is read from the model's own schema, because those change; `replicate_inputs` fits a call into it.
"""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from bot.errors import (
    NoPicture,
    PolicyRefusal,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
)
from bot.images import GeneratedImage
from bot.media import Pixels
from bot.providers.base import Picture, PreviewSink, RenderCall, Rendering, begin_whole
from bot.providers.downloads import Downloads, Forbidden, Undelivered
from bot.providers.http import PICTURE_LIMIT, Door, json_of, made
from bot.providers.masks import white_where_it_changes
from bot.providers.openai_answers import Json, TooLarge, Unreadable, picture_bytes
from bot.providers.openai_errors import Origin, StatusRefused, object_of
from bot.providers.replicate_inputs import ModelInputs

_log = structlog.get_logger(__name__)

REPLICATE_URL = "https://api.replicate.com"

_SCHEMA_SECONDS = 3600.0
_SMALL_FILE = 256 * 1024
"""Bytes up to which a picture travels inside the request, as the vendor advises."""

_BAR = re.compile(r"(\d{1,3})%\|")
_LAST_LOGS = 4096
_JSON_LIMIT = 4 * 1024 * 1024
_LIST_LIMIT = 32 * 1024 * 1024
"""In bytes of a page: a hundred predictions, each with its inputs, some of them small pictures."""

_FETCHES = 3
_REFUSALS = ("nsfw", "flagged as sensitive", "e005", "safety checker", "content policy")
"""Models refuse in free text; the list was made from what theirs say."""


@dataclass(frozen=True)
class _Known:
    """A model as the vendor describes it; `version` only where a prediction must name one."""

    inputs: ModelInputs
    version: str | None
    until: float


class ReplicateProvider:
    """`poll_seconds` is how long it waits between two looks at a prediction, at first; then up to three times that."""

    name = "replicate"

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        token: str,
        pixels: Pixels,
        base_url: str | None = None,
        timeout_seconds: float = 180.0,
        stall_seconds: float = 30.0,
        poll_seconds: float = 0.7,
        picture_limit: int = PICTURE_LIMIT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        address = base_url or REPLICATE_URL
        self._door = Door(
            session,
            origin=Origin(
                provider=self.name,
                key_setting="REPLICATE_API_TOKEN",
                address_setting="REPLICATE_BASE_URL",
                secret=token,
            ),
            base_url=f"{address}/v1",
            said=_said,
            headers={"Authorization": f"Bearer {token}"},
            timeout_seconds=timeout_seconds,
            stall_seconds=stall_seconds,
            sleep=sleep,
        )
        self._home, self._downloads = urlsplit(address).netloc, Downloads(home=urlsplit(address).hostname)
        self._pixels, self._timeout, self._limit = pixels, timeout_seconds, picture_limit
        self._poll, self._sleep = poll_seconds, sleep
        self._models: dict[str, _Known] = {}

    async def render(self, call: RenderCall, preview: PreviewSink) -> Rendering:
        job_id = await begin_whole(self, call)
        try:
            return await self.collect(call, job_id, preview)
        except asyncio.CancelledError:
            await asyncio.shield(self.cancel(job_id))
            raise

    async def begin(self, call: RenderCall) -> str:
        """The prediction's id: from here on the vendor works, whatever becomes of us."""
        async with self._door.patience.in_time():
            known = await self._known(call.model.vendor_id)
            fields = known.inputs.fit(call, [await self._sent(picture) for picture in call.inputs])
            if call.mask is not None:
                mask = await self._pixels.run(white_where_it_changes, call.mask)
                fields |= known.inputs.masked(await self._sent(mask))
            path, body = f"/models/{call.model.vendor_id}/predictions", {"input": fields}
            if known.version:
                path, body = "/predictions", body | {"version": f"{call.model.vendor_id}:{known.version}"}
            # A prediction that nobody waits for any more would be billed to its end.
            headers = {"Cancel-After": f"{max(5, int(self._timeout))}s"}
            answer = await self._door.send("POST", path, json=body, headers=headers, limit=_JSON_LIMIT)
        job_id = json_of(self.name, answer).get("id")
        if not isinstance(job_id, str) or not job_id:
            raise ProviderUnavailable(provider=self.name, code="no_id", may_be_paid=True)
        return job_id

    async def find(self, call: RenderCall) -> str | None:
        """Recognised by what was sent. Only a seed, chosen at random for each request, tells it from all others."""
        async with self._door.patience.in_time():
            known = await self._known(call.model.vendor_id)
            fields = known.inputs.fit(call, [""] * len(call.inputs))
            if "seed" not in fields:
                return None
            answer = await self._door.send("GET", "/predictions", limit=_LIST_LIMIT, buys=False)
            listed = json_of(self.name, answer, paid=False).get("results")
        # Where pictures were sent to is another address each time.
        sent = {name: value for name, value in fields.items() if value not in ("", [""])}
        for prediction in listed if isinstance(listed, list) else []:
            if isinstance(prediction, dict) and _is_of(prediction, call.model.vendor_id, sent):
                _log.info("found what was ordered before", vendor_request=prediction["id"])
                return str(prediction["id"])
        return None

    async def collect(self, call: RenderCall, job_id: str, preview: PreviewSink) -> Rendering:
        try:
            async with self._door.patience.in_time():
                prediction = await self._ended(job_id, call)
                images = await self._images(prediction, call, job_id)
        except ProviderTimeout:
            await self.cancel(job_id)
            raise
        usage = prediction.get("metrics")
        usage = usage if isinstance(usage, dict) else {}
        cost = call.model.cost(call.request, usage, pictures=len(images), prompt=call.prompt)
        _log.info(
            "the vendor drew", provider=self.name, vendor_request=job_id, pictures=len(images), microusd=cost
        )
        return Rendering(images=tuple(images), cost_microusd=cost, request_id=job_id, usage=usage)

    async def cancel(self, job_id: str) -> None:
        try:
            await self._door.send("POST", f"/predictions/{job_id}/cancel", limit=_JSON_LIMIT, buys=False)
        except ProviderError as error:
            _log.info("a prediction could not be cancelled", vendor_request=job_id, why=str(error))

    async def close(self) -> None:
        await self._downloads.close()

    async def _known(self, vendor_id: str) -> _Known:
        known = self._models.get(vendor_id)
        if known is None or known.until < time.monotonic():
            answer = await self._door.send("GET", f"/models/{vendor_id}", limit=_JSON_LIMIT, buys=False)
            told = json_of(self.name, answer, paid=False)
            latest = told.get("latest_version")
            latest = latest if isinstance(latest, dict) else {}
            known = _Known(
                inputs=ModelInputs(latest.get("openapi_schema")),
                version=None if told.get("is_official") else str(latest.get("id") or "") or None,
                until=time.monotonic() + _SCHEMA_SECONDS,
            )
            self._models[vendor_id] = known
        return known

    async def _sent(self, picture: Picture) -> str:
        """A picture as models take it: an address."""
        if len(picture.data) <= _SMALL_FILE:
            return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"

        def form() -> aiohttp.FormData:
            name = f"picture.{picture.media_type.removeprefix('image/')}"
            fields = aiohttp.FormData()
            fields.add_field("content", picture.data, filename=name, content_type=picture.media_type)
            return fields

        answer = await self._door.send("POST", "/files", form=form, limit=_JSON_LIMIT, buys=False)
        urls = json_of(self.name, answer, paid=False).get("urls")
        if not isinstance(urls, dict) or not isinstance(urls.get("get"), str):
            raise ProviderUnavailable(provider=self.name, code="no_file")
        return urls["get"]

    async def _ended(self, job_id: str, call: RenderCall) -> Json:
        """The prediction once it has succeeded. Raises what its failure was.

        Looking costs nothing and the vendor works on meanwhile: a failed look is no reason to give up what was paid.
        """
        pause = self._poll
        while True:
            try:
                prediction = await self._look(job_id)
            except (ProviderUnavailable, ProviderTimeout, RateLimited) as error:
                _log.info("a prediction could not be looked at", vendor_request=job_id, why=str(error))
                prediction = {"status": "processing"}
            status = prediction.get("status")
            if status == "succeeded":
                return prediction
            if status not in ("starting", "processing"):
                raise self._failure(str(status), str(prediction.get("error") or ""), job_id)
            if (done := _progress(prediction.get("logs"))) is not None:
                call.progress(call.first, done)
            await self._sleep(pause)
            pause = min(pause * 1.3, self._poll * 3)

    async def _look(self, job_id: str) -> Json:
        limit = _JSON_LIMIT + self._limit
        answer = await self._door.send("GET", f"/predictions/{job_id}", limit=limit, buys=False)
        return json_of(self.name, answer)

    def _failure(self, status: str, why: str, job_id: str) -> ProviderError:
        facts: dict[str, Any] = {"provider": self.name, "request_id": job_id, "detail": why[:500] or None}
        if any(word in why.casefold() for word in _REFUSALS):
            return PolicyRefusal(**facts, code="refused", may_be_paid=True)
        if status == "canceled":
            # By its deadline: a member's cancel ends the waiting before this is read.
            return ProviderTimeout(**facts, code=status, may_be_paid=True)
        return ProviderUnavailable(**facts, code=status, may_be_paid=status != "aborted")

    async def _images(self, prediction: Json, call: RenderCall, job_id: str) -> list[GeneratedImage]:
        output = prediction.get("output")
        addresses = [entry for entry in _listed(output) if isinstance(entry, str) and entry]
        pictures = await asyncio.gather(*(self._fetched(url, job_id) for url in addresses[: call.count]))
        if not pictures:
            raise NoPicture(provider=self.name, request_id=job_id, may_be_paid=True)
        # Of several pictures of one prediction only the first was drawn with the seed that was sent.
        seeds = [call.request.seed + call.first - 1 if call.request.seed is not None else None]
        seeds += [None] * (len(pictures) - 1)
        return [
            made(self.name, data, request_id=job_id, seed=seed)
            for data, seed in zip(pictures, seeds, strict=True)
        ]

    async def _fetched(self, url: str, job_id: str) -> bytes:
        """At once, as the vendor keeps its files for an hour; again where the line broke."""
        for _ in range(_FETCHES - 1):
            try:
                return await self._fetched_once(url)
            except (ProviderUnavailable, Undelivered) as error:
                if isinstance(error, ProviderUnavailable) and error.code == TooLarge.__name__:
                    raise
                _log.info("a picture could not be fetched", vendor_request=job_id, why=str(error))
                await self._sleep(self._poll)
        try:
            return await self._fetched_once(url)
        except (Unreadable, Forbidden, Undelivered) as error:
            raise NoPicture(
                provider=self.name,
                code=type(error).__name__,
                request_id=job_id,
                may_be_paid=True,
                detail=str(error),
            ) from error

    async def _fetched_once(self, url: str) -> bytes:
        """Our token goes to the vendor's own host only."""
        if url.startswith("data:"):
            return picture_bytes(url)
        if urlsplit(url).netloc == self._home:
            return (await self._door.send("GET", url, limit=self._limit)).body
        return await self._downloads.fetch(url, self._limit)


def _is_of(prediction: Mapping[str, Any], vendor_id: str, sent: Mapping[str, Any]) -> bool:
    given = prediction.get("input")
    return (
        prediction.get("model") == vendor_id
        and prediction.get("status") in ("starting", "processing", "succeeded")
        and isinstance(given, dict)
        and all(given.get(name) == value for name, value in sent.items())
    )


def _progress(logs: object) -> float | None:
    """How far a model is, 0.0 to 1.0, by the last bar that it printed: ` 45%|####5     | 9/20 [00:01<00:01]`."""
    bars = _BAR.findall(logs[-_LAST_LOGS:]) if isinstance(logs, str) else []
    return min(1.0, int(bars[-1]) / 100) if bars else None


def _listed(output: object) -> list[object]:
    if isinstance(output, dict):
        return [value for value in output.values() for value in _listed(value)]
    return list(output) if isinstance(output, list) else [output]


def _said(refused: StatusRefused) -> Mapping[str, Any]:
    """Problem details: `{"title", "detail", "status"}`."""
    problem = object_of(refused.body)
    words = str(problem.get("detail") or problem.get("title") or problem.get("message") or "")
    code = "model_not_found" if refused.status == 404 else None
    if refused.status in (400, 422) and any(word in words.casefold() for word in _REFUSALS):
        code = "content_filter"
    return {"code": code, "message": words}
