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
    Prompt,
    model_choices,
    open_request,
    place_of,
    quality_choices,
    requester_of,
    size_choices,
    style_choices,
)


class Imagine(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("Draw pictures from a description"))
    @app_commands.describe(
        prompt=locale_str("What you would like to see"),
        image=locale_str("A picture to start from"),
        model=locale_str("Which model draws"),
        style=locale_str("A look to go with your words"),
        size=locale_str("Like 1024x1024 or 16:9"),
        quality=locale_str("Finer costs more"),
        count=locale_str("How many pictures"),
        format=locale_str("The kind of file"),
        background=locale_str("Transparent needs PNG or WebP"),
        seed=locale_str("The same number and words draw the same picture, where the model can"),
        negative=locale_str("What should not be in the picture, where the model can"),
        private=locale_str("Only you see the result"),
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
        private: bool = False,
        spoiler: bool = False,
    ) -> None:
        origin = await open_request(self._bot, interaction, private=private)
        services = self._bot.services
        request = ImageRequest(
            kind=Kind.EDIT if image else Kind.GENERATE,
            prompt=prompt,
            model=model or "",
            style=style,
            size=size or "auto",
            quality=quality,
            count=count,
            format=format,
            background=background,
            seed=seed,
            negative=negative,
            inputs=(await services.uploads.picture(image),) if image else (),
        )
        place = place_of(interaction, private=private, spoiler=spoiler)
        await services.studio.submit(request, requester_of(interaction), place, origin)

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
