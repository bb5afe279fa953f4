"""Members, servers and their keys, and what admins did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from storage.rows.json import Json


@dataclass(frozen=True, kw_only=True)
class UserRow:
    id: int
    name: str
    locale: str | None
    settings: Json
    first_seen: float
    last_seen: float


@dataclass(frozen=True, kw_only=True)
class GuildRow:
    id: int
    name: str
    locale: str | None
    time_zone: str | None
    settings: Json
    joined_at: float
    left_at: float | None


@dataclass(frozen=True, kw_only=True)
class BlockRow:
    guild_id: int
    user_id: int
    reason: str
    until: float | None
    blocked_by: int
    blocked_at: float


@dataclass(frozen=True, kw_only=True)
class KeyRow:
    """`owner` is `guild:ID` or `user:ID`; `sealed` is the key, encrypted."""

    owner: str
    provider: str
    sealed: bytes = field(repr=False)
    last_four: str
    added_by: int
    added_at: float


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    id: int
    at: float
    guild_id: int
    actor_id: int
    action: str
    subject: str
    before: Any
    after: Any
