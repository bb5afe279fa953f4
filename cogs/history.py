"""/history and /gallery: what was made before, found again, and gone on from."""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import app_commands
from discord.app_commands import Choice, Range, locale_str
from discord.ext import commands

from bot.client import AtelierBot, first_answer
from bot.delivery.cards import seconds_of
from bot.errors import NotAllowed, NotFound, error_from_facts
from bot.i18n import texts_for
from bot.items import chosen
from bot.past_pages import GALLERY_PAGE, HISTORY_PAGE, WORDS_LENGTH, Look, gallery_page, history_page
from bot.views import Card
from cogs.asking import requester_of
from storage.errors import StorageError
from storage.pasts import Wanted
from storage.rows import RequestRow

Words = Range[str, 1, WORDS_LENGTH]


class History(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        bot.on_desk("history", self.turn_history)
        bot.on_desk("gallery", self.turn_gallery)
        bot.on_desk("past_open", self.open)

    @app_commands.command(description=locale_str("Find what you have drawn, and go on from it"))
    @app_commands.describe(
        search=locale_str("Words of the prompt; accents and capitals do not matter"),
        kind=locale_str("Only these"),
        model=locale_str("Drawn by this model"),
        favourites=locale_str("Only your favourites"),
        here=locale_str("Only what you drew in this server"),
    )
    @app_commands.choices(
        kind=[
            Choice(name=locale_str("from words"), value="generate"),
            Choice(name=locale_str("edited"), value="edit"),
            Choice(name=locale_str("varied"), value="variations"),
            Choice(name=locale_str("enlarged"), value="upscale"),
            Choice(name=locale_str("described"), value="describe"),
        ]
    )
    async def history(
        self,
        interaction: discord.Interaction[AtelierBot],
        search: Words | None = None,
        kind: str | None = None,
        model: str | None = None,
        favourites: bool = False,
        here: bool = False,
    ) -> None:
        await first_answer(self._bot, interaction, private=True)
        wanted = Wanted(
            words=search or "",
            kind=kind,
            model=model or "",
            liked=favourites,
            guild_id=(interaction.guild_id or 0) if here else None,
        )
        await self._show_history(interaction, Look(wanted=wanted))

    @history.autocomplete("model")
    async def models(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        found = self._bot.services.catalog.suggest(typed, None)
        return [Choice(name=model.name[:100], value=model.id) for model in found[:25]]

    @app_commands.command(description=locale_str("What was drawn in this server, newest or best liked first"))
    @app_commands.describe(
        sort=locale_str("Which come first"),
        search=locale_str("Words of the prompt; accents and capitals do not matter"),
    )
    @app_commands.choices(
        sort=[
            Choice(name=locale_str("newest"), value="newest"),
            Choice(name=locale_str("favourites"), value="favourites"),
        ]
    )
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def gallery(
        self,
        interaction: discord.Interaction[AtelierBot],
        sort: str = "newest",
        search: Words | None = None,
    ) -> None:
        await first_answer(self._bot, interaction, private=True)
        look = Look(wanted=Wanted(words=search or ""), by_likes=sort == "favourites")
        await self._show_gallery(interaction, look)

    async def turn_history(self, interaction: discord.Interaction, packed: str) -> None:
        await interaction.response.defer()
        await self._show_history(interaction, Look.unpack(packed))

    async def turn_gallery(self, interaction: discord.Interaction, packed: str) -> None:
        await interaction.response.defer()
        await self._show_gallery(interaction, Look.unpack(packed))

    async def _show_history(self, interaction: discord.Interaction, look: Look) -> None:
        keepsakes, t = self._bot.services.keepsakes, texts_for(str(interaction.locale))
        entries, total = await keepsakes.pasts.history(
            interaction.user.id, look.wanted, limit=HISTORY_PAGE, offset=look.page * HISTORY_PAGE
        )
        first = [(entry.images[0], entry.request) for entry in entries if entry.images]
        thumbs = await keepsakes.thumbs(t, first)
        await _shown(interaction, history_page(t, look, entries, total, thumbs, self._bot.services.catalog))

    async def _show_gallery(self, interaction: discord.Interaction, look: Look) -> None:
        if interaction.guild_id is None:
            raise NotAllowed(what="server_only")
        keepsakes, t = self._bot.services.keepsakes, texts_for(str(interaction.locale))
        shown, total = await keepsakes.pasts.gallery(
            interaction.guild_id,
            look.wanted,
            by_likes=look.by_likes,
            limit=GALLERY_PAGE,
            offset=look.page * GALLERY_PAGE,
        )
        thumbs = await keepsakes.thumbs(t, [(one.image, one.request) for one in shown])
        await _shown(interaction, gallery_page(t, look, shown, total, thumbs))

    async def open(self, interaction: discord.Interaction, argument: str) -> None:
        """The whole card, to who asks alone, with buttons that go on from it."""
        await first_answer(self._bot, interaction, private=True)
        request_id = "_".join(chosen(interaction)[0].split("_")[:2])
        services = self._bot.services
        row = await services.studio.request_of(request_id, requester_of(interaction))
        card = await self._card(row, interaction.filesize_limit)
        files = [file.open() for file in card.files]
        await interaction.edit_original_response(view=card.view, attachments=files)

    async def _card(self, row: RequestRow, limit: int) -> Card:
        services = self._bot.services
        found = await services.requests.with_images(row.id)
        images = [image for image in found[1] if image.deleted_at is None] if found else []
        if found and found[1] and not images:
            # The menu was made before they were deleted.
            raise NotFound(what="image", id=row.id)
        try:
            files = await services.cards.files(row, images, limit)
        except StorageError as error:
            raise NotFound(what="image", id=row.id) from error
        failure = error_from_facts(row.failure_kind, row.failure_facts or {}) if row.failure_kind else None
        return services.cards.card(row, images, files, failure=failure, seconds=seconds_of(row))


async def _shown(interaction: discord.Interaction, card: Card) -> None:
    await interaction.edit_original_response(view=card.view, attachments=_opened(card))


def _opened(card: Card) -> Sequence[discord.File]:
    return [file.open() for file in card.files]


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(History(bot))
