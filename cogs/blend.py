"""/blend: two to five pictures become one."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.images import Kind
from cogs.asking import SAID, Prompt, asker, model_choices, preferred_model, size_choices, wants_private


class Blend(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("Blend two to five pictures into a new one"))
    @app_commands.describe(
        image1=locale_str("The first picture; its shape is kept"),
        image2=locale_str("The second picture"),
        image3=SAID["another"],
        image4=SAID["another"],
        image5=SAID["another"],
        prompt=locale_str("In your words, if you like"),
        model=SAID["model"],
        size=SAID["size"],
        private=SAID["private"],
    )
    async def blend(
        self,
        interaction: discord.Interaction[AtelierBot],
        image1: discord.Attachment,
        image2: discord.Attachment,
        image3: discord.Attachment | None = None,
        image4: discord.Attachment | None = None,
        image5: discord.Attachment | None = None,
        prompt: Prompt | None = None,
        model: str | None = None,
        size: str | None = None,
        private: bool | None = None,
    ) -> None:
        who = await asker(self._bot, interaction, private=wants_private(self._bot, interaction, private))
        services = self._bot.services
        given = [image for image in (image1, image2, image3, image4, image5) if image]
        pictures = [await services.uploads.picture(image) for image in given]
        chosen = model or preferred_model(self._bot, interaction, Kind.EDIT)
        await services.onward.blend(pictures, who, prompt=prompt or "", model=chosen, size=size or "")

    @blend.autocomplete("model")
    async def models(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return model_choices(self._bot, interaction, typed, Kind.EDIT)

    @blend.autocomplete("size")
    async def sizes(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return size_choices(self._bot, interaction, typed, Kind.EDIT)


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Blend(bot))
