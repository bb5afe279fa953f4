"""Where things happen: servers and their channels, threads and direct messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.playground.cdn import Upload
from bot.playground.jsonic import Json, present
from bot.playground.people import Member, Role, User
from bot.playground.permissions import IN_DIRECT_MESSAGES, PermissionsLike, bits, effective
from bot.playground.signals import Signal

if TYPE_CHECKING:
    from bot.playground.messages import Message
    from bot.playground.simulation import Simulation

TEXT, DM, GROUP_DM, THREAD, PRIVATE_THREAD = 0, 1, 3, 11, 12
GUILD_CONTEXT, BOT_DM_CONTEXT, PRIVATE_CONTEXT = 0, 1, 2
MESSAGES_KEPT = 2000


@dataclass(eq=False)
class Channel:
    """A text channel, a thread (`parent` is set) or a direct message (`guild` is None)."""

    sim: Simulation
    id: int
    type: int
    name: str = ""
    guild: Guild | None = None
    parent: Channel | None = None
    nsfw: bool = False
    recipients: list[User] = field(default_factory=list["User"])
    overwrites: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    owner_id: int = 0
    archived: bool = False
    deleted: bool = False
    own_upload_limit: int | None = None
    by_id: dict[int, Message] = field(default_factory=dict[int, "Message"])
    signal: Signal = field(default_factory=Signal)

    @property
    def is_thread(self) -> bool:
        return self.parent is not None

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    @property
    def messages(self) -> list[Message]:
        """What everyone in the channel sees, oldest first."""
        return [message for message in self.by_id.values() if not message.ephemeral]

    @property
    def ephemerals(self) -> list[Message]:
        return [message for message in self.by_id.values() if message.ephemeral]

    @property
    def context(self) -> int:
        """Discord's number for this kind of place: a server, direct messages with the bot, others' messages."""
        if self.guild is not None:
            return GUILD_CONTEXT
        return BOT_DM_CONTEXT if self.type == DM else PRIVATE_CONTEXT

    @property
    def upload_limit(self) -> int:
        """Bytes a single file may have here."""
        if self.own_upload_limit is not None:
            return self.own_upload_limit
        return self.guild.upload_limit if self.guild else self.sim.upload_limit

    def permissions_of(self, who: Member) -> int:
        if self.guild is None:
            return IN_DIRECT_MESSAGES
        if self.parent is not None:
            return self.parent.permissions_of(who)
        return effective(
            who.base_permissions,
            everyone_id=self.guild.id,
            role_ids=[role.id for role in who.roles],
            member_id=who.id,
            overwrites=self.overwrites,
        )

    @property
    def bot_permissions(self) -> int:
        if self.guild is None:
            return IN_DIRECT_MESSAGES
        return self.permissions_of(self.guild.me) if self.guild.me else 0

    def allow(self, who: Member | Role, permissions: PermissionsLike) -> None:
        allow, deny = self.overwrites.get(who.id, (0, 0))
        self.overwrites[who.id] = (allow | bits(permissions), deny & ~bits(permissions))
        self.sim.channel_changed(self)

    def deny(self, who: Member | Role, permissions: PermissionsLike) -> None:
        allow, deny = self.overwrites.get(who.id, (0, 0))
        self.overwrites[who.id] = (allow & ~bits(permissions), deny | bits(permissions))
        self.sim.channel_changed(self)

    def deny_bot(self, permissions: PermissionsLike) -> None:
        """Take permissions from the bot here ("send_messages", "attach_files", "view_channel")."""
        if self.guild is None or self.guild.me is None:
            raise ValueError("the bot is no member here")
        self.deny(self.guild.me, permissions)

    def add_thread(self, name: str, *, owner: Member | User | None = None, private: bool = False) -> Channel:
        return self.sim.add_thread(
            self, name, owner_id=owner.id if owner else self.sim.bot.id, private=private
        )

    def delete(self) -> None:
        self.sim.delete_channel(self)

    def post(self, who: Member | User, content: str = "", files: Sequence[Upload] = ()) -> Message:
        """A person writes here."""
        return self.sim.post_as(who, self, content, files)

    async def wait_for_message(self, predicate: Callable[[Message], bool], timeout: float = 5) -> Message:
        """The first message, there already or still to come, ephemeral or not, that `predicate` holds for."""

        def look() -> Message | None:
            return next((message for message in self.by_id.values() if predicate(message)), None)

        return await self.signal.until(
            look, timeout, lambda: f"no such message among {list(self.by_id.values())}"
        )

    def to_dict(self) -> Json:
        last = next(reversed(self.by_id), None)
        common: Json = {
            "id": str(self.id),
            "type": self.type,
            "flags": 0,
            "last_message_id": None if last is None else str(last),
        }
        if self.guild is None:
            others = [user.to_dict() for user in self.recipients]
            return {**common, "recipients": others}
        common |= {"guild_id": str(self.guild.id), "name": self.name, "rate_limit_per_user": 0}
        if self.parent is not None:
            return {**common, **self._thread_fields()}
        return {
            **common,
            "position": 0,
            "parent_id": None,
            "topic": None,
            "nsfw": self.nsfw,
            "permission_overwrites": [
                {
                    "id": str(key),
                    "type": 0 if self.guild.role(key) else 1,
                    "allow": str(allow),
                    "deny": str(deny),
                }
                for key, (allow, deny) in self.overwrites.items()
            ],
        }

    def _thread_fields(self) -> Json:
        opened = self.sim.clock.stamp()
        return {
            "parent_id": str(self.parent.id) if self.parent else None,
            "owner_id": str(self.owner_id),
            "message_count": len(self.by_id),
            "member_count": 1,
            "total_message_sent": len(self.by_id),
            "thread_metadata": {
                "archived": self.archived,
                "auto_archive_duration": 1440,
                "archive_timestamp": opened,
                "create_timestamp": opened,
                "locked": False,
            },
        }

    def __repr__(self) -> str:
        return f"<Channel {self.name or 'direct message'}>"


@dataclass(eq=False)
class Guild:
    """A server. `me` is the bot's membership, None where only members have installed the app."""

    sim: Simulation
    id: int
    name: str
    owner: User
    locale: str
    upload_limit: int
    everyone: Role
    me: Member | None = None
    roles: list[Role] = field(default_factory=list["Role"])
    members: dict[int, Member] = field(default_factory=dict[int, Member])
    channels: dict[int, Channel] = field(default_factory=dict[int, Channel])

    def role(self, role_id: int) -> Role | None:
        return next((role for role in self.roles if role.id == role_id), None)

    def add_channel(self, name: str, *, nsfw: bool = False) -> Channel:
        return self.sim.add_channel(self, name, nsfw=nsfw)

    def add_role(self, name: str, permissions: PermissionsLike = 0) -> Role:
        role = Role(self.sim.ids.next(), name, bits(permissions), position=len(self.roles))
        self.roles.append(role)
        self.sim.tell("GUILD_ROLE_CREATE", {"guild_id": str(self.id), "role": role.to_dict()}, guild=self)
        return role

    def add_member(
        self,
        name: str | User,
        *,
        roles: Iterable[Role] = (),
        permissions: PermissionsLike = 0,
        locale: str = "en-US",
    ) -> Member:
        """A new user, or one that exists, joins. `permissions` come as a role of their own."""
        user = name if isinstance(name, User) else self.sim.add_user(name, locale=locale)
        member = Member(self, user, self.sim.clock.stamp(), list(roles))
        if granted := bits(permissions):
            member.roles.append(self.add_role(f"{user.name}'s own", granted))
        self.members[user.id] = member
        self.sim.bus.publish("member.joined", member)
        return member

    def remove_member(self, member: Member) -> None:
        del self.members[member.id]

    def member_changed(self, member: Member) -> None:
        self.sim.bus.publish("member.changed", member)

    def remove_bot(self) -> None:
        """The bot is thrown out."""
        if self.me:
            self.members.pop(self.me.id, None)
        self.me = None
        self.sim.tell("GUILD_DELETE", {"id": str(self.id)}, guild=self)

    def to_dict(self) -> Json:
        """The fields a bot gets by REST."""
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner.id),
            "preferred_locale": self.locale,
            "roles": [role.to_dict() for role in self.roles],
            **NEW_SERVER,
        }

    def to_gateway(self) -> Json:
        """The fields of GUILD_CREATE for a bot that just joined: REST's and who and what is there."""
        everywhere = list(self.channels.values())
        return present(
            {
                **self.to_dict(),
                "joined_at": self.me.joined_at if self.me else None,
                "large": False,
                "member_count": len(self.members),
                "members": [self.me.to_dict()] if self.me else [],
                "channels": [channel.to_dict() for channel in everywhere if not channel.is_thread],
                "threads": [channel.to_dict() for channel in everywhere if channel.is_thread],
                "voice_states": [],
                "presences": [],
                "stage_instances": [],
                "guild_scheduled_events": [],
                "soundboard_sounds": [],
            }
        )

    def __repr__(self) -> str:
        return f"<Guild {self.name}>"


# What is the same for each server here, because no image bot looks at it.
NEW_SERVER: Json = {
    "afk_channel_id": None,
    "afk_timeout": 300,
    "application_id": None,
    "banner": None,
    "default_message_notifications": 0,
    "description": None,
    "discovery_splash": None,
    "emojis": [],
    "explicit_content_filter": 0,
    "features": [],
    "home_header": None,
    "icon": None,
    "incidents_data": None,
    "max_members": 500000,
    "max_presences": None,
    "max_stage_video_channel_users": 0,
    "max_video_channel_users": 25,
    "mfa_level": 0,
    "nsfw": False,
    "nsfw_level": 0,
    "premium_progress_bar_enabled": False,
    "premium_subscription_count": 0,
    "premium_tier": 0,
    "public_updates_channel_id": None,
    "region": "deprecated",
    "rules_channel_id": None,
    "safety_alerts_channel_id": None,
    "splash": None,
    "stickers": [],
    "system_channel_flags": 0,
    "system_channel_id": None,
    "vanity_url_code": None,
    "verification_level": 0,
    "widget_channel_id": None,
    "widget_enabled": False,
}
