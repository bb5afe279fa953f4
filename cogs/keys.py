"""/key: a provider's key of one's own, for a server or, where the owner allows it, for a member."""

from __future__ import annotations

import discord
from discord import app_commands, ui
from discord.app_commands import Choice, locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.errors import BadKey
from bot.forms import Filled
from bot.i18n import Texts, texts_for
from bot.wording import cut
from cogs.admins import require_admin, think_privately
from cogs.asking import provider_choices

_MODAL_SECONDS = 15 * 60.0
_FIELD = "key"


class KeyModal(ui.Modal):
    """Only its shape, as every modal of ours: what it sends is read from the event."""

    def __init__(self, t: Texts, provider: str, name: str, whose: str) -> None:
        title = cut(t("Key of {provider}", provider=name), 45)
        super().__init__(title=title, custom_id=f"v1:key:{provider}:{whose}", timeout=_MODAL_SECONDS)
        field = ui.TextInput[ui.Modal](custom_id=_FIELD, min_length=8, max_length=400, placeholder="sk-…")
        hint = t("Tested at once, stored encrypted, shown by its last four characters only.")
        self.add_item(ui.Label(text=cut(t("The key"), 45), description=cut(hint, 100), component=field))


class Keys(commands.GroupCog, name="key", description=locale_str("Pay with a provider's key of your own")):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        super().__init__()
        bot.on_submit("key", self.save)

    @app_commands.command(description=locale_str("Save a key; a window opens for it"))
    @app_commands.describe(
        provider=locale_str("Whose key it is"), server=locale_str("For this whole server, by an admin")
    )
    async def add(
        self, interaction: discord.Interaction[AtelierBot], provider: str, server: bool = False
    ) -> None:
        """A modal must be the first answer, so only memory is looked at before it."""
        owner = self._owner(interaction, server=server)
        self._bot.services.admin.keys.check(provider, owner)
        t = texts_for(str(interaction.locale))
        name = self._bot.services.catalog.name_of(provider)
        await interaction.response.send_modal(KeyModal(t, provider, name, "server" if server else "me"))

    async def save(self, interaction: discord.Interaction, provider: str, whose: str | None) -> None:
        owner = self._owner(interaction, server=whose == "server")
        t = await think_privately(interaction)
        key = Filled(interaction.data or {}).text(_FIELD)
        if not key:
            raise BadKey(provider=provider, problem="empty")
        ends = await self._bot.services.admin.keys.save(
            owner, provider, key, guild_id=interaction.guild_id or 0, actor_id=interaction.user.id
        )
        words = t(
            "🔑 Saved: {provider} …{ends}. What it pays costs nobody else anything.",
            provider=self._bot.services.catalog.name_of(provider),
            ends=ends,
        )
        await interaction.edit_original_response(content=words)

    @app_commands.command(description=locale_str("Take a key away"))
    @app_commands.describe(
        provider=locale_str("Whose key it is"), server=locale_str("For this whole server, by an admin")
    )
    async def remove(
        self, interaction: discord.Interaction[AtelierBot], provider: str, server: bool = False
    ) -> None:
        owner = self._owner(interaction, server=server)
        t = await think_privately(interaction)
        gone = await self._bot.services.admin.keys.remove(
            owner, provider, guild_id=interaction.guild_id or 0, actor_id=interaction.user.id
        )
        words = t("✅ The key is gone.") if gone else t("There was no such key.")
        await interaction.edit_original_response(content=words)

    @app_commands.command(description=locale_str("Which keys pay for you here"))
    async def list(self, interaction: discord.Interaction[AtelierBot]) -> None:
        t = await think_privately(interaction)
        mine, servers = f"user:{interaction.user.id}", f"guild:{interaction.guild_id}"
        rows = await self._bot.services.admin.keys.of(mine, servers)
        whose = {mine: t("yours"), servers: t("this server")}
        name_of = self._bot.services.catalog.name_of
        lines = [f"- {name_of(row.provider)} …{row.last_four} · {whose[row.owner]}" for row in rows]
        made, cost = await self._bot.services.admin.usage.of_own_keys(interaction.user.id)
        if made:
            drawn = t.n("{n} picture", "{n} pictures", made)
            lines.append(
                t("-# Your own keys drew {drawn} so far, for {cost}.", drawn=drawn, cost=t.money(cost))
            )
        text = "\n".join([t("**Keys**"), *(lines or [t("None: the owner of this bot pays.")])])
        await interaction.edit_original_response(content=text)

    @add.autocomplete("provider")
    @remove.autocomplete("provider")
    async def providers(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return provider_choices(self._bot, self._bot.services.admin.keys.names, typed)

    def _owner(self, interaction: discord.Interaction, *, server: bool) -> str:
        if server:
            return f"guild:{require_admin(self._bot, interaction)}"
        return f"user:{interaction.user.id}"


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Keys(bot))
