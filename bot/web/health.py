"""GET /health, for containers, load balancers and `python -m bot health`: the one thing that anybody may ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

Features = Callable[[], Awaitable[Mapping[str, bool]]]
"""What this process is there for, and whether each of it works at this moment."""


def health_route(features: Features) -> web.RouteDef:
    async def health(_request: web.Request) -> web.Response:
        working = dict(await features())
        well = all(working.values())
        told = {"status": "healthy" if well else "unhealthy", "features": working}
        return web.json_response(told, status=200 if well else 503)

    return web.get("/health", health)
