"""/quota: what a member has left and why, and what admins allow."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import Range, locale_str
from discord.ext import commands

from bot.client import AtelierBot
from bot.errors import InvalidRequest
from bot.i18n import Texts
from bot.images import Requester
from bot.quota_words import amount_words, limit_line, per, rule_words, standing_line, why_lines
from bot.quotas import SubjectKind
from cogs.admins import Shared, as_requester, microusd, require_admin, think_privately
from cogs.asking import place_of, requester_of
from storage.rows import Rule, Unit
from storage.windows import Window

_LINES = 25
_MESSAGE = 2000

Whom = discord.Member | discord.Role

WINDOWS = [
    app_commands.Choice(name=locale_str("day"), value="day"),
    app_commands.Choice(name=locale_str("week"), value="week"),
    app_commands.Choice(name=locale_str("month"), value="month"),
]


class Quota(
    commands.GroupCog, name="quota", description=locale_str("Who may draw how much, and what you have left")
):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        super().__init__()

    @app_commands.command(description=locale_str("What is left and when it renews"))
    @app_commands.describe(user=locale_str("Somebody else, for those who manage the server"))
    async def show(
        self, interaction: discord.Interaction[AtelierBot], user: discord.Member | None = None
    ) -> None:
        t, who, head = await self._asked_about(interaction, user)
        standing = await self._bot.services.quotas.standing(who, place_of(interaction, private=True))
        lines = [standing_line(t, limit) for limit in standing] or [t("No limit: draw as much as you like.")]
        await interaction.edit_original_response(content="\n".join([head, *lines]))

    @app_commands.command(description=locale_str("Which rules hold for you here, and why these"))
    @app_commands.describe(user=locale_str("Somebody else, for those who manage the server"))
    async def why(
        self, interaction: discord.Interaction[AtelierBot], user: discord.Member | None = None
    ) -> None:
        t, who, head = await self._asked_about(interaction, user)
        explanation = await self._bot.services.quotas.explain(who, place_of(interaction, private=True))
        await interaction.edit_original_response(content=_fitting([head, *why_lines(t, explanation)]))

    async def _asked_about(
        self, interaction: discord.Interaction[AtelierBot], user: discord.Member | None
    ) -> tuple[Texts, Requester, str]:
        """Answers first. The asker's texts, whose quota it is, and the line that says so."""
        if user is not None and user.id != interaction.user.id:
            require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        if user is None:
            return t, requester_of(interaction), t("**Your quota**")
        return t, as_requester(user), t("**Quota of {user}**", user=user.mention)

    @app_commands.command(
        description=locale_str("For admins: how much a member, a role, a channel or everyone may draw")
    )
    @app_commands.describe(
        images=locale_str("How many pictures"),
        usd=locale_str("How much money, in dollars"),
        window=locale_str("In which time"),
        user=locale_str("For one member"),
        role=locale_str("For each member of a role"),
        channel=locale_str("For all of a channel together"),
        jobs=locale_str("Requests at the same time"),
        cooldown=locale_str("Seconds between two requests"),
        price=locale_str("What one picture may cost, in dollars"),
        exempt=locale_str("No limits of their own"),
        cap=locale_str("The role lowers what other roles allow"),
    )
    @app_commands.choices(window=WINDOWS)
    async def set(
        self,
        interaction: discord.Interaction[AtelierBot],
        images: Range[int, 0, 1_000_000] | None = None,
        usd: Range[float, 0.0, 1_000_000.0] | None = None,
        window: str = "day",
        user: discord.Member | None = None,
        role: discord.Role | None = None,
        channel: Shared | None = None,
        jobs: Range[int, 0, 100] | None = None,
        cooldown: Range[int, 0, 86_400] | None = None,
        price: Range[float, 0.0, 1000.0] | None = None,
        exempt: bool | None = None,
        cap: bool = False,
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        kind, subject_id, name = _subject(t, user, role, channel)
        rules: list[tuple[Rule, int]] = []
        if jobs is not None:
            rules.append(("jobs", jobs))
        if cooldown is not None:
            rules.append(("cooldown", cooldown))
        if price is not None:
            rules.append(("price", microusd(price) or 0))
        if exempt is not None:
            rules.append(("exempt", int(exempt)))
        if rules and kind == "channel":
            raise InvalidRequest(field=rules[0][0], problem="only_with", allowed=["user", "role"])
        quotas, actor_id, said = self._bot.services.quotas, interaction.user.id, list[str]()
        before: dict[Unit, int] = {}
        if images is not None or usd is not None or not rules:
            replaced = await quotas.set(
                guild_id, actor_id=actor_id, kind=kind, subject_id=subject_id, images=images, microusd=microusd(usd),
                window=_window(window), cap=cap,
            )  # fmt: skip
            before.update(replaced)
            given = (("images", images), ("usd", microusd(usd)))
            amounts = " + ".join(
                amount_words(t, unit, amount) for unit, amount in given if amount is not None
            )
            said.append(f"{amounts} {per(t, window)}")
        for rule, amount in rules:
            await quotas.set_rule(
                guild_id,
                actor_id=actor_id,
                kind=kind,
                subject_id=subject_id,
                rule=rule,
                amount=amount,
                cap=cap,
            )
            said.append(rule_words(t, rule, "", amount))
        text = f"✅ {name}: {', '.join(said)}." + (" " + t("It is a cap.") if cap else "")
        if before:
            was = " + ".join(amount_words(t, unit, amount) for unit, amount in before.items())
            text += " " + t("Before: {amounts}.", amounts=was)
        await interaction.edit_original_response(content=text)

    @app_commands.command(
        description=locale_str("For admins: take away the limits of a member, a role, a channel or everyone")
    )
    @app_commands.describe(
        user=locale_str("For one member"),
        role=locale_str("For each member of a role"),
        channel=locale_str("For all of a channel together"),
    )
    async def remove(
        self,
        interaction: discord.Interaction[AtelierBot],
        user: discord.Member | None = None,
        role: discord.Role | None = None,
        channel: Shared | None = None,
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        kind, subject_id, _ = _subject(t, user, role, channel)
        gone = await self._bot.services.quotas.remove(
            guild_id, actor_id=interaction.user.id, kind=kind, subject_id=subject_id
        )
        lines = [limit_line(t, row) for row in gone]
        head = t("✅ Taken away:") if lines else t("There was nothing to take away.")
        await interaction.edit_original_response(content=_fitting([head, *lines]))

    @app_commands.command(
        description=locale_str("For admins: give a member more for today, this week and this month")
    )
    @app_commands.describe(
        user=locale_str("For one member"),
        images=locale_str("How many pictures"),
        usd=locale_str("How much money, in dollars"),
    )
    async def grant(
        self,
        interaction: discord.Interaction[AtelierBot],
        user: discord.Member,
        images: Range[int, 1, 100_000] | None = None,
        usd: Range[float, 0.01, 100_000.0] | None = None,
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        if images is None and usd is None:
            raise InvalidRequest(field="images", problem="missing", allowed=["images", "usd"])
        # The interaction's id: an event that comes twice is one grant.
        await self._bot.services.quotas.grant(
            guild_id, user.id, actor_id=interaction.user.id, images=images or 0, microusd=microusd(usd) or 0,
            reference=f"interaction:{interaction.id}",
        )  # fmt: skip
        given = {"images": images, "usd": microusd(usd)}
        await self._bot.services.admin.audit.add(
            guild_id, interaction.user.id, "quota.grant", f"user:{user.id}", after=given
        )
        amounts = " + ".join(amount_words(t, unit, amount) for unit, amount in given.items() if amount)
        words = t("✅ {user} may draw {amounts} more.", user=user.mention, amounts=amounts)
        await interaction.edit_original_response(content=words)

    @app_commands.command(
        description=locale_str("For admins: let a member start anew today, this week and this month")
    )
    @app_commands.describe(user=locale_str("For one member"))
    async def reset(self, interaction: discord.Interaction[AtelierBot], user: discord.Member) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        given = await self._bot.services.quotas.reset(guild_id, user.id, actor_id=interaction.user.id)
        after = {"images": given.used_images, "usd": given.used_microusd}
        await self._bot.services.admin.audit.add(
            guild_id, interaction.user.id, "quota.reset", f"user:{user.id}", after=after
        )
        amounts = f"{amount_words(t, 'images', given.used_images)} + {t.money(given.used_microusd)}"
        words = t("✅ {user} starts anew; given back: {amounts}.", user=user.mention, amounts=amounts)
        await interaction.edit_original_response(content=words)

    @app_commands.command(description=locale_str("For admins: give one member or role the limits of another"))
    @app_commands.describe(
        source=locale_str("Whose limits are taken as they are"), target=locale_str("Who gets them")
    )
    async def copy(self, interaction: discord.Interaction[AtelierBot], source: Whom, target: Whom) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        copied = await self._bot.services.quotas.copy(
            guild_id, _named(source), _named(target), actor_id=interaction.user.id
        )
        words = t.n(
            "✅ {target} now has {n} limit of {source}.", "✅ {target} now has {n} limits of {source}.", copied,
            target=target.mention, source=source.mention,
        )  # fmt: skip
        await interaction.edit_original_response(content=words)

    @app_commands.command(description=locale_str("For admins: all limits of this server"))
    async def list(self, interaction: discord.Interaction[AtelierBot]) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        rows = await self._bot.services.quotas.list(guild_id)
        lines = [limit_line(t, row) for row in rows[:_LINES]]
        if len(rows) > _LINES:
            lines.append(t("… and {n} more.", n=len(rows) - _LINES))
        head = t("**Limits of this server**")
        nothing = [t("None are set: the owner's defaults hold.")]
        await interaction.edit_original_response(content=_fitting([head, *(lines or nothing)]))


def _subject(
    t: Texts,
    user: discord.Member | None,
    role: discord.Role | None,
    channel: Shared | None,
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


def _named(whom: Whom) -> tuple[SubjectKind, int]:
    return ("role" if isinstance(whom, discord.Role) else "user"), whom.id


def _window(word: str) -> Window:
    if word not in {*Window}:
        raise InvalidRequest(field="window", problem="unknown", value=word, allowed=[*Window])
    return Window(word)


def _fitting(lines: list[str]) -> str:
    """Whole lines only, as many as a message holds."""
    text = ""
    for line in lines:
        if len(text) + len(line) + 1 > _MESSAGE - 2:
            return f"{text}…"
        text += f"{line}\n"
    return text.rstrip("\n")


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Quota(bot))
