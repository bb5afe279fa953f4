"""What the buttons of a card do to look and to keep: details, the way back, the files themselves, a copy by DM."""

from __future__ import annotations

import discord
from discord.ext import commands

from bot.client import AtelierBot, first_answer
from bot.delivery.cards import seconds_of
from bot.details import details_view
from bot.errors import NotAllowed, NotFound
from bot.i18n import Texts, texts_for
from bot.images import ImageRequest
from bot.views import CardFile
from bot.wording import alt_text
from cogs.asking import requester_of
from cogs.buttons import request_id_of
from storage.errors import ImageMissing, StorageError
from storage.rows import ImageRow, RequestRow

_CONTENT_LENGTH = 2000
_CANNOT_WRITE = frozenset({50007, 50278})


class Keeping(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        bot.on_press("details", self.details)
        bot.on_press("back", self.back)
        bot.on_press("copy", self.copy)
        bot.on_press("original", self.original)
        bot.on_press("direct", self.direct)

    async def details(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        await first_answer(self._bot, interaction, private=True)
        services, t = self._bot.services, texts_for(str(interaction.locale))
        story = await services.lineage.story(image, requester_of(interaction))
        view = details_view(t, story, services.catalog, services.styles)
        await interaction.edit_original_response(view=view)

    async def back(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        """A picture of the path once more, with buttons that go on from it in another direction."""
        await first_answer(self._bot, interaction, private=True)
        services = self._bot.services
        picture, row = await services.studio.image_of(image, requester_of(interaction))
        files = await self._files(row, [picture], interaction.filesize_limit)
        card = services.cards.card(row, [picture], files, seconds=seconds_of(row))
        await interaction.edit_original_response(
            view=card.view, attachments=[file.open() for file in card.files]
        )

    async def copy(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        """The words alone in a message of the old kind: a telephone copies such a message whole."""
        await first_answer(self._bot, interaction, private=True)
        row = await self._bot.services.studio.request_of(request_id_of(image), requester_of(interaction))
        words = row.told_text or row.prompt
        await interaction.edit_original_response(content=words[:_CONTENT_LENGTH])
        for start in range(_CONTENT_LENGTH, len(words), _CONTENT_LENGTH):
            await interaction.followup.send(words[start : start + _CONTENT_LENGTH], ephemeral=True)

    async def original(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        """The files as the model made them, to the one who asks alone."""
        await first_answer(self._bot, interaction, private=True)
        services, t = self._bot.services, texts_for(str(interaction.locale))
        request, pictures = await services.studio.pictures_of(request_id_of(image), requester_of(interaction))
        if not pictures:
            raise NotFound(what="image", id=image)
        for place, picture in enumerate(pictures):
            words, file = await self._whole(t, request, picture, interaction.filesize_limit)
            files = [file.open()] if file else []
            if place == 0:
                await interaction.edit_original_response(content=words, attachments=files)
            else:
                await interaction.followup.send(words or "", files=files, ephemeral=True)

    async def _whole(
        self, t: Texts, request: ImageRequest, picture: ImageRow, limit: int
    ) -> tuple[str | None, CardFile | None]:
        """Words or a file."""
        try:
            data = await self._bot.services.store.get(picture.key)
        except ImageMissing as error:
            raise NotFound(what="image", id=picture.id) from error
        if len(data) > limit:
            return t("Picture {number} is too large to be sent here.", number=picture.number), None
        name = f"{picture.id}.{picture.media_type.removeprefix('image/')}"
        return None, CardFile(name=name, data=data, description=alt_text(t, request, picture.number))

    async def direct(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        """The whole card once more into the direct messages of who asks, with buttons that work there."""
        await first_answer(self._bot, interaction, private=True)
        services, t = self._bot.services, texts_for(str(interaction.locale))
        row = await services.studio.request_of(request_id_of(image), requester_of(interaction))
        _, pictures = await services.studio.pictures_of(row.id, requester_of(interaction))
        if not pictures:
            raise NotFound(what="image", id=image)
        files = await self._files(row, pictures, interaction.filesize_limit)
        card = services.cards.card(row, pictures, files, seconds=seconds_of(row))
        try:
            sent = await interaction.user.send(view=card.view, files=[file.open() for file in card.files])
        except discord.HTTPException as error:
            if error.code in _CANNOT_WRITE:
                raise NotAllowed(what="direct") from error
            raise
        await interaction.edit_original_response(
            content=t("It is in your direct messages: {link}", link=sent.jump_url)
        )

    async def _files(
        self, row: RequestRow, pictures: list[ImageRow], limit: int
    ) -> list[tuple[int, CardFile]]:
        try:
            return await self._bot.services.cards.files(row, pictures, limit)
        except StorageError as error:
            raise NotFound(what="image", id=pictures[0].id) from error


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Keeping(bot))
