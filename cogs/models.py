"""/models: what there is to draw with here, what each model can do and costs, and how its provider is doing."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import discord
from discord import app_commands, ui
from discord.app_commands import Choice, locale_str
from discord.ext import commands
from discord.utils import escape_markdown

from bot.client import AtelierBot, first_answer
from bot.i18n import Texts, texts_for
from bot.model_list import NO_KEY, Listed, Shelf, abilities, shelves
from cogs.asking import catalog_of

_LONGEST = 3600
"""Characters: a message of this kind holds 4000."""


class Models(commands.Cog):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot

    @app_commands.command(description=locale_str("Which models there are, what they can do and cost"))
    @app_commands.describe(provider=locale_str("Only the models of this one"))
    async def models(self, interaction: discord.Interaction[AtelierBot], provider: str | None = None) -> None:
        await first_answer(self._bot, interaction, private=True)
        t = texts_for(str(interaction.locale))
        found = shelves(catalog_of(self._bot, interaction), self._bot.services.providers)
        chosen = [shelf for shelf in found if provider in (shelf.provider, shelf.name)]
        await interaction.followup.send(view=models_view(t, chosen or found), ephemeral=True)

    @models.autocomplete("provider")
    async def providers(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        found = shelves(catalog_of(self._bot, interaction), self._bot.services.providers)
        return [
            Choice(name=shelf.name, value=shelf.provider)
            for shelf in found
            if typed.casefold() in shelf.name.casefold()
        ][:25]


def models_view(t: Texts, found: list[Shelf]) -> ui.LayoutView:
    """All of them as far as they fit; what does not is counted."""
    view = ui.LayoutView(timeout=None)
    room, left = _LONGEST, 0
    for shelf in found:
        lines = [_heading(t, shelf)]
        for listed in shelf.models if shelf.health.status != NO_KEY or len(found) == 1 else ():
            line = _line(t, listed)
            if sum(map(len, lines)) + len(line) > room:
                left += 1
                continue
            lines.append(line)
        text = "\n".join(lines)
        room -= len(text)
        view.add_item(ui.TextDisplay(text))
    if left:
        words = t.n(
            "{n} more: choose a provider to see it.", "{n} more: choose a provider to see them.", left
        )
        view.add_item(ui.TextDisplay(f"-# {words}"))
    shown = (
        entry for shelf in found if shelf.health.status != NO_KEY or len(found) == 1 for entry in shelf.models
    )
    if any("price" in entry.model.unverified for entry in shown):
        words = t("≈ about that much: the vendor itself has not published this price.")
        view.add_item(ui.TextDisplay(f"-# {words}"))
    return view


def _heading(t: Texts, shelf: Shelf) -> str:
    if shelf.health.status == NO_KEY:
        models = t.n("{n} model", "{n} models", len(shelf.models))
        return "-# " + t("{provider}: not set up here ({models})", provider=shelf.name, models=models)
    parts = [f"**{escape_markdown(shelf.name)}**", status_words(t, shelf)]
    if shelf.health.latency_seconds is not None:
        parts.append(t("about {time} lately", time=t.seconds(shelf.health.latency_seconds)))
    return " · ".join(parts)


def status_words(t: Texts, shelf: Shelf) -> str:
    health = shelf.health
    if health.status == "paused" and health.until is not None:
        return "⏸️ " + t("out of order, asked again {when}", when=f"<t:{int(health.until)}:R>")
    return {
        "ready": "🟢 " + t("ready"),
        "out_of_credit": "🔴 " + t("no credit left"),
        "misconfigured": "🔴 " + t("its key is not accepted"),
    }.get(health.status, "⏸️ " + t("out of order"))


def _line(t: Texts, listed: Listed) -> str:
    model = listed.model
    words = {
        "generate": t("from words"),
        "edit": t("edits"),
        "tool": t("a tool"),
        "mask": t("mask"),
        "upscale": t("enlarges"),
        "describe": t("puts pictures into words"),
        "transparent": t("transparent"),
        "previews": t("previews"),
        "seed": t("seed"),
        "negative": t("negative"),
    }
    told = ", ".join(words[word] for word in abilities(model))
    parts = [
        f"{'⭐ ' if model.recommended else ''}{escape_markdown(model.name)} `{model.id}`",
        _price(t, listed),
        told,
    ]
    if listed.retires_on is not None:
        parts.append("⚠️ " + t("until {day}", day=f"<t:{_seconds(listed.retires_on)}:D>"))
    return "- " + " · ".join(parts)


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def _price(t: Texts, listed: Listed) -> str:
    if listed.model.free:
        return t("free")
    about = "≈\u00a0" if "price" in listed.model.unverified else ""
    if listed.low == listed.high:
        return about + t.money(listed.low)
    return f"{about}{t.money(listed.low)}–{t.money(listed.high)}"


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Models(bot))
