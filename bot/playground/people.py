"""Who is there: users, the roles of a server, and users as its members."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.playground.jsonic import Json
from bot.playground.permissions import EVERYTHING, Permission, PermissionsLike, bits, names

if TYPE_CHECKING:
    from bot.playground.places import Channel, Guild


@dataclass(eq=False)
class User:
    """An account. `dms_open` False is a member who takes no direct messages from the bot."""

    id: int
    name: str
    locale: str = "en-US"
    bot: bool = False
    dms_open: bool = True

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def to_dict(self) -> Json:
        """As Discord shows a user to a bot; the locale is only ever in interactions."""
        user: Json = {
            "id": str(self.id),
            "username": self.name.lower().replace(" ", "_"),
            "global_name": None if self.bot else self.name,
            "discriminator": "0001" if self.bot else "0",
            "avatar": None,
            "avatar_decoration_data": None,
            "banner": None,
            "accent_color": None,
            "clan": None,
            "primary_guild": None,
            "collectibles": None,
            "flags": 0,
            "public_flags": 0,
        }
        return {**user, "bot": True} if self.bot else user


@dataclass(eq=False)
class Role:
    """A named set of permissions. The role with the server's id is everyone's."""

    id: int
    name: str
    permissions: int
    position: int = 1
    managed: bool = False

    @property
    def mention(self) -> str:
        return f"<@&{self.id}>"

    def to_dict(self) -> Json:
        colors: Json = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
        return {
            "id": str(self.id),
            "name": self.name,
            "description": None,
            "permissions": str(self.permissions),
            "position": self.position,
            "color": 0,
            "colors": colors,
            "hoist": False,
            "icon": None,
            "unicode_emoji": None,
            "managed": self.managed,
            "mentionable": False,
            "flags": 0,
        }


@dataclass(eq=False)
class Member:
    """A user in one server."""

    guild: Guild
    user: User
    joined_at: str
    roles: list[Role] = field(default_factory=list["Role"])
    nick: str | None = None

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        return self.nick or self.user.name

    @property
    def locale(self) -> str:
        return self.user.locale

    @property
    def mention(self) -> str:
        return self.user.mention

    @property
    def base_permissions(self) -> int:
        """What the roles add up to, before any channel's overwrites; the owner may do everything."""
        if self.guild.owner is self.user:
            return EVERYTHING
        total = self.guild.everyone.permissions
        for role in self.roles:
            total |= role.permissions
        return EVERYTHING if total & Permission.ADMINISTRATOR else total

    def may(self, permission: PermissionsLike, channel: Channel | None = None) -> bool:
        wanted = bits(permission)
        have = channel.permissions_of(self) if channel else self.base_permissions
        return have & wanted == wanted

    def add_role(self, role: Role) -> None:
        if role not in self.roles:
            self.roles.append(role)
            self.guild.member_changed(self)

    def remove_role(self, role: Role) -> None:
        if role in self.roles:
            self.roles.remove(role)
            self.guild.member_changed(self)

    def to_dict(self, *, with_user: bool = True) -> Json:
        member: Json = {
            "roles": [str(role.id) for role in self.roles],
            "nick": self.nick,
            "avatar": None,
            "banner": None,
            "joined_at": self.joined_at,
            "premium_since": None,
            "communication_disabled_until": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }
        return {**member, "user": self.user.to_dict()} if with_user else member

    def __repr__(self) -> str:
        return f"<Member {self.name} may {names(self.base_permissions)}>"
