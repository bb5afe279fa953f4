"""/admin settings: what a server wants without saying it each time, who may draw in it and who looks after it."""

from __future__ import annotations

import zoneinfo
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands
from discord.utils import escape_markdown

from bot.client import AtelierBot
from bot.errors import InvalidRequest
from bot.i18n import Texts
from bot.images import Kind
from bot.servers import Server, ServerSettings
from bot.wording import small
from cogs.admins import home_of, require_admin, think_privately, toggled
from cogs.asking import SAID, model_choices, size_choices, style_choices
from cogs.defaults import LANGUAGES, checked_default, or_nothing

_ZONES = 25


class AdminSettings(commands.Cog):
    _bot: AtelierBot

    @app_commands.command(
        description=locale_str("What this server wants: model, size, style, privacy, who may draw, notices")
    )
    @app_commands.describe(
        model=locale_str("The model for requests that name none"),
        size=locale_str("The size of new pictures, like 16:9"),
        style=SAID["style"],
        private=locale_str("Whether only who asked sees a result unless they say otherwise"),
        draws=locale_str("A role whose members may draw, or no longer; without any, everybody may"),
        role=locale_str("A role whose members may do all this, or no longer"),
        log=locale_str("The channel for notices and wishes"),
        zone=locale_str("Where midnight is, like Europe/Paris"),
        language=locale_str("The language of notices"),
        private_prompts=locale_str("Whether admins see words of private requests; members are told"),
    )
    @app_commands.choices(language=[Choice(name=name, value=value) for value, name in LANGUAGES.items()])
    async def settings(
        self,
        interaction: discord.Interaction[AtelierBot],
        model: str | None = None,
        size: str | None = None,
        style: str | None = None,
        private: bool | None = None,
        draws: discord.Role | None = None,
        role: discord.Role | None = None,
        log: discord.TextChannel | None = None,
        zone: str | None = None,
        language: str | None = None,
        private_prompts: bool | None = None,
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        servers = self._bot.services.admin.servers
        server = await servers.of(guild_id)
        given = {"model": model, "size": size, "style": style}
        changes: dict[str, Any] = {
            f"default_{name}": checked_default(self._bot, interaction, name, value, own_styles=True)
            for name, value in given.items()
            if value
        }
        if draws is not None:
            changes["drawing_roles"] = toggled(server.settings.drawing_roles, draws.id)
        if role is not None:
            changes["admin_roles"] = toggled(server.settings.admin_roles, role.id)
        said = {
            "private": private,
            "log_channel": log.id if log else None,
            "language": language if language in LANGUAGES else None,
            "private_prompts_shown": private_prompts,
        }
        changes |= {name: value for name, value in said.items() if value is not None}
        if zone is not None and zone not in zoneinfo.available_timezones():
            raise InvalidRequest(field="zone", problem="unknown", value=zone, allowed=["Europe/Paris", "UTC"])
        if changes or zone:
            await servers.change(
                guild_id, home_of(interaction), actor_id=interaction.user.id, time_zone=zone, **changes
            )
            self._bot.services.quotas.forget(guild_id)
            server = await servers.of(guild_id)
        lines = [
            t("**Settings of this server**"),
            *self._defaults(t, server.settings),
            "",
            *self._who(t, server.settings),
            "",
            *_notices(t, server),
        ]
        await interaction.edit_original_response(content="\n".join(lines))

    @settings.autocomplete("model")
    async def default_models(
        self, interaction: discord.Interaction[AtelierBot], typed: str
    ) -> list[Choice[str]]:
        return or_nothing(interaction, model_choices(self._bot, interaction, typed, Kind.GENERATE))

    @settings.autocomplete("size")
    async def default_sizes(
        self, interaction: discord.Interaction[AtelierBot], typed: str
    ) -> list[Choice[str]]:
        return or_nothing(interaction, size_choices(self._bot, interaction, typed, Kind.GENERATE))

    @settings.autocomplete("style")
    async def default_styles(
        self, interaction: discord.Interaction[AtelierBot], typed: str
    ) -> list[Choice[str]]:
        return or_nothing(interaction, style_choices(self._bot, interaction, typed))

    @settings.autocomplete("zone")
    async def zones(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        wanted = typed.casefold().replace(" ", "_")
        found = [zone for zone in sorted(zoneinfo.available_timezones()) if wanted in zone.casefold()]
        return [Choice(name=zone, value=zone) for zone in found[:_ZONES]]

    def _defaults(self, t: Texts, said: ServerSettings) -> list[str]:
        known = self._bot.services.catalog.known(said.default_model or "")
        model = (known.name if known else said.default_model) or t("the bot's own default")
        size = said.default_size or t("as the model likes it")
        style = self._bot.services.styles.label(said.default_style, t.locale)
        return [
            t("Model: {model}", model=escape_markdown(model)),
            t("Size of new pictures: {size}", size=escape_markdown(size)),
            t("Style: {style}", style=escape_markdown(style or "–")),
            t("🔒 Only who asked sees a result unless they say otherwise")
            if said.private
            else t("👥 Everybody in the channel sees results unless a member says otherwise"),
            small(t("What members set for themselves with {link} goes first.", link=self._link("settings"))),
        ]

    def _who(self, t: Texts, said: ServerSettings) -> list[str]:
        everybody = t("everybody")
        return [
            t(
                "Who may draw: {roles}",
                roles=", ".join(f"<@&{one}>" for one in said.drawing_roles) or everybody,
            ),
            t(
                "Admins: who may manage the server, and {roles}",
                roles=", ".join(f"<@&{one}>" for one in said.admin_roles),
            )
            if said.admin_roles
            else t("Admins: who may manage the server"),
            small(
                t(
                    "Channels and models: {models} · blocked members: {block} · limits: {quota}",
                    models=self._link("admin models"),
                    block=self._link("admin block list"),
                    quota=self._link("quota set"),
                )
            ),
        ]

    def _link(self, command: str) -> str:
        return self._bot.command_link(command)


def _notices(t: Texts, server: Server) -> list[str]:
    said = server.settings
    return [
        t("Notices: {channel}", channel=f"<#{said.log_channel}>" if said.log_channel else "–"),
        t("Time zone: {zone}", zone=server.time_zone or "UTC"),
        t("Language of notices: {language}", language=LANGUAGES.get(server.language, server.language)),
        t("Words of private requests: admins see them")
        if said.private_prompts_shown
        else t("Words of private requests: hidden from admins"),
    ]
