"""The simulated Discord on real sockets: REST, gateway and CDN on one port of the loopback."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from aiohttp import web

from bot.playground.acting import Acting
from bot.playground.errors import ApiError
from bot.playground.jsonic import as_int, dumps
from bot.playground.rest import PREFIX, Rest
from bot.playground.simulation import DEFAULT_TOKEN, MIB

_HARMLESS = {
    # Anybody's upload must not act as a page of ours: the playground's page has the same origin.
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=86400",
}


class SimulatedDiscord(Acting):
    """`async with SimulatedDiscord() as discord:` and point a bot at its addresses."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        token: str = DEFAULT_TOKEN,
        keep_files: bool = True,
        upload_limit: int = 10 * MIB,
    ) -> None:
        super().__init__(token=token, keep_files=keep_files, upload_limit=upload_limit)
        self.host = host
        self.port = port
        self._runner: web.AppRunner | None = None

    @property
    def rest_url(self) -> str:
        return f"http://{self.host}:{self.port}{PREFIX}"

    @property
    def cdn_url(self) -> str:
        return f"http://{self.host}:{self.port}/cdn"

    def application(self) -> web.Application:
        """The routes, for whoever wants to add their own beside them."""
        app = web.Application()
        Rest(self).register(app)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/cdn/{folder}/{place_id}/{attachment_id}/{filename}", self._file)
        app.router.add_get("/cdn/emojis/{emoji_id}.png", self._emoji)
        return app

    async def start(self) -> None:
        self._runner = web.AppRunner(
            self.application(), access_log=None, shutdown_timeout=1, handle_signals=False
        )
        await self._runner.setup()
        # A crowd connects at one moment: with the usual 128 some would wait a second for a second try.
        site = web.TCPSite(self._runner, self.host, self.port, backlog=1024)
        await site.start()
        address = self._runner.addresses[0]
        self.port = int(address[1])
        self.gateway_url = f"ws://{self.host}:{self.port}/gateway"
        self.cdn.base_url = self.cdn_url

    async def stop(self) -> None:
        self.gateway.drop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _emoji(self, request: web.Request) -> web.Response:
        picture = self.emoji_files.get(as_int(request.match_info["emoji_id"]) or 0)
        if picture is None:
            raise web.HTTPNotFound
        return web.Response(body=picture, headers={"Content-Type": "image/png", **_HARMLESS})

    async def _file(self, request: web.Request) -> web.Response:
        number = as_int(request.match_info["attachment_id"]) or 0
        path = request.rel_url.raw_path.removeprefix("/cdn")
        attachment = self.cdn.open(number, path, dict(request.query))
        if attachment is None or attachment.data is None:
            body = dumps(ApiError(0, message="This content is no longer available.").to_dict())
            return web.Response(status=404, body=body, content_type="application/json")
        return web.Response(
            body=attachment.data,
            headers={"Content-Type": attachment.content_type or "application/octet-stream", **_HARMLESS},
        )
