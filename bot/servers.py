"""What admins decided for their server, beside its limits: kept in memory, written through, audited.

Who is an admin is decided here too: who may manage the server, and the roles that it named.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from bot.errors import NotAllowed
from storage.blocks import BlockRepository
from storage.guilds import GuildRepository
from storage.rows import BlockRow, GuildRow

_FRESH_SECONDS = 5.0
"""How long another process may go on with settings that an admin has just changed."""

_SNOWFLAKES = ("admin_roles", "drawing_roles", "channels")


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """Empty lists of channels, models and `drawing_roles` mean: all of them. `styles` maps a name to the words that it
    adds; `private` is whether only who asked sees a result; members' own wishes go before all defaults here.
    """

    admin_roles: tuple[int, ...] = ()
    drawing_roles: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    models: tuple[str, ...] = ()
    default_model: str | None = None
    default_size: str | None = None
    default_style: str | None = None
    private: bool = False
    log_channel: int | None = None
    language: str | None = None
    private_prompts_shown: bool = False
    styles: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        known = {one.name: stored[one.name] for one in fields(cls) if one.name in stored}
        # As text: JavaScript-minded readers of the database would round a snowflake.
        for name in _SNOWFLAKES:
            known[name] = tuple(int(value) for value in known.get(name, ()))
        known["models"] = tuple(known.get("models", ()))
        known["log_channel"] = int(known["log_channel"]) if known.get("log_channel") else None
        return cls(**known)

    def to_json(self) -> dict[str, Any]:
        said = asdict(self)
        for name in _SNOWFLAKES:
            said[name] = [str(value) for value in said[name]]
        said["log_channel"] = str(self.log_channel) if self.log_channel else None
        said["styles"] = dict(self.styles)
        return {name: value for name, value in said.items() if value not in (None, [], {}, False, ())}


@dataclass(frozen=True)
class Home:
    """A server as Discord tells it with each event: for the row of one that was joined before there were rows."""

    name: str
    locale: str | None = None


@dataclass(frozen=True, kw_only=True)
class Server:
    settings: ServerSettings = ServerSettings()
    time_zone: str | None = None
    blocks: Mapping[int, BlockRow] = field(default_factory=dict[int, BlockRow])
    is_known: bool = False
    locale: str | None = None

    @property
    def language(self) -> str:
        """What admins of this server read: as they chose, else Discord's setting for the server."""
        return self.settings.language or self.locale or "en-US"


_UNKNOWN = Server()


class Servers:
    def __init__(
        self, guilds: GuildRepository, blocks: BlockRepository, *, owner_ids: frozenset[int] = frozenset()
    ) -> None:
        self._guilds, self._blocks, self.owner_ids = guilds, blocks, owner_ids
        self._known: dict[int, tuple[float, Server]] = {}

    async def load(self) -> None:
        """All of them at once, so that an answer which may not wait for the database finds them in memory."""
        for row in await self._guilds.list():
            if row.settings:
                await self.of(row.id)

    async def allowed_models(self, guild_id: int) -> Collection[str]:
        """None in it: all of them."""
        return (await self.of(guild_id)).settings.models

    async def of(self, guild_id: int) -> Server:
        if not guild_id:
            return _UNKNOWN
        known = self._known.get(guild_id)
        if known and known[0] > time.monotonic():
            return known[1]
        row = await self._guilds.get(guild_id)
        blocks = {block.user_id: block for block in await self._blocks.list(guild_id)}
        settings = ServerSettings.from_json(row.settings) if row else ServerSettings()
        server = Server(
            settings=settings,
            time_zone=row.time_zone if row else None,
            blocks=blocks,
            is_known=row is not None,
            locale=row.locale if row else None,
        )
        self._known[guild_id] = (time.monotonic() + _FRESH_SECONDS, server)
        return server

    def remembered(self, guild_id: int) -> Server:
        """What is in memory, perhaps a little old: for checks that come before the first answer."""
        known = self._known.get(guild_id)
        return known[1] if known else _UNKNOWN

    async def joined(self, guild_id: int, name: str, locale: str | None) -> bool:
        """Note that the bot is there; whether nobody has set anything up there yet."""
        row = await self._guilds.get(guild_id)
        if row is None or row.left_at is not None or row.name != name:
            await self._guilds.upsert(guild_id, name, locale)
        return row is None

    async def here(self) -> list[GuildRow]:
        """The servers that the bot is in."""
        return [row for row in await self._guilds.list() if row.left_at is None]

    async def change(
        self,
        guild_id: int,
        home: Home,
        *,
        actor_id: int,
        time_zone: str | None = None,
        **changes: Any,
    ) -> ServerSettings:
        """Change some settings (fields of ServerSettings) and the time zone; what holds now."""
        if await self._guilds.get(guild_id) is None:
            await self._guilds.upsert(guild_id, home.name, home.locale)
        self.forget(guild_id)
        settings = replace((await self.of(guild_id)).settings, **changes)
        await self._guilds.change(
            guild_id, actor_id=actor_id, settings=settings.to_json(), time_zone=time_zone
        )
        self.forget(guild_id)
        return (await self.of(guild_id)).settings

    def forget(self, guild_id: int) -> None:
        self._known.pop(guild_id, None)

    def is_owner(self, user_id: int) -> bool:
        return user_id in self.owner_ids

    def is_admin(self, guild_id: int, user_id: int, role_ids: tuple[int, ...], *, manages: bool) -> bool:
        """`manages` is Discord's Manage Server; outside of servers only the owner is one."""
        if self.is_owner(user_id):
            return True
        if not guild_id:
            return False
        return manages or not set(role_ids).isdisjoint(self.remembered(guild_id).settings.admin_roles)

    async def block(
        self, guild_id: int, user_id: int, reason: str, until: float | None, *, actor_id: int
    ) -> None:
        await self._blocks.add(guild_id, user_id, reason, until, actor_id=actor_id)
        self.forget(guild_id)

    async def unblock(self, guild_id: int, user_id: int, *, actor_id: int) -> bool:
        self.forget(guild_id)
        return await self._blocks.remove(guild_id, user_id, actor_id=actor_id)

    async def blocked(self, guild_id: int) -> list[BlockRow]:
        return await self._blocks.list(guild_id)


def only_in_servers(guild_id: int | None) -> int:
    if not guild_id:
        raise NotAllowed(what="server_only")
    return guild_id
