"""Keys of the HTTP API: shown once, checked by their digest; each draws on a member's account or on a service's.

A key is `atl_<id>_<secret>`. A service is a program of its own: its account is a negative number made of its name, so
that a new key under the same name goes on with the same quota. No id of Discord is negative.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.errors import InvalidRequest, NotFound
from bot.images import Requester
from storage.api_keys import ApiKeyRepository
from storage.rows import ApiKeyRow

SCOPES = ("read", "generate", "metrics")
"""To look at one's own jobs, to have pictures made, to read /metrics."""

DEFAULT_SCOPES = ("read", "generate")
DEFAULT_PER_MINUTE = 600
ANONYMOUS_USER_ID = -1
"""Whoever calls without a key where the owner allows it: one account for all of them."""

_PREFIX = "atl"
_FORM = re.compile(rf"{_PREFIX}_([0-9a-f]{{12}})_([0-9A-Za-z_-]+)")
"""Whatever else a header may hold reaches neither the database nor a digest."""

_FRESH_SECONDS = 5.0
"""How long another process may go on with a key that was just revoked."""

_TOUCH_EVERY_SECONDS = 60.0
_REMEMBERED = 10_000
_LONGEST_NAME = 60
_MOST_PER_MINUTE = 100_000
_DAY_SECONDS = 86_400
_SERVICE_BITS = 52
"""JavaScript reads numbers exactly up to 53 bits."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A key that is to be made; no `requester`: for a service called `name`. `days` None: it does not end."""

    name: str
    actor_id: int
    requester: Requester | None = None
    guild_id: int = 0
    scopes: Sequence[str] = DEFAULT_SCOPES
    per_minute: int = DEFAULT_PER_MINUTE
    days: int | None = None


class ApiKeys:
    def __init__(self, keys: ApiKeyRepository, secret: str, *, now: Callable[[], float] = time.time) -> None:
        self._keys, self._secret, self._now = keys, secret, now
        self._known: dict[str, tuple[float, ApiKeyRow | None]] = {}
        self._used: dict[str, float] = {}
        self._touched_at = 0.0

    async def create(self, wanted: Wanted) -> tuple[ApiKeyRow, str]:
        """The row and the key itself, which nobody can read again. Raises InvalidRequest."""
        name = " ".join(wanted.name.split())
        _check(wanted, name)
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        now, who = self._now(), wanted.requester
        row = ApiKeyRow(
            id=key_id,
            digest=_digest(secret),
            name=name,
            user_id=who.user_id if who else service_id(name),
            user_name=who.name if who else name,
            guild_id=wanted.guild_id,
            role_ids=list(who.role_ids) if who else [],
            scopes=list(dict.fromkeys(wanted.scopes)),
            per_minute=wanted.per_minute,
            created_by=wanted.actor_id,
            created_at=now,
            expires_at=None if wanted.days is None else now + wanted.days * _DAY_SECONDS,
        )
        await self._keys.add(row)
        return row, f"{_PREFIX}_{key_id}_{secret}"

    async def find(self, key: str) -> ApiKeyRow | None:
        """The row of a key that holds now; None for every other text."""
        found = _FORM.fullmatch(key.strip())
        if found is None:
            return None
        key_id, secret = found.groups()
        row = await self._row(key_id)
        if row is None or not hmac.compare_digest(_digest(secret), row.digest):
            return None
        now = self._now()
        if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
            return None
        await self._note_use(key_id, now)
        return row

    async def list(self, guild_id: int | None = None) -> list[ApiKeyRow]:
        return await self._keys.list(guild_id)

    async def revoke(self, key_id: str, *, actor_id: int, guild_id: int | None = None) -> None:
        """Raises NotFound where no such key holds."""
        self._known.pop(key_id, None)
        if not await self._keys.revoke(key_id, actor_id=actor_id, guild_id=guild_id):
            raise NotFound(what="key", id=key_id)

    def webhook_secret(self, key_id: str) -> str:
        """What signs the webhooks of this key's jobs, as receivers put it into a Standard Webhooks library."""
        made = hmac.new(self._secret.encode(), f"webhook:{key_id}".encode(), hashlib.sha256).digest()
        return "whsec_" + base64.b64encode(made).decode()

    async def _row(self, key_id: str) -> ApiKeyRow | None:
        known = self._known.get(key_id)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        row = await self._keys.get(key_id)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key_id] = (time.monotonic() + _FRESH_SECONDS, row)
        return row

    async def _note_use(self, key_id: str, now: float) -> None:
        """Written once a minute for all keys together: it is there to find keys that nobody needs any more."""
        self._used[key_id] = now
        if now - self._touched_at >= _TOUCH_EVERY_SECONDS:
            self._touched_at, used, self._used = now, self._used, {}
            await self._keys.touch(used)


def service_id(name: str) -> int:
    """The account of a service, the same for each key of that name; below `ANONYMOUS_USER_ID`."""
    digest = hashlib.sha256(f"service:{name.casefold()}".encode()).digest()
    return -2 - int.from_bytes(digest[:8]) % 2**_SERVICE_BITS


def _digest(secret: str) -> bytes:
    # 256 random bits: no salt or slow hash could make them harder to guess.
    return hashlib.sha256(secret.encode()).digest()


def _check(wanted: Wanted, name: str) -> None:
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise InvalidRequest(
            field="name", problem="out_of_range", value=name, allowed=["1", str(_LONGEST_NAME)]
        )
    unknown = [scope for scope in wanted.scopes if scope not in SCOPES]
    if unknown or not wanted.scopes:
        raise InvalidRequest(
            field="scopes", problem="unknown", value=", ".join(unknown), allowed=list(SCOPES)
        )
    if not 1 <= wanted.per_minute <= _MOST_PER_MINUTE:
        raise InvalidRequest(
            field="per_minute", problem="out_of_range", value=str(wanted.per_minute),
            allowed=["1", str(_MOST_PER_MINUTE)],
        )  # fmt: skip
    if wanted.days is not None and wanted.days < 1:
        raise InvalidRequest(field="days", problem="out_of_range", value=str(wanted.days), allowed=["1…"])
