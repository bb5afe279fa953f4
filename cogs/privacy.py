"""/privacy: what is kept about a member, to take along or to have erased."""

from __future__ import annotations

import io

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.desk import confirm
from bot.errors import NotAllowed
from bot.i18n import Texts
from cogs.admins import think_privately


class PrivacyCommands(commands.GroupCog, name="privacy", description=locale_str("What is kept about you")):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        super().__init__()
        bot.on_desk("erase_me", self.erase_confirmed)

    @app_commands.command(description=locale_str("Your requests and pictures as a file"))
    async def export(self, interaction: discord.Interaction[AtelierBot]) -> None:
        t = await think_privately(interaction)
        export = await self._bot.services.admin.privacy.export(
            interaction.user.id, limit_bytes=interaction.filesize_limit
        )
        lines = [
            t(
                "📦 Your data. Requests: {requests} · pictures: {pictures}.",
                requests=export.requests,
                pictures=export.pictures,
            )
        ]
        if export.left_out:
            lines.append(
                t.n(
                    "{n} older picture did not fit into the file.",
                    "{n} older pictures did not fit into the file.",
                    export.left_out,
                )
            )
        lines.append(await self._policy(t, interaction.guild_id))
        file = discord.File(io.BytesIO(export.data), "atelier.zip")
        await interaction.edit_original_response(content="\n".join(lines), attachments=[file])

    @app_commands.command(description=locale_str("Erase your words and pictures"))
    async def erase(self, interaction: discord.Interaction[AtelierBot]) -> None:
        t = await think_privately(interaction)
        lines = [
            t("Erase your prompts, links, saved keys and pictures everywhere? There is no way back."),
            t(
                "Pictures that others went on from stay, since they are part of theirs. Anonymous sums stay too."
            ),
            await self._policy(t, interaction.guild_id),
        ]
        # The button carries whose it is: a copy of it pressed by somebody else does nothing.
        view = confirm("erase_me", str(interaction.user.id), t("Erase everything"))
        await interaction.edit_original_response(content="\n".join(lines), view=view)

    async def erase_confirmed(self, interaction: discord.Interaction, argument: str) -> None:
        if argument != str(interaction.user.id):
            raise NotAllowed(what="not_yours")
        t = await think_privately(interaction)
        requests, images = await self._bot.services.admin.privacy.erase(
            interaction.user.id, actor_id=interaction.user.id
        )
        self._bot.services.preferences.forget(interaction.user.id)
        words = t("🧹 Erased. Requests: {requests} · pictures: {images}.", requests=requests, images=images)
        await interaction.edit_original_response(content=words)

    async def _policy(self, t: Texts, guild_id: int | None) -> str:
        """What admins here see, and how long things are kept."""
        settings = self._bot.services.admin.settings
        kept = [
            t("Pictures are kept {n} days.", n=settings.retention_days)
            if settings.retention_days
            else t("Pictures are kept until they are erased."),
            t("Words are kept {n} days.", n=settings.retention_prompts_days)
            if settings.retention_prompts_days
            else t("Words are kept until they are erased."),
        ]
        if guild_id:
            server = await self._bot.services.admin.servers.of(guild_id)
            shown = server.settings.private_prompts_shown
            kept.append(
                t("Admins of this server see the words of private requests.")
                if shown
                else t("Admins of this server do not see the words of private requests.")
            )
        return "-# " + " ".join(kept)


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(PrivacyCommands(bot))
