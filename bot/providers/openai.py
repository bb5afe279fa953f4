"""OpenAI's image API, and every server that speaks it: generations, edits with a mask, previews while it draws.

The SDK builds the requests, signs and sends them; `openai_answers` reads the answers, `openai_errors` the failures.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from bot.catalog_servers import OPTIONAL_FIELDS
from bot.errors import NoPicture
from bot.images import GeneratedImage, Kind
from bot.media import NotAPicture, inspect
from bot.providers.base import Description, Picture, PreviewSink, RenderCall, Rendering
from bot.providers.downloads import Downloads, Forbidden, Undelivered
from bot.providers.http import Patience, spoilt
from bot.providers.openai_answers import Json, Reader, Stalled, TooLarge, Unreadable, picture_bytes
from bot.providers.openai_chat import CHAT_LIMIT, chat_description, chat_fields
from bot.providers.openai_errors import Failed, Origin, StatusRefused, from_error_object, from_exception
from bot.providers.pace import heard
from bot.styles import with_strength

if TYPE_CHECKING:
    from httpx2 import Response

_log = structlog.get_logger(__name__)

OPENAI_URL = "https://api.openai.com/v1"

_PICTURE_LIMIT = 48 * 1024 * 1024
"""In bytes of JSON: the largest size in noise, as PNG in base64, stays below."""

_REFUSAL_LIMIT = 64 * 1024
_CONNECT_SECONDS = 10.0


class OpenAIProvider:
    """`accepts` is what the server knows, `setting` and `address_setting` name what its owner set.

    `readers` answers are read at once; `stall_seconds` is how long one may pause in the middle of a picture.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None = None,
        organization: str | None = None,
        timeout_seconds: float = 180.0,
        name: str = "openai",
        setting: str = "OPENAI_API_KEY",
        address_setting: str = "OPENAI_BASE_URL",
        accepts: Collection[str] = OPTIONAL_FIELDS,
        readers: int = 6,
        stall_seconds: float = 30.0,
        picture_limit: int = _PICTURE_LIMIT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        # Here, because the SDK costs most of a second and only this provider needs it.
        from httpx2 import HTTPError, Timeout
        from openai import AsyncOpenAI, DefaultAioHttpClient, OpenAIError

        self.name = name
        self._origin = Origin(
            provider=name, key_setting=setting, address_setting=address_setting, secret=api_key
        )
        self._client = AsyncOpenAI(
            api_key=api_key,
            base_url=base_url or OPENAI_URL,
            organization=organization,
            # A POST that may have been paid is never sent twice: what is tried again is decided below.
            max_retries=0,
            timeout=Timeout(timeout_seconds + _CONNECT_SECONDS, connect=_CONNECT_SECONDS),
            http_client=DefaultAioHttpClient(
                event_hooks={"response": [_stop_at_refusals]}, follow_redirects=False
            ),
        )
        self._transport_errors = (StatusRefused, OpenAIError, HTTPError, aiohttp.ClientError, OSError)
        self._patience = Patience(provider=name, timeout_seconds=timeout_seconds, sleep=sleep)
        self._accepts = frozenset(accepts)
        self._reader = Reader(places=readers, stall_seconds=stall_seconds)
        self._picture_limit = picture_limit
        self._downloads = Downloads(home=urlsplit(base_url or OPENAI_URL).hostname)

    async def render(self, call: RenderCall, preview: PreviewSink) -> Rendering:
        async with self._patience.in_time():
            return await self._patience.again(lambda: self._drawn(call, preview))

    async def describe(self, call: RenderCall, locale: str) -> Description:
        async with self._patience.in_time():
            return await self._patience.again(lambda: self._told(call, locale))

    async def close(self) -> None:
        await self._client.close()
        await self._downloads.close()

    async def _drawn(self, call: RenderCall, preview: PreviewSink) -> Rendering:
        images = self._client.images.with_streaming_response
        answer, request_id = await self._exchanged(
            images.edit if call.inputs else images.generate,
            self._fields(call),
            lambda response: self._answer(call, preview, response),
        )
        return await self._rendering(call, answer, request_id)

    async def _told(self, call: RenderCall, locale: str) -> Description:
        answer, request_id = await self._exchanged(
            self._client.chat.completions.with_streaming_response.create,
            chat_fields(call, locale, self._accepts),
            lambda response: self._reader.whole(_chunks(response), CHAT_LIMIT),
        )
        if isinstance(error := answer.get("error"), dict):
            raise Failed(from_error_object(self._origin, error).error)
        return chat_description(call, answer, request_id)

    async def _exchanged(
        self, send: Any, fields: dict[str, Any], read: Callable[[Response], Awaitable[Json]]
    ) -> tuple[Json, str | None]:
        """What `read` makes of the answer, and the vendor's id of the call. Raises Failed."""
        request_id = None
        try:
            async with send(**fields, extra_headers={"Accept-Encoding": "identity"}) as response:
                request_id = response.headers.get("x-request-id")
                await heard(response.headers)
                return await read(response.http_response), request_id
        except (TooLarge, Unreadable, Stalled) as error:
            raise Failed(spoilt(self.name, error, request_id)) from error
        except self._transport_errors as error:
            failed = from_exception(self._origin, error)
            failed.error.request_id = failed.error.request_id or request_id
            raise failed from error

    def _fields(self, call: RenderCall) -> dict[str, Any]:
        request, model = call.request, call.model
        streaming = call.previews > 0 and call.count == 1 and model.previews > 0
        optional = {
            "n": call.count,
            "size": request.size,
            "quality": request.quality,
            "background": request.background,
            "output_format": request.format,
            # Edits have only the older word for it.
            "user" if call.inputs else "safety_identifier": call.requester,
            "stream": True if streaming else None,
            "partial_images": min(call.previews, model.previews) if streaming else None,
        }
        fields: dict[str, Any] = {
            name: value for name, value in optional.items() if value is not None and name in self._accepts
        }
        words = call.prompt
        if request.kind is Kind.VARIATIONS and not model.strength:
            words = with_strength(words, request.strength)
        fields |= {"model": model.vendor_id, "prompt": words}
        if call.inputs:
            files = [_file(picture, f"image_{number}") for number, picture in enumerate(call.inputs, 1)]
            fields["image"] = files if len(files) > 1 else files[0]
        if call.mask is not None:
            fields["mask"] = _file(call.mask, "mask")
        return fields

    async def _answer(self, call: RenderCall, preview: PreviewSink, response: Response) -> Json:
        """One object in the shape of a plain answer, also where the server streamed."""
        limit = self._picture_limit
        kind = response.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "text/event-stream":
            whole = await self._reader.whole(_chunks(response), limit * call.count)
            if isinstance(error := whole.get("error"), dict):
                raise Failed(from_error_object(self._origin, error, headers=response.headers).error)
            return whole
        async with aclosing(self._reader.events(_chunks(response), limit)) as events:
            return await self._streamed(call, preview, events, response.headers)

    async def _streamed(
        self, call: RenderCall, preview: PreviewSink, events: AsyncIterator[Json], headers: Mapping[str, str]
    ) -> Json:
        made = _Made()
        async for event in events:
            if isinstance(error := event.get("error"), dict) or event.get("type") == "error":
                failed = from_error_object(
                    self._origin, error if isinstance(error, dict) else event, headers=headers
                )
                failed.error.may_be_paid |= made.begun
                # Not again: the vendor had taken the work on.
                raise Failed(failed.error)
            made.take(event, lambda data: preview(call.first, data))
            # Megabytes, until the next one comes.
            del event
        if not made.pictures:
            raise Unreadable("the stream ended before its picture")
        return {"data": made.pictures, "usage": made.usage}

    async def _rendering(self, call: RenderCall, answer: Json, request_id: str | None) -> Rendering:
        """Raises NoPicture where the answer is well-formed and holds none."""
        entries = answer.get("data")
        images = [
            image
            for entry in (entries if isinstance(entries, list) else [])[: call.count]
            if isinstance(entry, dict) and (image := await self._image(entry, request_id))
        ]
        if not images:
            raise NoPicture(provider=self.name, request_id=request_id, may_be_paid=True)
        usage = answer.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        cost = call.model.cost(call.request, usage, pictures=len(images), prompt=call.prompt)
        _log.info(
            "the vendor drew",
            provider=self.name,
            vendor_request=request_id,
            pictures=len(images),
            microusd=cost,
        )
        return Rendering(images=tuple(images), cost_microusd=cost, request_id=request_id, usage=usage)

    async def _image(self, entry: Json, request_id: str | None) -> GeneratedImage | None:
        text, url = entry.get("b64_json"), entry.get("url")
        try:
            if isinstance(text, str) and text:
                data = picture_bytes(text)
            elif isinstance(url, str) and url.startswith("data:"):
                data = picture_bytes(url)
            elif isinstance(url, str) and url:
                data = await self._downloads.fetch(url, self._picture_limit)
            else:
                return None
            media_type, width, height = inspect(data)
        except (Unreadable, NotAPicture, Forbidden, Undelivered) as error:
            raise NoPicture(
                provider=self.name,
                code=type(error).__name__,
                request_id=request_id,
                may_be_paid=True,
                detail=str(error),
            ) from error
        revised = entry.get("revised_prompt")
        return GeneratedImage(
            data=data,
            media_type=media_type,
            width=width,
            height=height,
            revised_prompt=revised if isinstance(revised, str) else None,
        )


@dataclass
class _Made:
    """What a stream has brought so far; `begun` is whether the vendor was seen at work."""

    pictures: list[Json] = field(default_factory=list[Json])
    usage: Mapping[str, Any] = field(default_factory=dict[str, Any])
    begun: bool = False

    def take(self, event: Json, preview: Callable[[bytes], None]) -> None:
        word = str(event.get("type", ""))
        if word.endswith(".partial_image") and isinstance(text := event.get("b64_json"), str):
            self.begun = True
            preview(picture_bytes(text))
        elif word.endswith(".completed"):
            self.pictures.append(event)
            self.usage = event.get("usage") or self.usage


def _file(picture: Picture, name: str) -> tuple[str, bytes, str]:
    """With name and type, or the server guesses the type from nothing."""
    return f"{name}.{picture.media_type.removeprefix('image/')}", picture.data, picture.media_type


def _chunks(response: Response) -> AsyncIterator[bytes]:
    """Straight from the socket unless the server compressed although it was asked not to."""
    if response.headers.get("content-encoding", "identity") != "identity":
        return response.aiter_bytes()
    stream: Any = response.stream
    return aiter(stream)


async def _stop_at_refusals(response: Response) -> None:
    """Ends every answer that is no success here, with the beginning of its body: the SDK would read all of it."""
    if response.status_code < 300:
        return
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) >= _REFUSAL_LIMIT:
            break
    raise StatusRefused(response.status_code, response.headers, bytes(body[:_REFUSAL_LIMIT]))
