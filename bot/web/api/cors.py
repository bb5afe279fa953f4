"""Pages of other sites that may call the API from a browser: those that the owner named, and no others.

Keys travel in a header, never in a cookie, so a page gets nothing that it was not given a key for.
"""

from __future__ import annotations

from collections.abc import Collection

from aiohttp import web

from bot.web.problems import Handler

_METHODS = "GET, HEAD, POST, DELETE"
_HEADERS = "Authorization, X-API-Key, Content-Type, Idempotency-Key, Accept-Language, If-None-Match"
_EXPOSED = "Location, Retry-After, Idempotent-Replayed, ETag"
_REMEMBERED_SECONDS = 7200
"""The longest that Chromium takes."""


class Cors:
    """`origins` as browsers send them, in lower case; `paths` are the beginnings of what they may call."""

    def __init__(self, origins: Collection[str], paths: tuple[str, ...]) -> None:
        self._origins, self._paths = frozenset(origins), paths

    async def mark(self, request: web.Request, response: web.StreamResponse) -> None:
        """Before the head of any answer goes out, an error's and a stream's as well."""
        if not self._origins or not request.path.startswith(self._paths):
            return
        response.headers.add("Vary", "Origin")
        if (origin := self._allowed(request)) is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED

    async def asked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answers a browser that asks beforehand: it sends no key with that."""
        asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not asks or not request.path.startswith(self._paths) or self._allowed(request) is None:
            return await handler(request)
        headers = {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Max-Age": str(_REMEMBERED_SECONDS),
        }
        return web.Response(status=204, headers=headers)

    def _allowed(self, request: web.Request) -> str | None:
        origin = request.headers.get("Origin", "")
        return origin if origin.casefold() in self._origins else None
