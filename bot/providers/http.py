"""What the vendors without an SDK share: the session, capped reading, time limits, and failures as our errors.

What a refusal means differs by vendor: each hands in how its own body reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import structlog

from bot.errors import NoPicture, ProviderError, ProviderTimeout, ProviderUnavailable
from bot.images import GeneratedImage
from bot.media import NotAPicture, inspect
from bot.providers.openai_answers import Json, Stalled, TooLarge, Unreadable, parsed
from bot.providers.openai_errors import Failed, Origin, StatusRefused, from_error_object, from_exception
from bot.providers.pace import come_back, heard

_log = structlog.get_logger(__name__)

PICTURE_LIMIT = 48 * 1024 * 1024
"""In bytes of an answer with one picture: the largest size in noise, as PNG in base64, stays below."""

_REFUSAL_LIMIT = 64 * 1024
_PAUSES = (0.3, 1.5)
_LONGEST_WAIT_SECONDS = 20.0
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10)

_T = TypeVar("_T")

Said = Callable[[StatusRefused], Mapping[str, Any]]
"""A vendor's refusal as `code`, `message` and `param`: what `from_error_object` reads."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().casefold()

    def json(self) -> Json:
        """Raises Unreadable."""
        return parsed(self.body)


class Patience:
    """How long a call may take, and whether to come back after a failure that bought nothing."""

    def __init__(
        self,
        *,
        provider: str,
        timeout_seconds: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._provider, self._seconds, self._sleep = provider, timeout_seconds, sleep

    @asynccontextmanager
    async def in_time(self) -> AsyncGenerator[None]:
        """Raises ProviderTimeout when what is inside takes longer than a call may."""
        patience = asyncio.timeout(self._seconds)
        try:
            async with patience:
                yield
        except TimeoutError as error:
            if not patience.expired():
                raise
            raise ProviderTimeout(provider=self._provider, seconds=self._seconds, may_be_paid=True) from error

    async def again(self, once: Callable[[], Awaitable[_T]], *, queues: bool = True) -> _T:
        """Raises the ProviderError of the last try. With `queues`, others wait for the vendor's limit as well."""
        for pause in _PAUSES:
            try:
                return await once()
            except Failed as failed:
                wait = failed.again_after_seconds
                if wait is None or wait > _LONGEST_WAIT_SECONDS:
                    raise failed.error from failed
                _log.info("coming back to the vendor", provider=self._provider, seconds=max(wait, pause))
                if queues:
                    await come_back(failed.error, max(wait, pause), self._sleep)
                else:
                    await self._sleep(max(wait, pause))
        try:
            return await once()
        except Failed as failed:
            raise failed.error from failed


class Door:
    """One vendor's API on a session that others use too; `stall_seconds` is how long an answer may pause midway."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        origin: Origin,
        base_url: str,
        said: Said,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 180.0,
        stall_seconds: float = 30.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session, self._origin, self._said = session, origin, said
        self._headers, self._stall = dict(headers or {}), stall_seconds
        self.provider, self.base_url = origin.provider, base_url.rstrip("/")
        self.patience = Patience(provider=self.provider, timeout_seconds=timeout_seconds, sleep=sleep)

    async def send(
        self,
        method: str,
        path: str,
        *,
        limit: int = PICTURE_LIMIT,
        buys: bool = True,
        form: Callable[[], aiohttp.FormData] | None = None,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> Answer:
        """The answer of a success. Raises ProviderError, after coming back where nothing can have been bought.

        `form` makes a body anew for each try, which uses it up; a call that `buys` nothing cannot have been paid for,
        whatever became of it.
        """
        request["headers"] = {**self._headers, **(headers or {})}
        try:
            answer = await self.patience.again(
                lambda: self._once(method, path, limit, form, request), queues=buys
            )
        except ProviderError as error:
            error.may_be_paid &= buys
            raise
        if buys:
            await heard(answer.headers)
        return answer

    async def _once(
        self,
        method: str,
        path: str,
        limit: int,
        form: Callable[[], aiohttp.FormData] | None,
        request: Mapping[str, Any],
    ) -> Answer:
        url = path if "://" in path else f"{self.base_url}{path}"
        try:
            async with self._session.request(
                method,
                url,
                data=form() if form else None,
                allow_redirects=False,
                timeout=_TIMEOUT,
                **request,
            ) as response:
                if response.status >= 300:
                    raise StatusRefused(
                        response.status, _lower(response.headers), await refusal_body(response, self._stall)
                    )
                body = await read_body(response, limit, self._stall)
                return Answer(response.status, _lower(response.headers), body)
        except StatusRefused as refused:
            raise self._refused(refused) from refused
        except (TooLarge, Stalled) as error:
            raise Failed(spoilt(self.provider, error)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise from_exception(self._origin, error) from error

    def _refused(self, refused: StatusRefused) -> Failed:
        return from_error_object(
            self._origin, self._said(refused), status=refused.status, headers=refused.headers
        )


async def read_body(response: aiohttp.ClientResponse, limit: int, stall_seconds: float) -> bytes:
    """Raises TooLarge or Stalled."""
    parts: list[bytes] = []
    await _gather(response, parts, limit, stall_seconds)
    if sum(map(len, parts)) > limit:
        raise TooLarge(f"more than {limit} bytes")
    return b"".join(parts)


async def refusal_body(response: aiohttp.ClientResponse, stall_seconds: float) -> bytes:
    """At most its beginning."""
    parts: list[bytes] = []
    await _gather(response, parts, _REFUSAL_LIMIT, stall_seconds)
    return b"".join(parts)[:_REFUSAL_LIMIT]


async def _gather(
    response: aiohttp.ClientResponse, parts: list[bytes], limit: int, stall_seconds: float
) -> None:
    """Appends what comes, to its end or just past the limit."""
    size, loop = 0, asyncio.get_running_loop()
    patience = asyncio.timeout(stall_seconds)
    try:
        async with patience:
            async for chunk in response.content.iter_any():
                size += len(chunk)
                parts.append(chunk)
                if size > limit:
                    return
                patience.reschedule(loop.time() + stall_seconds)
    except TimeoutError as error:
        if not patience.expired():
            raise
        raise Stalled(f"nothing for {stall_seconds} seconds") from error


def spoilt(
    provider: str, error: Exception, request_id: str | None = None
) -> ProviderUnavailable | ProviderTimeout:
    """The picture was made, and probably billed, but did not arrive."""
    kind = ProviderTimeout if isinstance(error, Stalled) else ProviderUnavailable
    return kind(
        provider=provider,
        code=type(error).__name__,
        request_id=request_id,
        may_be_paid=True,
        detail=str(error),
    )


def json_of(provider: str, answer: Answer, *, paid: bool = True) -> Json:
    """Raises ProviderUnavailable for anything else; `paid` is whether the answer was to something that costs."""
    try:
        return answer.json()
    except Unreadable as error:
        unreadable = spoilt(provider, error)
        unreadable.may_be_paid = paid
        raise unreadable from error


def made(
    provider: str, data: bytes, *, request_id: str | None = None, seed: int | None = None
) -> GeneratedImage:
    """Raises NoPicture for bytes that are none."""
    try:
        media_type, width, height = inspect(data)
    except NotAPicture as error:
        raise NoPicture(
            provider=provider, code="NotAPicture", request_id=request_id, may_be_paid=True, detail=str(error)
        ) from error
    return GeneratedImage(data=data, media_type=media_type, width=width, height=height, seed=seed)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.casefold(): text for name, text in headers.items()}
