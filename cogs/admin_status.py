"""/admin status, /admin parked: how things stand here, and what to do with requests that were given up."""

from __future__ import annotations

import asyncio
import time

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.desk import DeskButton
from bot.errors import InvalidRequest, NotFound
from bot.i18n import Texts
from bot.machine import Machine, look
from bot.model_list import NO_KEY, shelves
from bot.parked import Parked
from bot.quota_words import budget_line
from bot.wording import cut
from cogs.admins import require_admin, think_privately
from cogs.asking import catalog_of
from cogs.models import status_words
from storage.rows import RequestRow

_SHOWN = 5
_GB = 1_000_000_000


class AdminStatus(commands.Cog):
    _bot: AtelierBot

    @app_commands.command(
        description=locale_str("What runs, what waits, what got stuck, budgets and services")
    )
    async def status(self, interaction: discord.Interaction[AtelierBot]) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        counts = await self._bot.services.requests.states_of(guild_id)
        lines = [t("**Status**"), *_counted(t, counts), *self._services(t, interaction)]
        budgets = [one for one in await self._bot.services.quotas.budgets(guild_id) if one.scope == "server"]
        if budgets:
            lines += ["", t("**Budgets of this server**"), *(budget_line(t, one) for one in budgets)]
        if self._bot.services.admin.servers.is_owner(interaction.user.id):
            lines += ["", *await self._owners(t)]
        parked = await self._parked().list(guild_id, limit=_SHOWN)
        if parked:
            lines += ["", t("**Set aside**"), *map(_parked_line, range(1, _SHOWN + 1), parked)]
        await interaction.edit_original_response(
            content=cut("\n".join(lines), 2000), view=_decide(t, parked) if parked else None
        )

    @app_commands.command(description=locale_str("Requests that were given up: ask again or close them"))
    @app_commands.describe(id=locale_str("Which one"), action=locale_str("What becomes of it"))
    @app_commands.choices(
        action=[
            Choice(name=locale_str("ask again"), value="again"),
            Choice(name=locale_str("close"), value="close"),
        ]
    )
    async def parked(
        self, interaction: discord.Interaction[AtelierBot], id: str | None = None, action: str | None = None
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        if (id is None) != (action is None):
            raise InvalidRequest(field="action", problem="only_with", allowed=["id"])
        if id is not None:
            await (self.retry_parked if action == "again" else self.close_parked)(interaction, id.strip())
            return
        t = await think_privately(interaction)
        rows = await self._parked().list(guild_id, limit=_SHOWN)
        lines = [t("**Set aside**"), *map(_parked_line, range(1, _SHOWN + 1), rows)]
        if not rows:
            lines.append(t("Nothing."))
        await interaction.edit_original_response(
            content="\n".join(lines), view=_decide(t, rows) if rows else None
        )

    @parked.autocomplete("id")
    async def parked_ids(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        rows = await self._parked().list(require_admin(self._bot, interaction))
        return [Choice(name=row.id, value=row.id) for row in rows if typed.strip() in row.id][:25]

    async def retry_parked(self, interaction: discord.Interaction, request_id: str) -> None:
        t = await self._of_here(interaction, request_id)
        await self._parked().retry(request_id)
        await interaction.edit_original_response(content=t("🔁 Asked again for its member."))

    async def close_parked(self, interaction: discord.Interaction, request_id: str) -> None:
        t = await self._of_here(interaction, request_id)
        await self._parked().close(request_id)
        await interaction.edit_original_response(content=t("✅ Closed for good; nothing was charged."))

    def _parked(self) -> Parked:
        services = self._bot.services
        return Parked(services.requests, services.admin.users, services.studio)

    async def _of_here(self, interaction: discord.Interaction, request_id: str) -> Texts:
        """Only requests of the admin's own server. Raises NotFound."""
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        row = await self._bot.services.requests.get(request_id)
        if row is None or row.guild_id != guild_id:
            raise NotFound(what="request", id=request_id)
        return t

    def _services(self, t: Texts, interaction: discord.Interaction) -> list[str]:
        """Discord, and each provider that draws here."""
        delay = self._bot.latency
        # Not a number until the first heartbeat was answered.
        known = delay == delay and delay != float("inf")
        found = [
            shelf
            for shelf in shelves(catalog_of(self._bot, interaction), self._bot.services.providers)
            if shelf.health.status != NO_KEY
        ]
        lines = [
            "",
            t("**Services**"),
            t("Discord answers in {seconds}", seconds=t.seconds(round(delay, 2)) if known else "–"),
        ]
        for shelf in found:
            line = f"{shelf.name} · {status_words(t, shelf)}"
            if shelf.health.latency_seconds is not None:
                line += " · " + t("about {time} lately", time=t.seconds(shelf.health.latency_seconds))
            lines.append(line)
        return lines

    async def _owners(self, t: Texts) -> list[str]:
        """What only the owner of the bot should read: all servers together, ceilings, the machine."""
        services, settings = self._bot.services, self._bot.services.admin.settings
        waiting = await services.requests.count_all_open()
        machine = await asyncio.to_thread(look, settings.data_dir, settings.backup_dir, time.time())
        ceilings = await services.quotas.ceilings()
        return [
            t("**For the owner**"),
            t("Under way in all servers: {number}", number=waiting),
            *(f"{_whose(t, one.subject)}: {budget_line(t, one)}" for one in ceilings),
            _disk(t, machine),
            _backup(t, machine, wanted=settings.backup_dir is not None),
        ]


def _counted(t: Texts, counts: dict[str, int]) -> list[str]:
    return [
        t(
            "Waiting {waiting} · drawing {drawing} · set aside {parked}",
            waiting=sum(counts.get(state, 0) for state in ("accepted", "queued")),
            drawing=counts.get("rendering", 0) + counts.get("rendered", 0),
            parked=counts.get("parked", 0),
        ),
        t(
            "Delivered {delivered} · not delivered {undelivered} · failed {failed}",
            delivered=counts.get("delivered", 0),
            undelivered=counts.get("undelivered", 0),
            failed=counts.get("failed", 0),
        ),
    ]


def _parked_line(number: int, row: RequestRow) -> str:
    return f"{number}. <t:{int(row.created_at)}:R> <@{row.user_id}> `{row.id}`"


def _decide(t: Texts, rows: list[RequestRow]) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for number, row in enumerate(rows, 1):
        again = t("Again {number}", number=number)
        view.add_item(DeskButton("parked_retry", row.id, label=again, emoji="🔁"))
        view.add_item(DeskButton("parked_close", row.id, label=t("Close {number}", number=number)))
    return view


def _whose(t: Texts, subject: str) -> str:
    kind, _, name = subject.partition(":")
    return name if kind == "provider" else t("Everything together")


def _disk(t: Texts, machine: Machine) -> str:
    free, whole = f"{machine.free_bytes / _GB:.1f}", f"{machine.whole_bytes / _GB:.1f}"
    line = t("Disk: {free} GB free of {whole} GB", free=free, whole=whole)
    return f"⚠️ {line}" if machine.is_nearly_full else line


def _backup(t: Texts, machine: Machine, *, wanted: bool) -> str:
    if machine.last_backup is not None:
        line = t("Last backup {when}", when=f"<t:{int(machine.last_backup)}:R>")
        return f"⚠️ {line}" if machine.backup_is_late else line
    return (
        t("⚠️ There is no backup yet.")
        if wanted
        else t("⚠️ No backups are made: `BACKUP_DIR` names no folder.")
    )
