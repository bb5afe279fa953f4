"""Errors over HTTP: one shape, in the reader's language, with the field and the time to come back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.http_exceptions import InvalidHeader
from aiohttp.test_utils import TestServer

from bot.errors import AtelierError, CoolingDown, InvalidRequest, NoProvider, NotFound, QuotaExceeded
from bot.web.app import Room, application
from bot.web.problems import problem_of
from storage.errors import StoreFull

Ask = Callable[..., Awaitable[tuple[int, Any, Any]]]


async def well() -> dict[str, bool]:
    return {"database": True}


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """Gives what a handler that raises the given error answers: status, headers, body."""
    raised: list[BaseException] = []

    async def handler(_request: web.Request) -> web.Response:
        raise raised[-1]

    server = TestServer(application(well, Room(routes=[web.get("/raise", handler)])))
    await server.start_server()
    async with ClientSession() as http:

        async def answer(
            error: BaseException | None, path: str = "/raise", **options: Any
        ) -> tuple[int, Any, Any]:
            if error is not None:
                raised.append(error)
            async with http.request(options.pop("method", "GET"), server.make_url(path), **options) as got:
                return got.status, got.headers, await got.json(content_type=None)

        yield answer
    await server.close()


async def test_an_error_has_the_one_shape_and_names_its_field(ask: Ask) -> None:
    status, headers, body = await ask(InvalidRequest(field="prompt", problem="empty"))
    assert status == 400
    assert headers["Content-Type"] == "application/problem+json; charset=utf-8"
    assert body == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "code": "invalid_request",
        "detail": "prompt is required",
        "message": "prompt is required",
        "errors": ["prompt is required"],
        "fields": [{"field": "prompt", "message": "prompt is required"}],
    }


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "num_images doit être entre 1 et 4"),
        ("en;q=0.3, fr;q=0.7", "num_images doit être entre 1 et 4"),
        ("de", "num_images must be between 1 and 4"),
        ("fr;q=none", "num_images must be between 1 and 4"),
        ("", "num_images must be between 1 and 4"),
    ],
)
async def test_it_speaks_the_language_of_whoever_asks(ask: Ask, said: str, words: str) -> None:
    error = InvalidRequest(field="count", problem="out_of_range", value="9", allowed=["1", "4"])
    _, _, body = await ask(error, headers={"Accept-Language": said})
    assert body["errors"] == [words]
    assert body["fields"][0]["field"] == "num_images"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (NotFound(what="request", id="img_x"), 404, "job not found"),
        (
            NoProvider(provider="openai", setting="OPENAI_API_KEY"),
            503,
            "provider key not configured: the owner has to set OPENAI_API_KEY",
        ),
        (AtelierError(), 500, "Something broke on our side. Nothing was charged, and the log knows more."),
        (
            StoreFull("file:///x"),
            503,
            "The database or the image store cannot be used just now. Try again soon.",
        ),
    ],
)
async def test_each_kind_has_its_status(ask: Ask, error: Exception, status: int, words: str) -> None:
    got, _, body = await ask(error)
    assert (got, body["message"]) == (status, words)


async def test_what_nobody_expected_shows_a_reference_and_nothing_else(ask: Ask) -> None:
    status, _, body = await ask(RuntimeError("secret detail"))
    assert status == 500
    assert "secret detail" not in str(body)


async def test_a_body_whose_parts_have_no_heads_is_not_our_fault(ask: Ask) -> None:
    status, _, body = await ask(InvalidHeader(b"nothing"))
    assert (status, body["code"]) == (400, "bad_request")


async def test_paths_and_methods_that_are_not_there_answer_in_the_same_shape(ask: Ask) -> None:
    assert (await ask(None, "/nothing"))[2]["code"] == "not_found"
    status, headers, _ = await ask(None, "/health", method="DELETE")
    assert (status, headers["Allow"]) == (405, "GET,HEAD")


def test_a_limit_says_in_seconds_when_to_come_back() -> None:
    quota = QuotaExceeded(
        scope="user", unit="images", limit=3, used=3, reserved=0, asked=1, window="day", renews_at=1_000_100
    )
    problem = problem_of(quota, now=lambda: 1_000_000.0)
    assert (problem.status, problem.headers) == (429, {"Retry-After": "101"})
    assert problem_of(CoolingDown(seconds=5, ready_at=7), now=lambda: 10.0).headers == {"Retry-After": "1"}
