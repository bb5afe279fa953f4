"""One interaction: what a person did, what the bot has answered so far, and waiting for more of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, TypeVar

from bot.playground.errors import ApiError, NoAnswer
from bot.playground.forms import Modal
from bot.playground.jsonic import Json, present
from bot.playground.signals import Signal

if TYPE_CHECKING:
    from bot.playground.messages import Message
    from bot.playground.people import Member, User
    from bot.playground.places import Channel
    from bot.playground.simulation import Simulation

T = TypeVar("T")

ANSWER_SECONDS = 3.0
TOKEN_SECONDS = 15 * 60.0
USER_INSTALL_FOLLOWUPS = 5


class Cause(IntEnum):
    """Discord's interaction types."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class Answer(IntEnum):
    """Discord's callback types."""

    MESSAGE = 4
    DEFERRED = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(eq=False)
class Interaction:
    """`source` is the message whose component was used; `trigger` the interaction that opened the modal."""

    sim: Simulation
    id: int
    cause: Cause
    token: str
    user: User
    member: Member | None
    channel: Channel
    data: Json
    created: float
    source: Message | None = None
    trigger: Interaction | None = None
    user_installed: bool = False
    answer: Answer | None = None
    first_answer_seconds: float | None = None
    ephemeral: bool = False
    original: Message | None = None
    followups: list[Message] = field(default_factory=list["Message"])
    opened: Modal | None = None
    choices: list[Json] | None = None
    signal: Signal = field(default_factory=Signal)

    # What the API asks

    @property
    def age(self) -> float:
        """Seconds of the simulation's time since the person acted."""
        return self.sim.clock.now() - self.created

    def check_answerable(self) -> None:
        """Raises ApiError: late is unknown, twice is acknowledged."""
        if self.answer is not None:
            raise ApiError(40060)
        if self.age > ANSWER_SECONDS:
            raise ApiError(10062)

    def check_token(self) -> None:
        """Raises ApiError for a token that is no longer, or not yet, a webhook."""
        if self.age > TOKEN_SECONDS:
            raise ApiError(50027)
        if self.answer is None:
            raise ApiError(10015)

    def acknowledge(self, answer: Answer) -> None:
        self.answer = answer
        self.first_answer_seconds = self.age

    def tell(self) -> None:
        """Something about the answer changed."""
        self.signal.notify()
        self.channel.signal.notify()
        self.sim.bus.publish("interaction.answered", self)

    def metadata(self) -> Json:
        """What a message says about the interaction that it came from."""
        return present(
            {
                "id": str(self.id),
                "type": int(self.cause),
                "user": self.user.to_dict(),
                "authorizing_integration_owners": self.owners(),
                "interacted_message_id": str(self.source.id) if self.source and not self.trigger else None,
                "triggering_interaction_metadata": self.trigger.metadata() if self.trigger else None,
            }
        )

    def owners(self) -> dict[str, str]:
        """Who installed the app here: "0" the server (0 in a direct message), "1" the user."""
        if self.user_installed:
            return {"1": str(self.user.id)}
        return {"0": str(self.channel.guild.id) if self.channel.guild else "0"}

    def to_gateway(self) -> Json:
        """INTERACTION_CREATE, with all that Discord sends."""
        channel, guild = self.channel, self.channel.guild
        member = self.member
        here = channel.permissions_of(member) if member else 0
        shown: Json = {**channel.to_dict(), "permissions": str(here)} if guild else channel.to_dict()
        event: Json = {
            "id": str(self.id),
            "application_id": str(self.sim.application_id),
            "type": int(self.cause),
            "token": self.token,
            "version": 1,
            "data": self.data,
            "channel": shown,
            "channel_id": str(channel.id),
            "locale": self.user.locale,
            "app_permissions": str(channel.bot_permissions),
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": self.owners(),
            "context": channel.context,
            "attachment_size_limit": channel.upload_limit,
        }
        if guild is not None:
            event |= {"guild_id": str(guild.id), "guild_locale": guild.locale}
            event["guild"] = {"id": str(guild.id), "locale": guild.locale, "features": []}
        if member is not None:
            event["member"] = {**member.to_dict(), "permissions": str(here)}
        else:
            event["user"] = self.user.to_dict()
        if self.source is not None:
            event["message"] = self.source.to_dict()
        return present(event)

    # What a test or the page asks

    @property
    def message(self) -> Message | None:
        """@original as it is now; None before it exists and after it was deleted."""
        return self.original if self.original is not None and not self.original.deleted else None

    async def answered(self, timeout: float = 3) -> Answer:
        """The kind of the first answer, as soon as there is one."""
        return await self.signal.until(lambda: self.answer, timeout, lambda: f"no answer to {self!r}")

    async def until(self, look: Callable[[Message], T | None], timeout: float = 5) -> T:
        """What `look` gives for @original as soon as it is neither None nor False."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        message = await self.signal.until(lambda: self.original, timeout, lambda: f"no message from {self!r}")
        return await message.until(look, max(deadline - loop.time(), 0))

    async def card(self, timeout: float = 10) -> Message:
        """@original once it shows pictures, no unfinished ones, and buttons, and is no longer loading."""

        def finished(message: Message) -> Message | None:
            shown = [file.filename for file in message.shown_files if file.is_picture]
            unfinished = message.loading or any("preview_" in name for name in shown)
            return message if shown and message.buttons and not unfinished else None

        return await self.until(finished, timeout)

    async def says(self, text: str, timeout: float = 5) -> Message:
        """@original or a follow-up, whichever first has `text` in it (case does not matter)."""

        def look() -> Message | None:
            candidates = [*self.followups, *([self.original] if self.original else [])]
            return next((one for one in candidates if text.lower() in one.text.lower()), None)

        describe: Callable[[], str] = lambda: f"nothing says {text!r}: {self!r}, {self.followups}"  # noqa: E731
        return await self.channel.signal.until(look, timeout, describe)

    async def followup(self, timeout: float = 5) -> Message:
        """The first follow-up."""
        look: Callable[[], Message | None] = lambda: next(iter(self.followups), None)  # noqa: E731
        return await self.signal.until(look, timeout, lambda: f"no follow-up to {self!r}")

    async def modal(self, timeout: float = 3) -> Modal:
        """The modal that was the answer. Raises NoAnswer when the answer is something else."""
        answer = await self.answered(timeout)
        if self.opened is None:
            raise NoAnswer(f"the answer is {answer.name}, not a modal")
        return self.opened

    def to_dict(self) -> Json:
        return {
            "id": str(self.id),
            "cause": self.cause.name.lower(),
            "user": self.user.to_dict(),
            "channel_id": str(self.channel.id),
            "data": self.data,
            "answer": self.answer.name.lower() if self.answer else None,
            "first_answer_seconds": self.first_answer_seconds,
            "ephemeral": self.ephemeral,
            "message_id": str(self.original.id) if self.original else None,
            "modal": self.opened.to_dict() if self.opened else None,
        }

    def __repr__(self) -> str:
        what = self.data.get("name") or self.data.get("custom_id")
        answer = self.answer.name if self.answer else "unanswered"
        return f"<Interaction {self.cause.name} {what!r} by {self.user.name}: {answer}, {self.message!r}>"
