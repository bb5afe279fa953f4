"""/setup: the first steps in a server, as one card whose menus write at once what they say."""

from __future__ import annotations

from typing import Any

import discord
import structlog
from discord import app_commands, ui
from discord.app_commands import locale_str
from discord.ext import commands

from bot.catalog import Catalog
from bot.client import AtelierBot
from bot.desk import DeskButton, PickChannel, PickText
from bot.errors import InvalidRequest
from bot.forms import Filled
from bot.i18n import Texts, texts_for
from bot.servers import Server
from bot.wording import cut
from cogs.admins import WHERE_PICTURES_GO, home_of, require_admin, think_privately
from cogs.asking import catalog_of
from storage.windows import Window

_MODAL_SECONDS = 15 * 60.0
_LANGUAGES = (("en-US", "English"), ("fr", "Français"))
_MICRO = 1_000_000

_log = structlog.get_logger(__name__)


class LimitsModal(ui.Modal):
    """Only its shape, as every modal of ours."""

    def __init__(self, t: Texts) -> None:
        super().__init__(
            title=cut(t("First limits"), 45), custom_id="v1:limits:setup", timeout=_MODAL_SECONDS
        )
        for name, label in (
            ("images", t("Pictures a day for each member")),
            ("usd", t("Dollars a month for the server")),
        ):
            field = ui.TextInput[ui.Modal](custom_id=name, required=False, max_length=12, placeholder="10")
            self.add_item(ui.Label(text=cut(label, 45), component=field))


class Setup(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        bot.on_desk("setup", self.begin)
        bot.on_desk("setup_limits", self.ask_limits)
        bot.on_desk("pick_language", self.language_picked)
        bot.on_desk("pick_channels", self.channels_picked)
        bot.on_desk("pick_model", self.model_picked)
        bot.on_desk("pick_log", self.log_picked)
        bot.on_submit("limits", self.limits)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A greeting with one button, where it can be read; the card itself is for the admin who presses it."""
        if self._bot.services.allowed_guilds and guild.id not in self._bot.services.allowed_guilds:
            return
        locale = str(guild.preferred_locale)
        await self._bot.services.admin.servers.joined(guild.id, guild.name, locale)
        channel = _first_writable(guild)
        if channel is None:
            _log.info("nowhere to say hello", guild=guild.id)
            return
        t = texts_for(locale)
        words = t(
            "👋 Hello! I draw pictures from words: {imagine}. Who manages this server can set me up in a minute.",
            imagine=self._bot.command_link("imagine"),
        )
        await self._bot.services.admin.notices.post(guild.id, channel.id, words, _begin(t))

    @app_commands.command(description=locale_str("Set the bot up in this server"))
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.default_permissions(discord.Permissions(manage_guild=True))
    async def setup(self, interaction: discord.Interaction[AtelierBot]) -> None:
        await self._show(interaction)

    async def begin(self, interaction: discord.Interaction, argument: str) -> None:
        await self._show(interaction)

    async def _show(self, interaction: discord.Interaction) -> None:
        guild_id = require_admin(self._bot, interaction)
        await think_privately(interaction)
        await self._redraw(interaction, guild_id)

    async def language_picked(self, interaction: discord.Interaction, values: str) -> None:
        if values in dict(_LANGUAGES):
            await self._change(interaction, language=values)

    async def channels_picked(self, interaction: discord.Interaction, values: str) -> None:
        await self._change(
            interaction, channels=tuple(int(one) for one in values.split(",") if one.isdecimal())
        )

    async def model_picked(self, interaction: discord.Interaction, values: str) -> None:
        model = catalog_of(self._bot, interaction).find(values).id if values else None
        await self._change(interaction, default_model=model)

    async def log_picked(self, interaction: discord.Interaction, values: str) -> None:
        await self._change(interaction, log_channel=int(values) if values.isdecimal() else None)

    async def _change(self, interaction: discord.Interaction, **changes: Any) -> None:
        guild_id = require_admin(self._bot, interaction)
        await interaction.response.defer()
        await self._bot.services.admin.servers.change(
            guild_id, home_of(interaction), actor_id=interaction.user.id, **changes
        )
        await self._redraw(interaction, guild_id)

    async def ask_limits(self, interaction: discord.Interaction, argument: str) -> None:
        require_admin(self._bot, interaction)
        await interaction.response.send_modal(LimitsModal(texts_for(str(interaction.locale))))

    async def limits(self, interaction: discord.Interaction, name: str, argument: str | None) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        filled = Filled(interaction.data or {})
        images, usd = _number(filled.text("images"), "images"), _number(filled.text("usd"), "usd")
        quotas, actor_id = self._bot.services.quotas, interaction.user.id
        if images is not None:
            await quotas.set(
                guild_id,
                actor_id=actor_id,
                kind="everyone",
                subject_id=0,
                images=int(images),
                microusd=None,
                window=Window.DAY,
            )
        if usd is not None:
            await quotas.set(
                guild_id,
                actor_id=actor_id,
                kind="server",
                subject_id=0,
                images=None,
                microusd=round(usd * _MICRO),
                window=Window.MONTH,
            )
        words = t(
            "✅ Limits are set. More of them: {quota} and {budget}.",
            quota=self._bot.command_link("quota set"),
            budget=self._bot.command_link("admin budget"),
        )
        await interaction.edit_original_response(content=words)

    async def _redraw(self, interaction: discord.Interaction, guild_id: int) -> None:
        server = await self._bot.services.admin.servers.of(guild_id)
        t = texts_for(str(interaction.locale))
        rows = await self._bot.services.quotas.list(guild_id)
        limits = t.n("{n} limit is set.", "{n} limits are set.", len(rows)) if rows else t("No limits yet.")
        lines = [
            t(
                "**Set me up** · each choice counts at once, and nothing is needed: all of it has good defaults."
            ),
            t("1. The language of notices for admins"),
            t("2. Channels for pictures (none: all)"),
            t("3. The model for requests that name none"),
            t("4. A channel for notices: wishes for more, budgets"),
            t("5. First limits: {limits}", limits=limits),
        ]
        await interaction.edit_original_response(
            content="\n".join(lines), view=_menus(t, server, catalog_of(self._bot, interaction))
        )


def _menus(t: Texts, server: Server, catalog: Catalog) -> ui.View:
    said = server.settings
    languages = [
        discord.SelectOption(label=name, value=code, default=code == said.language)
        for code, name in _LANGUAGES
    ]
    models = [
        discord.SelectOption(label=model.name[:100], value=model.id, default=model.id == said.default_model)
        for model in catalog.models()[:25]
    ]
    view = ui.View(timeout=None)
    view.add_item(PickText("language", placeholder=t("Language"), options=languages))
    view.add_item(
        PickChannel(
            "channels",
            placeholder=t("Channels for pictures"),
            kinds=WHERE_PICTURES_GO,
            most=25,
            chosen=said.channels[:25],
        )
    )
    view.add_item(PickText("model", placeholder=t("Model"), options=models))
    log = [said.log_channel] if said.log_channel else []
    view.add_item(PickChannel("log", placeholder=t("Channel for notices"), chosen=log))
    view.add_item(
        DeskButton("setup_limits", "ask", label=t("First limits"), style=discord.ButtonStyle.primary)
    )
    return view


def _begin(t: Texts) -> ui.View:
    view = ui.View(timeout=None)
    view.add_item(
        DeskButton("setup", "begin", label=t("Set up"), emoji="🛠️", style=discord.ButtonStyle.primary)
    )
    return view


def _first_writable(guild: discord.Guild) -> discord.TextChannel | None:
    """Discord's channel for such messages where we may write there, else the first that we may write in."""
    candidates = [guild.system_channel, *sorted(guild.text_channels, key=lambda channel: channel.position)]
    needed = discord.Permissions(view_channel=True, send_messages=True)
    for channel in candidates:
        if channel is not None and channel.permissions_for(guild.me) >= needed:
            return channel
    return None


def _number(typed: object, field: str) -> float | None:
    text = str(typed or "").strip().removeprefix("$").replace(",", ".")
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1_000_000:
        raise InvalidRequest(field=field, problem="out_of_range", value=text, allowed=["0", "1000000"])
    return number


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Setup(bot))
