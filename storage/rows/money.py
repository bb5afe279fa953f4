"""Limits, counters and what the ledger books: images and micro-dollars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from storage.rows.json import Json

Unit: TypeAlias = Literal["images", "usd"]
Rule: TypeAlias = Literal["images", "usd", "jobs", "cooldown", "price", "exempt"]
Scope: TypeAlias = Literal["user", "role", "everyone", "channel", "server", "provider", "owner"]


class CounterKey(NamedTuple):
    """`subject` is `user:<id>`, `channel:<id>`, `server`, or, under guild 0, `provider:<name>` or `owner`."""

    guild_id: int
    subject: str
    window: str
    window_start: str


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What may not be passed: `amount` images or micro-dollars on one counter.

    `scope` says whose rule it is (a role's rule is counted on the member's own counter); `renews_at` is only carried.
    """

    scope: Scope
    guild_id: int
    subject: str
    unit: Unit
    window: str
    window_start: str
    amount: int
    renews_at: int

    @property
    def key(self) -> CounterKey:
        return CounterKey(self.guild_id, self.subject, self.window, self.window_start)


@dataclass(frozen=True, kw_only=True)
class PictureCharge:
    """What one delivered picture cost: the pools pay `pool_microusd`, the member `member_microusd`.

    `provider` is who made it, None for the one that the request was accepted with.
    """

    image_id: str
    member_microusd: int
    pool_microusd: int
    provider: str | None = None


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A part of a request that another provider is to draw: `images` from number `first` on, at most `microusd`."""

    request_id: str
    first: int
    provider: str
    images: int
    microusd: int


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What a settlement booked; `released_*` went back to the member."""

    request_id: str
    images: int
    charged_microusd: int
    cost_microusd: int
    released_images: int
    released_microusd: int


@dataclass(frozen=True, kw_only=True)
class Booking:
    """A ledger row that no request's life writes: a grant, a refund, an adjustment by hand.

    `reference` is unique for its kind, so that a repeated event books once. A grant widens the member's own limits
    in the windows that `day` lies in; for the other kinds `images` and `microusd` are added to what the member has
    used (negative gives back) and `pool_microusd` to what was really spent.
    """

    reference: str
    kind: Literal["grant", "reset", "refund", "adjust"]
    guild_id: int
    user_id: int
    day: str
    owner_day: str
    at: float
    images: int = 0
    microusd: int = 0
    pool_microusd: int = 0
    channel_id: int | None = None
    provider: str | None = None
    request_id: str | None = None
    actor_id: int | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Sums over some of the ledger: `microusd` is a member's charge or a pool's real cost, by whom was asked about."""

    reserved_images: int = 0
    used_images: int = 0
    granted_images: int = 0
    reserved_microusd: int = 0
    used_microusd: int = 0
    granted_microusd: int = 0


@dataclass(frozen=True, kw_only=True)
class CounterRow(Spent):
    """`given_back_…` is the part of what was granted that resets gave back: used by then, and no longer counted."""

    guild_id: int
    subject: str
    window: str
    window_start: str
    window_end: str
    given_back_images: int = 0
    given_back_microusd: int = 0


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A counter that is not the sum of its ledger rows."""

    key: CounterKey
    counted: Spent
    booked: Spent


@dataclass(frozen=True, kw_only=True)
class LimitRow:
    """A rule as an admin set it. `subject_id` is a Discord id, a provider's name, or empty where none is needed.

    `images` and `usd` (micro-dollars) count in a `window`; for the others it is empty: `jobs` at once, `cooldown` in
    seconds, `price` of one picture in micro-dollars, `exempt` 0 or 1. A role's rule that is a `cap` lowers what the
    member's other roles allow.
    """

    guild_id: int
    subject_kind: Scope
    subject_id: str
    unit: Rule
    window: str
    amount: int
    updated_by: int
    updated_at: float
    cap: bool = False


@dataclass(frozen=True, kw_only=True)
class OfferRow:
    """A request that a limit refused. `asked` is in images or micro-dollars; `cheaper` a model that would have fit."""

    id: str
    guild_id: int
    user_id: int
    channel_id: int
    locale: str
    scope: str
    unit: Unit
    window: str
    window_start: str
    asked: int
    request: Json
    cheaper: str | None
    created_at: float
    asked_key: str | None = None
    decision: str | None = None
    decided_by: int | None = None


@dataclass(frozen=True, kw_only=True)
class UsageRow:
    """What was delivered on one day with one model; `charged_microusd` the members', `cost_microusd` what it cost."""

    day: str
    model: str
    images: int
    charged_microusd: int
    cost_microusd: int
