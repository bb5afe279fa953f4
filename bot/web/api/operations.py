"""Every operation of the HTTP API, once: the routes, the document and its page are made from this list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel

from bot.i18n import _
from bot.web.api import handlers
from bot.web.api.bodies import (
    BatchAnswer,
    BatchBody,
    EditBody,
    GenerateBody,
    ImageAnswer,
    ImageBody,
    JobAnswer,
    ProvidersAnswer,
    ResultAnswer,
    StatusAnswer,
    VariationsBody,
)
from bot.web.api.callers import Caller
from bot.web.api.parts import Parts

Handle = Callable[[Parts, Caller, web.Request], Awaitable[web.StreamResponse]]

JSON, EVENTS = "application/json", "text/event-stream"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """`answers` maps a status to what comes with it; `problems` are the likely errors, each of the one shape.

    `files` are the pictures that the multipart form of `body` takes; the first must be there.
    """

    method: str
    path: str
    name: str
    summary: str
    scope: str
    handle: Handle
    answers: Mapping[int, type[BaseModel]]
    body: type[BaseModel] | None = None
    files: Sequence[str] = ()
    problems: Sequence[int] = ()
    media_type: str = JSON


_CREATING = (400, 403, 408, 409, 413, 415, 429, 503)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST", path="/api/images/generate", name="generate", scope="generate",
        summary=_("Have pictures made, from words or from words and a picture."),
        handle=handlers.generate, body=GenerateBody, answers={202: JobAnswer}, problems=_CREATING,
    ),
    Operation(
        method="GET", path="/api/images/status/{job_id}", name="status", scope="read",
        summary=_("How a job stands."),
        handle=handlers.status, answers={200: StatusAnswer}, problems=(404,),
    ),
    Operation(
        method="GET", path="/api/images/events/{job_id}", name="events", scope="read",
        summary=_("How a job stands, as server-sent events (`event: status`) until it has ended."),
        handle=handlers.events, answers={200: StatusAnswer}, problems=(404, 503), media_type=EVENTS,
    ),
    Operation(
        method="GET", path="/api/images/result/{job_id}", name="result", scope="read",
        summary=_("The pictures of a job, or why there are none; 202 while it has not ended."),
        handle=handlers.result, answers={200: ResultAnswer, 202: ResultAnswer}, problems=(404,),
    ),
    Operation(
        method="POST", path="/api/images/edit", name="edit", scope="generate",
        summary=_("Have a picture changed as the words say."),
        handle=handlers.edit, body=EditBody, files=("image", "mask"), answers={202: JobAnswer},
        problems=_CREATING,
    ),
    Operation(
        method="POST", path="/api/images/variations", name="variations", scope="generate",
        summary=_("Have pictures made that are like this one."),
        handle=handlers.variations, body=VariationsBody, files=("image",), answers={202: JobAnswer},
        problems=_CREATING,
    ),
    Operation(
        method="POST", path="/api/images/batch", name="batch", scope="generate",
        summary=_("Several jobs at once, each accepted or refused for itself."),
        handle=handlers.batch, body=BatchBody, answers={202: BatchAnswer}, problems=_CREATING,
    ),
    Operation(
        method="DELETE", path="/api/images/{job_id}", name="cancel", scope="generate",
        summary=_("Cancel a job. What was drawn before stays; what was not is not charged."),
        handle=handlers.cancel, answers={200: StatusAnswer}, problems=(404,),
    ),
    Operation(
        method="POST", path="/api/generate/image", name="image", scope="generate",
        summary=_("One picture, waited for up to two minutes; 202 with the job's id when it takes longer."),
        handle=handlers.image, body=ImageBody, answers={200: ImageAnswer, 202: JobAnswer},
        problems=(*_CREATING, 502, 504),
    ),
    Operation(
        method="GET", path="/api/generate/providers", name="providers", scope="read",
        summary=_("Who can be asked, and how each is doing."),
        handle=handlers.providers, answers={200: ProvidersAnswer},
    ),
)  # fmt: skip
