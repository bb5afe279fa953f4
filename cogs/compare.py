"""/compare: one prompt by two to four models, side by side, with what each took and cost; and a vote."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands

from bot.batch_cards import comparison_card, picture_of
from bot.batches import MODEL, BatchKind
from bot.client import AtelierBot
from bot.delivery.batches import picture_name
from bot.errors import InvalidRequest
from bot.i18n import texts_for
from bot.images import ImageRequest, Kind
from bot.scripts import Segment
from bot.views import CardFile
from bot.wording import alt_text
from cogs.asking import (
    SAID,
    Prompt,
    model_choices,
    open_request,
    place_of,
    requester_of,
    size_choices,
    style_choices,
    usual_here,
    wants_private,
)
from cogs.batch import begin_privately, begun_privately


class Compare(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        bot.on_desk("vote", self.vote)

    @app_commands.command(description=locale_str("Let several models draw the same, and vote"))
    @app_commands.describe(
        prompt=locale_str("What you would like to see"),
        model1=locale_str("The first model"),
        model2=locale_str("The second model"),
        model3=locale_str("A third model"),
        model4=locale_str("A fourth model"),
        style=SAID["style"],
        size=SAID["size"],
        private=SAID["private"],
    )
    async def compare(
        self,
        interaction: discord.Interaction[AtelierBot],
        prompt: Prompt,
        model1: str,
        model2: str,
        model3: str | None = None,
        model4: str | None = None,
        style: str | None = None,
        size: str | None = None,
        private: bool | None = None,
    ) -> None:
        alone = wants_private(self._bot, interaction, private)
        origin = await open_request(self._bot, interaction, private=alone)
        services, requester = self._bot.services, requester_of(interaction)
        named = [services.catalog.find(name).id for name in (model1, model2, model3, model4) if name]
        if len(set(named)) < len(named):
            raise InvalidRequest(field="model1, model2, model3, model4", problem="same")
        usual = usual_here(self._bot, interaction)
        request = ImageRequest(
            kind=Kind.GENERATE,
            prompt="",
            model="",
            style=style or usual.style,
            size=size or usual.size or "auto",
        )
        row = await services.keepsakes.batches.draft(
            BatchKind.COMPARE,
            [Segment(text=prompt, extra={MODEL: name}) for name in named],
            request,
            requester,
            place_of(interaction, private=alone),
            title=prompt,
            interaction_id=interaction.id,
        )
        if alone:
            # The answer that only one person sees can be changed for a quarter of an hour; a card is for good.
            progress = await services.keepsakes.batches.progress(row.id)
            words = begun_privately(
                texts_for(str(interaction.locale)), await begin_privately(self._bot, progress, requester)
            )
            await interaction.edit_original_response(content=words)
            return
        await services.keepsakes.batch_rows.place(
            row.id, message_id=origin.message_id or 0, message_channel_id=interaction.channel_id or 0
        )
        await services.keepsakes.batches.confirm(row.id, requester)

    @compare.autocomplete("model1")
    @compare.autocomplete("model2")
    @compare.autocomplete("model3")
    @compare.autocomplete("model4")
    async def models(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return model_choices(self._bot, interaction, typed, Kind.GENERATE)

    @compare.autocomplete("style")
    async def styles(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return style_choices(self._bot, interaction, typed)

    @compare.autocomplete("size")
    async def sizes(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return size_choices(self._bot, interaction, typed, Kind.GENERATE)

    async def vote(self, interaction: discord.Interaction, argument: str) -> None:
        """One vote a member; the card shows it at once, and the winner's buttons go on."""
        await interaction.response.defer()
        batch_id, _, position = argument.partition(":")
        services = self._bot.services
        progress = await services.keepsakes.batches.shown_to(batch_id, requester_of(interaction))
        await services.keepsakes.batch_rows.vote(batch_id, interaction.user.id, int(position))
        t = texts_for(str(progress.row.requester.get("locale")))
        # The files are there already: only their names are needed to show them again.
        files = {
            part.position: CardFile(
                name=picture_name(image),
                data=b"",
                description=alt_text(t, ImageRequest.from_json(part.request.request), part.position),
            )
            for part in progress.parts
            if part.request is not None and (image := picture_of(part)) is not None
        }
        votes = await services.keepsakes.batch_rows.votes(batch_id)
        card = comparison_card(t, progress, services.catalog, files, votes)
        await interaction.edit_original_response(view=card.view)


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Compare(bot))
