"""/admin audit, requests, status, doctor, erase-user: what happened here, and whether all is well."""

from __future__ import annotations

import io

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands
from discord.utils import escape_markdown

from bot.audit_words import DEEDS, change_words, deed_words, subject_words
from bot.client import AtelierBot
from bot.desk import DeskButton, confirm
from bot.errors import NotFound
from bot.i18n import Texts
from bot.images import State
from bot.wording import cut, quoted
from cogs.admins import require_admin, think_privately
from storage.errors import ImageMissing
from storage.logbook import Asked
from storage.rows import AuditRow, RequestRow
from storage.tables import OPEN_STATES

_PAGE = 10
_BUTTONS = 5
_MOST_PICTURES = 4

_DOCTOR_NEEDS = ("view_channel", "send_messages", "attach_files", "embed_links")


class AdminWatch(commands.Cog):
    _bot: AtelierBot

    @app_commands.command(description=locale_str("Who changed what, and who tried what they may not"))
    @app_commands.describe(action=locale_str("Only this kind"), before=locale_str("Older than this number"))
    @app_commands.choices(
        action=[
            Choice(name=locale_str(DEEDS[one]), value=one)
            for one in ("limit.set", "limit.remove", "block.add", "refused", "quota.grant")
        ]
    )
    async def audit(
        self,
        interaction: discord.Interaction[AtelierBot],
        action: str | None = None,
        before: int | None = None,
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        rows = await self._bot.services.admin.audit.list(
            guild_id, limit=_PAGE * 2, before_id=before, action=action
        )
        lines = [_audit_line(t, row) for row in rows]
        text = "\n".join([t("**Audit log**"), *(lines or [t("Nothing.")])])
        await interaction.edit_original_response(content=cut(text, 2000))

    @app_commands.command(description=locale_str("What was asked for here"))
    @app_commands.describe(
        user=locale_str("Of one member"),
        state=locale_str("Only those"),
        id=locale_str("Open this one"),
    )
    @app_commands.choices(
        state=[
            Choice(name=locale_str("open"), value="open"),
            *(
                Choice(name=state.value, value=state.value)
                for state in (State.DELIVERED, State.FAILED, State.REFUSED, State.CANCELLED, State.PARKED)
            ),
        ]
    )
    async def requests(
        self,
        interaction: discord.Interaction[AtelierBot],
        user: discord.User | None = None,
        state: str | None = None,
        id: str | None = None,
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        if id is not None:
            await self._open(interaction, t, guild_id, id.strip())
            return
        wanted = OPEN_STATES if state == "open" else (state,) if state else None
        asked = Asked(guild_id=guild_id, member=str(user.id) if user else "", states=wanted)
        found = await self._bot.services.admin.logbook.requests(asked, limit=_PAGE)
        rows = [entry.request for entry in found]
        shown = (await self._bot.services.admin.servers.of(guild_id)).settings.private_prompts_shown
        lines = [
            f"{number}. <t:{int(row.created_at)}:R> <@{row.user_id}> {_state(row)} · {_words(t, row, shown, 60)}"
            for number, row in enumerate(rows, 1)
        ]
        view = discord.ui.View(timeout=None)
        for number, row in enumerate(rows[: _BUTTONS * 2], 1):
            view.add_item(DeskButton("request", row.id, label=str(number)))
        text = "\n".join([t("**Requests**"), *(lines or [t("Nothing.")])])
        await interaction.edit_original_response(content=cut(text, 2000), view=view if rows else None)

    async def open_request_card(self, interaction: discord.Interaction, request_id: str) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        await self._open(interaction, t, guild_id, request_id)

    async def _open(self, interaction: discord.Interaction, t: Texts, guild_id: int, request_id: str) -> None:
        found = await self._bot.services.requests.with_images(request_id)
        if found is None or found[0].guild_id != guild_id:
            raise NotFound(what="request", id=request_id)
        row, images = found
        settings = (await self._bot.services.admin.servers.of(guild_id)).settings
        visible = not row.private or settings.private_prompts_shown
        lines = [
            f"**`{row.id}`** {_state(row)}",
            f"<@{row.user_id}> · <#{row.channel_id}> · <t:{int(row.created_at)}:f>",
            _words(t, row, settings.private_prompts_shown, 900),
            t(
                "{model} · {made} of {count} · charged {charged} · cost {cost}",
                model=row.model,
                made=row.made,
                count=row.count,
                charged=t.money(row.charged_microusd or 0),
                cost=t.money(row.cost_microusd or 0),
            ),
        ]
        if row.failure_kind:
            lines.append(t("Why it failed: {kind}", kind=f"`{row.failure_kind}`"))
        files: list[discord.File] = []
        for image in [one for one in images if one.deleted_at is None and visible][:_MOST_PICTURES]:
            try:
                data = await self._bot.services.store.get(image.key)
            except ImageMissing:
                continue
            if len(data) <= interaction.filesize_limit // _MOST_PICTURES:
                name = f"{image.id}.{image.media_type.removeprefix('image/')}"
                files.append(discord.File(io.BytesIO(data), name))
        await interaction.edit_original_response(content=cut("\n".join(lines), 2000), attachments=files)

    @app_commands.command(description=locale_str("Look for what is wrong, and say how to mend it"))
    async def doctor(self, interaction: discord.Interaction[AtelierBot]) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        lines = [t("**Doctor**")]
        missing = [name for name in _DOCTOR_NEEDS if not getattr(interaction.app_permissions, name)]
        lines.append(
            t("❌ I lack permissions in this channel: {names}", names=", ".join(missing))
            if missing
            else t("✅ I may post pictures in this channel.")
        )
        services, server = self._bot.services, await self._bot.services.admin.servers.of(guild_id)
        if server.settings.log_channel is None:
            lines.append(
                t(
                    "⚠️ No channel for notices is set: {command}",
                    command=self._bot.command_link("admin settings"),
                )
            )
        else:
            posted = await services.admin.notices.tell_admins(
                guild_id, t("🩺 A test by {user}.", user=interaction.user.mention)
            )
            lines.append(
                t("✅ Notices arrive.") if posted else t("❌ I cannot post in the channel for notices.")
            )
        demo = services.catalog.providers == ("demo",) or list(services.catalog.providers) == ["demo"]
        lines.append(
            t("⚠️ Only the demo draws: no provider has a key.")
            if demo
            else t("✅ Providers: {providers}", providers=", ".join(services.catalog.providers))
        )
        wrong = await services.admin.ledger.verify()
        lines.append(
            t("❌ {n} counters differ from the ledger; tell the owner.", n=len(wrong))
            if wrong
            else t("✅ The ledger adds up.")
        )
        budget = [
            one for one in await services.quotas.budgets(guild_id) if one.scope == "server" and not one.left
        ]
        if budget:
            lines.append(t("⚠️ The budget is used up until {when}.", when=f"<t:{budget[0].renews_at}:R>"))
        await interaction.edit_original_response(content="\n".join(lines))

    @app_commands.command(
        name="erase-user", description=locale_str("Erase a member's words and pictures in this server")
    )
    @app_commands.describe(user=locale_str("Whom"))
    async def erase_user(self, interaction: discord.Interaction[AtelierBot], user: discord.User) -> None:
        require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        await interaction.edit_original_response(
            content=t(
                "Erase all words and pictures of {user} in this server? Anonymous sums stay. There is no way back.",
                user=user.mention,
            ),
            view=confirm("erase_user", str(user.id), t("Erase")),
        )

    async def erase_confirmed(self, interaction: discord.Interaction, argument: str) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        if not argument.isdecimal():
            raise NotFound(what="request", id=argument)
        requests, images = await self._bot.services.admin.privacy.erase(
            int(argument), guild_id=guild_id, actor_id=interaction.user.id
        )
        words = t("🧹 Erased. Requests: {requests} · pictures: {images}.", requests=requests, images=images)
        await interaction.edit_original_response(content=words)


def _audit_line(t: Texts, row: AuditRow) -> str:
    said = change_words(t, row)
    change = " " + escape_markdown(cut(said, 90)) if said else ""
    deed = deed_words(t, row.action)
    return f"`{row.id}` <t:{int(row.at)}:R> <@{row.actor_id}> **{deed}** {subject_words(row.subject)}{change}"


def _state(row: RequestRow) -> str:
    return f"`{row.state}`" + (" 🔒" if row.private else "")


def _words(t: Texts, row: RequestRow, private_shown: bool, length: int) -> str:
    if row.private and not private_shown:
        return t("(a private request: its words are hidden)")
    return quoted(row.prompt, length)
