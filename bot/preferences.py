"""What members chose for themselves, in memory: privacy must be known before the first answer goes out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from bot.models import ImageModel
from bot.servers import ServerSettings
from storage.users import UserRepository

_FRESH_SECONDS = 60.0
"""After that long another process's changes are read; one member's commands come to one process, so few ever wait."""

PINGS = ("late", "always", "never")


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """`language` is a BCP 47 tag; `ping` one of PINGS: when to call somebody whose picture is ready.

    None leaves it to the server and the bot.
    """

    model: str | None = None
    size: str | None = None
    style: str | None = None
    private: bool | None = None
    language: str | None = None
    ping: str = "late"

    def to_json(self) -> dict[str, Any]:
        """Only what is not the default: somebody without wishes has no row in the cache."""
        return {name: value for name, value in asdict(self).items() if value != getattr(_NONE, name)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**{name: stored[name] for name in cls.__dataclass_fields__ if name in stored})


_NONE = Preferences()


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What somebody has here where they say nothing else: `model` a member's own only, since a server's may fail over.

    `size` and `style` are for new pictures.
    """

    model: str | None = None
    size: str | None = None
    style: str | None = None
    private: bool = False


def usual_of(mine: Preferences, server: ServerSettings) -> Usual:
    """A member's own wishes go before their server's."""
    return Usual(
        model=mine.model,
        size=mine.size or server.default_size,
        style=mine.style or server.default_style,
        private=server.private if mine.private is None else mine.private,
    )


def own_model(chosen: str | None, able: Iterable[ImageModel]) -> str:
    """The model that a member chose where it is among those that can do it; empty: as the server has it."""
    return chosen if chosen and any(model.id == chosen for model in able) else ""


class PreferenceBook:
    def __init__(self, users: UserRepository) -> None:
        self._users = users
        self._known: dict[int, Preferences] = {}
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Everybody's who ever chose something; the rest of the members has no entry."""
        rows = await self._users.with_settings()
        self._known = {row.id: Preferences.from_json(row.settings) for row in rows}
        self._read_at = time.monotonic()

    def of(self, user_id: int) -> Preferences:
        """What is in memory, at once; where that is old it is read again beside whatever goes on."""
        if self._is_old() and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self.load())
        return self._known.get(user_id, _NONE)

    async def fresh(self, user_id: int) -> Preferences:
        """As `of`, for those who can wait for a read."""
        if self._is_old():
            await self.load()
        return self._known.get(user_id, _NONE)

    async def change(self, user_id: int, name: str, locale: str, changed: Preferences) -> None:
        await self._users.see(user_id, name, locale)
        await self._users.set_settings(user_id, changed.to_json())
        self._known[user_id] = changed

    async def clear(self, user_id: int) -> None:
        await self._users.set_settings(user_id, {})
        self.forget(user_id)

    def forget(self, user_id: int) -> None:
        self._known.pop(user_id, None)

    def _is_old(self) -> bool:
        return time.monotonic() - self._read_at > _FRESH_SECONDS
