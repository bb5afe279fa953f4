"""/admin: everything for those who manage a server, put together from its parts."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.client import AtelierBot
from cogs.admin_apikeys import AdminApiKeys
from cogs.admin_house import AdminHouse
from cogs.admin_money import AdminMoney
from cogs.admin_settings import AdminSettings
from cogs.admin_status import AdminStatus
from cogs.admin_watch import AdminWatch


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.default_permissions(discord.Permissions(manage_guild=True))
class Admin(
    AdminMoney, AdminHouse, AdminSettings, AdminWatch, AdminStatus, AdminApiKeys, commands.GroupCog,
    name="admin", description=locale_str("For those who manage this server"),
):  # fmt: skip
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        super().__init__()
        bot.on_desk("request", self.open_request_card)
        bot.on_desk("erase_user", self.erase_confirmed)
        bot.on_desk("parked_retry", self.retry_parked)
        bot.on_desk("parked_close", self.close_parked)


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Admin(bot))
