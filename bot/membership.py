"""What somebody is in a server right now, as Discord says: asked by REST, since the web side has no event to go by."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import aiohttp
import discord

_FRESH_SECONDS = 60.0
"""How long somebody who lost a role keeps what it opened; Discord allows few of these requests a second."""
_UNKNOWN_MEMBER, _UNKNOWN_GUILD, _MISSING_ACCESS = 10007, 10004, 50001


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`manages` is Manage Server, by any of the roles or as the server's owner."""

    role_ids: tuple[int, ...]
    manages: bool


class Unanswered(Exception):
    """Discord gave no usable answer: what somebody may do is not known."""


class Rest(Protocol):
    """The two routes of discord.py's HTTP client that are needed here."""

    async def get_member(self, guild_id: int, member_id: int) -> Any: ...
    async def get_guild(self, guild_id: int, *, with_counts: bool) -> Any: ...


class Membership:
    def __init__(self, client: discord.Client, *, now: Callable[[], float] = time.monotonic) -> None:
        self._client, self._now = client, now
        self._known: dict[tuple[int, int], tuple[float, Standing | None]] = {}

    async def of(self, guild_id: int, user_id: int) -> Standing | None:
        """None for who is not in that server, or where the bot is not. Raises Unanswered."""
        known = self._known.get((guild_id, user_id))
        if known is not None and known[0] > self._now():
            return known[1]
        standing = await self._asked(guild_id, user_id)
        self._known[guild_id, user_id] = (self._now() + _FRESH_SECONDS, standing)
        return standing

    async def _asked(self, guild_id: int, user_id: int) -> Standing | None:
        rest = cast(Rest, self._client.http)
        try:
            member = await rest.get_member(guild_id, user_id)
            guild = await rest.get_guild(guild_id, with_counts=False)
        except discord.HTTPException as error:
            if error.code in (_UNKNOWN_MEMBER, _UNKNOWN_GUILD, _MISSING_ACCESS):
                return None
            raise Unanswered from error
        except (aiohttp.ClientError, OSError, TimeoutError, AttributeError) as error:
            # A client that never logged in has no session: an AttributeError of discord.py's.
            raise Unanswered from error
        held = {int(role) for role in member["roles"]}
        permissions = discord.Permissions.none()
        for role in guild["roles"]:
            # The role that everyone has bears the server's own id and is not listed with the member.
            if int(role["id"]) in held or int(role["id"]) == guild_id:
                permissions |= discord.Permissions(int(role["permissions"]))
        owns = int(guild["owner_id"]) == user_id
        manages = owns or permissions.administrator or permissions.manage_guild
        return Standing(role_ids=tuple(sorted(held)), manages=manages)
