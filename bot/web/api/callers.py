"""Who calls: the key of a request, what it may do, and how often.

Without a key nobody gets further, but for the machine's own programs where the owner said so: those must come over
loopback, to a loopback name, through no proxy, and not at the bidding of some page in a browser.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from bot.apikeys import ANONYMOUS_USER_ID, DEFAULT_PER_MINUTE, SCOPES, ApiKeys
from bot.i18n import _
from bot.images import Place, Requester
from bot.web.languages import locale_of
from bot.web.problems import Problem, say

ANONYMOUS = "anonymous"
_CHALLENGE = 'Bearer realm="Atelier"'
_MOST_BUCKETS = 10_000


@dataclass(frozen=True, kw_only=True)
class Caller:
    """`key_id` names the key, `anonymous` for none."""

    key_id: str
    requester: Requester
    place: Place
    scopes: frozenset[str]
    per_minute: int


class Callers:
    def __init__(
        self, keys: ApiKeys, *, anonymous: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys, self._anonymous, self._clock = keys, anonymous, clock
        self._buckets: dict[str, tuple[float, float]] = {}

    async def of(self, request: web.Request, scope: str) -> Caller:
        """Raises Problem: 401 without a key that holds, 403 without the scope, 429 when it comes too often."""
        caller = await self._who(request)
        if caller is None:
            raise Problem(
                401, "unauthorized", say(_("An API key is needed: Authorization: Bearer atl_…")),
                headers={"WWW-Authenticate": _challenge(request)},
            )  # fmt: skip
        if scope not in caller.scopes:
            raise Problem(403, "forbidden", say(_("This API key lacks the scope {scope}."), scope=scope))
        self._count(caller)
        return caller

    async def _who(self, request: web.Request) -> Caller | None:
        key = _key_of(request)
        if key is None:
            return _nobody(request) if self._anonymous and is_local(request) else None
        row = await self._keys.find(key)
        if row is None:
            return None
        locale = locale_of(request)
        return Caller(
            key_id=row.id,
            requester=Requester(
                user_id=row.user_id,
                name=row.user_name,
                role_ids=tuple(row.role_ids),
                is_admin=True,
                locale=locale,
            ),
            place=Place(guild_id=row.guild_id, channel_id=0, locale=locale, private=True),
            scopes=frozenset(row.scopes),
            per_minute=row.per_minute,
        )

    def _count(self, caller: Caller) -> None:
        """A bucket that holds a minute's calls and fills evenly, in this process."""
        rate, now = caller.per_minute / 60, self._clock()
        left, since = self._buckets.get(caller.key_id, (float(caller.per_minute), now))
        left = min(float(caller.per_minute), left + (now - since) * rate)
        if left < 1:
            self._buckets[caller.key_id] = left, now
            wait = max(1, round((1 - left) / rate))
            raise Problem(
                429, "too_many_calls",
                say(_("This API key may call {n} times a minute. Try again in {seconds} s."),
                    n=caller.per_minute, seconds=wait),
                headers={"Retry-After": str(wait)},
            )  # fmt: skip
        if len(self._buckets) >= _MOST_BUCKETS:
            self._buckets.clear()
        self._buckets[caller.key_id] = left - 1, now


def is_local(request: web.Request) -> bool:
    """Whether a program of this machine calls, as itself: no proxy between, and no page of elsewhere behind it."""
    headers = request.headers
    if any(
        name in headers for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
    ):
        return False
    origin = headers.get("Origin")
    if origin is not None and not _is_loopback(_host_of(origin)):
        return False
    if origin is None and headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return False
    return _is_loopback(request.remote) and _is_loopback(_host_of(f"//{request.host}"))


def _host_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _key_of(request: web.Request) -> str | None:
    """From the two headers in use; a browser that shows the document asks for it as a password."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.casefold() == "bearer":
        return value
    if kind.casefold() == "basic" and request.method in ("GET", "HEAD"):
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return request.headers.get("X-API-Key", value or None)


def _challenge(request: web.Request) -> str:
    """A browser asks its reader for a key only where there is a page to read."""
    reads = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    return 'Basic realm="Atelier: any name, the API key as password"' if reads else _CHALLENGE


def _nobody(request: web.Request) -> Caller:
    locale = locale_of(request)
    return Caller(
        key_id=ANONYMOUS,
        requester=Requester(user_id=ANONYMOUS_USER_ID, name=ANONYMOUS, locale=locale),
        place=Place(guild_id=0, channel_id=0, locale=locale, private=True),
        scopes=frozenset(SCOPES),
        per_minute=10 * DEFAULT_PER_MINUTE,
    )
