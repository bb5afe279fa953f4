"""The frozen values that storage takes and hands out; `bot` turns them into its own nouns.

Units as in `tables.py`: instants are Unix seconds, dates ISO text, money micro-dollars.
"""

from storage.rows.doors import ApiKeyRow, WebhookRow, WebLinkRow, WebSessionRow
from storage.rows.json import Json
from storage.rows.money import (
    Booking,
    CounterKey,
    CounterRow,
    Difference,
    Hold,
    Limit,
    LimitRow,
    OfferRow,
    PictureCharge,
    Rule,
    Scope,
    Settled,
    Spent,
    Unit,
    UsageRow,
)
from storage.rows.people import (
    AuditRow,
    BlockRow,
    GuildRow,
    KeyRow,
    UserRow,
)
from storage.rows.requests import (
    Accepted,
    End,
    ImageRow,
    NewRequest,
    Pace,
    Rendered,
    RequestRow,
)

__all__ = [
    "Accepted",
    "ApiKeyRow",
    "AuditRow",
    "BlockRow",
    "Booking",
    "CounterKey",
    "CounterRow",
    "Difference",
    "End",
    "GuildRow",
    "Hold",
    "ImageRow",
    "Json",
    "KeyRow",
    "Limit",
    "LimitRow",
    "NewRequest",
    "OfferRow",
    "Pace",
    "PictureCharge",
    "Rendered",
    "RequestRow",
    "Rule",
    "Scope",
    "Settled",
    "Spent",
    "Unit",
    "UsageRow",
    "UserRow",
    "WebLinkRow",
    "WebSessionRow",
    "WebhookRow",
]
