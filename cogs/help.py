"""/help: what one can type here, as links that open the command."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.i18n import texts_for
from cogs.asking import catalog_of


class Help(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("What I can do and how to ask for it"))
    async def help(self, interaction: discord.Interaction[AtelierBot]) -> None:
        t = texts_for(str(interaction.locale))
        link = self._bot.command_link
        names = [entry.name for entry in catalog_of(self._bot, interaction).models()]
        lines = [
            t("**Pictures from your words.** Three ways to begin:"),
            "- " + t("{link} draws what you describe", link=link("imagine")),
            "- " + t("{link} changes a picture in words, whole or where a mask says so", link=link("edit")),
            "- " + t("{link} draws a picture anew, a little or very different", link=link("variations")),
            "",
            t(
                "Also: {upscale} makes it larger, {blend} joins several, {describe} puts one into words.",
                upscale=link("upscale"),
                blend=link("blend"),
                describe=link("describe"),
            ),
            t(
                "Each picture has buttons to go on: 🔁 once more, 📝 change, 🎲 vary, ✏️ edit, ⬆️ enlarge, ℹ️ details "
                "with the way back. They never expire. On any message with a picture: its menu, Apps, Edit image."
            ),
            t("{link} keeps your own model, size, privacy and language.", link=link("settings")),
            t("With `private` only you see the result. What fails costs nothing."),
            t("{link} tells what you have left and when it renews.", link=link("quota show")),
            "-# " + t("Models here: {models}", models=", ".join(names[:12])),
        ]
        await interaction.response.send_message("\n".join(lines), ephemeral=True)


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Help(bot))
