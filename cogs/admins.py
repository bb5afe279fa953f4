"""What admin commands share: the border that Discord's own settings are not, and the private first answer."""

from __future__ import annotations

from typing import Any, TypeVar

import discord
from discord import app_commands

from bot.client import AtelierBot
from bot.errors import NotAllowed
from bot.i18n import Texts, texts_for
from bot.images import Requester
from bot.servers import Home, only_in_servers
from cogs.asking import requester_of

MICRO = 1_000_000
_T = TypeVar("_T")

WHERE_PICTURES_GO = (
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
    discord.ChannelType.forum,
)
"""Where people can ask for pictures; threads and a forum's posts count with their channel. Discord's document has no
media channels (type 16) in such lists and refuses commands that name them.
"""


class _ChannelOption(app_commands.Transformer):
    """discord.py's own annotation for forums would name media channels as well."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return list(WHERE_PICTURES_GO)

    async def transform(
        self, interaction: discord.Interaction, value: Any, /
    ) -> app_commands.AppCommandChannel:
        return value


Shared = app_commands.Transform[app_commands.AppCommandChannel, _ChannelOption]


def require_admin(bot: AtelierBot, interaction: discord.Interaction) -> int:
    """The server's id. Discord's own setting for who sees a command is a default that a server may change.

    Looks at memory only, so it may come before the first answer. Raises NotAllowed, which leaves an audit row.
    """
    guild_id = only_in_servers(interaction.guild_id)
    if not is_admin(bot, interaction):
        raise NotAllowed(what="admin")
    return guild_id


def require_owner(bot: AtelierBot, interaction: discord.Interaction) -> None:
    if not bot.services.admin.servers.is_owner(interaction.user.id):
        raise NotAllowed(what="owner")


def is_admin(bot: AtelierBot, interaction: discord.Interaction) -> bool:
    who = requester_of(interaction)
    return bot.services.admin.servers.is_admin(
        interaction.guild_id or 0, who.user_id, who.role_ids, manages=interaction.permissions.manage_guild
    )


async def think_privately(interaction: discord.Interaction) -> Texts:
    """The first answer; the texts of who asked."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    interaction.extras["private"] = True
    return texts_for(str(interaction.locale))


def as_requester(member: discord.Member) -> Requester:
    roles = tuple(member._roles)  # pyright: ignore[reportPrivateUsage] see cogs.asking.requester_of
    return Requester(user_id=member.id, name=member.name, role_ids=roles)


def microusd(usd: float | None) -> int | None:
    return None if usd is None else round(usd * MICRO)


def home_of(interaction: discord.Interaction) -> Home:
    guild = interaction.guild
    name = guild.name if guild and guild.name else str(interaction.guild_id)
    return Home(name, str(interaction.guild_locale) if interaction.guild_locale else None)


def toggled(named: tuple[_T, ...], one: _T) -> tuple[_T, ...]:
    """With it where it was not, without it where it was."""
    return tuple(other for other in named if other != one) if one in named else (*named, one)
