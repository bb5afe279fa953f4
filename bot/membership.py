"""What somebody is in a server right now, as Discord says: asked by REST, since the web side has no event to go by."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol, cast

import aiohttp
import discord

_FRESH_SECONDS = 60.0
"""How long somebody who lost a role keeps what it opened; Discord allows few of these requests a second."""
_ANSWER_SECONDS = 5.0
"""Somebody waits at a page meanwhile: discord.py itself would try for half a minute."""
_NOT_THERE = frozenset({10003, 10004, 10007, 50001})
"""Unknown channel, server or member; missing access."""
_NO_ANSWER = (aiohttp.ClientError, OSError, TimeoutError, AttributeError)
"""A client that never logged in has no session: an AttributeError of discord.py's."""
_PRIVATE_THREAD = 12
_NO_PICTURES = frozenset({4, 14, 16})
"""Channels that hold no messages: categories, directories; and media channels, which commands cannot name."""
_THREADS = frozenset({10, 11, _PRIVATE_THREAD})
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`manages` is Manage Server, by any of the roles or as the server's owner; `name` as the server sees it."""

    role_ids: tuple[int, ...]
    manages: bool
    name: str = ""


class Unanswered(Exception):
    """Discord gave no usable answer: what somebody may do is not known."""


class Rest(Protocol):
    """The routes of discord.py's HTTP client that are needed here."""

    async def get_member(self, guild_id: int, member_id: int) -> Any: ...
    async def get_guild(self, guild_id: int, *, with_counts: bool) -> Any: ...
    async def get_channel(self, channel_id: int) -> Any: ...
    async def get_all_guild_channels(self, guild_id: int) -> Any: ...


class Membership:
    def __init__(self, client: discord.Client, *, now: Callable[[], float] = time.monotonic) -> None:
        self._client, self._now = client, now
        self._known: dict[tuple[int, int], tuple[float, Standing | None]] = {}  # asked when, answered what
        self._seen: dict[tuple[int, int], tuple[float, bool]] = {}
        self._names: dict[int, tuple[float, Mapping[int, str]]] = {}

    async def of(
        self, guild_id: int, user_id: int, *, max_age_seconds: float = _FRESH_SECONDS
    ) -> Standing | None:
        """None for who is not in that server, or where the bot is not; 0 seconds: as of now. Raises Unanswered."""
        now = self._now()
        known = self._known.get((guild_id, user_id))
        if known is not None and now - known[0] < max_age_seconds:
            return known[1]
        standing = await self._asked(guild_id, user_id)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[guild_id, user_id] = (now, standing)
        return standing

    async def may_post(self, guild_id: int, channel_id: int, user_id: int) -> bool:
        """Whether they see that channel (or thread) and may write in it. Raises Unanswered."""
        found, kind = await self._in_channel(guild_id, channel_id, user_id)
        writes = found.send_messages_in_threads if kind in _THREADS else found.send_messages
        return _looks_into(found, kind) and writes

    async def sees(self, guild_id: int, channel_id: int, user_id: int) -> bool:
        """Whether they may look into that channel (or thread); an answer counts for a minute. Raises Unanswered.

        Of a private thread only who moderates it is believed to: its members are not asked for.
        """
        known = self._seen.get((channel_id, user_id))
        if known is not None and known[0] > self._now():
            return known[1]
        looks = _looks_into(*await self._in_channel(guild_id, channel_id, user_id))
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen[channel_id, user_id] = (self._now() + _FRESH_SECONDS, looks)
        return looks

    def servers(self) -> dict[int, str]:
        """The names of those that this process hears events of, by id: none where it is not at the gateway."""
        return {guild.id: guild.name for guild in self._client.guilds if guild.name}

    async def names(self, guild_id: int) -> Mapping[int, str]:
        """What a server's roles (`@regulars`) and its channels for pictures (`#fun`) are called, for a minute.

        Empty where there is nothing to know. Raises Unanswered.
        """
        now = self._now()
        known = self._names.get(guild_id)
        if known is not None and now - known[0] < _FRESH_SECONDS:
            return known[1]
        rest, names = cast(Rest, self._client.http), dict[int, str]()
        with suppress(_NotThere):
            async with _answered():
                guild = await rest.get_guild(guild_id, with_counts=False)
                channels = await rest.get_all_guild_channels(guild_id)
            names |= {int(role["id"]): f"@{str(role['name']).removeprefix('@')}" for role in guild["roles"]}
            names |= {
                int(channel["id"]): f"#{channel['name']}"
                for channel in channels
                if int(channel["type"]) not in _NO_PICTURES
            }
        self._names[guild_id] = (now, names)
        return names

    async def _in_channel(
        self, guild_id: int, channel_id: int, user_id: int
    ) -> tuple[discord.Permissions, int]:
        """Their permissions there (none where something of it is not there) and the channel's type."""
        rest = cast(Rest, self._client.http)
        try:
            async with _answered():
                member = await rest.get_member(guild_id, user_id)
                guild = await rest.get_guild(guild_id, with_counts=False)
                channel = await rest.get_channel(channel_id)
                kind = int(channel["type"])
                if kind in _THREADS:
                    channel = await rest.get_channel(int(channel["parent_id"]))
        except _NotThere:
            return discord.Permissions.none(), 0
        overwrites = channel.get("permission_overwrites", ())
        return _permissions(guild_id, user_id, member, guild, overwrites), kind

    async def _asked(self, guild_id: int, user_id: int) -> Standing | None:
        rest = cast(Rest, self._client.http)
        try:
            async with _answered():
                member = await rest.get_member(guild_id, user_id)
                guild = await rest.get_guild(guild_id, with_counts=False)
        except _NotThere:
            return None
        permissions = _permissions(guild_id, user_id, member, guild)
        held = tuple(sorted(int(role) for role in member["roles"]))
        user = member["user"]
        name = member.get("nick") or user.get("global_name") or user["username"]
        return Standing(role_ids=held, manages=permissions.manage_guild, name=str(name))


class _NotThere(Exception):
    """No such member, server or channel, as far as the bot can see."""


@asynccontextmanager
async def _answered() -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            yield
    except discord.HTTPException as error:
        if error.code in _NOT_THERE:
            raise _NotThere from error
        raise Unanswered from error
    except _NO_ANSWER as error:
        raise Unanswered from error


def _looks_into(found: discord.Permissions, kind: int) -> bool:
    return found.view_channel and (kind != _PRIVATE_THREAD or found.manage_threads)


def _permissions(
    guild_id: int, user_id: int, member: Any, guild: Any, overwrites: Iterable[Any] = ()
) -> discord.Permissions:
    """As Discord documents it: roles, then a channel's overwrites for everyone, for roles, for the member."""
    # The role that everyone has bears the server's own id and is not listed with the member.
    held = {guild_id, *(int(role) for role in member["roles"])}
    permissions = discord.Permissions.none()
    for role in guild["roles"]:
        if int(role["id"]) in held:
            permissions |= discord.Permissions(int(role["permissions"]))
    if int(guild["owner_id"]) == user_id or permissions.administrator:
        return discord.Permissions.all()
    mine = {int(each["id"]): (int(each["allow"]), int(each["deny"])) for each in overwrites}
    groups = ([guild_id], sorted(held - {guild_id}), [user_id])
    for group in groups:
        allowed = denied = 0
        for subject in group:
            allow, deny = mine.get(subject, (0, 0))
            allowed, denied = allowed | allow, denied | deny
        permissions = discord.Permissions(permissions.value & ~denied | allowed)
    return permissions
