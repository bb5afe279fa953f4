"""A request from its acceptance to its end, and the pictures that it made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from storage.folding import folded
from storage.rows.json import Json


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
class End:
    """How a request came out, for its row: `failure_*` also say why a part of it is missing."""

    state: str
    failure_kind: str | None = None
    failure_facts: Json | None = None
    raw_error_code: str | None = None
