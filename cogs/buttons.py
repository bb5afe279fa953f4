"""What a card's buttons do, and the modal for a new prompt. Anyone may go on from a public card, on their own quota."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import ui
from discord.ext import commands

from bot.client import AtelierBot, first_answer
from bot.errors import InvalidRequest, NotFound
from bot.i18n import Texts, texts_for
from bot.images import image_id
from bot.views import CardFile
from bot.wording import alt_text, cut
from cogs.asking import is_moderator, open_request, place_of, requester_of
from storage.errors import ImageMissing

_MODAL_SECONDS = 15 * 60.0
"""A dismissed modal sends nothing: without an end each would stay in the library's memory."""

_PROMPT_FIELD, _PICTURE_FIELD = "prompt", "picture"


class EditModal(ui.Modal):
    """Only its shape: what it sends is read from the event (AtelierBot.on_interaction), so it outlives a restart."""

    def __init__(self, t: Texts, image_id: str, numbers: Sequence[int]) -> None:
        super().__init__(
            title=cut(t("Edit this picture"), 45), custom_id=f"v1:edit:{image_id}", timeout=_MODAL_SECONDS
        )
        prompt = ui.TextInput[ui.Modal](
            custom_id=_PROMPT_FIELD,
            style=discord.TextStyle.paragraph,
            max_length=4000,
            placeholder=cut(t("Make it night, add a lantern…"), 100),
        )
        self.add_item(ui.Label(text=cut(t("What should change"), 45), component=prompt))
        if len(numbers) > 1:
            choice = ui.RadioGroup[ui.Modal](custom_id=_PICTURE_FIELD, required=True)
            for number in numbers:
                choice.add_option(
                    label=t("Picture {number}", number=number),
                    value=str(number),
                    default=number == numbers[0],
                )
            self.add_item(ui.Label(text=cut(t("Which picture"), 45), component=choice))


class Buttons(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        bot.on_press("repeat", self.repeat)
        bot.on_press("swap", self.swap)
        bot.on_press("vary", self.vary)
        bot.on_press("edit", self.ask_edit)
        bot.on_press("original", self.original)
        bot.on_press("delete", self.delete)
        bot.on_press("cancel", self.cancel)
        bot.on_submit("edit", self.edit)

    async def repeat(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        private = _was_private(interaction)
        origin = await open_request(self._bot, interaction, private=private)
        place = place_of(interaction, private=private)
        await self._bot.services.studio.repeat(_request_id(image), requester_of(interaction), place, origin)

    async def swap(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        """The same wish on another model, which the button names."""
        private = _was_private(interaction)
        origin = await open_request(self._bot, interaction, private=private)
        place = place_of(interaction, private=private)
        requester = requester_of(interaction)
        await self._bot.services.studio.swap(_request_id(image), argument or "", requester, place, origin)

    async def vary(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        private = _was_private(interaction)
        origin = await open_request(self._bot, interaction, private=private)
        place = place_of(interaction, private=private)
        await self._bot.services.studio.vary(image, requester_of(interaction), place, origin)

    async def ask_edit(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        """A modal must be the first answer, so nothing is looked up before it; the button carries the numbers."""
        numbers = [int(number) for number in (argument or "").split(",") if number.isdecimal()]
        t = texts_for(str(interaction.locale))
        await interaction.response.send_modal(EditModal(t, image, numbers))

    async def edit(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        private = _was_private(interaction)
        values = modal_values(interaction.data or {})
        origin = await open_request(self._bot, interaction, private=private)
        prompt, number = values.get(_PROMPT_FIELD), values.get(_PICTURE_FIELD)
        if not isinstance(prompt, str):
            raise InvalidRequest(field="prompt", problem="empty")
        chosen = (
            image_id(_request_id(image), int(number))
            if isinstance(number, str) and number.isdecimal()
            else image
        )
        place = place_of(interaction, private=private)
        await self._bot.services.studio.edit(chosen, prompt, requester_of(interaction), place, origin)

    async def original(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        """The files as the model made them, to the one who asks alone."""
        await first_answer(self._bot, interaction, private=True)
        services = self._bot.services
        t = texts_for(str(interaction.locale))
        request, pictures = await services.studio.pictures_of(_request_id(image), requester_of(interaction))
        if not pictures:
            raise NotFound(what="image", id=image)
        for picture in pictures:
            try:
                data = await services.store.get(picture.key)
            except ImageMissing as error:
                raise NotFound(what="image", id=picture.id) from error
            if len(data) > interaction.filesize_limit:
                words = t("Picture {number} is too large to be sent here.", number=picture.number)
                await interaction.followup.send(words, ephemeral=True)
                continue
            name = f"{picture.id}.{picture.media_type.removeprefix('image/')}"
            file = CardFile(name=name, data=data, description=alt_text(t, request, picture.number))
            await interaction.followup.send(file=file.open(), ephemeral=True)

    async def delete(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        await interaction.response.defer()
        await self._bot.services.studio.delete(
            _request_id(image), requester_of(interaction), moderator=is_moderator(interaction)
        )
        await interaction.delete_original_response()

    async def cancel(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        await interaction.response.defer()
        await self._bot.services.studio.cancel(
            _request_id(image), requester_of(interaction), moderator=is_moderator(interaction)
        )


def modal_values(data: Mapping[str, Any]) -> dict[str, Any]:
    """custom_id -> value (or list of values) of a submitted modal, from the event as Discord sends it."""
    values: dict[str, Any] = {}
    pending: list[Any] = list(data.get("components", ()))
    while pending:
        component = pending.pop()
        pending += component.get("components", ())
        if isinstance(inner := component.get("component"), dict):
            pending.append(inner)
        if "custom_id" in component:
            values[component["custom_id"]] = component.get("value", component.get("values"))
    return values


def _request_id(image: str) -> str:
    return image.rpartition("_")[0]


def _was_private(interaction: discord.Interaction) -> bool:
    return interaction.message is not None and interaction.message.flags.ephemeral


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Buttons(bot))
