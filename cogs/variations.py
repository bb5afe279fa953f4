"""/variations: the same idea, drawn anew, on every model that can edit; no vendor has an endpoint for it any more."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import Choice, Range, locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.forms import STRENGTHS
from bot.images import ImageRequest, Kind
from cogs.asking import SAID, Prompt, asker, model_choices, preferred_model, style_choices, wants_private


class Variations(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("Draw variations of a picture"))
    @app_commands.describe(
        image=locale_str("The picture to vary"),
        prompt=locale_str("What may be different"),
        strength=locale_str("How far from the picture"),
        count=SAID["count"],
        model=SAID["model"],
        style=SAID["style"],
        private=SAID["private"],
    )
    @app_commands.choices(
        strength=[
            Choice(name=locale_str("subtle"), value="subtle"),
            Choice(name=locale_str("medium"), value="medium"),
            Choice(name=locale_str("strong"), value="strong"),
        ]
    )
    async def variations(
        self,
        interaction: discord.Interaction[AtelierBot],
        image: discord.Attachment,
        prompt: Prompt | None = None,
        strength: str | None = None,
        count: Range[int, 1, 5] = 1,
        model: str | None = None,
        style: str | None = None,
        private: bool | None = None,
    ) -> None:
        alone = wants_private(self._bot, interaction, private)
        who = await asker(self._bot, interaction, private=alone)
        services = self._bot.services
        request = ImageRequest(
            kind=Kind.VARIATIONS,
            prompt=prompt or "",
            model=model or preferred_model(self._bot, interaction, Kind.VARIATIONS),
            style=style,
            count=count,
            strength=STRENGTHS.get(strength or ""),
            inputs=(await services.uploads.picture(image),),
        )
        await services.studio.submit(request, who.requester, who.place, who.origin)

    @variations.autocomplete("model")
    async def models(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return model_choices(self._bot, interaction, typed, Kind.VARIATIONS)

    @variations.autocomplete("style")
    async def styles(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return style_choices(self._bot, interaction, typed)


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Variations(bot))
