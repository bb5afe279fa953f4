"""The web side as far as there is one: GET /health, for containers, load balancers and `python -m bot health`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

Features = Callable[[], Awaitable[Mapping[str, bool]]]
"""What this process is there for, and whether each of it works at this moment."""

_log = structlog.get_logger(__name__)


def application(features: Features) -> web.Application:
    app = web.Application()

    async def health(_request: web.Request) -> web.Response:
        working = dict(await features())
        well = all(working.values())
        told = {"status": "healthy" if well else "unhealthy", "features": working}
        return web.json_response(told, status=200 if well else 503)

    app.router.add_get("/health", health)
    return app


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int | None) -> AsyncGenerator[bool]:
    """Whether it is reachable: a port that is taken is logged and stops nothing else. No port: no web side."""
    if port is None:
        yield False
        return
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
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
