"""/describe, and the menu of any message: a picture in words that could be a prompt, and the buttons to draw them."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.errors import NotFound
from bot.forms import PROMPT, QUALITY, SIZE, Filled, change_form
from bot.i18n import texts_for
from bot.images import Kind
from bot.picks import pictures_in
from cogs.asking import (
    SAID,
    asker,
    asker_onward,
    input_from,
    model_at_hand,
    model_choices,
    offered_by,
    requester_of,
    wants_private,
)
from cogs.buttons import PRIVATE, door_of, request_id_of


class Describe(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        self._menu = app_commands.ContextMenu(
            name=locale_str("Describe image"), callback=self.describe_message
        )
        bot.on_press("imagine", self.imagine)
        bot.on_press("retell", self.ask_retell)
        bot.on_submit("retell", self.retell)

    async def cog_load(self) -> None:
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command(description=locale_str("Put a picture into words that draw one like it"))
    @app_commands.describe(
        image=locale_str("The picture to describe"),
        focus=locale_str("What to look at most"),
        model=locale_str("Which model looks"),
        private=SAID["private"],
    )
    async def describe(
        self,
        interaction: discord.Interaction[AtelierBot],
        image: discord.Attachment,
        focus: app_commands.Range[str, 1, 300] | None = None,
        model: str | None = None,
        private: bool | None = None,
    ) -> None:
        who = await asker(self._bot, interaction, private=wants_private(self._bot, interaction, private))
        services = self._bot.services
        picture = await services.uploads.picture(image)
        await services.onward.describe(picture, who, prompt=focus or "", model=model or "")

    @describe.autocomplete("model")
    async def models(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return model_choices(self._bot, interaction, typed, Kind.DESCRIBE)

    async def describe_message(
        self, interaction: discord.Interaction[AtelierBot], message: discord.Message
    ) -> None:
        """The first picture of the message: a description is cheap, and asking which would take longer."""
        who = await asker_onward(self._bot, interaction)
        found = pictures_in(message, self._bot.user.id if self._bot.user else 0)
        if not found:
            raise NotFound(what="picture_in_message")
        picture = await input_from(self._bot, found[0], who.requester)
        await self._bot.services.onward.describe(picture, who)

    async def imagine(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        who = await asker_onward(self._bot, interaction)
        await self._bot.services.onward.imagine_told(request_id_of(image), who)

    async def ask_retell(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        services, t = self._bot.services, texts_for(str(interaction.locale))
        row = await services.studio.request_of(request_id_of(image), requester_of(interaction))
        offered = offered_by(self._bot, model_at_hand(self._bot, interaction, Kind.GENERATE))
        custom_id = f"v1:retell:{image}:{door_of(row.private)}"
        await interaction.response.send_modal(change_form(t, custom_id, row.told_text, offered))

    async def retell(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        filled = Filled(interaction.data or {})
        who = await asker_onward(self._bot, interaction, source=argument == PRIVATE)
        await self._bot.services.onward.imagine_told(
            request_id_of(image),
            who,
            prompt=filled.text(PROMPT),
            size=filled.choice(SIZE),
            quality=filled.choice(QUALITY),
        )


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Describe(bot))
