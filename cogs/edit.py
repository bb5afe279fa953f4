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


class Edit(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("Change a picture in words"))
    @app_commands.describe(
        prompt=locale_str("What should change"),
        image=locale_str("The picture to change"),
        image2=SAID["another"],
        image3=SAID["another"],
        mask=locale_str("White or transparent where the picture may change"),
        model=SAID["model"],
        style=SAID["style"],
        size=SAID["size"],
        quality=SAID["quality"],
        count=SAID["count"],
        format=SAID["format"],
        private=SAID["private"],
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
        style: str | None = None,
        size: str | None = None,
        quality: str | None = None,
        count: Range[int, 1, 10] = 1,
        format: Literal["png", "jpeg", "webp"] | None = None,
        private: bool | None = None,
    ) -> None:
        alone = wants_private(self._bot, interaction, private)
        who = await asker(self._bot, interaction, private=alone)
        services = self._bot.services
        inputs = [await services.uploads.picture(given) for given in (image, image2, image3) if given]
        request = ImageRequest(
            kind=Kind.EDIT,
            prompt=prompt,
            model=model or preferred_model(self._bot, interaction, Kind.EDIT),
            style=style,
            size=size or "auto",
            quality=quality,
            count=count,
            format=format,
            inputs=tuple(inputs),
            mask=await services.uploads.mask(mask, inputs[0]) if mask else None,
        )
        await services.studio.submit(request, who.requester, who.place, who.origin)

    @edit.autocomplete("model")
    async def models(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return model_choices(self._bot, interaction, typed, Kind.EDIT)

    @edit.autocomplete("size")
    async def sizes(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return size_choices(self._bot, interaction, typed, Kind.EDIT)

    @edit.autocomplete("quality")
    async def qualities(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return quality_choices(self._bot, interaction, typed, Kind.EDIT)

    @edit.autocomplete("style")
    async def styles(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return style_choices(self._bot, interaction, typed)


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Edit(bot))
