"""A message as it is now: what it says, shows and offers, and how Discord writes it for a bot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bot.playground.cdn import clean_name
from bot.playground.components import Button, Select, buttons_of, media, resolved, selects_of, text_of
from bot.playground.jsonic import Json, as_object, objects
from bot.playground.signals import Signal

if TYPE_CHECKING:
    from bot.playground.cdn import Attachment
    from bot.playground.interactions import Interaction
    from bot.playground.people import User
    from bot.playground.places import Channel

T = TypeVar("T")

SUPPRESS_EMBEDS, EPHEMERAL, LOADING, QUIET, V2 = 1 << 2, 1 << 6, 1 << 7, 1 << 12, 1 << 15
PLAIN, COMMAND_ANSWER, MENU_ANSWER, REPLY = 0, 20, 23, 19


@dataclass(eq=False)
class Message:
    """`interaction` is the one it answers; `reader` the only one who sees it, when it is ephemeral."""

    id: int
    channel: Channel
    author: User
    created: float
    content: str = ""
    flags: int = 0
    type: int = PLAIN
    embeds: list[Json] = field(default_factory=list[Json])
    components: list[Json] = field(default_factory=list[Json])
    attachments: list[Attachment] = field(default_factory=list["Attachment"])
    interaction: Interaction | None = None
    reader: User | None = None
    reference: Json | None = None
    nonce: str | int | None = None
    mentions: list[User] = field(default_factory=list["User"])
    pings: frozenset[str] = frozenset()
    edits: list[float] = field(default_factory=list[float])
    deleted: bool = False
    signal: Signal = field(default_factory=Signal)

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """The bot "is thinking"."""
        return bool(self.flags & LOADING)

    @property
    def is_v2(self) -> bool:
        return bool(self.flags & V2)

    @property
    def text(self) -> str:
        """All that can be read: content, embeds, text displays."""
        parts = [self.content]
        for embed in self.embeds:
            parts += [str(as_object(embed.get("author")).get("name") or "")]
            parts += [str(embed.get("title") or ""), str(embed.get("description") or "")]
            parts += [f"{one.get('name')}: {one.get('value')}" for one in objects(embed.get("fields"))]
            parts += [str(as_object(embed.get("footer")).get("text") or "")]
        return "\n".join(part for part in parts + text_of(self.components) if part)

    @property
    def buttons(self) -> list[Button]:
        return buttons_of(self.components)

    @property
    def selects(self) -> list[Select]:
        return selects_of(self.components)

    @property
    def shown_files(self) -> list[Attachment]:
        """The files a reader sees: in a V2 message only those that a component points to."""
        if not self.is_v2:
            return self.attachments
        found = [self.find(str(target.get("url", ""))) for target, _ in media(self.components)]
        return [attachment for attachment in found if attachment is not None]

    @property
    def pictures(self) -> list[bytes]:
        """The visible pictures' bytes. Raises LookupError when files are not kept."""
        kept: list[bytes] = []
        for attachment in self.shown_files:
            if attachment.is_picture:
                if attachment.data is None:
                    raise LookupError(f"{attachment.filename} was not kept, only its size and sha256")
                kept.append(attachment.data)
        return kept

    @property
    def alt_texts(self) -> list[str]:
        """The descriptions of the visible files, as a screen reader would say them."""
        if not self.is_v2:
            return [attachment.description or "" for attachment in self.attachments]
        described: list[str] = []
        for target, description in media(self.components):
            attachment = self.find(str(target.get("url", "")))
            described.append(description or (attachment.description if attachment else None) or "")
        return described

    def button(self, label: str) -> Button:
        """The button with this label, emoji or custom id. Raises LookupError."""
        for button in self.buttons:
            if label in (button.label, button.emoji, button.custom_id):
                return button
        raise LookupError(f"no button {label!r} among {[b.label or b.emoji for b in self.buttons]}")

    def find(self, url: str) -> Attachment | None:
        """The file of this simulation behind `attachment://name` or one of the CDN's addresses."""
        scheme, _, name = url.partition("://")
        if scheme == "attachment":
            return next((one for one in self.attachments if one.filename in (name, clean_name(name))), None)
        return self.channel.sim.cdn.behind(url)

    async def until(self, look: Callable[[Message], T | None], timeout: float = 5) -> T:
        """What `look` gives as soon as it is neither None nor False; it is asked at each change."""
        return await self.signal.until(lambda: look(self) or None, timeout, lambda: repr(self))

    async def until_deleted(self, timeout: float = 5) -> None:
        await self.until(lambda message: message.deleted, timeout)

    def to_dict(self) -> Json:
        message: Json = {
            "id": str(self.id),
            "type": self.type,
            "channel_id": str(self.channel.id),
            "author": self.author.to_dict(),
            "content": self.content,
            "timestamp": self.channel.sim.clock.stamp(self.created),
            "edited_timestamp": self.channel.sim.clock.stamp(self.edits[-1]) if self.edits else None,
            "tts": False,
            "mention_everyone": "everyone" in self.pings,
            "mentions": [user.to_dict() for user in self.mentions],
            "mention_roles": [],
            "attachments": [attachment.to_dict() for attachment in self.attachments],
            "embeds": [self._shown_embed(embed) for embed in self.embeds],
            "components": resolved(self.components, self.find),
            "pinned": False,
            "flags": self.flags,
        }
        if self.nonce is not None:
            message["nonce"] = self.nonce
        if self.reference is not None:
            message["message_reference"] = self.reference
        if self.interaction is not None:
            application_id = str(self.channel.sim.application_id)
            message |= {"application_id": application_id, "webhook_id": application_id}
            message |= {"interaction_metadata": self.interaction.metadata()}
        return message

    def _shown_embed(self, embed: Json) -> Json:
        shown: Json = {"type": "rich", **embed}
        for slot in ("image", "thumbnail"):
            if target := as_object(embed.get(slot)):
                attachment = self.find(str(target.get("url", "")))
                if attachment is not None:
                    size: Json = {"width": attachment.width, "height": attachment.height}
                    shown[slot] = {**target, "url": attachment.url, "proxy_url": attachment.url, **size}
        return shown

    def __repr__(self) -> str:
        marks = [name for name in ("ephemeral", "loading", "deleted") if getattr(self, name)]
        labels = [button.label or button.emoji for button in self.buttons]
        files = [f"{one.filename} {one.size} B" for one in self.attachments]
        return f"<Message {self.id} {' '.join(marks)} {self.text!r} buttons={labels} files={files}>"
