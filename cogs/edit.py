"""/edit: change pictures in words, the whole or what a mask marks."""

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
)


class Edit(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("Change a picture in words"))
    @app_commands.describe(
        prompt=locale_str("What should change"),
        image=locale_str("The picture to change"),
        image2=locale_str("Another picture to take from"),
        image3=locale_str("And another"),
        mask=locale_str("White or transparent where the picture may change"),
        model=locale_str("Which model draws"),
        size=locale_str("Like 1024x1024 or 16:9"),
        quality=locale_str("Finer costs more"),
        count=locale_str("How many pictures"),
        format=locale_str("The kind of file"),
        private=locale_str("Only you see the result"),
    )
    async def edit(
        self,
        interaction: discord.Interaction[AtelierBot],
        prompt: Prompt,
        image: discord.Attachment,
        image2: discord.Attachment | None = None,
        image3: discord.Attachment | None = None,
        mask: discord.Attachment | None = None,
        model: str | None = None,
        size: str | None = None,
        quality: str | None = None,
        count: Range[int, 1, 10] = 1,
        format: Literal["png", "jpeg", "webp"] | None = None,
        private: bool = False,
    ) -> None:
        origin = await open_request(self._bot, interaction, private=private)
        services = self._bot.services
        inputs = [await services.uploads.picture(given) for given in (image, image2, image3) if given]
        request = ImageRequest(
            kind=Kind.EDIT,
            prompt=prompt,
            model=model or "",
            size=size or "auto",
            quality=quality,
            count=count,
            format=format,
            inputs=tuple(inputs),
            mask=await services.uploads.mask(mask, inputs[0]) if mask else None,
        )
        await services.studio.submit(
            request, requester_of(interaction), place_of(interaction, private=private), origin
        )

    @edit.autocomplete("model")
    async def models(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return model_choices(self._bot, interaction, typed, Kind.EDIT)

    @edit.autocomplete("size")
    async def sizes(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return size_choices(self._bot, interaction, typed, Kind.EDIT)

    @edit.autocomplete("quality")
    async def qualities(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return quality_choices(self._bot, interaction, typed, Kind.EDIT)


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Edit(bot))
