"""/web: a link that opens the pages for who asks, once; and the button of cards that leads to painting a region."""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord import app_commands, ui
from discord.app_commands import locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.i18n import Texts
from bot.images import image_id
from bot.web.signin import LINK_SECONDS, Person
from cogs.admins import is_admin, think_privately
from cogs.asking import requester_of


class Web(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        bot.on_press("region", self.region)

    @app_commands.command(description=locale_str("Open your studio in the browser: create, gallery, boards"))
    async def web(self, interaction: discord.Interaction[AtelierBot]) -> None:
        t = await think_privately(interaction)
        said = t(
            "Your studio in the browser. The link is for you alone, works once, and only for {minutes} minutes.",
            minutes=LINK_SECONDS // 60,
        )
        await self._lead(interaction, t, said, {"/create": (t("Open the studio"), "🎨")})

    async def region(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        """Links to where a region of the card's pictures is painted, one for each of them."""
        t = await think_privately(interaction)
        await self._bot.services.studio.image_of(image, requester_of(interaction))
        numbers = [int(number) for number in (argument or "").split(",") if number.isdecimal()]
        request_id = image.rpartition("_")[0]
        places = {
            f"/region/{image_id(request_id, number)}": (t("Picture {number}", number=number), "🖌️")
            for number in numbers
        }
        said = t(
            "Paint what shall change, and say what shall be there. The links are for you alone, each works once, "
            "and only for {minutes} minutes.",
            minutes=LINK_SECONDS // 60,
        )
        await self._lead(interaction, t, said, places or {f"/region/{image}": (t("Edit region"), "🖌️")})

    async def _lead(
        self,
        interaction: discord.Interaction,
        t: Texts,
        said: str,
        places: Mapping[str, tuple[str, str]],
    ) -> None:
        """`places` are pages with what their buttons say and show."""
        pages = self._bot.services.pages
        if pages is None:
            off = t("The pages are turned off here. Who runs the bot can turn them on (HTTP_PORT).")
            await interaction.edit_original_response(content=off)
            return
        view = ui.View(timeout=None)
        for page, (label, emoji) in places.items():
            link = await pages.signin.link(person_of(self._bot, interaction, go_to=page))
            view.add_item(ui.Button(label=label, url=pages.address + link, emoji=emoji))
        await interaction.edit_original_response(content=said, view=view)


def person_of(bot: AtelierBot, interaction: discord.Interaction, go_to: str = "/create") -> Person:
    """Who presses or types, with what they are at this moment in this server."""
    who = requester_of(interaction)
    guild = interaction.guild
    return Person(
        user_id=who.user_id,
        name=interaction.user.display_name,
        locale=str(interaction.locale).partition("-")[0],
        guild_id=interaction.guild_id or 0,
        guild_name=guild.name if guild and guild.name else "",
        role_ids=who.role_ids,
        manages=is_admin(bot, interaction),
        owner=bot.services.admin.servers.is_owner(who.user_id),
        go_to=go_to,
    )


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Web(bot))
