"""Words and cards that nobody asked for: for a server's admins, in the channel that they named, or for a member."""

from __future__ import annotations

import discord
import structlog
from discord import ui

from bot.servers import Servers

_log = structlog.get_logger(__name__)


class Notices:
    """`client` is logged in; a gateway connection is not needed."""

    def __init__(self, client: discord.Client, servers: Servers) -> None:
        self._client, self._servers = client, servers

    async def tell_admins(self, guild_id: int, words: str, view: ui.View | None = None) -> bool:
        """Whether it was posted: where no channel was named, in Discord's own for such messages, else nowhere."""
        channel_id = (await self._servers.of(guild_id)).settings.log_channel
        guild = self._client.get_guild(guild_id)
        if channel_id is None and guild is not None and guild.system_channel is not None:
            channel_id = guild.system_channel.id
        return channel_id is not None and await self.post(guild_id, channel_id, words, view)

    async def post(
        self,
        guild_id: int,
        channel_id: int,
        words: str,
        view: ui.View | None = None,
        *,
        mention: int | None = None,
    ) -> bool:
        """Whether Discord took it; `mention` is the one user whom it may ping."""
        channel = self._client.get_partial_messageable(channel_id, guild_id=guild_id or None)
        users = [discord.Object(mention)] if mention else []
        pings = discord.AllowedMentions(users=users, everyone=False, roles=False)
        try:
            if view is None:
                await channel.send(words, allowed_mentions=pings)
            else:
                await channel.send(words, view=view, allowed_mentions=pings)
        except (discord.HTTPException, OSError) as error:
            _log.info("a notice could not be posted", guild=guild_id, channel=channel_id, why=str(error))
            return False
        return True
