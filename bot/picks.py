"""Pictures in any message, and the few minutes for which a window about them is open.

Discord tells what a message shows in the menu's event and never again: it is written down until the window comes back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import discord

from bot.errors import NotFound
from storage.settings import SettingsRepository

_SCOPE = "pick"
_KEPT_SECONDS = 3600.0
"""Longer than any window is open (15 minutes), shorter than Discord's addresses live (about a day)."""

_MOST = 10
_OURS = re.compile(r"(?:SPOILER_)?(img_[a-z2-7]{13}_\d+)\.[a-z]+")
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A picture that somebody pointed at: one of ours by `image_id`, else a file of Discord's behind `url`."""

    name: str
    url: str = ""
    size: int = 0
    image_id: str | None = None


def pictures_in(message: discord.Message, bot_id: int) -> list[Pick]:
    """What a message shows, at most ten: its files, those that it passes on, its embeds and galleries."""
    files = [*message.attachments]
    for passed_on in message.message_snapshots:
        files += passed_on.attachments
    found = [_file(one, ours=message.author.id == bot_id) for one in files if _is_picture(one)]
    found += [Pick(name=_name(url), url=url) for url in _linked(message)]
    # A gallery points to the message's own files, by another host.
    first_of_each = {urlsplit(pick.url).path: pick for pick in reversed(found)}
    return [pick for pick in found if first_of_each[urlsplit(pick.url).path] is pick][:_MOST]


def _file(attachment: discord.Attachment, *, ours: bool) -> Pick:
    """A card's files are named after their pictures; that counts on our own messages only."""
    named = _OURS.fullmatch(attachment.filename) if ours else None
    return Pick(
        name=attachment.filename,
        url=attachment.url,
        size=attachment.size,
        image_id=named[1] if named else None,
    )


def _is_picture(attachment: discord.Attachment) -> bool:
    kind = (attachment.content_type or "").partition("/")[0]
    return kind == "image" or attachment.filename.lower().endswith(_PICTURES)


def _linked(message: discord.Message) -> Iterator[str]:
    """Through Discord's own proxy only: the bot fetches nothing from addresses that strangers give."""
    for embed in message.embeds:
        for shown in (embed.image, embed.thumbnail):
            if shown.proxy_url:
                yield shown.proxy_url
    for component in _inside(message.components):
        if isinstance(component, discord.MediaGalleryComponent):
            yield from (item.media.proxy_url for item in component.items if item.media.proxy_url)


def _inside(components: Any) -> Iterator[Any]:
    for component in components:
        yield component
        yield from _inside(getattr(component, "children", ()))


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2][:100] or "picture"


class Picks:
    def __init__(self, settings: SettingsRepository, now: Callable[[], float] = time.time) -> None:
        self._settings, self._now = settings, now

    async def keep(self, number: int, user_id: int, pictures: list[Pick]) -> None:
        """Under an interaction's number; those that nobody came back for are forgotten."""
        for key, kept in (await self._settings.all_of(_SCOPE)).items():
            if kept["at"] < self._now() - _KEPT_SECONDS:
                await self._settings.delete(_SCOPE, key)
        value = {"at": self._now(), "user": str(user_id), "pictures": [asdict(one) for one in pictures]}
        await self._settings.set(_SCOPE, str(number), value)

    async def take(self, number: str, user_id: int) -> list[Pick]:
        """Raises NotFound for one that is gone, or somebody else's."""
        kept = await self._settings.get(_SCOPE, number)
        if kept is None or kept["user"] != str(user_id):
            raise NotFound(what="image")
        return [Pick(**one) for one in kept["pictures"]]
