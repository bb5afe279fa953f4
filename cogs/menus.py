"""The menus of any message that shows a picture: edit it, vary it, whoever posted it."""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.errors import InvalidRequest, NotFound
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
    Pictures,
    edit_form,
    vary_form,
)
from bot.i18n import Texts, texts_for
from bot.images import InputImage, Kind, Requester
from bot.picks import Pick, pictures_in
from cogs.asking import asker_onward, input_from, model_at_hand, offered_by


class Menus(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        self._menus = [
            app_commands.ContextMenu(name=locale_str("Edit image"), callback=self.ask_edit),
            app_commands.ContextMenu(name=locale_str("Vary image"), callback=self.ask_vary),
        ]
        bot.on_submit("editfound", self.edit)
        bot.on_submit("varyfound", self.vary)

    async def cog_load(self) -> None:
        for menu in self._menus:
            self._bot.tree.add_command(menu)

    async def cog_unload(self) -> None:
        for menu in self._menus:
            self._bot.tree.remove_command(menu.name, type=menu.type)

    async def ask_edit(self, interaction: discord.Interaction[AtelierBot], message: discord.Message) -> None:
        t, picks = texts_for(str(interaction.locale)), await self._keep(interaction, message)
        offered = offered_by(self._bot, model_at_hand(self._bot, interaction, Kind.EDIT))
        form = edit_form(t, f"v1:editfound:{interaction.id}", _named(t, picks), offered)
        await interaction.response.send_modal(form)

    async def ask_vary(self, interaction: discord.Interaction[AtelierBot], message: discord.Message) -> None:
        t, picks = texts_for(str(interaction.locale)), await self._keep(interaction, message)
        await interaction.response.send_modal(
            vary_form(t, f"v1:varyfound:{interaction.id}", _named(t, picks))
        )

    async def edit(self, interaction: discord.Interaction, number: str, argument: str | None) -> None:
        filled = Filled(interaction.data or {})
        who = await asker_onward(self._bot, interaction)
        if not filled.text(PROMPT).strip():
            raise InvalidRequest(field="prompt", problem="empty")
        inputs = await self._inputs(number, filled, who.requester)
        inputs += [await self._bot.services.uploads.picture(file) for file in filled.files(FILES)]
        await self._bot.services.onward.edit(
            filled.text(PROMPT), inputs, who, size=filled.choice(SIZE), quality=filled.choice(QUALITY)
        )

    async def vary(self, interaction: discord.Interaction, number: str, argument: str | None) -> None:
        filled = Filled(interaction.data or {})
        who = await asker_onward(self._bot, interaction)
        inputs = await self._inputs(number, filled, who.requester)
        await self._bot.services.onward.vary(
            inputs[0],
            who,
            prompt=filled.text(PROMPT),
            direction=filled.choice(DIRECTION),
            strength=STRENGTHS.get(filled.choice(STRENGTH) or ""),
        )

    async def _keep(self, interaction: discord.Interaction, message: discord.Message) -> list[Pick]:
        """Written down before the window opens: when it comes back the message is not told again."""
        found = pictures_in(message, self._bot.user.id if self._bot.user else 0)
        if not found:
            raise NotFound(what="picture_in_message")
        await self._bot.services.picks.keep(interaction.id, interaction.user.id, found)
        return found

    async def _inputs(self, number: str, filled: Filled, requester: Requester) -> list[InputImage]:
        picks = await self._bot.services.picks.take(number, requester.user_id)
        places = [int(place) for place in filled.chosen(WHICH) if place.isdecimal()] or [0]
        return [
            await input_from(self._bot, picks[place], requester) for place in places if place < len(picks)
        ]


def _named(t: Texts, picks: Sequence[Pick]) -> Pictures:
    """By place and name: somebody else's pictures have no numbers."""
    if len(picks) < 2:
        return []
    return [
        (str(place), t("Picture {number}", number=place + 1) + f" · {pick.name}")
        for place, pick in enumerate(picks)
    ]


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Menus(bot))
