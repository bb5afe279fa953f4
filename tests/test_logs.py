"""Log lines: one form for all, and no secret in any of them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog

from bot import logs


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def lines(form: Literal["console", "json"], level: str = "INFO") -> io.StringIO:
    stream = io.StringIO()
    logs.set_up(level=level, form=form, secrets=["sk-hush-hush", "x"], stream=stream)
    return stream


def parsed(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_lines_and_those_of_libraries_have_one_form() -> None:
    stream = lines("json")
    structlog.contextvars.bind_contextvars(request="img_a")
    structlog.get_logger("bot.test").info("drawn", seconds=2)
    logging.getLogger("discord.http").warning("slow %s", "answer")
    ours, theirs = parsed(stream)
    assert (ours["message"], ours["seconds"], ours["logger"]) == ("drawn", 2, "bot.test")
    assert (theirs["message"], theirs["level"], theirs["logger"]) == (
        "slow answer",
        "warning",
        "discord.http",
    )
    assert ours["request"] == theirs["request"] == "img_a"


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_secret_reaches_a_line(form: Literal["console", "json"]) -> None:
    stream = lines(form)
    log = structlog.get_logger("bot.test")
    log.info("by name", token="hush-1", headers={"Authorization": "hush-2"}, OPENAI_API_KEY="hush-3")
    log.info("by value sk-hush-hush")
    logging.getLogger("else").warning("by value", extra={"body": "sk-hush-hush", "cookie": "hush-4"})
    logging.getLogger("discord.webhook").warning(
        "at https://d/api/v10/webhooks/12/hush-5-aW50ZXJhY3Rpb24/messages/@original"
    )
    try:
        raise ValueError("sk-hush-hush")
    except ValueError:
        log.exception("in a traceback")
    assert "hush" not in stream.getvalue()
    assert "ValueError" in stream.getvalue()
    assert "messages/@original" in stream.getvalue()


def test_numbers_of_tokens_are_no_secret() -> None:
    stream = lines("json")
    structlog.get_logger("bot.test").info("used", input_tokens=12, token=None)
    assert parsed(stream)[0]["input_tokens"] == 12


def test_the_chatter_of_libraries_is_heard_at_debug_only() -> None:
    stream = lines("json")
    logging.getLogger("dbos").info("checkpoint")
    logging.getLogger("sqlalchemy.engine").info("SELECT")
    structlog.get_logger("bot.test").debug("detail")
    assert stream.getvalue() == ""
    stream = lines("json", "DEBUG")
    logging.getLogger("dbos").info("checkpoint")
    structlog.get_logger("bot.test").debug("detail")
    assert [line["message"] for line in parsed(stream)] == ["checkpoint", "detail"]


def test_the_engine_does_not_print_on_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    stream = lines("json")
    from dbos._logger import init_logger

    init_logger()
    logging.getLogger("dbos").warning("recovering")
    assert [line["message"] for line in parsed(stream)] == ["recovering"]
    assert capsys.readouterr().err == ""
