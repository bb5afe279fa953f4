"""Google's Gemini image models through google-genai: pictures from words, and from pictures with words.

The SDK builds and signs the requests; its answer is taken as it came, because its models would decode each picture
twice and drop the reason of a refusal. There is no mask, no negative prompt and no preview.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import aiohttp
import structlog

from bot.errors import Misconfigured, NoPicture, PolicyRefusal, ProviderError
from bot.images import GeneratedImage, Kind
from bot.providers.base import (
    MOST_WORDS,
    Description,
    PreviewSink,
    RenderCall,
    Rendering,
    describe_words,
    described,
)
from bot.providers.http import PICTURE_LIMIT, Patience, made, read_body, refusal_body, spoilt
from bot.providers.openai_answers import Json, Stalled, TooLarge, Unreadable, parsed, picture_bytes
from bot.providers.openai_errors import (
    Failed,
    Origin,
    StatusRefused,
    from_error_object,
    from_exception,
    object_of,
)
from bot.sizes import AUTO
from bot.styles import with_strength

_log = structlog.get_logger(__name__)

GEMINI_URL = "https://generativelanguage.googleapis.com"

_REFUSED = frozenset(
    {
        "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION", "MODEL_ARMOR", "JAILBREAK",
    }
)  # fmt: skip
"""Reasons why a candidate ended that mean "not this picture"."""

_ONCE_MORE = frozenset({"NO_IMAGE", "IMAGE_OTHER", "OTHER", "MALFORMED_RESPONSE", "STOP"})
"""Reasons why a candidate without a picture ended that say nothing against the wish; `STOP` is one that only talked."""

_DELAY = re.compile(r"(\d+(?:\.\d+)?)s")


class GeminiProvider:
    name = "gemini"

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None = None,
        api_version: str = "v1beta",
        timeout_seconds: float = 180.0,
        stall_seconds: float = 30.0,
        picture_limit: int = PICTURE_LIMIT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        # Here, because the SDK costs most of a second and only this provider needs it.
        from google import genai
        from google.genai import types

        self._types = types
        self._origin = Origin(
            provider=self.name,
            key_setting="GEMINI_API_KEY",
            address_setting="GEMINI_BASE_URL",
            secret=api_key,
        )
        self._patience = Patience(provider=self.name, timeout_seconds=timeout_seconds, sleep=sleep)
        self._stall, self._limit = stall_seconds, picture_limit
        self._session = aiohttp.ClientSession(middlewares=(self._capped,))
        self._client = genai.Client(
            api_key=api_key,
            vertexai=False,
            http_options=types.HttpOptions(
                base_url=base_url or GEMINI_URL,
                api_version=api_version,
                timeout=int((timeout_seconds + 10) * 1000),
                # Otherwise a connection error is tried again after up to ten seconds, behind our back.
                retry_options=types.HttpRetryOptions(attempts=1),
                aiohttp_client=self._session,
            ),
        )

    async def render(self, call: RenderCall, preview: PreviewSink) -> Rendering:
        async with self._patience.in_time():
            contents, config = self._contents(call), self._config(call)
            answer = await self._patience.again(lambda: self._once(call, contents, config))
            try:
                return self._rendering(call, answer)
            except NoPicture as nothing:
                spent = _spent(call, answer)
                if nothing.code not in _ONCE_MORE or not _pays_another(call, spent):
                    raise
                _log.info(
                    "nothing was drawn: once more", provider=self.name, code=nothing.code, microusd=spent
                )
            answer = await self._patience.again(lambda: self._once(call, contents, config))
            rendering = self._rendering(call, answer)
            return replace(rendering, cost_microusd=rendering.cost_microusd + spent)

    async def describe(self, call: RenderCall, locale: str) -> Description:
        words = self._types.GenerateContentConfig(
            max_output_tokens=MOST_WORDS, should_return_http_response=True
        )
        contents = [describe_words(call, locale), *self._pictures(call)]
        async with self._patience.in_time():
            answer = await self._patience.again(lambda: self._once(call, contents, words))
        candidates = _objects(answer.get("candidates"))
        request_id = _request_id(answer)
        parts = _objects(_part(candidates[0], "content").get("parts")) if candidates else []
        said = _said_in(parts)
        if not said:
            raise self._nothing(answer, request_id)
        return described(call, said, _usage(answer, drawn=False), request_id=request_id)

    async def close(self) -> None:
        await self._client.aio.aclose()
        await self._session.close()

    async def _once(self, call: RenderCall, contents: list[Any], config: Any) -> Json:
        try:
            answer = await self._client.aio.models.generate_content(
                model=call.model.vendor_id, contents=contents, config=config
            )
        except (TooLarge, Stalled) as error:
            raise Failed(spoilt(self.name, error)) from error
        except StatusRefused as refused:
            raise _refused(self._origin, refused) from refused
        except (aiohttp.ClientError, OSError) as error:
            raise from_exception(self._origin, error) from error
        body = answer.sdk_http_response.body if answer.sdk_http_response else None
        try:
            return parsed((body or "").encode())
        except Unreadable as error:
            raise Failed(spoilt(self.name, error)) from error

    def _contents(self, call: RenderCall) -> list[Any]:
        words = call.prompt
        if call.request.kind is Kind.VARIATIONS:
            words = with_strength(words, call.request.strength)
        return [words, *self._pictures(call)]

    def _pictures(self, call: RenderCall) -> list[Any]:
        return [
            self._types.Part.from_bytes(data=picture.data, mime_type=picture.media_type)
            for picture in call.inputs
        ]

    def _config(self, call: RenderCall) -> Any:
        ratio, _, area = call.request.size.partition(" ")
        image = self._types.ImageConfig(aspect_ratio=ratio, image_size=area or None)
        return self._types.GenerateContentConfig(
            response_modalities=["IMAGE"],
            image_config=None if ratio == AUTO else image,
            should_return_http_response=True,
        )

    def _rendering(self, call: RenderCall, answer: Json) -> Rendering:
        request_id = _request_id(answer)
        image = self._image(answer, request_id)
        usage = _usage(answer)
        cost = call.model.cost(call.request, usage, pictures=1, prompt=call.prompt)
        _log.info("the vendor drew", provider=self.name, vendor_request=request_id, pictures=1, microusd=cost)
        return Rendering(images=(image,), cost_microusd=cost, request_id=request_id, usage=usage)

    def _image(self, answer: Json, request_id: str | None) -> GeneratedImage:
        candidates = _objects(answer.get("candidates"))
        parts = _objects(_part(candidates[0], "content").get("parts")) if candidates else []
        pictures = [
            text
            for part in parts
            if not part.get("thought")
            and isinstance(text := (_part(part, "inlineData") or _part(part, "inline_data")).get("data"), str)
        ]
        if not pictures:
            raise self._nothing(answer, request_id)
        try:
            # Earlier ones are drafts.
            data = picture_bytes(pictures[-1])
        except Unreadable as error:
            raise NoPicture(
                provider=self.name,
                code="Unreadable",
                request_id=request_id,
                may_be_paid=True,
                detail=str(error),
            ) from error
        return made(self.name, data, request_id=request_id)

    def _nothing(self, answer: Json, request_id: str | None) -> ProviderError:
        """Why the answer holds nothing: blocked before it began, ended by the model, or only talked."""
        candidates = _objects(answer.get("candidates"))
        ended = candidates[0] if candidates else {}
        reason = ended.get("finishReason") if ended else _part(answer, "promptFeedback").get("blockReason")
        said = _said_in(_objects(_part(ended, "content").get("parts")))
        code = str(reason) if reason else None
        facts: dict[str, Any] = {
            "provider": self.name,
            "code": code,
            "request_id": request_id,
            "detail": str(ended.get("finishMessage") or said)[:500] or None,
        }
        if code in _REFUSED or (not ended and code):
            return PolicyRefusal(**facts, categories=[code] if code else None)
        if code == "PUP_LIMITED_DISABLED":
            return Misconfigured(**facts, setting="GEMINI_API_KEY")
        return NoPicture(**facts, said=said[:500] or None, may_be_paid=True)

    async def _capped(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Reads every answer here, within bounds: the SDK would take whatever comes, for as long as it comes."""
        response = await handler(request)
        try:
            if response.status != 200:
                body = await refusal_body(response, self._stall)
                raise StatusRefused(response.status, response.headers, body)
            body = await read_body(response, self._limit, self._stall)
        except BaseException:
            response.close()
            raise
        # What `read` leaves behind: the SDK's own `text` then finds it there.
        response._body = body  # pyright: ignore[reportPrivateUsage]
        return response


def _refused(origin: Origin, refused: StatusRefused) -> Failed:
    said = object_of(refused.body)
    status_word, message = str(said.get("status") or ""), str(said.get("message") or "")
    code = "model_not_found" if refused.status == 404 else status_word or None
    if refused.status == 400 and "API key" in message:
        code = "invalid_api_key"
    headers = {name.casefold(): text for name, text in refused.headers.items()}
    for detail in _objects(said.get("details")):
        if found := _DELAY.fullmatch(str(detail.get("retryDelay", ""))):
            headers["retry-after"] = found[1]
    return from_error_object(
        origin, {"code": code, "message": message}, status=refused.status, headers=headers
    )


def _spent(call: RenderCall, answer: Json) -> int:
    """Micro-dollars of a try that drew nothing: what was read and thought is billed all the same."""
    told = _part(answer, "usageMetadata")
    if not told:
        return 0
    thought = _count(told.get("thoughtsTokenCount")) + _count(told.get("candidatesTokenCount"))
    # At least one: a report of none would read as no report.
    written = {"output_tokens": max(1, thought), "output_tokens_details": {"text_tokens": max(1, thought)}}
    usage = {"input_tokens": _count(told.get("promptTokenCount")), **written}
    return call.model.cost(call.request, usage, pictures=1, prompt=call.prompt)


def _pays_another(call: RenderCall, spent: int) -> bool:
    """Whether what was reserved for this picture still pays for one."""
    one = replace(call.request, count=1)
    tag = call.model.price_tag(size=call.request.size, quality=call.request.quality)
    return spent + tag <= call.model.estimate(one)


def _request_id(answer: Json) -> str | None:
    told = answer.get("responseId")
    return told if isinstance(told, str) else None


def _said_in(parts: list[Mapping[str, Any]]) -> str:
    """Its words without its thoughts."""
    return " ".join(str(part["text"]) for part in parts if "text" in part and not part.get("thought"))


def _usage(answer: Json, *, drawn: bool = True) -> dict[str, Any]:
    """In the words of `bot.prices`: thinking and text are cheaper than the picture's own tokens."""
    told = _part(answer, "usageMetadata")
    read, made_of, thought = (
        _count(told.get(name)) for name in ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    )
    if not made_of:
        return {}
    if not drawn:
        return {"input_tokens": read, "output_tokens": made_of + thought}
    words = sum(
        _count(entry.get("tokenCount"))
        for entry in _objects(told.get("candidatesTokensDetails"))
        if entry.get("modality") == "TEXT"
    )
    return {
        "input_tokens": read,
        "output_tokens": made_of + thought,
        "output_tokens_details": {"text_tokens": words + thought, "image_tokens": made_of - words},
    }


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
