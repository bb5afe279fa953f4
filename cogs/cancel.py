"""/cancel: give up what I asked for and did not get yet, one request or all of them."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands

from bot.client import AtelierBot, first_answer
from bot.i18n import texts_for
from bot.wording import cut
from cogs.asking import requester_of

_CHOICES, _CHOICE_LENGTH = 25, 100


class Cancel(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("Give up what you asked for and did not get yet"))
    @app_commands.describe(request=locale_str("Which one; leave it out for all of yours"))
    async def cancel(self, interaction: discord.Interaction[AtelierBot], request: str | None = None) -> None:
        await first_answer(self._bot, interaction, private=True)
        studio, requester = self._bot.services.studio, requester_of(interaction)
        t = texts_for(str(interaction.locale))
        if request is None:
            cancelled = await studio.cancel_all(requester)
        else:
            await studio.cancel(request, requester)
            cancelled = 1
        words = (
            t.n(
                "Cancelled: {n} request. What was not made is not charged.",
                "Cancelled: {n} requests. What was not made is not charged.",
                cancelled,
            )
            if cancelled
            else t("You have nothing under way that could be cancelled.")
        )
        await interaction.edit_original_response(content=words)

    @cancel.autocomplete("request")
    async def requests(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        rows = await self._bot.services.requests.open_of_user(interaction.user.id)
        wanted = typed.casefold()
        return [
            Choice(name=cut(" ".join(row.prompt.split()) or row.kind, _CHOICE_LENGTH), value=row.id)
            for row in rows
            if wanted in row.prompt.casefold() or wanted == row.id
        ][:_CHOICES]


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Cancel(bot))
