"""/help: what one can type here, as links that open the command."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.i18n import Texts, texts_for
from bot.marks import command_link as link
from bot.wording import small
from cogs.admins import is_admin
from cogs.asking import catalog_of

_MODELS = 8


class Help(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("What I can do and how to ask for it"))
    async def help(self, interaction: discord.Interaction[AtelierBot]) -> None:
        t = texts_for(str(interaction.locale))
        names = [entry.name for entry in catalog_of(self._bot, interaction).models()]
        lines = [*_begin(t), "", *_more(t, in_server=interaction.guild_id is not None)]
        if interaction.guild_id and is_admin(self._bot, interaction):
            lines.append(_for_admins(t))
        lines += [
            "",
            t("With `private` only you see the result. What fails costs nothing."),
            small(t("Models here: {models}", models=", ".join(names[:_MODELS]))),
        ]
        await interaction.response.send_message("\n".join(lines), ephemeral=True)


def _begin(t: Texts) -> list[str]:
    return [
        t("**Pictures from your words.** Three ways to begin:"),
        "- " + t("{link} draws what you describe", link=link("imagine")),
        "- " + t("{link} changes a picture in words, whole or where a mask says so", link=link("edit")),
        "- " + t("{link} draws a picture anew, a little or very different", link=link("variations")),
    ]


def _more(t: Texts, *, in_server: bool) -> list[str]:
    told = [
        t(
            "**On from a picture** · {upscale} makes it larger, {blend} joins several, {describe} puts one into words. "
            "The buttons under each never expire; on any other picture: its menu, Apps.",
            upscale=link("upscale"),
            blend=link("blend"),
            describe=link("describe"),
        ),
        t(
            "**Many at once** · {illustrate} a script scene by scene, {batch} a list, {compare} models side by side",
            illustrate=link("illustrate"),
            batch=link("batch"),
            compare=link("compare"),
        ),
        t(
            "**Find again** · {history} yours, {board} mood boards, {web} all of it in a browser",
            history=link("history"),
            board=link("board list"),
            web=link("web"),
        ),
    ]
    if in_server:
        told[-1] += t(", {gallery} this server’s", gallery=link("gallery"))
    told.append(
        t(
            "**Your own** · {settings} defaults and language, {quota} what is left, {models} who can draw, "
            "{cancel} stop, {key} your keys, {privacy} your data",
            settings=link("settings"),
            quota=link("quota show"),
            models=link("models"),
            cancel=link("cancel"),
            key=link("key list"),
            privacy=link("privacy export"),
        )
    )
    return told


def _for_admins(t: Texts) -> str:
    return t(
        "**For admins** · {setup} in a minute, {settings} what this server wants, {limits} limits, "
        "{status} how it goes",
        setup=link("setup"),
        settings=link("admin settings"),
        limits=link("quota set"),
        status=link("admin status"),
    )


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Help(bot))
