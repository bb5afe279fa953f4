"""/quota: what a member has left, and what admins allow."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import Range, locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.errors import InvalidRequest, NotAllowed
from bot.i18n import Texts, texts_for
from bot.images import Requester
from bot.quotas import Standing, SubjectKind
from cogs.asking import place_of, requester_of
from storage.rows import LimitRow
from storage.windows import Window

_MICRO = 1_000_000
_LINES = 25


class Quota(commands.GroupCog, name="quota", description=locale_str("Who may draw how much")):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        super().__init__()

    @app_commands.command(description=locale_str("What is left and when it renews"))
    @app_commands.describe(user=locale_str("Somebody else, for those who manage the server"))
    async def show(
        self, interaction: discord.Interaction[AtelierBot], user: discord.Member | None = None
    ) -> None:
        if user is not None and user.id != interaction.user.id:
            require_admin(interaction)
        await interaction.response.defer(ephemeral=True)
        interaction.extras["private"] = True
        t = texts_for(str(interaction.locale))
        whom = requester_of(interaction) if user is None else _as_requester(user)
        standing = await self._bot.services.quotas.standing(whom, place_of(interaction, private=True))
        head = t("**Your quota**") if user is None else t("**Quota of {user}**", user=user.mention)
        lines = [_standing_line(t, limit) for limit in standing] or [t("No limit: draw as much as you like.")]
        await interaction.edit_original_response(content="\n".join([head, *lines]))

    @app_commands.command(
        description=locale_str("Set how much a member, a role, a channel or everyone may draw")
    )
    @app_commands.describe(
        images=locale_str("How many pictures"),
        usd=locale_str("How much money, in dollars"),
        window=locale_str("In which time"),
        user=locale_str("For one member"),
        role=locale_str("For each member of a role"),
        channel=locale_str("For all of a channel together"),
    )
    @app_commands.choices(
        window=[
            app_commands.Choice(name=locale_str("day"), value="day"),
            app_commands.Choice(name=locale_str("week"), value="week"),
            app_commands.Choice(name=locale_str("month"), value="month"),
        ]
    )
    @app_commands.guild_only()
    async def set(
        self,
        interaction: discord.Interaction[AtelierBot],
        images: Range[int, 0, 1_000_000] | None = None,
        usd: Range[float, 0.0, 1_000_000.0] | None = None,
        window: str = "day",
        user: discord.Member | None = None,
        role: discord.Role | None = None,
        channel: discord.TextChannel | discord.VoiceChannel | None = None,
    ) -> None:
        require_admin(interaction)
        await interaction.response.defer(ephemeral=True)
        interaction.extras["private"] = True
        kind, subject_id, whom = _subject(texts_for(str(interaction.locale)), user, role, channel)
        before = await self._bot.services.quotas.set(
            interaction.guild_id or 0,
            actor_id=interaction.user.id,
            kind=kind,
            subject_id=subject_id,
            images=images,
            microusd=None if usd is None else round(usd * _MICRO),
            window=_window(window),
        )
        t = texts_for(str(interaction.locale))
        given = [
            _amount(t, unit, amount)
            for unit, amount in (("images", images), ("usd", usd_micro(usd)))
            if amount is not None
        ]
        text = t("{whom}: {amounts} {window}.", whom=whom, amounts=" + ".join(given), window=_per(t, window))
        if before:
            was = " + ".join(_amount(t, unit, amount) for unit, amount in before.items())
            text += " " + t("Before: {amounts}.", amounts=was)
        await interaction.edit_original_response(content=f"✅ {text}")

    @app_commands.command(description=locale_str("All limits of this server"))
    @app_commands.guild_only()
    async def list(self, interaction: discord.Interaction[AtelierBot]) -> None:
        require_admin(interaction)
        await interaction.response.defer(ephemeral=True)
        interaction.extras["private"] = True
        t = texts_for(str(interaction.locale))
        rows = await self._bot.services.quotas.list(interaction.guild_id or 0)
        lines = [_limit_line(t, row) for row in rows[:_LINES]]
        if len(rows) > _LINES:
            lines.append(t("… and {n} more.", n=len(rows) - _LINES))
        text = "\n".join(
            [t("**Limits of this server**"), *(lines or [t("None are set: the owner's defaults hold.")])]
        )
        await interaction.edit_original_response(content=text)


def require_admin(interaction: discord.Interaction) -> None:
    """Discord's own setting for who sees a command is a default that a server may change: this is the border."""
    if interaction.guild_id is None:
        raise NotAllowed(what="server_only")
    if not interaction.permissions.manage_guild:
        raise NotAllowed(what="admin")


def usd_micro(usd: float | None) -> int | None:
    return None if usd is None else round(usd * _MICRO)


def _as_requester(member: discord.Member) -> Requester:
    roles = tuple(member._roles)  # pyright: ignore[reportPrivateUsage] see cogs.asking.requester_of
    return Requester(user_id=member.id, name=member.name, role_ids=roles)


def _subject(
    t: Texts,
    user: discord.Member | None,
    role: discord.Role | None,
    channel: discord.TextChannel | discord.VoiceChannel | None,
) -> tuple[SubjectKind, int, str]:
    if sum(given is not None for given in (user, role, channel)) > 1:
        raise InvalidRequest(field="user, role, channel", problem="only_one")
    if user is not None:
        return "user", user.id, user.mention
    if role is not None:
        return "role", role.id, t("Each member of {role}", role=role.mention)
    if channel is not None:
        return "channel", channel.id, t("All of {channel} together", channel=channel.mention)
    return "everyone", 0, t("Every member")


def _window(word: str) -> Window:
    if word not in {*Window}:
        raise InvalidRequest(field="window", problem="unknown", value=word, allowed=[*Window])
    return Window(word)


def _amount(t: Texts, unit: str, amount: int) -> str:
    return t.n("{n} picture", "{n} pictures", amount) if unit == "images" else t.money(amount)


def _per(t: Texts, window: str) -> str:
    return {"day": t("a day"), "week": t("a week"), "month": t("a month")}[window]


def _standing_line(t: Texts, limit: Standing) -> str:
    return t(
        "{left} of {amount} left {window}, renews {when}",
        left=_amount(t, limit.unit, limit.left),
        amount=_amount(t, limit.unit, limit.amount),
        window=_per(t, limit.window),
        when=f"<t:{limit.renews_at}:R>",
    )


def _limit_line(t: Texts, row: LimitRow) -> str:
    whom = {
        "user": f"<@{row.subject_id}>",
        "role": f"<@&{row.subject_id}>",
        "channel": f"<#{row.subject_id}>",
    }.get(row.subject_kind, t("Every member"))
    return f"- {whom}: {_amount(t, row.unit, row.amount)} {_per(t, row.window)}"


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Quota(bot))
