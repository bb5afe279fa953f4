"""/web: a link that opens the pages for who asks, once."""

from __future__ import annotations

import discord
from discord import app_commands, ui
from discord.app_commands import locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.web.signin import LINK_SECONDS, Person
from cogs.admins import is_admin, think_privately
from cogs.asking import requester_of


class Web(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("Open your studio in the browser: create, gallery, boards"))
    async def web(self, interaction: discord.Interaction[AtelierBot]) -> None:
        t = await think_privately(interaction)
        pages = self._bot.services.pages
        if pages is None:
            said = t("The pages are turned off here. Who runs the bot can turn them on (HTTP_PORT).")
            await interaction.edit_original_response(content=said)
            return
        link = pages.address + await pages.signin.link(person_of(self._bot, interaction))
        view = ui.View(timeout=None)
        view.add_item(ui.Button(label=t("Open the studio"), url=link, emoji="🎨"))
        said = t(
            "Your studio in the browser. The link is for you alone, works once, and only for {minutes} minutes.",
            minutes=LINK_SECONDS // 60,
        )
        await interaction.edit_original_response(content=said, view=view)


def person_of(bot: AtelierBot, interaction: discord.Interaction, go_to: str = "/create") -> Person:
    """Who presses or types, with what they are at this moment in this server."""
    who = requester_of(interaction)
    guild = interaction.guild
    return Person(
        user_id=who.user_id,
        name=interaction.user.display_name,
        locale=str(interaction.locale).partition("-")[0],
        guild_id=interaction.guild_id or 0,
        guild_name=guild.name if guild and guild.name else "",
        role_ids=who.role_ids,
        manages=is_admin(bot, interaction),
        owner=bot.services.admin.servers.is_owner(who.user_id),
        go_to=go_to,
    )


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Web(bot))
