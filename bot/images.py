"""The nouns of the studio: what is asked for, of whom, where, and what comes back."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


def new_request_id() -> str:
    """`img_` and 13 base32 characters (65 random bits): also the job's id and, 17 long, a message's nonce (max. 25)."""
    bits = secrets.randbits(65)
    return "img_" + "".join(_BASE32[bits >> shift & 31] for shift in range(0, 65, 5))


def image_id(request_id: str, number: int) -> str:
    """`number` counts from 1."""
    return f"{request_id}_{number}"


class Kind(StrEnum):
    GENERATE = "generate"
    EDIT = "edit"
    VARIATIONS = "variations"
    UPSCALE = "upscale"
    DESCRIBE = "describe"


class State(StrEnum):
    """Where an accepted request stands; `docs/architecture.md` draws the arrows."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    RENDERING = "rendering"
    RENDERED = "rendered"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    PARKED = "parked"


@dataclass(frozen=True, kw_only=True)
class InputImage:
    """A picture that waits in the image store to be sent to a vendor: checked, upright, without metadata.

    `image_id` names one of ours when it is not a stranger's upload: the result's lineage.
    """

    key: str
    media_type: str
    width: int
    height: int
    size_bytes: int
    image_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ImageRequest:
    """Everything that a generation needs, in the model's own terms once `Catalog.check` has passed it.

    `model` is a catalogue id; `size` what the model has (`1536x1024`, `16:9 2K`, `auto`); `asked_size` what the member
    typed when that was something else, `asked_quality` the same of a quality; `strength` runs from 0.0 (keep) to 1.0
    (change all); `direction` is one of `bot.directions`, which words the model gets for it; `chosen` is whether a
    member named the model, None while nobody has looked; `convert_to` is a format that the model lacks and its
    pictures are brought into.
    """

    kind: Kind
    prompt: str
    model: str
    count: int = 1
    size: str = "auto"
    asked_size: str | None = None
    quality: str | None = None
    asked_quality: str | None = None
    format: str | None = None
    convert_to: str | None = None
    background: str | None = None
    style: str | None = None
    seed: int | None = None
    negative: str | None = None
    strength: float | None = None
    direction: str | None = None
    inputs: tuple[InputImage, ...] = ()
    mask: InputImage | None = None
    chosen: bool | None = None

    @property
    def parent_image_id(self) -> str | None:
        return next((picture.image_id for picture in self.inputs if picture.image_id), None)

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Names that this version does not know are left out: a row of a newer or older release still loads."""
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        known["kind"] = Kind(known["kind"])
        known["inputs"] = tuple(InputImage(**picture) for picture in known.get("inputs", ()))
        if known.get("mask"):
            known["mask"] = InputImage(**known["mask"])
        return cls(**known)


@dataclass(frozen=True, kw_only=True)
class GeneratedImage:
    """What a vendor made: `data` byte for byte as it came, size in pixels as read from the bytes."""

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    seed: int | None = None
    revised_prompt: str | None = None


@dataclass(frozen=True, kw_only=True)
class Requester:
    """Who asks. `locale` is a BCP 47 tag as Discord writes it (`en-US`, `fr`).

    `is_admin` is who may manage the server, and a program with a key that such a person made for it.
    """

    user_id: int
    name: str
    role_ids: tuple[int, ...] = ()
    is_admin: bool = False
    locale: str = "en-US"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the answer goes. `guild_id` is 0 outside of servers, `channel_id` 0 outside of Discord.

    `parent_channel_id` is a thread's channel, whose share pays; `file_limit_bytes` is what this place lets the bot
    upload in one file; `listed` is whether everyone in the server sees it, so that its gallery may show what is made
    here.
    """

    guild_id: int
    channel_id: int
    parent_channel_id: int | None = None
    locale: str = "en-US"
    private: bool = False
    spoiler: bool = False
    file_limit_bytes: int = 10 * 1024 * 1024
    listed: bool = False
