"""Who comes in through the pages and the HTTP API, and who is told of what their jobs became."""

from __future__ import annotations

from dataclasses import dataclass, field

from storage.rows.json import Json


@dataclass(frozen=True, kw_only=True)
class WebLinkRow:
    """A link that signs `user_id` in, once; `digest` is of its secret, which is kept nowhere."""

    digest: str
    user_id: int
    facts: Json
    created_at: float
    expires_at: float
    used_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class WebSessionRow:
    """A browser that is signed in; `facts` is what was true of the person when they came."""

    digest: str
    user_id: int
    facts: Json
    created_at: float
    seen_at: float
    expires_at: float


@dataclass(frozen=True, kw_only=True)
class ApiKeyRow:
    """A key of the HTTP API: `digest` is the SHA-256 of its secret half.

    `user_id` is the member on whose account it draws, or a service's, which is negative; `role_ids` are the member's
    when it was made; `per_minute` is how many calls it may make.
    """

    id: str
    digest: bytes = field(repr=False)
    name: str
    user_id: int
    user_name: str
    guild_id: int
    role_ids: list[int]
    scopes: list[str]
    per_minute: int
    created_by: int
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class WebhookRow:
    """A receiver who is to be told of one event. `url` None is the owner's own; `key_id` names whose secret signs.

    `state` is waiting, delivered or dead; `progress` (0 to 100) is set on events about work that goes on.
    """

    id: str
    request_id: str
    event: str
    url: str | None
    key_id: str | None
    due_at: float
    created_at: float
    progress: int | None = None
    state: str = "waiting"
    attempts: int = 0
    leased_until: float | None = None
    problem: str | None = None
    ended_at: float | None = None
