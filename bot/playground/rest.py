"""The REST API's frame: routes, sign-in, the record of each request, planned trouble, answers as Discord words them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import body, document, rest_application, rest_channels, rest_interactions, rest_people
from bot.playground.body import Body
from bot.playground.call import Call, Reply, Route
from bot.playground.document import Deviation
from bot.playground.errors import ApiError, InvalidForm
from bot.playground.faults import Fault
from bot.playground.jsonic import as_object, dumps
from bot.playground.ratelimits import RateLimited
from bot.playground.record import RequestRecord, SentFile

if TYPE_CHECKING:
    from bot.playground.simulation import Simulation

PREFIX = "/api/v10"
ROUTES: list[Route] = [
    *rest_people.ROUTES,
    *rest_application.ROUTES,
    *rest_channels.ROUTES,
    *rest_interactions.ROUTES,
]
_log = logging.getLogger(__name__)


@dataclass
class Answer:
    """What goes back over the wire."""

    status: int
    body: object = None
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def to_response(self) -> web.Response:
        if self.body is None:
            return web.Response(status=self.status, headers=self.headers)
        # Exactly this content type: with a charset discord.py takes the body for text.
        headers = {**self.headers, "Content-Type": "application/json"}
        return web.Response(status=self.status, body=dumps(self.body), headers=headers)


class Rest:
    """Serves ROUTES for one simulation."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim

    def register(self, app: web.Application) -> None:
        for route in ROUTES:
            app.router.add_route(route.method, f"{PREFIX}{route.path}", self._handler(route))
        app.router.add_route("*", PREFIX + "/{rest:.*}", self._nowhere)

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            return await self._serve(route, request)

        return handle

    async def _nowhere(self, request: web.Request) -> web.Response:
        """A path that Discord may know, but that is not simulated: the bot must hear of it, and so must the test."""
        record = self._record(request, request.path.removeprefix(PREFIX))
        self._sim.deviations.append(Deviation(record.method, record.route, "path", "is not served here"))
        return self._finish(record, Answer(404, ApiError(0).to_dict()), time.perf_counter()).to_response()

    async def _serve(self, route: Route, request: web.Request) -> web.Response:
        started = time.perf_counter()
        record = self._record(request, route.path)
        fault: Fault | None = None
        try:
            raw = await body.receive(request)
            sent = body.read(raw, request.headers.get("Content-Type", ""))
            del raw
            record.body = sent.payload
            record.files = tuple(_sent_file(number, upload) for number, upload in sent.files.items())
            fault = self._sim.faults.strike(record)
            if fault is not None and fault.delay:
                await asyncio.sleep(fault.delay)
            answer = self._trouble(fault, request) or self._answer(route, request, record, sent)
        except ConnectionError:  # the bot died in the middle of a sentence: nothing was asked
            record.fault = "the client went away"
            answer = _cut(request)
        except ApiError as error:
            answer = _refusal(error)
        if fault is not None and fault.after:
            answer = self._lose(fault, request) or answer
        return self._finish(record, answer, started).to_response()

    def _trouble(self, fault: Fault | None, request: web.Request) -> Answer | None:
        """What happens instead of the request, if anything does."""
        if fault is None or fault.after:
            return None
        if fault.cut:
            return _cut(request)
        if fault.status == 429:
            limited = RateLimited(fault.retry_after, code=fault.code)
            return _refusal(limited)
        if fault.status is not None:
            return _refusal(ApiError(fault.code, status=fault.status, message=fault.message))
        return None

    @staticmethod
    def _lose(fault: Fault, request: web.Request) -> Answer | None:
        if fault.cut:
            return _cut(request)
        return _refusal(ApiError(fault.code, status=fault.status, message=fault.message))

    def _answer(self, route: Route, request: web.Request, record: RequestRecord, sent: Body) -> Answer:
        """Sign-in, the document, the limits, then the deed itself. Nothing awaits, so a deed is whole or not at all."""
        if not route.by_token:
            self._authenticate(request)
        deviations = document.official().check(record)
        self._sim.deviations.extend(deviations)
        record.deviations = tuple(str(one) for one in deviations)
        major = ":".join(
            request.match_info.get(name, "") for name in ("channel_id", "guild_id", "webhook_token")
        )
        headers = self._sim.rate_limits.check(record.method, route.path, major, interaction=route.by_token)
        if fatal := [one for one in deviations if one.fatal]:
            raise InvalidForm([(one.where, one.what) for one in fatal])
        reply = self._perform(
            route, Call(self._sim, record, dict(request.match_info), sent, dict(request.query))
        )
        return Answer(reply.status, reply.body, headers)

    def _perform(self, route: Route, call: Call) -> Reply:
        try:
            return route.handler(call)
        except ApiError:
            raise
        except Exception as error:
            # Our own mistake must not look like the bot's: it is told to the test as well.
            _log.exception("the simulation failed at %s %s", route.method, route.path)
            self._sim.deviations.append(
                Deviation(route.method, route.path, "simulation", f"failed: {error!r}")
            )
            raise ApiError(0, status=500, message="500: Internal Server Error") from error

    def _authenticate(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bot {self._sim.token}":
            raise ApiError(0, status=401, message="401: Unauthorized")

    def _record(self, request: web.Request, template: str) -> RequestRecord:
        path = request.path.removeprefix(PREFIX)
        return RequestRecord(request.method, path, template, self._sim.clock.now(), dict(request.query))

    def _finish(self, record: RequestRecord, answer: Answer, started: float) -> Answer:
        record.status = answer.status
        record.code = as_object(answer.body).get("code") if answer.status >= 400 else None
        record.seconds = time.perf_counter() - started
        self._sim.requests.append(record)
        self._sim.requested.notify()
        self._sim.bus.publish("request", record)
        return answer


def _refusal(error: ApiError) -> Answer:
    return Answer(error.status, error.to_dict(), error.headers if isinstance(error, RateLimited) else {})


def _cut(request: web.Request) -> Answer:
    """Nobody will read this answer: the connection is gone."""
    if request.transport is not None:
        request.transport.abort()
    return Answer(500)


def _sent_file(number: int, upload: body.Upload) -> SentFile:
    return SentFile(f"files[{number}]", upload.filename, len(upload.data), upload.sha256)
