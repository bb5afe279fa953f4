"""The simulated Discord's state: who and what there is, and the one way to change it so that everybody hears."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Sequence
from typing import Any

from bot.playground.cdn import Cdn, Upload
from bot.playground.clock import Clock, Snowflakes
from bot.playground.commands import Commands
from bot.playground.document import Deviation
from bot.playground.faults import Faults
from bot.playground.gateway import Gateway
from bot.playground.interactions import Cause, Interaction
from bot.playground.jsonic import Json
from bot.playground.messages import Message
from bot.playground.people import Member, Role, User
from bot.playground.permissions import EVERYONE_DEFAULT, PermissionsLike, bits
from bot.playground.places import DM, GROUP_DM, MESSAGES_KEPT, PRIVATE_THREAD, TEXT, THREAD, Channel, Guild
from bot.playground.ratelimits import RateLimits
from bot.playground.record import RequestRecord
from bot.playground.signals import Bus, Signal

DEFAULT_TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAw.simulated.bot-token-of-the-playground"  # noqa: S105 - opens nothing real
MIB = 1024 * 1024
INTERACTIONS_KEPT = 20_000
REQUESTS_KEPT = 5_000
DEVIATIONS_KEPT = 500


class Simulation:
    """Everything that Discord would remember. Sockets are server.py's, what people do is acting.py's."""

    def __init__(
        self,
        *,
        token: str = DEFAULT_TOKEN,
        keep_files: bool = True,
        upload_limit: int = 10 * MIB,
        name: str = "Atelier",
    ) -> None:
        self.token = token
        self.upload_limit = upload_limit
        self.clock = Clock()
        self.ids = Snowflakes(self.clock)
        self.bus = Bus(self.clock.now)
        self.cdn = Cdn(self.clock, keep_files=keep_files)
        self.application_id = self.ids.next()
        self.bot = User(self.application_id, name, bot=True)
        self.owner = User(self.ids.next(), "Olive Owner")
        self.commands = Commands(self.ids.next, self.application_id)
        self.gateway = Gateway(self)
        self.faults = Faults()
        self.rate_limits = RateLimits()
        self.requests: deque[RequestRecord] = deque(maxlen=REQUESTS_KEPT)
        self.deviations: deque[Deviation] = deque(maxlen=DEVIATIONS_KEPT)
        self.users: dict[int, User] = {self.bot.id: self.bot, self.owner.id: self.owner}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.direct: dict[int, Channel] = {}
        self.interactions: dict[int, Interaction] = {}
        self.by_token: dict[str, Interaction] = {}
        self.nonces: dict[tuple[int, str], Message] = {}
        self.emojis: list[Json] = []
        self.emoji_files: dict[int, bytes] = {}
        self.requested = Signal()
        self.command_signal = Signal()
        self.recommended_shards = 1
        self.gateway_url = ""

    # Who and where

    def add_user(self, name: str, *, locale: str = "en-US") -> User:
        user = User(self.ids.next(), name, locale)
        self.users[user.id] = user
        return user

    def add_guild(
        self,
        name: str = "The studio",
        *,
        locale: str = "en-US",
        owner: User | None = None,
        bot: bool = True,
        bot_permissions: PermissionsLike = EVERYONE_DEFAULT,
        id: int | None = None,
    ) -> Guild:
        """A server. With `bot` False nobody invited the bot; members may still have installed it for themselves."""
        number = self.ids.next() if id is None else id
        everyone = Role(number, "@everyone", EVERYONE_DEFAULT, position=0)
        guild = Guild(
            self, number, name, owner or self.owner, locale, self.upload_limit, everyone, roles=[everyone]
        )
        self.guilds[number] = guild
        guild.add_member(guild.owner)
        if bot:
            self.invite_bot(guild, bot_permissions)
        self.bus.publish("guild.added", guild)
        return guild

    def invite_bot(self, guild: Guild, permissions: PermissionsLike = EVERYONE_DEFAULT) -> None:
        """The bot joins a server that is there already, channels and all."""
        role = Role(self.ids.next(), self.bot.name, bits(permissions), managed=True)
        guild.roles.append(role)
        guild.me = guild.add_member(self.bot, roles=[role])
        self.tell("GUILD_CREATE", guild.to_gateway(), guild=guild)

    def add_channel(self, guild: Guild, name: str, *, nsfw: bool = False) -> Channel:
        channel = Channel(self, self.ids.next(), TEXT, name, guild, nsfw=nsfw)
        self._open(channel)
        self.tell("CHANNEL_CREATE", channel.to_dict(), guild=guild)
        return channel

    def add_thread(
        self, parent: Channel, name: str, *, owner_id: int, private: bool = False, id: int = 0
    ) -> Channel:
        kind = PRIVATE_THREAD if private else THREAD
        thread = Channel(self, id or self.ids.next(), kind, name, parent.guild, parent, owner_id=owner_id)
        self._open(thread)
        self.tell("THREAD_CREATE", {**thread.to_dict(), "newly_created": True}, guild=parent.guild)
        return thread

    def dm(self, user: User | Member) -> Channel:
        """The direct messages between the bot and `user`."""
        person = user.user if isinstance(user, Member) else user
        if person.id not in self.direct:
            channel = Channel(self, self.ids.next(), DM, recipients=[person])
            self.direct[person.id] = channel
            self._open(channel)
        return self.direct[person.id]

    def private_channel(self, *people: User) -> Channel:
        """A group's direct messages, where the bot is only through a user's own installation."""
        channel = Channel(self, self.ids.next(), GROUP_DM, recipients=list(people))
        self._open(channel)
        return channel

    def _open(self, channel: Channel) -> None:
        self.channels[channel.id] = channel
        if channel.guild:
            channel.guild.channels[channel.id] = channel
        self.bus.publish("channel.added", channel)

    def channel_changed(self, channel: Channel) -> None:
        event = "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE"
        self.tell(event, channel.to_dict(), guild=channel.guild)
        self.bus.publish("channel.changed", channel)

    def delete_channel(self, channel: Channel) -> None:
        for thread in [one for one in self.channels.values() if one.parent is channel]:
            self.delete_channel(thread)
        channel.deleted = True
        self.channels.pop(channel.id, None)
        for message in list(channel.by_id.values()):
            self.delete(message)
        if channel.guild:
            channel.guild.channels.pop(channel.id, None)
            event = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
            self.tell(event, channel.to_dict(), guild=channel.guild)
        self.bus.publish("channel.deleted", channel)

    # Messages

    def post_as(self, who: Member | User, channel: Channel, content: str, files: Sequence[Upload]) -> Message:
        """A person's own message."""
        author = who.user if isinstance(who, Member) else who
        message = Message(self.ids.next(), channel, author, self.clock.now(), content)
        message.attachments = [
            self.cdn.store(file, id=self.ids.next(), place_id=channel.id) for file in files
        ]
        self.show(message)
        return message

    def show(self, message: Message) -> None:
        """A new message appears in its channel; the oldest beyond what is kept are forgotten."""
        kept = message.channel.by_id
        kept[message.id] = message
        while len(kept) > MESSAGES_KEPT:
            self._forget_files(kept.pop(next(iter(kept))))
        if not message.ephemeral:
            self._tell_message("MESSAGE_CREATE", message)
        self._notify("message.created", message)

    def changed(self, message: Message) -> None:
        if not message.ephemeral:
            self._tell_message("MESSAGE_UPDATE", message)
        self._notify("message.edited", message)

    def delete(self, message: Message) -> None:
        message.deleted = True
        message.channel.by_id.pop(message.id, None)
        self._forget_files(message)
        if not message.ephemeral:
            gone: Json = {"id": str(message.id), "channel_id": str(message.channel.id)}
            self.gateway.message("MESSAGE_DELETE", self._placed(gone, message), guild=message.channel.guild)
        self._notify("message.deleted", message)

    def _forget_files(self, message: Message) -> None:
        for attachment in message.attachments:
            self.cdn.forget(attachment)

    def _tell_message(self, event: str, message: Message) -> None:
        if any(session.intents & (1 << 9 | 1 << 12) for session in self.gateway.sessions.values()):
            self.gateway.message(event, self._placed(message.to_dict(), message), guild=message.channel.guild)

    @staticmethod
    def _placed(data: Json, message: Message) -> Json:
        guild = message.channel.guild
        if guild is None:
            return data
        author = guild.members.get(message.author.id)
        placed: Json = {**data, "guild_id": str(guild.id)}
        return (
            {**placed, "member": author.to_dict(with_user=False)} if author and "author" in data else placed
        )

    def _notify(self, kind: str, message: Message) -> None:
        message.signal.notify()
        message.channel.signal.notify()
        if message.interaction is not None:
            message.interaction.signal.notify()
        self.bus.publish(kind, message)

    # Interactions

    def begin(
        self,
        cause: Cause,
        user: User,
        channel: Channel,
        data: Json,
        *,
        source: Message | None = None,
        trigger: Interaction | None = None,
        user_installed: bool = False,
    ) -> Interaction:
        """Remember what a person did; telling the bot is the caller's."""
        interaction = Interaction(
            sim=self,
            id=self.ids.next(),
            cause=cause,
            token=secrets.token_urlsafe(96),
            user=user,
            member=channel.guild.members.get(user.id) if channel.guild else None,
            channel=channel,
            data=data,
            created=self.clock.now(),
            source=source,
            trigger=trigger,
            user_installed=user_installed,
        )
        self.interactions[interaction.id] = interaction
        self.by_token[interaction.token] = interaction
        while len(self.interactions) > INTERACTIONS_KEPT:
            oldest = self.interactions.pop(next(iter(self.interactions)))
            self.by_token.pop(oldest.token, None)
        self.bus.publish("interaction.begun", interaction)
        return interaction

    # The bot's side of things

    @property
    def syncs(self) -> int:
        """How often the bot replaced its commands."""
        return self.commands.syncs

    def synced(self) -> None:
        self.command_signal.notify()
        self.bus.publish("commands.synced", self.commands)

    def tell(self, event: str, data: Json, *, guild: Guild | None) -> None:
        """An event for whoever has the guilds intent; nothing where the bot is no member."""
        if guild is None or guild.me or event == "GUILD_DELETE":
            self.gateway.broadcast(event, data, guild=guild)

    def me(self) -> Json:
        """The bot's own account, as GET /users/@me and READY show it."""
        own: dict[str, Any] = {
            "verified": True,
            "email": None,
            "mfa_enabled": True,
            "locale": "en-US",
            "premium_type": 0,
        }
        return {**self.bot.to_dict(), **own}
