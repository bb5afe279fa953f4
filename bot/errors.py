"""What can go wrong, as facts.

    AtelierError
    ├── Refused               said before anything was accepted: nothing was reserved, nothing is owed
    │   ├── QuotaExceeded     an allowance or a pool has no room
    │   ├── InvalidRequest    an option that cannot be, alone or with this model
    │   ├── UnknownModel, RetiredModel
    │   ├── BadImage          an attachment that is no usable picture
    │   ├── BadScript         a script, or a list of prompts, that cannot be read
    │   ├── Blocked, ModelNotHere, PriceTooHigh, CoolingDown    the server's own rules
    │   ├── BadKey            a provider's key that somebody brought
    │   ├── NotAllowed        this person, or this server, may not
    │   ├── QueueFull, Stopping
    │   └── NotFound          the picture or request that was named does not exist for this person
    ├── ProviderError         said by, or about, a vendor after acceptance: everything is released
    │   ├── PolicyRefusal, RateLimited, OutOfCredit, BadInput
    │   ├── ProviderUnavailable, ProviderTimeout, Misconfigured
    │   └── NoPicture         the vendor answered well-formed nothing
    ├── Cancelled, Interrupted, Parked    how a job can end without a vendor's doing
    └── SettingsError, StartupError       the program cannot start; said once, in words, to its owner

No class words a message for members: `bot.replies` does, at the edge, in their language. Every error can be written
down as `kind` and `facts` and comes back from them, because a queued job fails long after its command has ended,
perhaps in another process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

_KINDS: dict[str, type[AtelierError]] = {}


@dataclass(eq=False)
class AtelierError(Exception):
    kind: ClassVar[str] = "broken"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        _KINDS[cls.__dict__.get("kind", cls.__name__)] = cls

    def __post_init__(self) -> None:
        super().__init__(*(getattr(self, field.name) for field in fields(self)))

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.facts().items() if value is not None)
        return f"{self.kind}({told})"

    def facts(self) -> dict[str, Any]:
        """The fields as JSON-ready values; `error_from_facts` is the way back."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in facts.items() if name in known})


def error_from_facts(kind: str, facts: Mapping[str, Any]) -> AtelierError:
    """The error that was written down; a kind that this version does not know comes back as the plain base class."""
    return _KINDS.get(kind, AtelierError).from_facts(facts)


class Refused(AtelierError):
    kind = "refused"


@dataclass(eq=False)
class QuotaExceeded(Refused):
    """`scope` is whose limit it was: user, role, everyone, channel, server, provider or owner.

    `unit` is `images` or `usd` (then the numbers are micro-dollars); `renews_at` is Unix seconds.
    """

    kind = "quota_exceeded"
    scope: str
    unit: str
    limit: int
    used: int
    reserved: int
    asked: int
    window: str
    renews_at: int
    offer: str | None = None
    """The id under which the refused wish is kept, so that a button can go on from it."""
    cheaper: str | None = None
    """A model with which it would have fitted, or `model|quality`."""


@dataclass(eq=False)
class InvalidRequest(Refused):
    """`field` is the option's name; `problem` one of the words that `bot.replies` knows; `allowed` what would do."""

    kind = "invalid_request"
    field: str
    problem: str
    value: str | None = None
    allowed: list[str] | None = None
    model: str | None = None


@dataclass(eq=False)
class UnknownModel(Refused):
    kind = "unknown_model"
    name: str
    nearest: list[str] | None = None


@dataclass(eq=False)
class RetiredModel(Refused):
    kind = "retired_model"
    name: str
    successor: str | None = None
    since: str | None = None


@dataclass(eq=False)
class BadImage(Refused):
    """`problem`: not_a_picture, too_many_bytes, too_many_pixels, animated, truncated, unreachable, no_file, mask_size
    or mask_alpha.

    `limit` is in bytes or pixels, as the problem says.
    """

    kind = "bad_image"
    problem: str
    name: str | None = None
    limit: int | None = None
    actual: int | None = None


@dataclass(eq=False)
class BadScript(Refused):
    """`problem`: format, json, no_list, no_text, no_cues, empty, too_many, too_large, not_text or unreachable.

    `line` counts from 1: the line of the file (json) or the number of the segment (no_text).
    """

    kind = "bad_script"
    problem: str
    name: str | None = None
    line: int | None = None
    detail: str | None = None
    limit: int | None = None
    actual: int | None = None


@dataclass(eq=False)
class NotAllowed(Refused):
    """`what`: guild (a server that the owner does not serve), admin, owner_only, not_yours, channel, user_install
    or direct (a person who takes no direct messages).
    """

    kind = "not_allowed"
    what: str


@dataclass(eq=False)
class Blocked(Refused):
    """`until` is Unix seconds, None for no end; `reason` is what an admin typed."""

    kind = "blocked"
    reason: str
    until: int | None = None


@dataclass(eq=False)
class ModelNotHere(Refused):
    """A model that exists, in a server that allows others only."""

    kind = "model_not_here"
    model: str
    allowed: list[str] | None = None


@dataclass(eq=False)
class PriceTooHigh(Refused):
    """One picture may cost this member `limit` micro-dollars here; this one would cost up to `asked`."""

    kind = "price_too_high"
    limit: int
    asked: int
    cheaper: list[str] | None = None


@dataclass(eq=False)
class CoolingDown(Refused):
    """The server asks for a pause of `seconds` between two requests; it ends at `ready_at` (Unix seconds)."""

    kind = "cooling_down"
    seconds: int
    ready_at: int


@dataclass(eq=False)
class BadKey(Refused):
    """A provider's key that could not be saved. `problem`: empty, refused, unreachable, provider or closed."""

    kind = "bad_key"
    provider: str
    problem: str


@dataclass(eq=False)
class QueueFull(Refused):
    """`limit` requests of the same member, or of everybody, are already open."""

    kind = "queue_full"
    limit: int
    open: int
    everybody: bool = False


@dataclass(eq=False)
class Stopping(Refused):
    kind = "stopping"


@dataclass(eq=False)
class NotFound(Refused):
    """`what`: image, request, batch, board, key, member, server, place (a role or a channel) or picture_in_message (a
    message that shows none).
    """

    kind = "not_found"
    what: str
    id: str | None = None


@dataclass(eq=False)
class NoProvider(Refused):
    """A model whose provider has no key in the settings; `setting` names what is missing."""

    kind = "no_provider"
    provider: str
    setting: str | None = None


@dataclass(eq=False)
class ProviderError(AtelierError):
    """`code`, `status` and `request_id` are the vendor's own words, for the log; `may_be_paid` forbids another try."""

    kind = "provider_error"
    provider: str
    code: str | None = None
    status: int | None = None
    request_id: str | None = None
    may_be_paid: bool = False
    detail: str | None = None


@dataclass(eq=False)
class PolicyRefusal(ProviderError):
    kind = "policy_refusal"
    categories: list[str] | None = None


@dataclass(eq=False)
class RateLimited(ProviderError):
    kind = "rate_limited"
    retry_after_seconds: float | None = None


class OutOfCredit(ProviderError):
    kind = "out_of_credit"


@dataclass(eq=False)
class BadInput(ProviderError):
    """The vendor refused the form of the request; `param` is the field it named."""

    kind = "bad_input"
    param: str | None = None


class ProviderUnavailable(ProviderError):
    kind = "provider_unavailable"


@dataclass(eq=False)
class ProviderTimeout(ProviderError):
    kind = "provider_timeout"
    seconds: float | None = None


@dataclass(eq=False)
class Misconfigured(ProviderError):
    """A wrong key, an unverified organisation, a model that this account cannot use: only the owner can mend it."""

    kind = "misconfigured"
    setting: str | None = None


@dataclass(eq=False)
class NoPicture(ProviderError):
    """`said` is what a model told instead, in its own words."""

    kind = "no_picture"
    said: str | None = None


class Cancelled(AtelierError):
    kind = "cancelled"


@dataclass(eq=False)
class Interrupted(AtelierError):
    """The job's process died and nothing was left to go on from.

    `may_be_paid`: its vendor was at work, may charge its owner for it, and cannot be asked what became of it.
    """

    kind = "interrupted"
    may_be_paid: bool = False


@dataclass(eq=False)
class Parked(AtelierError):
    """Tried `attempts` times and died each time; nobody tries again by itself."""

    kind = "parked"
    attempts: int


class Broken(AtelierError):
    """A fault of ours; the log has the traceback under the same reference."""

    kind = "internal"


@dataclass(eq=False)
class SettingsError(AtelierError):
    """`problems` are (setting, what is wrong, where to get it) triples; none holds a value that could be secret."""

    kind = "settings"
    problems: list[tuple[str, str, str]]


@dataclass(eq=False)
class StartupError(AtelierError):
    """`what` is a word that the command line knows (locked_database, bad_token, …); `where` a path or address."""

    kind = "startup"
    what: str
    where: str | None = None
    hint: str | None = None
