"""One manner of logging for our own lines and for those of the libraries; no secret gets past it."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from typing import Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_HIDDEN = "[hidden]"
_SECRET_KEY = re.compile(r"token|authorization|api_?key|secret|password|cookie", re.IGNORECASE)
# discord.py puts whole addresses into its warnings, and in these two the token is a part of the path.
_TOKEN_IN_PATH = re.compile(r"((?:webhooks|interactions)/\d+/)[\w.-]{16,}")
_NOISY = {
    # Their INFO is one line or more for each request or job; ours says it once, with the request's id.
    "dbos": logging.WARNING,
    "discord": logging.INFO,
    # Its warnings at start are about voice, which nobody uses here.
    "discord.client": logging.ERROR,
    "discord.gateway": logging.WARNING,
    "discord.http": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "httpx2": logging.WARNING,
    "httpcore2": logging.WARNING,
    "openai": logging.WARNING,
    "PIL": logging.INFO,
}


def set_up(
    *,
    level: str = "INFO",
    form: Literal["console", "json"] = "console",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Route structlog and the standard library to one handler on `stream` (stderr).

    `secrets` are replaced wherever they turn up in a finished line, tracebacks included. At level DEBUG the libraries
    speak too. May be called again: the last call counts.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Scrubbing(shared, _renderers(form, handler.stream), secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quiet in _NOISY.items():
        logging.getLogger(name).setLevel(logging.DEBUG if level == "DEBUG" else quiet)
    # The engine adds a handler of its own, and stops propagating, unless it finds one.
    engine = logging.getLogger("dbos")
    engine.handlers[:], engine.propagate = [logging.NullHandler()], True
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def lend() -> None:
    """For a program that is not ours: our lines go to the standard library's loggers, for it to show or not.

    Changes nothing where structlog was set up already, by `set_up` or by that program.
    """
    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.stdlib.filter_by_level,
                hide_secrets,
                structlog.stdlib.render_to_log_kwargs,
            ],
            logger_factory=structlog.stdlib.LoggerFactory(),
            wrapper_class=structlog.stdlib.BoundLogger,
            cache_logger_on_first_use=True,
        )


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Texts under names such as `token` or `api_key` are not shown, whatever they are; numbers (`input_tokens`) are."""
    return {key: _without_secrets(key, value) for key, value in event.items()}


def _without_secrets(key: str, value: object) -> object:
    if isinstance(value, dict):
        return {
            name: _without_secrets(str(name), inner)
            for name, inner in cast("dict[object, object]", value).items()
        }
    return _HIDDEN if _SECRET_KEY.search(key) and value and not isinstance(value, (int, float)) else value


class _Scrubbing(structlog.stdlib.ProcessorFormatter):
    """The last gate: what a library or a traceback wrote is searched as text."""

    def __init__(self, shared: list[Processor], renderers: list[Processor], secrets: Iterable[str]) -> None:
        super().__init__(processors=renderers, foreign_pre_chain=shared)
        known = sorted((secret for secret in secrets if len(secret) >= 6), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def format(self, record: logging.LogRecord) -> str:
        line = _TOKEN_IN_PATH.sub(rf"\1{_HIDDEN}", super().format(record))
        return self._known.sub(_HIDDEN, line) if self._known else line


def _renderers(form: str, stream: TextIO) -> list[Processor]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if form == "json":
        renderer = structlog.processors.JSONRenderer(default=str)
        return [
            drop,
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            renderer,
        ]
    # Plain tracebacks: those with local variables would print keys.
    console = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return [drop, console]
