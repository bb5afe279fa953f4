"""/settings: what a member wants everywhere, without saying it each time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands
from discord.utils import escape_markdown

from bot.client import AtelierBot, first_answer
from bot.i18n import Texts, texts_for
from bot.images import Kind
from bot.preferences import Preferences
from cogs.asking import SAID, model_choices, size_choices, style_choices
from cogs.defaults import LANGUAGES, NOTHING, checked_default, or_nothing


class Settings(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("Your own defaults: model, size, style, privacy, language"))
    @app_commands.describe(
        model=SAID["model"],
        size=locale_str("The size of new pictures, like 16:9"),
        style=SAID["style"],
        private=locale_str("Whether only you see your results unless you say otherwise"),
        language=locale_str("The language in which I speak to you"),
        ping=locale_str("Whether I call you when a picture is ready"),
        reset=locale_str("Forget all of these"),
    )
    @app_commands.choices(
        language=[
            Choice(name=locale_str("As my Discord"), value=NOTHING),
            *(Choice(name=name, value=value) for value, name in LANGUAGES.items()),
        ],
        ping=[
            Choice(name=locale_str("when it took more than a minute"), value="late"),
            Choice(name=locale_str("always"), value="always"),
            Choice(name=locale_str("never"), value="never"),
        ],
    )
    async def settings(
        self,
        interaction: discord.Interaction[AtelierBot],
        model: str | None = None,
        size: str | None = None,
        style: str | None = None,
        private: bool | None = None,
        language: str | None = None,
        ping: str | None = None,
        reset: bool = False,
    ) -> None:
        await first_answer(self._bot, interaction, private=True)
        book = self._bot.services.preferences
        now = Preferences() if reset else book.of(interaction.user.id)
        given = {"model": model, "size": size, "style": style, "language": language, "ping": ping}
        wishes: dict[str, Any] = {
            name: checked_default(self._bot, interaction, name, value)
            for name, value in given.items()
            if value
        }
        if private is not None:
            wishes["private"] = private
        if wishes or reset:
            now = replace(now, **wishes)
            await book.change(interaction.user.id, interaction.user.name, str(interaction.locale), now)
        own = interaction.extras.get("discord_locale", str(interaction.locale))
        t = texts_for(now.language or own)
        await interaction.edit_original_response(content="\n".join(self._told(t, now)))

    @settings.autocomplete("model")
    async def models(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return or_nothing(interaction, model_choices(self._bot, interaction, typed, Kind.GENERATE))

    @settings.autocomplete("size")
    async def sizes(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return or_nothing(interaction, size_choices(self._bot, interaction, typed, Kind.GENERATE))

    @settings.autocomplete("style")
    async def styles(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        """Those of every server: a server's own are known there only."""
        return or_nothing(interaction, style_choices(self._bot, interaction, typed, own=False))

    def _told(self, t: Texts, now: Preferences) -> list[str]:
        known = self._bot.services.catalog.known(now.model or "")
        servers = t("as the server has it")
        model = (known.name if known else now.model) or servers
        pings = {
            "late": t("when it took more than a minute"),
            "always": t("always"),
            "never": t("never"),
        }
        size, language = now.size or servers, t("as your Discord")
        style = self._bot.services.styles.label(now.style, t.locale)
        return [
            t("**Your settings**"),
            t("Model: {model}", model=escape_markdown(model)),
            t("Size of new pictures: {size}", size=escape_markdown(size)),
            t("Style: {style}", style=escape_markdown(style or servers)),
            self._sight(t, now.private),
            t("Language: {language}", language=LANGUAGES.get(now.language or "", language)),
            t("I call you when a picture is ready: {when}", when=pings.get(now.ping, now.ping)),
            "-# "
            + t("Change them with {link}; they hold everywhere.", link=self._bot.command_link("settings")),
        ]

    def _sight(self, t: Texts, private: bool | None) -> str:
        if private is None:
            return t("👥 Who sees your results: as the server has it")
        if private:
            return t("🔒 Only you see your results unless you say otherwise")
        return t("👥 Everybody here sees your results unless you say otherwise")


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Settings(bot))
