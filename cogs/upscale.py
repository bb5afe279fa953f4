"""/upscale: the same picture with more pixels."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.images import Kind
from cogs.asking import SAID, asker, model_choices, wants_private


class Upscale(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("Make a picture larger"))
    @app_commands.describe(
        image=locale_str("The picture to enlarge"), model=SAID["model"], private=SAID["private"]
    )
    async def upscale(
        self,
        interaction: discord.Interaction[AtelierBot],
        image: discord.Attachment,
        model: str | None = None,
        private: bool | None = None,
    ) -> None:
        who = await asker(self._bot, interaction, private=wants_private(self._bot, interaction, private))
        services = self._bot.services
        await services.onward.upscale(await services.uploads.picture(image), who, model=model or "")

    @upscale.autocomplete("model")
    async def models(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return model_choices(self._bot, interaction, typed, Kind.UPSCALE)


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Upscale(bot))
