"""The frozen values that storage takes and hands out; `bot` turns them into its own nouns.

Units as in `tables.py`: instants are Unix seconds, dates ISO text, money micro-dollars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple, TypeAlias

from storage.folding import folded

Json: TypeAlias = Mapping[str, Any]
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
class NewRequest:
    """A request before its acceptance. `count` images and `estimate_microusd` are what gets reserved.

    `day` is the date in the guild's zone, `owner_day` the date in UTC. Somebody else's key pays where `payer` names
    `guild:ID` or `user:ID`: then `owner_day` is empty, which lies in no window, so that no counter of the owner moves;
    with a member's own key `day` is empty as well. `guild_id` is 0 outside of servers;
    `counted_channel_id` is the channel whose pool pays when it is not `channel_id` (a thread's parent); `token` comes
    encrypted; `limits` are those in force, remembered so that what is left of them can be told at the end. A part of a
    batch says of which, which (from 1) and in which round: one request of these three is all there can be. `listed` is
    whether everyone in the server could see where it was asked, so that its gallery may show it. `state` is
    `rendering` where the job begins with the acceptance. `client` is what the HTTP API has to remember: its key's id,
    the digest of the body, who is to be told.
    """

    id: str
    kind: str
    prompt: str
    model: str
    provider: str
    request: Json
    user_id: int
    user_name: str
    guild_id: int
    channel_id: int
    locale: str
    door: str
    count: int
    estimate_microusd: int
    day: str
    owner_day: str
    created_at: float
    interaction_id: int | None = None
    counted_channel_id: int | None = None
    private: bool = False
    spoiler: bool = False
    application_id: int | None = None
    token: bytes | None = field(default=None, repr=False)
    token_expires_at: float | None = None
    message_id: int | None = None
    message_channel_id: int | None = None
    file_limit_bytes: int | None = None
    parent_image_id: str | None = None
    reference: str | None = None
    limits: tuple[Json, ...] = ()
    payer: str | None = None
    batch_id: str | None = None
    batch_position: int | None = None
    batch_round: int | None = None
    listed: bool = False
    state: str = "accepted"
    client: Json | None = None


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast one member may go in one server: requests open at once, seconds between two; None: as they like."""

    at_once: int | None = None
    cooldown_seconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """`id` is the first request's when the same interaction came twice (`duplicate`): then nothing was booked."""

    id: str
    duplicate: bool = False


@dataclass(frozen=True, kw_only=True)
class RequestRow:
    """A request as it stands. `charged_microusd` is the member's, `cost_microusd` what it really cost.

    `told` is what a description gave: its `text`, and what that really cost in `cost_microusd`. `stages` maps a stage's
    name to `[started_at, seconds]`; `words` is the prompt as searches read it (`folded`).
    """

    id: str
    interaction_id: int | None
    kind: str
    prompt: str
    model: str
    provider: str
    request: Json
    user_id: int
    guild_id: int
    channel_id: int
    locale: str
    private: bool
    spoiler: bool
    door: str
    state: str
    cancel_requested_at: float | None
    estimate_microusd: int
    cost_microusd: int | None
    charged_microusd: int | None
    count: int
    made: int
    provider_request_ids: list[str]
    failure_kind: str | None
    failure_facts: Json | None
    raw_error_code: str | None
    application_id: int | None
    token: bytes | None = field(repr=False)
    token_expires_at: float | None
    message_id: int | None
    message_channel_id: int | None
    file_limit_bytes: int | None
    delivered_at: float | None
    delivery_note: str | None
    settled_at: float | None
    parent_image_id: str | None
    stages: Mapping[str, list[float]]
    reference: str | None
    limits: list[Json]
    payer: str | None
    batch_id: str | None
    batch_position: int | None
    batch_round: int | None
    listed: bool
    words: str = field(repr=False)
    client: Json | None
    created_at: float
    updated_at: float
    told: Json | None = None

    @property
    def drawing_seconds(self) -> float:
        """The longest of the vendor's calls, which run side by side; 0.0 before the first has ended."""
        spans = (span for name, span in self.stages.items() if name.startswith("render_"))
        return max((seconds for _, seconds in spans), default=0.0)

    @property
    def told_text(self) -> str:
        """Empty where nothing was described."""
        return str(self.told["text"]) if self.told else ""

    @classmethod
    def of(cls, row: NewRequest) -> RequestRow:
        """What the database holds right after the acceptance, without reading it."""
        given: dict[str, Any] = {name: getattr(row, name) for name in _GIVEN}
        return cls(
            **given, cancel_requested_at=None, cost_microusd=None, charged_microusd=None, made=0,
            provider_request_ids=[], failure_kind=None, failure_facts=None, raw_error_code=None, delivered_at=None,
            delivery_note=None, settled_at=None, stages={}, limits=list(row.limits),
            words=folded(row.prompt), updated_at=row.created_at,
        )  # fmt: skip


_GIVEN = {one.name for one in fields(RequestRow)} & {one.name for one in fields(NewRequest)} - {"limits"}


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What one vendor call made: its pictures, its stages' `[started_at, seconds]`, the vendor's id of it."""

    images: Sequence[ImageRow]
    stages: Mapping[str, Sequence[float]]
    vendor_id: str | None


@dataclass(frozen=True, kw_only=True)
class ImageRow:
    """`key` finds the bytes in the image store; `cost_microusd` is what the vendor took for this picture.

    `model` made it, which may be another than was asked.
    """

    id: str
    request_id: str
    number: int
    key: str
    media_type: str
    width: int
    height: int
    size_bytes: int
    cost_microusd: int
    created_at: float
    seed: int | None = None
    revised_prompt: str | None = None
    parent_image_id: str | None = None
    deleted_at: float | None = None
    model: str | None = None


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
class End:
    """How a request came out, for its row: `failure_*` also say why a part of it is missing."""

    state: str
    failure_kind: str | None = None
    failure_facts: Json | None = None
    raw_error_code: str | None = None


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
class AuditRow:
    id: int
    at: float
    guild_id: int
    actor_id: int
    action: str
    subject: str
    before: Any
    after: Any


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
