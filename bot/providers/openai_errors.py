"""What OpenAI, and servers shaped like it, say when they do not draw; as our errors, with whether to come back.

Judged by code first and status second: a failure inside a stream has no status, and a spent account answers 429 like a
busy server.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import mktime_tz, parsedate_tz
from typing import Any

import aiohttp
import jiter

from bot.errors import (
    BadInput,
    Misconfigured,
    OutOfCredit,
    PolicyRefusal,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
)

_REFUSED = frozenset(
    {
        "moderation_blocked",
        "content_policy_violation",
        "content_filter",
        "content_filtered",
        "safety_violations",
    }
)
_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_UNUSABLE = frozenset({"invalid_api_key", "model_not_found", "unsupported_country_region_territory"})
_BUSY = frozenset({"rate_limit_exceeded", "rate_limit_error"})

_CATEGORIES = re.compile(r"safety_violations\s*=\s*\[([^\]]*)\]")
_TRY_AGAIN_IN = re.compile(r"(?:try again|resets) in ~?(\d+(?:\.\d+)?)\s*(ms|s|m)\b", re.IGNORECASE)
_KEY = re.compile(r"\b(?:sk|sess|key)-[\w*.-]{4,}|\br8_\w{4,}|\bAIza[\w-]{8,}")
_DETAIL_LENGTH = 500
_SHORTEST_SECRET = 6
"""A shorter one is no key but a word such as `none`."""


class Failed(Exception):
    """`again_after_seconds` is set only where nothing can have been bought and coming back may help."""

    def __init__(self, error: ProviderError, again_after_seconds: float | None = None) -> None:
        super().__init__(error)
        self.error, self.again_after_seconds = error, again_after_seconds


class StatusRefused(Exception):
    """An answer with a status that is no success, as it came; at most the beginning of its body."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(status)
        self.status, self.headers, self.body = status, headers, body


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Whose failure it is: the provider, and the settings that its owner would have to mend.

    `secret` is the key: vendors repeat it in what they say, and that goes into logs.
    """

    provider: str
    key_setting: str
    address_setting: str
    secret: str = field(default="", repr=False)


def from_exception(origin: Origin, error: BaseException) -> Failed:
    """What went wrong on the way there or back. Knows that only a connection that never stood is surely unpaid."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, StatusRefused):
            return from_status(origin, cause)
    detail = _told(origin, repr(causes[-1]))
    if any(
        isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError) for cause in causes
    ):
        gone = ProviderUnavailable(provider=origin.provider, code="unreachable", detail=detail)
        return Failed(gone, again_after_seconds=0.0)
    if any(isinstance(cause, aiohttp.InvalidURL) for cause in causes):
        return Failed(Misconfigured(provider=origin.provider, setting=origin.address_setting, detail=detail))
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return Failed(ProviderTimeout(provider=origin.provider, may_be_paid=True, detail=detail))
    lost = ProviderUnavailable(
        provider=origin.provider, code="connection_lost", may_be_paid=True, detail=detail
    )
    return Failed(lost)


def from_status(origin: Origin, refused: StatusRefused) -> Failed:
    said = object_of(refused.body)
    return from_error_object(origin, said, status=refused.status, headers=refused.headers)


def from_error_object(
    origin: Origin,
    said: Mapping[str, Any],
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Failed:
    """`said` is the object under `error`, or nothing where the body was something else."""
    headers = headers or {}
    code, message = _word(said, "code") or _word(said, "type"), _word(said, "message") or ""
    facts: dict[str, Any] = {
        "provider": origin.provider,
        "code": code,
        "status": status,
        "request_id": headers.get("x-request-id"),
        "detail": _told(origin, message) or None,
    }
    wait = _wait(headers, message)
    if code in _REFUSED:
        # Whether a blocked picture is charged nobody says; it is not tried again anyway.
        return Failed(
            PolicyRefusal(**facts, categories=_categories(message), may_be_paid=code == "moderation_blocked")
        )
    if code in _SPENT or status == 402 or _word(said, "type") in _SPENT:
        return Failed(OutOfCredit(**facts))
    if status in (401, 403) or code in _UNUSABLE or status == 404:
        return Failed(Misconfigured(**facts, setting=_setting(origin, status, code)))
    if status == 429 or code in _BUSY:
        return Failed(RateLimited(**facts, retry_after_seconds=wait), again_after_seconds=wait)
    if status == 503:
        return Failed(ProviderUnavailable(**facts), again_after_seconds=wait)
    if status in (408, 504):
        return Failed(ProviderTimeout(**facts, may_be_paid=True))
    if status is not None and 400 <= status < 500:
        return Failed(BadInput(**facts, param=_word(said, "param")))
    if status is not None and status < 400:
        return Failed(Misconfigured(**facts, setting=origin.address_setting))
    # 500, 502 and failures in mid-stream: the drawing may have been done, and billed.
    return Failed(ProviderUnavailable(**facts, may_be_paid=True))


def _setting(origin: Origin, status: int | None, code: str | None) -> str | None:
    if code == "model_not_found":
        return None
    return origin.address_setting if status == 404 else origin.key_setting


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def object_of(body: bytes) -> Mapping[str, Any]:
    """`{"error": {…}}`, `{"error": "words"}`, `{"message": …}`, or a page of HTML."""
    try:
        whole = jiter.from_json(body)
    except ValueError:
        return {"message": body[:_DETAIL_LENGTH].decode(errors="replace")}
    if not isinstance(whole, dict):
        return {}
    said = whole.get("error", whole)
    return said if isinstance(said, dict) else {"message": str(said)}


def _word(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    return str(value) if isinstance(value, str | int) and str(value) else None


def _told(origin: Origin, message: str) -> str:
    """For the log: short, and without the key or the piece of one that some vendors repeat."""
    if len(origin.secret) >= _SHORTEST_SECRET:
        message = message.replace(origin.secret, "…")
    return _KEY.sub("…", " ".join(message.split()))[:_DETAIL_LENGTH]


def _categories(message: str) -> list[str] | None:
    found = _CATEGORIES.search(message)
    return [word.strip() for word in found[1].split(",") if word.strip()] if found else None


def _wait(headers: Mapping[str, str], message: str) -> float | None:
    """Seconds to wait, as a header or, failing that, the message says."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if name in headers and (seconds := _seconds(headers[name])) is not None:
            return seconds * unit
    if found := _TRY_AGAIN_IN.search(message):
        return float(found[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0}[found[2].casefold()]
    return None


def _seconds(text: str) -> float | None:
    try:
        return max(0.0, float(text))
    except ValueError:
        day = parsedate_tz(text)
        return None if day is None else max(0.0, mktime_tz(day) - time.time())
