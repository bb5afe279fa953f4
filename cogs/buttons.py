"""What the buttons of a card do to go on from it. Anyone may, from a public card, on their own quota."""

from __future__ import annotations

import discord
from discord.ext import commands

from bot.client import AtelierBot
from bot.errors import InvalidRequest
from bot.forms import (
    DIRECTION,
    FILES,
    PROMPT,
    QUALITY,
    SIZE,
    STRENGTH,
    STRENGTHS,
    WHICH,
    Filled,
    Form,
    Pictures,
    change_form,
    edit_form,
    vary_form,
    which_form,
)
from bot.i18n import Texts, texts_for
from bot.images import ImageRequest, InputImage, Kind, image_id
from bot.models import ImageModel
from bot.onward import model_for
from cogs.asking import asker_onward, catalog_of, is_moderator, offered_by, requester_of, usual_here
from storage.rows import RequestRow

PRIVATE, PUBLIC = "p", "o"
"""A window's argument: whether the picture that it goes on from is for one person alone, looked up before it opened."""


class Buttons(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        bot.on_press("repeat", self.repeat)
        bot.on_press("swap", self.swap)
        bot.on_press("change", self.ask_change)
        bot.on_press("vary", self.ask_vary)
        bot.on_press("edit", self.ask_edit)
        bot.on_press("upscale", self.ask_upscale)
        bot.on_press("cancel", self.cancel)
        bot.on_press("delete", self.delete)
        bot.on_submit("change", self.change)
        bot.on_submit("vary", self.vary)
        bot.on_submit("edit", self.edit)
        bot.on_submit("upscale", self.upscale)

    async def repeat(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        who = await asker_onward(self._bot, interaction)
        studio = self._bot.services.studio
        await studio.repeat(request_id_of(image), who.requester, who.place, who.origin)

    async def swap(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        """The same wish on another model, which the button names."""
        who = await asker_onward(self._bot, interaction)
        await self._bot.services.onward.swap(request_id_of(image), argument or "", who)

    async def ask_change(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        """A window must be the first answer: one row is read before it, so that it shows what there is to change."""
        services, t = self._bot.services, texts_for(str(interaction.locale))
        row = await services.studio.request_of(request_id_of(image), requester_of(interaction))
        request = ImageRequest.from_json(row.request)
        offered = offered_by(self._bot, self._model_for(interaction, row, request.kind), like=request)
        await self._open(
            interaction, change_form(t, f"v1:change:{image}:{door_of(row.private)}", row.prompt, offered)
        )

    async def change(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        filled = Filled(interaction.data or {})
        who = await asker_onward(self._bot, interaction, source=argument == PRIVATE)
        await self._bot.services.onward.change(
            request_id_of(image), filled.text(PROMPT), filled.choice(SIZE), filled.choice(QUALITY), who
        )

    async def ask_vary(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        t = texts_for(str(interaction.locale))
        row = await self._bot.services.studio.request_of(request_id_of(image), requester_of(interaction))
        await self._open(
            interaction, vary_form(t, f"v1:vary:{image}:{door_of(row.private)}", numbered(t, argument))
        )

    async def vary(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        filled = Filled(interaction.data or {})
        who = await asker_onward(self._bot, interaction, source=argument == PRIVATE)
        onward = self._bot.services.onward
        picture = await onward.input_of(_chosen(image, filled)[0], who.requester)
        await onward.vary(
            picture,
            who,
            prompt=filled.text(PROMPT),
            direction=filled.choice(DIRECTION),
            strength=STRENGTHS.get(filled.choice(STRENGTH) or ""),
        )

    async def ask_edit(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        t, services = texts_for(str(interaction.locale)), self._bot.services
        row = await services.studio.request_of(request_id_of(image), requester_of(interaction))
        offered = offered_by(self._bot, self._model_for(interaction, row, Kind.EDIT))
        custom_id = f"v1:edit:{image}:{door_of(row.private)}"
        await self._open(interaction, edit_form(t, custom_id, numbered(t, argument), offered))

    async def edit(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        filled = Filled(interaction.data or {})
        who = await asker_onward(self._bot, interaction, source=argument == PRIVATE)
        services = self._bot.services
        if not filled.text(PROMPT).strip():
            raise InvalidRequest(field="prompt", problem="empty")
        inputs: list[InputImage] = [
            await services.onward.input_of(one, who.requester) for one in _chosen(image, filled)
        ]
        inputs += [await services.uploads.picture(file) for file in filled.files(FILES)]
        await services.onward.edit(
            filled.text(PROMPT), inputs, who, size=filled.choice(SIZE), quality=filled.choice(QUALITY)
        )

    async def ask_upscale(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        t = texts_for(str(interaction.locale))
        pictures = numbered(t, argument)
        if not pictures:
            who = await asker_onward(self._bot, interaction)
            onward = self._bot.services.onward
            await onward.upscale(await onward.input_of(image, who.requester), who)
            return
        row = await self._bot.services.studio.request_of(request_id_of(image), requester_of(interaction))
        custom_id = f"v1:upscale:{image}:{door_of(row.private)}"
        await self._open(interaction, which_form(t, t("Enlarge a picture"), custom_id, pictures))

    async def upscale(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        who = await asker_onward(self._bot, interaction, source=argument == PRIVATE)
        onward, chosen = self._bot.services.onward, _chosen(image, Filled(interaction.data or {}))[0]
        await onward.upscale(await onward.input_of(chosen, who.requester), who)

    async def delete(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        await interaction.response.defer()
        await self._bot.services.studio.delete(
            request_id_of(image), requester_of(interaction), moderator=is_moderator(interaction)
        )
        await interaction.delete_original_response()

    async def cancel(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        await interaction.response.defer()
        await self._bot.services.studio.cancel(
            request_id_of(image), requester_of(interaction), moderator=is_moderator(interaction)
        )

    def _model_for(self, interaction: discord.Interaction, row: RequestRow, kind: Kind) -> ImageModel:
        usual = usual_here(self._bot, interaction).model
        return model_for(catalog_of(self._bot, interaction), row, kind, usual)

    async def _open(self, interaction: discord.Interaction, form: Form) -> None:
        await interaction.response.send_modal(form)


def numbered(t: Texts, numbers: str | None) -> Pictures:
    """The pictures that a button's argument tells of."""
    found = [number for number in (numbers or "").split(",") if number.isdecimal()]
    return [(number, t("Picture {number}", number=number)) for number in found]


def request_id_of(image: str) -> str:
    return image.rpartition("_")[0]


def _chosen(image: str, filled: Filled) -> list[str]:
    """The pictures that a window was filled in for; the button's own where there was nothing to choose."""
    numbers = [int(number) for number in filled.chosen(WHICH) if number.isdecimal()]
    return [image_id(request_id_of(image), number) for number in numbers] or [image]


def door_of(private: bool) -> str:
    return PRIVATE if private else PUBLIC


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Buttons(bot))
