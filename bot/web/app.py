"""The web side of a process: one aiohttp application on the bot's own loop, listening where the settings say.

Rooms add their routes to it (`bot.web.api` the HTTP API); errors of all of them get the one shape of
`bot.web.problems`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from bot.web.health import Features, health_route
from bot.web.problems import in_words

MAX_BODY_BYTES = 1_000_000
"""Of a JSON body; pictures come as multipart and are capped while they stream."""

_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"}
_CLOSE_SECONDS = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Room:
    """A part of the web side. Its middlewares see every request, also those of other rooms and of no room.

    Those of `around` see each answer as it goes out, errors in their shape included; `prepare` is called before the
    head of any answer is sent.
    """

    routes: Sequence[web.AbstractRouteDef]
    middlewares: Sequence[Middleware] = ()
    around: Sequence[Middleware] = ()
    prepare: Sequence[Callable[[web.Request, web.StreamResponse], Awaitable[None]]] = ()


def application(features: Features, *rooms: Room) -> web.Application:
    """`GET /health` and what each of `rooms` adds."""
    around = [middleware for room in rooms for middleware in room.around]
    within = [middleware for room in rooms for middleware in room.middlewares]
    app = web.Application(middlewares=[*around, in_words, *within], client_max_size=MAX_BODY_BYTES)
    app.on_response_prepare.append(_harden)
    app.add_routes([health_route(features)])
    for room in rooms:
        app.on_response_prepare.extend(room.prepare)
        app.add_routes(room.routes)
    return app


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int | None) -> AsyncGenerator[bool]:
    """Whether it is reachable: a port that is taken is logged and stops nothing else. No port: no web side."""
    if port is None:
        yield False
        return
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_CLOSE_SECONDS)
    await runner.setup()
    try:
        yield await _listens(runner, host, port)
    finally:
        await runner.cleanup()


async def _listens(runner: web.AppRunner, host: str, port: int) -> bool:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        _log.error("the web side cannot listen", host=host, port=port, why=error.strerror or str(error))
        return False
    _log.info("web side", address=f"http://{host}:{port}")
    return True


async def _harden(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
