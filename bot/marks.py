"""What Discord knows of this application by number: its commands, which a click opens, and the signs drawn for it.

One table for the whole process, as its languages are. The process that tells Discord writes the numbers down
(`storage.settings`); those that only deliver read them, so that their cards are worded alike. Until then, and where
Discord has no such emoji, signs are Unicode's and commands are code to type.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from enum import StrEnum

import structlog

from storage.errors import StorageError
from storage.settings import SettingsRepository

_AGAIN_SECONDS = 60.0
_SOON_SECONDS, _SHARE = 1.0, 0.1
"""While there is something to learn the next look comes after a tenth of the time that was waited already: a worker
that starts together with the very first gateway knows its signs soon after they are there, and looks seldom later on.
"""

_COMMAND = re.compile(r"`/([a-z]+(?:[ -][a-z]+){0,3})`")

_log = structlog.get_logger(__name__)


class Sign(StrEnum):
    """How a request or a batch stands; the value is the sign for places without our own."""

    WAITING = "⏳"
    DRAWING = "🎨"
    DONE = "✅"
    FAILED = "⚠️"
    STOPPED = "✖️"
    PAUSED = "⏸️"


_commands: dict[str, int] = {}
_signs: dict[str, str] = {}


def learn(*, commands: Mapping[str, int] | None = None, signs: Mapping[str, str] | None = None) -> None:
    """`commands` maps a command's first word to its number, `signs` a sign's name to its markup."""
    _commands.update(commands or {})
    _signs.update(signs or {})


def forget() -> None:
    _commands.clear()
    _signs.clear()


def sign(which: Sign) -> str:
    return _signs.get(which.name, which.value)


def command_link(name: str) -> str:
    """A mention that opens the command when clicked; `name` may be a path such as `quota show`."""
    number = _commands.get(name.split()[0])
    return f"</{name}:{number}>" if number else f"`/{name}`"


def with_links(words: str) -> str:
    """Commands that a text names in backticks as links."""
    return _COMMAND.sub(lambda found: command_link(found[1]), words)


def commands_key(application_id: int | None) -> str:
    return f"commands:{application_id}"


def signs_key(application_id: int | None) -> str:
    return f"signs:{application_id}"


async def keep_reading(settings: SettingsRepository, application_id: int | None) -> None:
    """For a process that tells Discord nothing: learn what another one wrote down, until cancelled."""
    began = time.monotonic()
    while True:
        try:
            told = await settings.get("app", commands_key(application_id))
            drawn = await settings.get("app", signs_key(application_id))
        except StorageError as error:
            _log.warning("the numbers of commands could not be read", why=str(error))
        else:
            if isinstance(told, dict):
                learn(commands={name: int(number) for name, number in told["ids"].items()})
            if isinstance(drawn, dict):
                learn(signs={name: str(markup) for name, markup in drawn.items()})
        waited = time.monotonic() - began
        soon = min(_AGAIN_SECONDS, max(_SOON_SECONDS, waited * _SHARE))
        await asyncio.sleep(_AGAIN_SECONDS if _knows_all() else soon)


def _knows_all() -> bool:
    return bool(_commands) and all(which.name in _signs for which in Sign)
