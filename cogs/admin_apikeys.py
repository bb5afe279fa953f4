"""/admin apikey and /admin webhooks: who may use the HTTP API, and what could not be told to other programs."""

from __future__ import annotations

import time

import discord
from discord import app_commands
from discord.app_commands import Range, locale_str
from discord.ext import commands
from discord.utils import escape_markdown

from bot.apikeys import DEFAULT_PER_MINUTE, Wanted
from bot.client import AtelierBot
from bot.i18n import Texts
from bot.views import cut
from cogs.admins import as_requester, is_admin, require_admin, require_owner, think_privately
from storage.rows import ApiKeyRow

_SHOWN = 15


class AdminApiKeys(commands.Cog):
    _bot: AtelierBot

    apikey = app_commands.Group(name="apikey", description=locale_str("Keys of the HTTP API"))

    @apikey.command(description=locale_str("Make a key; it is shown once"))
    @app_commands.describe(
        name=locale_str("What it is for; services of one name share one account"),
        mine=locale_str("Draw on your own account instead of a service's"),
        user=locale_str("Owner only: draw on this member's account"),
        days=locale_str("It ends after so many days"),
        per_minute=locale_str("Calls that it may make in a minute"),
        metrics=locale_str("Owner only: it may read the metrics as well"),
    )
    async def create(
        self,
        interaction: discord.Interaction[AtelierBot],
        name: Range[str, 1, 60],
        mine: bool = False,
        user: discord.Member | None = None,
        days: Range[int, 1, 3650] | None = None,
        per_minute: Range[int, 1, 100_000] = DEFAULT_PER_MINUTE,
        metrics: bool = False,
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        if user is not None or metrics:
            # Somebody's own provider key would pay, and the metrics are of all servers.
            require_owner(self._bot, interaction)
        t = await think_privately(interaction)
        whose = user or (interaction.user if mine else None)
        keys = self._bot.services.admin.api_keys
        row, key = await keys.create(
            Wanted(
                name=name,
                actor_id=interaction.user.id,
                requester=as_requester(whose) if isinstance(whose, discord.Member) else None,
                guild_id=guild_id,
                scopes=("read", "generate", "metrics") if metrics else ("read", "generate"),
                per_minute=per_minute,
                days=days,
            )
        )
        lines = [
            t("🔑 **{name}**: keep this key safe, it is shown this once.", name=escape_markdown(row.name)),
            f"||`{key}`||",
            t("This signs its webhooks: {secret}", secret=f"||`{keys.webhook_secret(row.id)}`||"),
            t("End it with {command}", command=f"`/admin apikey revoke id:{row.id}`"),
        ]
        await interaction.edit_original_response(content="\n".join(lines))

    @apikey.command(name="list", description=locale_str("Which keys there are, and when they were last used"))
    async def list_keys(self, interaction: discord.Interaction[AtelierBot]) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        rows = [
            row for row in await self._bot.services.admin.api_keys.list(guild_id) if row.revoked_at is None
        ]
        lines = [_line(t, row) for row in rows[:_SHOWN]]
        text = "\n".join([t("**API keys of this server**"), *(lines or [t("None.")])])
        await interaction.edit_original_response(content=cut(text, 2000))

    @apikey.command(description=locale_str("End a key at once"))
    @app_commands.describe(id=locale_str("As the list shows it"))
    async def revoke(self, interaction: discord.Interaction[AtelierBot], id: str) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        await self._bot.services.admin.api_keys.revoke(
            id.strip(), actor_id=interaction.user.id, guild_id=guild_id
        )
        await interaction.edit_original_response(content=t("✅ The key is gone."))

    @revoke.autocomplete("id")
    async def known(
        self, interaction: discord.Interaction[AtelierBot], typed: str
    ) -> list[app_commands.Choice[str]]:
        if not interaction.guild_id or not is_admin(self._bot, interaction):
            return []
        rows = await self._bot.services.admin.api_keys.list(interaction.guild_id)
        return [
            app_commands.Choice(name=cut(f"{row.name} ({row.id})", 100), value=row.id)
            for row in rows
            if row.revoked_at is None and typed.casefold() in f"{row.name} {row.id}".casefold()
        ][:25]

    @app_commands.command(description=locale_str("Programs that could not be told how a job ended"))
    @app_commands.describe(again=locale_str("Send them all again"))
    async def webhooks(self, interaction: discord.Interaction[AtelierBot], again: bool = False) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        webhooks = self._bot.services.admin.webhooks
        if again:
            count = await webhooks.replay(time.time(), guild_id=guild_id)
            if count:
                await self._bot.services.admin.audit.add(
                    guild_id, interaction.user.id, "webhooks.replay", "all", after={"count": count}
                )
            await interaction.edit_original_response(content=t("🔁 Will be sent again: {n}.", n=count))
            return
        rows = await webhooks.list("dead", limit=_SHOWN, guild_id=guild_id)
        lines = [
            f"- <t:{int(row.created_at)}:R> `{row.request_id}` {row.event} · {escape_markdown(row.problem or '–')}"
            for row in rows
        ]
        text = "\n".join([t("**Webhooks that could not be delivered**"), *(lines or [t("None.")])])
        await interaction.edit_original_response(content=cut(text, 2000))


def _line(t: Texts, row: ApiKeyRow) -> str:
    whose = f"<@{row.user_id}>" if row.user_id > 0 else t("a service")
    used = f"<t:{int(row.last_used_at)}:R>" if row.last_used_at else t("never used")
    until = t(" · until {when}", when=f"<t:{int(row.expires_at)}:d>") if row.expires_at else ""
    return f"- `{row.id}` **{escape_markdown(row.name)}** · {whose} · {used}{until}"
