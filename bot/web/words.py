"""What an error of the studio is over HTTP: its status, when to come back, its field, and words without markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errors import (
    AtelierError,
    BadImage,
    Blocked,
    CoolingDown,
    InvalidRequest,
    ModelNotHere,
    NoProvider,
    NotAllowed,
    NotFound,
    PolicyRefusal,
    PriceTooHigh,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    QueueFull,
    QuotaExceeded,
    RateLimited,
    RetiredModel,
    Stopping,
    UnknownModel,
)
from bot.i18n import Texts
from bot.replies import reply_to

FIELD_NAMES = {"count": "num_images", "image": "input_image_url"}
"""Where the API's name of an option is not the studio's."""

PICTURES = ("image", "mask")
"""The fields that come as files."""

_TIME = re.compile(r"<t:(\d+):[A-Za-z]>")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|~>])")


@dataclass(frozen=True)
class Said:
    """`retry_after_seconds` is None where coming back later changes nothing."""

    status: int
    words: Callable[[Texts], str]
    retry_after_seconds: int | None = None
    field: str | None = None


def said_of(error: AtelierError, now: float) -> Said:
    field = None
    match error:
        case InvalidRequest(field=name):
            field = FIELD_NAMES.get(name, name)
        case UnknownModel() | RetiredModel():
            field = "model"
        case BadImage(name=name):
            field = name if name in PICTURES else "input_image_url"
        case _:
            pass
    status, seconds = _status(error, now)
    return Said(status, lambda t: words_of(error, t), seconds, field)


def words_of(error: AtelierError, t: Texts) -> str:
    """The words for an error, fit for JSON."""
    match error:
        case InvalidRequest(field="prompt", problem="empty"):
            return t("prompt is required")
        case InvalidRequest(field="count", problem="out_of_range", allowed=[low, high]):
            return t("num_images must be between {low} and {high}", low=low, high=high)
        case NotFound(what="request"):
            return t("job not found")
        case NoProvider(setting=setting) if setting:
            return t("provider key not configured: the owner has to set {setting}", setting=setting)
        case NoProvider():
            return t("provider key not configured")
        case BadImage(problem="unreachable"):
            return t("The picture cannot be fetched from that address.")
        case _:
            return plain(reply_to(error, t))


def plain(markdown: str) -> str:
    """Discord's markdown as text: times in UTC, no backticks, no escapes."""
    text = _TIME.sub(lambda found: _instant(int(found[1])), markdown)
    return _ESCAPE.sub(r"\1", text.replace("`", "").replace("**", ""))


def _instant(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _status(error: AtelierError, now: float) -> tuple[int, int | None]:
    """The status, and in how many seconds the same request may do better."""
    match error:
        case QuotaExceeded(renews_at=when) | CoolingDown(ready_at=when):
            return 429, max(1, int(when - now) + 1)
        case RateLimited(retry_after_seconds=seconds):
            return 503, max(1, round(seconds or 30))
        case BadImage(problem="too_many_bytes"):
            return 413, None
        case _:
            return next(entry for kind, entry in _STATUSES if isinstance(error, kind))


_STATUSES: tuple[tuple[type[AtelierError], tuple[int, int | None]], ...] = (
    (QueueFull, (429, 10)),
    (Stopping, (503, 60)),
    (NoProvider, (503, None)),
    (InvalidRequest, (400, None)),
    (UnknownModel, (400, None)),
    (RetiredModel, (400, None)),
    (BadImage, (400, None)),
    (PolicyRefusal, (400, None)),
    (NotAllowed, (403, None)),
    (Blocked, (403, None)),
    (ModelNotHere, (403, None)),
    (PriceTooHigh, (403, None)),
    (NotFound, (404, None)),
    (ProviderTimeout, (504, None)),
    (ProviderUnavailable, (503, 30)),
    (ProviderError, (502, None)),
    (AtelierError, (500, None)),
)
"""The nearest class first; seconds as in `Retry-After`."""
