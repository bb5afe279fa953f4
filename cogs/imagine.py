"""/imagine: pictures from words."""

from __future__ import annotations

from typing import Literal

import discord
from discord import app_commands
from discord.app_commands import Choice, Range, locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.images import ImageRequest, Kind
from cogs.asking import (
    SAID,
    Prompt,
    asker,
    model_choices,
    preferred_model,
    quality_choices,
    size_choices,
    style_choices,
    wants_private,
)


class Imagine(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("Draw pictures from a description"))
    @app_commands.describe(
        prompt=locale_str("What you would like to see"),
        image=locale_str("A picture to start from"),
        model=SAID["model"],
        style=SAID["style"],
        size=SAID["size"],
        quality=SAID["quality"],
        count=SAID["count"],
        format=SAID["format"],
        background=locale_str("Transparent needs PNG or WebP"),
        seed=locale_str("The same number and words draw the same picture, where the model can"),
        negative=locale_str("What should not be in the picture, where the model can"),
        private=SAID["private"],
        spoiler=locale_str("Hide the picture until it is clicked"),
    )
    async def imagine(
        self,
        interaction: discord.Interaction[AtelierBot],
        prompt: Prompt,
        image: discord.Attachment | None = None,
        model: str | None = None,
        style: str | None = None,
        size: str | None = None,
        quality: str | None = None,
        count: Range[int, 1, 10] = 1,
        format: Literal["png", "jpeg", "webp"] | None = None,
        background: Literal["auto", "opaque", "transparent"] | None = None,
        seed: Range[int, 0, 4_294_967_294] | None = None,
        negative: Range[str, 1, 2000] | None = None,
        private: bool | None = None,
        spoiler: bool = False,
    ) -> None:
        services = self._bot.services
        alone = wants_private(self._bot, interaction, private)
        who = await asker(self._bot, interaction, private=alone, spoiler=spoiler)
        kind = Kind.EDIT if image else Kind.GENERATE
        request = ImageRequest(
            kind=kind,
            prompt=prompt,
            model=model or preferred_model(self._bot, interaction, kind),
            style=style or who.usual.style,
            size=size or (who.usual.size if not image else None) or "auto",
            quality=quality,
            count=count,
            format=format,
            background=background,
            seed=seed,
            negative=negative,
            inputs=(await services.uploads.picture(image),) if image else (),
        )
        await services.studio.submit(request, who.requester, who.place, who.origin)

    @imagine.autocomplete("model")
    async def models(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return model_choices(self._bot, interaction, typed, Kind.GENERATE)

    @imagine.autocomplete("style")
    async def styles(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return style_choices(self._bot, interaction, typed)

    @imagine.autocomplete("size")
    async def sizes(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return size_choices(self._bot, interaction, typed, Kind.GENERATE)

    @imagine.autocomplete("quality")
    async def qualities(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return quality_choices(self._bot, interaction, typed, Kind.GENERATE)


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Imagine(bot))
