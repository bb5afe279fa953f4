"""/admin block, models, style: who may draw here, where, with what."""

from __future__ import annotations

import time
from dataclasses import replace

import discord
from discord import app_commands
from discord.app_commands import Choice, Range, locale_str
from discord.ext import commands
from discord.utils import escape_markdown

from bot.client import AtelierBot
from bot.errors import InvalidRequest
from cogs.admins import Shared, home_of, require_admin, think_privately, toggled
from cogs.asking import catalog_of

_UNITS = {"h": 3600, "d": 86_400, "w": 7 * 86_400}
_MOST_STYLES = 25


class AdminHouse(commands.Cog):
    _bot: AtelierBot

    block = app_commands.Group(name="block", description=locale_str("Who may not draw here"))

    @block.command(name="add", description=locale_str("Keep a member from drawing here"))
    @app_commands.describe(
        user=locale_str("Whom"),
        reason=locale_str("They will read it"),
        lasts=locale_str("Like 12h, 3d or 2w; empty: no end"),
    )
    async def block_add(
        self,
        interaction: discord.Interaction[AtelierBot],
        user: discord.Member,
        reason: Range[str, 1, 300],
        lasts: Range[str, 2, 6] | None = None,
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        until = None if lasts is None else time.time() + _seconds(lasts)
        await self._bot.services.admin.servers.block(
            guild_id, user.id, reason, until, actor_id=interaction.user.id
        )
        when = t("no end") if until is None else f"<t:{int(until)}:R>"
        words = t(
            "⛔ {user} may not draw here: {reason} ({when})",
            user=user.mention,
            reason=escape_markdown(reason),
            when=when,
        )
        await interaction.edit_original_response(content=words)

    @block.command(name="remove", description=locale_str("Let a member draw again"))
    @app_commands.describe(user=locale_str("Whom"))
    async def block_remove(self, interaction: discord.Interaction[AtelierBot], user: discord.User) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        was = await self._bot.services.admin.servers.unblock(guild_id, user.id, actor_id=interaction.user.id)
        words = (
            t("✅ {user} may draw again.", user=user.mention)
            if was
            else t("{user} was not blocked.", user=user.mention)
        )
        await interaction.edit_original_response(content=words)

    @block.command(name="list", description=locale_str("Who may not draw here, and why"))
    async def block_list(self, interaction: discord.Interaction[AtelierBot]) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        rows = await self._bot.services.admin.servers.blocked(guild_id)
        forever = t("no end")
        lines = [
            f"- <@{row.user_id}>: {escape_markdown(row.reason[:80])} "
            f"({forever if row.until is None else f'<t:{int(row.until)}:R>'}, <@{row.blocked_by}>)"
            for row in rows[:20]
        ]
        text = "\n".join([t("**Blocked members**"), *(lines or [t("Nobody.")])])
        await interaction.edit_original_response(content=text)

    @app_commands.command(description=locale_str("Which models and channels this server allows"))
    @app_commands.describe(
        model=locale_str("Allow this model, or no longer"),
        channel=locale_str("Allow this channel, or no longer"),
        default=locale_str("The model for requests that name none"),
        everything=locale_str("Allow all models and channels again"),
    )
    async def models(
        self,
        interaction: discord.Interaction[AtelierBot],
        model: str | None = None,
        channel: Shared | None = None,
        default: str | None = None,
        everything: bool = False,
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        servers, catalog = self._bot.services.admin.servers, catalog_of(self._bot, interaction)
        settings = (await servers.of(guild_id)).settings
        changed = replace(settings, models=(), channels=()) if everything else settings
        if model:
            changed = replace(changed, models=toggled(changed.models, catalog.find(model).id))
        if channel is not None:
            changed = replace(changed, channels=toggled(changed.channels, channel.id))
        if default:
            changed = replace(changed, default_model=catalog.find(default).id)
        if changed != settings:
            settings = await servers.change(
                guild_id,
                home_of(interaction),
                actor_id=interaction.user.id,
                models=changed.models,
                channels=changed.channels,
                default_model=changed.default_model,
            )
        every = t("all")
        lines = [
            t("**Models and channels of this server**"),
            t("Models: {models}", models=", ".join(f"`{name}`" for name in settings.models) or every),
            t("Channels: {channels}", channels=", ".join(f"<#{one}>" for one in settings.channels) or every),
            t(
                "Without a name: {model}",
                model=f"`{settings.default_model}`" if settings.default_model else t("the bot's own default"),
            ),
        ]
        await interaction.edit_original_response(content="\n".join(lines))

    @models.autocomplete("model")
    @models.autocomplete("default")
    async def model_names(
        self, interaction: discord.Interaction[AtelierBot], typed: str
    ) -> list[Choice[str]]:
        found = catalog_of(self._bot, interaction).suggest(typed)
        return [Choice(name=entry.name[:100], value=entry.id) for entry in found[:25]]

    @app_commands.command(description=locale_str("Styles of this server: words that a name adds to a prompt"))
    @app_commands.describe(
        name=locale_str("What members choose"), words=locale_str("What it adds; empty: take the style away")
    )
    async def style(
        self,
        interaction: discord.Interaction[AtelierBot],
        name: Range[str, 1, 40] | None = None,
        words: Range[str, 1, 600] | None = None,
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        servers = self._bot.services.admin.servers
        styles = dict((await servers.of(guild_id)).settings.styles)
        if name is not None:
            for known in [one for one in styles if one.casefold() == name.strip().casefold()]:
                del styles[known]
            if words is not None:
                styles[name.strip()] = words
            if len(styles) > _MOST_STYLES:
                raise InvalidRequest(
                    field="name", problem="out_of_range", value=str(len(styles)), allowed=["0", "25"]
                )
            await servers.change(guild_id, home_of(interaction), actor_id=interaction.user.id, styles=styles)
        lines = [
            f"- **{escape_markdown(one)}**: {escape_markdown(said[:120])}" for one, said in styles.items()
        ]
        text = "\n".join([t("**Styles of this server**"), *(lines or [t("None.")])])
        await interaction.edit_original_response(content=text[:2000])


def _seconds(lasts: str) -> int:
    number, unit = lasts.strip()[:-1], lasts.strip()[-1:].casefold()
    if not number.isdecimal() or unit not in _UNITS or int(number) == 0:
        raise InvalidRequest(field="lasts", problem="unknown", value=lasts, allowed=["12h", "3d", "2w"])
    return int(number) * _UNITS[unit]
