"""What the buttons at a limit do: draw with the cheaper model, ask for more, and the admins' Approve and Deny."""

from __future__ import annotations

import discord
from discord.ext import commands

from bot.client import AtelierBot
from bot.desk import answers, sight_of
from bot.errors import NotFound
from bot.i18n import Texts, texts_for
from bot.offers import granted
from bot.quota_words import amount_words
from cogs.admins import require_admin, think_privately
from cogs.asking import asker, requester_of
from storage.rows import OfferRow


class Landing(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        bot.on_desk("cheaper", self.cheaper)
        bot.on_desk("ask", self.ask)
        bot.on_desk("approve", self.approve)
        bot.on_desk("deny", self.deny)

    async def cheaper(self, interaction: discord.Interaction, argument: str) -> None:
        offer_id, private, spoiler = sight_of(argument)
        who = await asker(self._bot, interaction, private=private, spoiler=spoiler)
        request = await self._bot.services.admin.offers.cheaper(offer_id, who.requester)
        await self._bot.services.studio.submit(request, who.requester, who.place, who.origin)

    async def ask(self, interaction: discord.Interaction, offer_id: str) -> None:
        t = await think_privately(interaction)
        admin = self._bot.services.admin
        row = await admin.offers.ask(offer_id, requester_of(interaction))
        if row is None:
            words = t("You have already asked in this time. The admins have it before them.")
        elif await self._tell_admins(interaction, row):
            words = t("🙋 Your wish is with the admins. You will be told here what they say.")
        else:
            words = t("Your wish could not be shown to the admins: write to one of them.")
        await interaction.edit_original_response(content=words)

    async def _tell_admins(self, interaction: discord.Interaction, row: OfferRow) -> bool:
        """In the channel for admins, else where it was asked: only admins can press the buttons anywhere."""
        admin = self._bot.services.admin
        server = await admin.servers.of(row.guild_id)
        t = texts_for(server.language)
        words = t(
            "🙋 {user} has reached a limit in {channel} and asks for {amount} more.",
            user=f"<@{row.user_id}>",
            channel=f"<#{row.channel_id}>",
            amount=amount_words(t, row.unit, row.asked),
        )
        channel_id = server.settings.log_channel or row.channel_id
        return await admin.notices.post(row.guild_id, channel_id, words, answers(t, row.id))

    async def approve(self, interaction: discord.Interaction, argument: str) -> None:
        offer_id, _, times = argument.partition(":")
        await self._decide(interaction, offer_id, 10 if times == "10" else 1)

    async def deny(self, interaction: discord.Interaction, offer_id: str) -> None:
        await self._decide(interaction, offer_id, 0)

    async def _decide(self, interaction: discord.Interaction, offer_id: str, times: int) -> None:
        guild_id = require_admin(self._bot, interaction)
        await interaction.response.defer()
        admin = self._bot.services.admin
        row = await admin.offers.decide(offer_id, guild_id, actor_id=interaction.user.id, times=times)
        if row is None:
            raise NotFound(what="request", id=offer_id)
        t = texts_for((await admin.servers.of(guild_id)).language)
        who, by = f"<@{row.user_id}>", interaction.user.mention
        if times:
            amount = amount_words(t, row.unit, granted(row, times))
            words = t("✅ {user} may draw {amounts} more, says {admin}.", user=who, amounts=amount, admin=by)
        else:
            words = t("⛔ {admin} said no to {user}'s wish for more.", user=who, admin=by)
        await interaction.edit_original_response(content=words, view=None)
        await admin.notices.post(
            guild_id, row.channel_id, _told(texts_for(row.locale), row, times), mention=row.user_id
        )


def _told(t: Texts, row: OfferRow, times: int) -> str:
    if not times:
        return t("<@{user}> the admins said no to more for now.", user=row.user_id)
    return t(
        "<@{user}> the admins gave you {amount} more.",
        user=row.user_id, amount=amount_words(t, row.unit, granted(row, times)),
    )  # fmt: skip


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Landing(bot))
