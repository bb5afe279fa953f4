"""The one shape of every error that the web side answers: RFC 9457, with `message` and `errors` beside it.

```
{"type": "about:blank", "title": "Bad Request", "status": 400, "code": "invalid_request",
 "detail": "prompt is required", "message": "prompt is required", "errors": ["prompt is required"],
 "fields": [{"field": "prompt", "message": "prompt is required"}]}
```

What aiohttp cannot read as a request at all (a broken first line, a header above 8 KB) never comes here: its protocol
answers 400 in plain text and closes. Those answers are made in `RequestHandler.handle_error`, and neither `AppRunner`
nor `Server` takes a handler class of ours; only private parts could be replaced, which change from release to release.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from aiohttp import web
from aiohttp.http import HttpProcessingError

from bot.errors import AtelierError
from bot.i18n import Texts, _
from bot.web.languages import texts_of
from bot.web.words import Said, said_of
from storage.errors import StorageError

MEDIA_TYPE = "application/problem+json"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Words = Callable[[Texts], str]

_BY_STATUS = {
    404: _("There is nothing here."),
    405: _("That cannot be done here in this way."),
    413: _("That is too large."),
}

_log = structlog.get_logger(__name__)


def say(message: str, **values: object) -> Words:
    """A message that was marked with `_`, for whoever will read it."""
    return lambda t: t(message, **values)


class Problem(Exception):
    """An answer that is no success. `fields` maps a field's name to what is wrong with it.

    `words` are asked for in the reader's language when the answer is written.
    """

    def __init__(
        self,
        status: int,
        code: str,
        words: Words,
        *,
        fields: Sequence[tuple[str, Words]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, code)
        self.status, self.code, self.words = status, code, words
        self.fields, self.headers = fields, dict(headers or {})


def problem_body(
    status: int, code: str, message: str, fields: Sequence[tuple[str, str]] = ()
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": message,
        "message": message,
        "errors": [words for _, words in fields] or [message],
    }
    if fields:
        body["fields"] = [{"field": name, "message": words} for name, words in fields]
    return body


def answer(problem: Problem, t: Texts) -> web.Response:
    fields = [(name, words(t)) for name, words in problem.fields]
    body = problem_body(problem.status, problem.code, problem.words(t), fields)
    return json_answer(body, status=problem.status, headers=problem.headers, content_type=MEDIA_TYPE)


def json_answer(
    body: Any,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), status=status, headers=headers, content_type=content_type, charset="utf-8"
    )


@web.middleware
async def in_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong below becomes an answer of the one shape; what is our fault goes to the log as well."""
    try:
        return await handler(request)
    except Problem as problem:
        return answer(problem, texts_of(request))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return answer(_of_http(error), texts_of(request))
    except AtelierError as error:
        return answer(problem_of(error), texts_of(request))
    except StorageError as error:
        _log.error("the web side cannot reach what is stored", path=request.path, why=str(error))
        words = say(_("The database or the image store cannot be used just now. Try again soon."))
        return answer(Problem(503, "storage", words, headers={"Retry-After": "10"}), texts_of(request))
    except HttpProcessingError:
        # A part of a multipart body whose head is none; what is wrong with the request's own never comes this far.
        return answer(_of_http(web.HTTPBadRequest()), texts_of(request))
    except ConnectionError:
        raise
    except Exception:  # noqa: BLE001 - the client must get an answer of the one shape, the log the traceback
        reference = secrets.token_hex(4)
        _log.exception("a web request failed", path=request.path, method=request.method, reference=reference)
        broken = say(
            _("Something broke on our side; the log knows more under {reference}."), reference=reference
        )
        return answer(Problem(500, "internal", broken), texts_of(request))


def problem_of(error: AtelierError, now: Callable[[], float] = time.time) -> Problem:
    """What a refusal of the studio is over HTTP."""
    said: Said = said_of(error, now())
    headers = {"Retry-After": str(said.retry_after_seconds)} if said.retry_after_seconds is not None else {}
    if said.status >= 500 and error.kind in ("broken", "internal"):
        _log.error("a web request broke", kind=error.kind, exc_info=error)
    fields = [(said.field, said.words)] if said.field else []
    return Problem(said.status, error.kind, said.words, fields=fields, headers=headers)


def _of_http(error: web.HTTPException) -> Problem:
    headers = {name: value for name, value in error.headers.items() if name in ("Allow", "Retry-After")}
    words = say(_BY_STATUS.get(error.status, _("The request cannot be understood.")))
    return Problem(error.status, HTTPStatus(error.status).name.lower(), words, headers=headers)
