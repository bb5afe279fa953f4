"""The page's own addresses: its files, its WebSocket, and where it sends uploads."""

from __future__ import annotations

import mimetypes
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from bot.playground.cdn import Upload
from bot.playground.visitor import Visitor

if TYPE_CHECKING:
    from bot.playground.playground import Playground

PAGE = Path(__file__).parent / "page"
UPLOAD_MAX = 26 * 1024 * 1024
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """Only for this machine's own browser: other sites that point it here are turned away."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._sockets: set[web.WebSocketResponse] = set()

    def register(self, app: web.Application) -> None:
        app.router.add_get("/", _own(self._file))
        app.router.add_get("/page/socket", _own(self._socket))
        app.router.add_post("/page/upload", _own(self._upload))
        app.router.add_get("/page/{path:.+}", _own(self._file))

    async def close(self) -> None:
        for socket in tuple(self._sockets):
            await socket.close(code=1001)

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get("path", "index.html")
        path = (PAGE / name).resolve()
        if not path.is_relative_to(PAGE) or not path.is_file():
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        if kind.startswith("text/") or kind == "application/javascript":
            kind += "; charset=utf-8"
        return web.Response(body=path.read_bytes(), headers={**_HEADERS, "Content-Type": kind})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=1 << 20)
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            await Visitor(self._playground, socket).serve()
        finally:
            self._sockets.discard(socket)
        return socket

    async def _upload(self, request: web.Request) -> web.Response:
        chunks: list[bytes] = []
        size = 0
        async for chunk in request.content.iter_any():
            size += len(chunk)
            if size > UPLOAD_MAX:
                raise web.HTTPRequestEntityTooLarge(max_size=UPLOAD_MAX, actual_size=size)
            chunks.append(chunk)
        kind = request.headers.get("Content-Type")
        upload = Upload(request.query.get("name") or "file", b"".join(chunks), kind)
        return web.json_response({"upload": self._playground.uploads.keep(upload)}, headers=_HEADERS)


def _own(handler: Handler) -> Handler:
    async def guarded(request: web.Request) -> web.StreamResponse:
        host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
        origin = request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("Host")
        if host not in ("127.0.0.1", "localhost", "::1") or foreign:
            raise web.HTTPForbidden(text="This page is for the browser of this machine.")
        return await handler(request)

    return guarded
