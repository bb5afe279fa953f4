"""One request as the handlers of the REST API see it, and what they give back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bot.playground.body import Body
from bot.playground.errors import ApiError
from bot.playground.jsonic import Json, as_int, as_object
from bot.playground.permissions import Permission
from bot.playground.places import GROUP_DM
from bot.playground.record import RequestRecord

if TYPE_CHECKING:
    from bot.playground.compose import Files
    from bot.playground.messages import Message
    from bot.playground.places import Channel, Guild
    from bot.playground.simulation import Simulation


class Reply(NamedTuple):
    """A status and JSON; None is no body."""

    body: object = None
    status: int = 200


NOTHING = Reply(None, 204)


@dataclass(frozen=True)
class Call:
    """A request whose sender is known and whose body has the right shape."""

    sim: Simulation
    record: RequestRecord
    path: dict[str, str]
    body: Body
    query: dict[str, str]

    @property
    def payload(self) -> Json:
        return as_object(self.body.payload)

    @property
    def files(self) -> Files:
        return self.body.files

    def number(self, name: str) -> int:
        """An id in the path; 0, which nothing has, when it is no number."""
        return as_int(self.path[name]) or 0

    def guild(self) -> Guild:
        """The server in the path; one without the bot is unknown to it."""
        guild = self.sim.guilds.get(self.number("guild_id"))
        if guild is None or guild.me is None:
            raise ApiError(10004)
        return guild

    def channel(self, *needs: Permission) -> Channel:
        """The channel in the path. Raises 10003, 50001 when it cannot be seen, 50013 for the lack of `needs`."""
        channel = self.sim.channels.get(self.number("channel_id"))
        if channel is None:
            raise ApiError(10003)
        if channel.type == GROUP_DM:
            raise ApiError(50001)
        if channel.guild is not None:
            have = channel.bot_permissions
            if not have & Permission.VIEW_CHANNEL:
                raise ApiError(50001)
            if any(not have & permission for permission in needs):
                raise ApiError(50013)
        return channel

    def message(self, channel: Channel) -> Message:
        """The message in the path, as a bot may fetch it: never an ephemeral one."""
        message = channel.by_id.get(self.number("message_id"))
        if message is None or message.ephemeral:
            raise ApiError(10008)
        return message


Handler = Callable[[Call], Reply]


class Route(NamedTuple):
    """`path` is the template of the official document; `by_token` means that the path itself carries the right."""

    method: str
    path: str
    handler: Handler
    by_token: bool = False
