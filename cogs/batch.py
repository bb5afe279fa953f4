"""/batch and /illustrate: many pictures under one parent, priced and confirmed first; and the buttons of their card."""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import app_commands, ui
from discord.app_commands import Choice, Range, locale_str
from discord.ext import commands

from bot.batch_cards import offer_card
from bot.batches import BatchKind, Progress
from bot.client import AtelierBot, first_answer
from bot.delivery.messenger import DoorShut
from bot.errors import InvalidRequest, NotAllowed
from bot.forms import Filled
from bot.i18n import Texts, texts_for
from bot.images import ImageRequest, Kind, Requester
from bot.items import CUSTOM_ID_LENGTH
from bot.replies import left_line
from bot.scripts import Segment, read_prompts, read_script
from bot.views import text_card
from bot.wording import cut
from cogs.asking import (
    SAID,
    is_moderator,
    model_choices,
    place_of,
    preferred_model,
    quality_choices,
    requester_of,
    size_choices,
    style_choices,
    usual_here,
    wants_private,
)
from cogs.buttons import PRIVATE, door_of

_MODAL_SECONDS = 15 * 60.0
_SCRIPT, _LOOK = "script", "look"
_OPTIONS = ("style", "model", "size", "quality")
_HOW = {name: SAID[name] for name in (*_OPTIONS, "private")}

Look = Range[str, 1, 400]


class ScriptModal(ui.Modal):
    """Only its shape; the command's options travel in its custom id, so that it outlives a restart."""

    def __init__(self, t: Texts, kind: BatchKind, custom_id: str, look: str | None) -> None:
        illustrate = kind is BatchKind.ILLUSTRATE
        title = t("Illustrate a script") if illustrate else t("Several pictures")
        super().__init__(title=cut(title, 45), custom_id=custom_id, timeout=_MODAL_SECONDS)
        example = t("0:00 A harbour at dawn…") if illustrate else t("a fox in the snow…")
        script = ui.TextInput[ui.Modal](
            custom_id=_SCRIPT,
            style=discord.TextStyle.paragraph,
            max_length=4000,
            placeholder=cut(example, 100),
        )
        words = t("One scene a line, times if you like") if illustrate else t("One prompt a line")
        self.add_item(ui.Label(text=cut(words, 45), component=script))
        if illustrate:
            field = ui.TextInput[ui.Modal](
                custom_id=_LOOK, required=False, max_length=400, default=look,
                placeholder=cut(t("ink and watercolour, muted colours"), 100),
            )  # fmt: skip
            self.add_item(ui.Label(text=cut(t("The look of all pictures"), 45), component=field))


class Batch(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        bot.on_submit("script", self.submitted)
        bot.on_desk("batch_confirm", self.confirm)
        bot.on_desk("batch_drop", self.drop)
        bot.on_desk("batch_cancel", self.cancel)
        bot.on_desk("batch_resume", self.resume)
        bot.on_desk("batch_export", self.export)

    @app_commands.command(description=locale_str("Give a script one picture for each scene, in one look"))
    @app_commands.describe(
        file=locale_str("A script: .txt, .srt, .csv or .json; leave it out to type one"),
        look=locale_str("What all pictures have in common, in your words"),
        **_HOW,
    )
    async def illustrate(
        self,
        interaction: discord.Interaction[AtelierBot],
        file: discord.Attachment | None = None,
        look: Look | None = None,
        style: str | None = None,
        model: str | None = None,
        size: str | None = None,
        quality: str | None = None,
        private: bool | None = None,
    ) -> None:
        options = {"style": style, "model": model, "size": size, "quality": quality}
        await self._begin(interaction, BatchKind.ILLUSTRATE, file, look, options, private)

    @app_commands.command(description=locale_str("Draw many prompts in one go"))
    @app_commands.describe(
        file=locale_str("Prompts: one a line, or .csv, .json; leave it out to type them"),
        **_HOW,
    )
    async def batch(
        self,
        interaction: discord.Interaction[AtelierBot],
        file: discord.Attachment | None = None,
        style: str | None = None,
        model: str | None = None,
        size: str | None = None,
        quality: str | None = None,
        private: bool | None = None,
    ) -> None:
        options = {"style": style, "model": model, "size": size, "quality": quality}
        await self._begin(interaction, BatchKind.BATCH, file, None, options, private)

    @illustrate.autocomplete("model")
    @batch.autocomplete("model")
    async def models(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return model_choices(self._bot, interaction, typed, Kind.GENERATE)

    @illustrate.autocomplete("style")
    @batch.autocomplete("style")
    async def styles(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return style_choices(self._bot, interaction, typed)

    @illustrate.autocomplete("size")
    @batch.autocomplete("size")
    async def sizes(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return size_choices(self._bot, interaction, typed, Kind.GENERATE)

    @illustrate.autocomplete("quality")
    @batch.autocomplete("quality")
    async def qualities(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return quality_choices(self._bot, interaction, typed, Kind.GENERATE)

    async def _begin(
        self,
        interaction: discord.Interaction,
        kind: BatchKind,
        file: discord.Attachment | None,
        look: str | None,
        options: dict[str, str | None],
        private: bool | None,
    ) -> None:
        alone = wants_private(self._bot, interaction, private)
        if not alone:
            check_may_post(interaction)
        if file is None:
            packed = "|".join([*(options[name] or "" for name in _OPTIONS), door_of(alone)])
            custom_id = f"v1:script:{kind}:{packed}"
            if len(custom_id) > CUSTOM_ID_LENGTH:
                raise InvalidRequest(field="file", problem="missing", model=options["model"])
            t = texts_for(str(interaction.locale))
            await interaction.response.send_modal(ScriptModal(t, kind, custom_id, look))
            return
        await first_answer(self._bot, interaction, private=True)
        data = await self._bot.services.uploads.text(file)
        title = file.filename.rpartition(".")[0].replace("_", " ")
        await self._offer(interaction, kind, _read(kind, data, file.filename), look, options, title, alone)

    async def submitted(self, interaction: discord.Interaction, kind: str, packed: str | None) -> None:
        await first_answer(self._bot, interaction, private=True)
        filled = Filled(interaction.data or {})
        *said, sight = (packed or "").split("|")
        options = {name: value or None for name, value in zip(_OPTIONS, said, strict=False)}
        chosen = BatchKind(kind)
        segments = _read(chosen, filled.text(_SCRIPT), None)
        look = filled.text(_LOOK) or None
        await self._offer(interaction, chosen, segments, look, options, "", sight == PRIVATE)

    async def _offer(
        self,
        interaction: discord.Interaction,
        kind: BatchKind,
        segments: Sequence[Segment],
        look: str | None,
        options: dict[str, str | None],
        title: str,
        alone: bool,
    ) -> None:
        services, t = self._bot.services, texts_for(str(interaction.locale))
        usual = usual_here(self._bot, interaction)
        request = ImageRequest(
            kind=Kind.GENERATE,
            prompt=look or "",
            model=options.get("model") or preferred_model(self._bot, interaction, Kind.GENERATE),
            style=options.get("style") or usual.style,
            size=options.get("size") or usual.size or "auto",
            quality=options.get("quality"),
        )
        requester, place = requester_of(interaction), place_of(interaction, private=alone)
        draft = await services.keepsakes.batches.draft(
            kind, segments, request, requester, place, title=title, interaction_id=interaction.id
        )
        left = left_line(t, await services.quotas.standing(requester, place))
        progress = await services.keepsakes.batches.progress(draft.id)
        card = offer_card(t, progress, services.catalog, services.styles, left=left)
        await interaction.edit_original_response(view=card.view)

    async def confirm(self, interaction: discord.Interaction, batch_id: str) -> None:
        await interaction.response.defer()
        t, batches = texts_for(str(interaction.locale)), self._bot.services.keepsakes.batches
        progress, requester = await batches.progress(batch_id), requester_of(interaction)
        if progress.place.private and interaction.guild_id:
            words = begun_privately(t, await begin_privately(self._bot, progress, requester))
        else:
            await batches.confirm(batch_id, requester)
            words = (
                t("🎨 Begun. The pictures come into a thread in this channel.")
                if interaction.guild_id and not isinstance(interaction.channel, discord.Thread)
                else t("🎨 Begun. The pictures come in here.")
            )
        await interaction.edit_original_response(view=text_card(words).view)

    async def drop(self, interaction: discord.Interaction, batch_id: str) -> None:
        await interaction.response.defer()
        await self._bot.services.keepsakes.batches.cancel(batch_id, requester_of(interaction))
        await interaction.delete_original_response()

    async def cancel(self, interaction: discord.Interaction, batch_id: str) -> None:
        await interaction.response.defer()
        await self._bot.services.keepsakes.batches.cancel(
            batch_id, requester_of(interaction), moderator=is_moderator(interaction)
        )

    async def resume(self, interaction: discord.Interaction, batch_id: str) -> None:
        await interaction.response.defer()
        await self._bot.services.keepsakes.batches.resume(batch_id, requester_of(interaction))

    async def export(self, interaction: discord.Interaction, batch_id: str) -> None:
        await first_answer(self._bot, interaction, private=True)
        services, t = self._bot.services, texts_for(str(interaction.locale))
        progress = await services.keepsakes.batches.shown_to(batch_id, requester_of(interaction))
        for card in await services.keepsakes.stage.export(t, progress):
            files = [file.open() for file in card.files]
            await interaction.followup.send(view=card.view, files=files, ephemeral=True)


def check_may_post(interaction: discord.Interaction) -> None:
    """Before anything is spent: the pictures come as messages of the bot's own. Raises NotAllowed("cannot_post")."""
    can = interaction.app_permissions
    writes = (
        can.send_messages_in_threads if isinstance(interaction.channel, discord.Thread) else can.send_messages
    )
    if interaction.guild_id and not (can.view_channel and writes and can.attach_files):
        raise NotAllowed(what="cannot_post")


async def begin_privately(bot: AtelierBot, progress: Progress, requester: Requester) -> str:
    """Show its requester a batch's card where only they read, then begin; the card's address.

    Raises NotFound, NotAllowed("not_yours"), or NotAllowed("direct_only") where that cannot be, with nothing begun.
    """
    keepsakes, row = bot.services.keepsakes, progress.row
    if row.user_id != requester.user_id:
        raise NotAllowed(what="not_yours")
    try:
        channel_id, message_id = await keepsakes.stage.open_privately(progress)
    except DoorShut as error:
        raise NotAllowed(what="direct_only") from error
    await keepsakes.batches.confirm(row.id, requester)
    return bot.get_partial_messageable(channel_id).get_partial_message(message_id).jump_url


def begun_privately(t: Texts, link: str) -> str:
    return t("🔒 Begun. Only you see it, in your direct messages: {link}", link=link)


def _read(kind: BatchKind, data: bytes | str, name: str | None) -> list[Segment]:
    return read_script(data, name) if kind is BatchKind.ILLUSTRATE else read_prompts(data, name)


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Batch(bot))
