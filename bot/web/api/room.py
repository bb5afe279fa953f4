"""The HTTP API as a room of the web side: its routes, and the border before them."""

from __future__ import annotations

from functools import cache
from typing import Any

import structlog
from aiohttp import web

from bot.i18n import LOCALES, texts_for
from bot.web.api import handlers
from bot.web.api.callers import is_local
from bot.web.api.cors import Cors
from bot.web.api.openapi import document
from bot.web.api.operations import OPERATIONS, Operation
from bot.web.api.page import SECURITY_POLICY, page
from bot.web.api.parts import Parts
from bot.web.app import Room
from bot.web.languages import texts_of
from bot.web.problems import Handler, json_answer

_OURS = ("/api/", "/generated_images/")


def api_room(parts: Parts) -> Room:
    cors = Cors(parts.cors_origins, _OURS)

    @cache
    def description() -> dict[str, Any]:
        return document(parts.services.catalog, parts.services.styles)

    async def openapi(request: web.Request) -> web.StreamResponse:
        await parts.callers.of(request, "read")
        return json_answer(description())

    async def docs(request: web.Request) -> web.StreamResponse:
        await parts.callers.of(request, "read")
        asked = request.query.get("lang", "")
        t = texts_for(asked) if asked in LOCALES else texts_of(request)
        text = page(description(), handlers.base_of(request, parts), t)
        headers = {
            "Content-Security-Policy": SECURITY_POLICY,
            "Content-Language": t.locale,
            "Vary": "Accept-Language",
        }
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def metrics(request: web.Request) -> web.StreamResponse:
        if not is_local(request):
            await parts.callers.of(request, "metrics")
        body, kind = await parts.metrics.text()
        return web.Response(body=body, headers={"Content-Type": kind})

    async def picture(request: web.Request) -> web.StreamResponse:
        return await handlers.picture(parts, request)

    @web.middleware
    async def border(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Without a key nobody learns which paths there are."""
        if request.match_info.http_exception is not None and request.path.startswith(_OURS):
            await parts.callers.of(request, "read")
        return await handler(request)

    @web.middleware
    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await parts.metrics.counted(request, handler)

    @web.middleware
    async def preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await cors.asked(request, handler)

    return Room(
        routes=[
            *(_route(parts, operation) for operation in OPERATIONS),
            web.get("/generated_images/{job_id}/{name}", picture),
            web.get("/api/openapi.json", openapi),
            web.get("/api/docs", docs),
            web.get("/metrics", metrics),
        ],
        middlewares=[border],
        around=[counted, preflight],
        prepare=[cors.mark],
    )


def _route(parts: Parts, operation: Operation) -> web.RouteDef:
    async def handle(request: web.Request) -> web.StreamResponse:
        caller = await parts.callers.of(request, operation.scope)
        with structlog.contextvars.bound_contextvars(api_key=caller.key_id, operation=operation.name):
            return await operation.handle(parts, caller, request)

    # Without its beginning `/api/images/{job_id}` would be a path of `/api/images/generate` as well.
    path = operation.path.replace("images/{job_id}", "images/{job_id:img_[^{}/]+}")
    return web.route(operation.method, path, handle)
