"""What the local servers that stand in for vendors share: scripted failures, a log of calls, waiting for them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import BodyPartReader, web

from tests.fakes.openai_pictures import picture
from tests.fakes.openai_rules import Upload

FAILURES = (
    "bad_key", "rate_limited", "rate_limited_untimed", "refused", "out_of_credit", "down", "half", "huge", "html",
    "not_a_picture", "empty", "hold",
)  # fmt: skip
"""How a vendor can be told to answer; `rate_limited` names 7 seconds, `hold` waits for `release`."""

HUGE_BYTES = 8 * 1024 * 1024


@dataclass(kw_only=True)
class Call:
    """One thing that was asked for; `outcome` is answered, refused, dropped or abandoned (the client went away)."""

    path: str
    fields: dict[str, Any]
    files: list[Upload] = field(default_factory=list[Upload])
    failure: str | None = None
    outcome: str = "open"
    pictures: list[str] = field(default_factory=list[str])
    """The sha256 of what was sent."""


class FakeVendor:
    """Subclasses give `routes` and the wire format of `refusals`. `url` goes into the vendor's base URL setting."""

    name = ""

    def __init__(self, *, key: str | None = None) -> None:
        self.key = key
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self._next: deque[str] = deque()
        self._always: str | None = None
        self._released, self._changed = asyncio.Event(), asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self.url = ""

    def routes(self) -> Sequence[web.RouteDef]:
        raise NotImplementedError

    def refusal(self, word: str) -> web.Response:
        """The vendor's own answer for bad_key, rate_limited, …"""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=256 * 1024 * 1024)
        app.add_routes([*self.routes(), web.route("*", "/{path:.*}", self._unknown)])
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        assert self._runner is not None
        await self._runner.cleanup()

    def will(self, word: str, times: int = 1) -> None:
        """The next calls fail in this way."""
        assert word in FAILURES, word
        self._next.extend([word] * times)

    def always(self, word: str | None) -> None:
        self._always = word

    def release(self) -> None:
        self._released.set()

    async def arrived(self, count: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.calls) >= count)

    async def ended(self, count: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: sum(call.outcome != "open" for call in self.calls) >= count)

    def note(self, *faults: str) -> None:
        self.violations += faults

    async def noted(self, path: str, fields: dict[str, Any], files: Sequence[Upload] = ()) -> Call:
        failure = self._next.popleft() if self._next else self._always
        call = Call(path=path, fields=fields, files=list(files), failure=failure)
        self.calls.append(call)
        await self.tell()
        return call

    async def tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def released(self) -> None:
        await self._released.wait()

    async def answered(
        self, request: web.Request, call: Call, make: Callable[[], Awaitable[web.Response]]
    ) -> web.StreamResponse:
        """`make`'s answer, or the failure that was scripted."""
        try:
            return await self._answered(request, call, make)
        except (asyncio.CancelledError, ConnectionError):
            call.outcome = "abandoned"
            raise
        finally:
            if call.outcome == "open":
                call.outcome = "abandoned"
            await self.tell()

    async def _answered(
        self, request: web.Request, call: Call, make: Callable[[], Awaitable[web.Response]]
    ) -> web.StreamResponse:
        word = call.failure
        if word == "hold":
            await self.released()
        if word == "bad_key":
            call.outcome = "refused"
            return echoing(self.refusal(word), request)
        if word in ("rate_limited", "rate_limited_untimed", "refused", "out_of_credit", "down"):
            call.outcome = "refused"
            return self.refusal(word)
        if word == "html":
            call.outcome = "answered"
            return web.Response(
                text="<html><body>Welcome to the proxy</body></html>", content_type="text/html"
            )
        if word == "huge":
            return await self._huge(request, call)
        response = await make()
        if word == "half":
            return await self._half(request, call, response)
        call.outcome = "answered"
        return response

    async def _huge(self, request: web.Request, call: Call) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for _ in range(HUGE_BYTES // 65_536):
            await response.write(b"A" * 65_536)
        await response.write_eof()
        call.outcome = "answered"
        return response

    async def _half(self, request: web.Request, call: Call, whole: web.Response) -> web.StreamResponse:
        body = whole.body
        assert isinstance(body, bytes)
        response = web.StreamResponse(headers={"Content-Type": whole.content_type})
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        call.outcome = "dropped"
        if request.transport is not None:
            request.transport.close()
        return response

    async def _unknown(self, request: web.Request) -> web.Response:
        self.note(f"{request.method} {request.path}: there is no such endpoint")
        return web.json_response({"message": "not found"}, status=404)

    def picture(self, call: Call, size: str, kind: str, number: int = 0) -> bytes:
        """A picture that no other call gets; it is noted as sent."""
        if call.failure == "not_a_picture":
            return b"this is no picture at all, whatever its name says" * 20
        data = picture(size, kind, label=f"{self.name}-{len(self.calls)}-{number}")
        call.pictures.append(hashlib.sha256(data).hexdigest())
        return data


def echoing(refusal: web.Response, request: web.Request) -> web.Response:
    """With the key in its words, as some vendors have it."""
    key = request.headers.get("Authorization", "") or request.headers.get("x-goog-api-key", "")
    told = json.loads(refusal.text or "{}")
    words = f" (you sent {key.rpartition(' ')[2]})"
    for holder in (told, told.get("error")):
        for name in ("message", "detail"):
            if isinstance(holder, dict) and isinstance(holder.get(name), str):
                holder[name] += words
    if isinstance(told.get("errors"), list):
        told["errors"] = [entry + words for entry in told["errors"]]
    return web.json_response(told, status=refusal.status)


async def read_form(request: web.Request) -> tuple[dict[str, str], list[Upload]]:
    fields: dict[str, str] = {}
    files: list[Upload] = []
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        data = bytes(await part.read())
        if part.filename is None:
            fields[part.name or ""] = data.decode()
        else:
            files.append(Upload(part.name or "", part.filename, part.headers.get("Content-Type", ""), data))
    return fields, files
