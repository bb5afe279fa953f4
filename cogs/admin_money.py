"""/admin budget, /admin usage: what the whole server may spend, and where it went."""

from __future__ import annotations

import io

import discord
from discord import app_commands
from discord.app_commands import Choice, Range, locale_str
from discord.ext import commands
from discord.utils import escape_markdown

from bot.client import AtelierBot
from bot.errors import InvalidRequest
from bot.i18n import Texts
from bot.quota_words import amount_words, budget_line, per
from bot.usage import Report
from cogs.admins import microusd, require_admin, require_owner, think_privately
from cogs.asking import provider_choices
from cogs.quota import WINDOWS
from storage.windows import Window


class AdminMoney(commands.Cog):
    _bot: AtelierBot

    @app_commands.command(description=locale_str("What the whole server may spend: 80 % warns, 100 % stops"))
    @app_commands.describe(
        usd=locale_str("How much money, in dollars"),
        images=locale_str("How many pictures"),
        window=locale_str("In which time"),
        provider=locale_str("Owner only: for one provider, over all servers"),
        remove=locale_str("Take it away"),
    )
    @app_commands.choices(window=WINDOWS)
    async def budget(
        self,
        interaction: discord.Interaction[AtelierBot],
        usd: Range[float, 0.0, 1_000_000.0] | None = None,
        images: Range[int, 0, 10_000_000] | None = None,
        window: str = "month",
        provider: str | None = None,
        remove: bool = False,
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        if provider is not None:
            require_owner(self._bot, interaction)
        t = await think_privately(interaction)
        services, actor_id = self._bot.services, interaction.user.id
        if provider is not None and provider not in services.catalog.providers:
            raise InvalidRequest(
                field="provider", problem="unknown", value=provider, allowed=[*services.catalog.providers]
            )
        said: list[str] = []
        if remove:
            rows = await services.quotas.remove(
                0 if provider else guild_id,
                actor_id=actor_id,
                kind="provider" if provider else "server",
                subject_id=provider or 0,
            )
            said.append(t("✅ Taken away:") if rows else t("There was nothing to take away."))
        elif usd is not None or images is not None:
            await services.quotas.set(
                0 if provider else guild_id,
                actor_id=actor_id,
                kind="provider" if provider else "server",
                subject_id=provider or 0,
                images=images,
                microusd=microusd(usd),
                window=Window(window) if window in {*Window} else Window.MONTH,
            )
            given = (("images", images), ("usd", microusd(usd)))
            amounts = " + ".join(
                amount_words(t, unit, amount) for unit, amount in given if amount is not None
            )
            said.append(t("✅ Budget: {amounts} {window}.", amounts=amounts, window=per(t, window)))
        said += await self._standing(t, guild_id, provider)
        await interaction.edit_original_response(content="\n".join(said))

    @budget.autocomplete("provider")
    async def providers(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        return provider_choices(self._bot, self._bot.services.catalog.providers, typed)

    async def _standing(self, t: Texts, guild_id: int, provider: str | None) -> list[str]:
        quotas = self._bot.services.quotas
        if provider is not None:
            name = self._bot.services.catalog.name_of(provider)
            lines = [budget_line(t, one) for one in await quotas.ceilings(provider)]
            return [
                t("**Budget of {provider}, over all servers**", provider=name),
                *(lines or [t("None is set.")]),
            ]
        lines = [budget_line(t, one) for one in await quotas.budgets(guild_id) if one.scope == "server"]
        return [
            t("**Budgets of this server**"),
            *(lines or [t("None is set: only the owner's own ceilings hold.")]),
        ]

    @app_commands.command(description=locale_str("What was drawn and what it cost, as a chart and a table"))
    @app_commands.describe(
        span=locale_str("How far back"),
        user=locale_str("For one member"),
        csv=locale_str("With a table as a file"),
    )
    @app_commands.choices(span=[*WINDOWS, Choice(name=locale_str("year"), value="year")])
    async def usage(
        self,
        interaction: discord.Interaction[AtelierBot],
        span: str = "month",
        user: discord.Member | None = None,
        csv: bool = False,
    ) -> None:
        guild_id = require_admin(self._bot, interaction)
        t = await think_privately(interaction)
        usage = self._bot.services.admin.usage
        report = await usage.report(guild_id, span, user_id=user.id if user else None)
        whose = user.display_name if user else (interaction.guild.name if interaction.guild else "")
        title = t("Pictures of {whose}, {first} to {last}", whose=whose, first=report.first, last=report.last)
        picture = await usage.chart(report, title=title, others=t("others"))
        files = [discord.File(io.BytesIO(picture), "usage.png", description=title)]
        if csv:
            files.append(discord.File(io.BytesIO(usage.csv(report)), "usage.csv"))
        await interaction.edit_original_response(content=_report(t, report, user), attachments=files)


def _report(t: Texts, report: Report, user: discord.Member | None) -> str:
    whose = user.mention if user else t("the whole server")
    drawn = t.n("{n} picture", "{n} pictures", report.images)
    lines = [
        t("**Usage of {whose}**: {drawn}", whose=whose, drawn=drawn),
        t(
            "Charged to members {charged} · real cost {cost}",
            charged=t.money(report.charged_microusd),
            cost=t.money(report.cost_microusd),
        ),
    ]
    if report.own_key_microusd:
        own = t.money(report.own_key_microusd)
        lines.append(t("Of that {amount} with the server's own keys", amount=own))
    for name, images, money in report.by_model[:5]:
        lines.append(
            f"- {escape_markdown(name)}: {t.n('{n} picture', '{n} pictures', images)}, {t.money(money)}"
        )
    for user_id, images, money in report.members:
        lines.append(f"- <@{user_id}>: {t.n('{n} picture', '{n} pictures', images)}, {t.money(money)}")
    return "\n".join(lines)
