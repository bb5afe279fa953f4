"""What one process does of the whole, and which of a bot's connections it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import StartupError


@dataclass(frozen=True)
class Shards:
    """Which of a bot's connections to Discord this process holds: `ids` of the numbers below `of`."""

    ids: tuple[int, ...]
    of: int

    @classmethod
    def parse(cls, text: str) -> Shards:
        """`0-3/8` or `2/8`. Raises StartupError."""
        found = re.fullmatch(r"(\d+)(?:-(\d+))?/(\d+)", text.replace(" ", ""))
        if found is None:
            raise StartupError(what="bad_shards", where=text)
        first, of = int(found[1]), int(found[3])
        last = int(found[2] or first)
        if not first <= last < of:
            raise StartupError(what="bad_shards", where=text)
        return cls(tuple(range(first, last + 1)), of)


class Role(StrEnum):
    """What one process does: everything, or its share of it beside others on the same Postgres."""

    RUN = "run"
    GATEWAY = "gateway"
    WORKER = "worker"
    WEB = "web"

    @property
    def takes_commands(self) -> bool:
        return self in (Role.RUN, Role.GATEWAY)

    @property
    def draws(self) -> bool:
        return self in (Role.RUN, Role.WORKER)

    @property
    def serves_clients(self) -> bool:
        """The HTTP API and the pages; /health is everywhere."""
        return self in (Role.RUN, Role.WEB)
