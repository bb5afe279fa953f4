"""Defaults for new pictures, a member's and a server's: what /settings and /admin settings offer and check alike."""

from __future__ import annotations

import discord
from discord.app_commands import Choice

from bot.client import AtelierBot
from bot.errors import InvalidRequest
from bot.i18n import texts_for
from bot.images import Kind
from bot.sizes import understand
from cogs.asking import catalog_of

NOTHING = "-"
"""What a menu sends for "no default"."""

LANGUAGES = {"en-US": "English", "fr": "Français"}

_CHOICES = 25


def or_nothing(interaction: discord.Interaction, found: list[Choice[str]]) -> list[Choice[str]]:
    """The choices with "no default" before them."""
    t = texts_for(str(interaction.locale))
    return [Choice(name=t("no default"), value=NOTHING), *found][:_CHOICES]


def checked_default(
    bot: AtelierBot, interaction: discord.Interaction, name: str, value: str, *, own_styles: bool = False
) -> str | None:
    """The wish for `name` (model, size, style; anything else is taken as it is) as it is kept; None for none.

    `own_styles` lets in those that admins made for this server. Raises Refused for what nothing here understands.
    """
    services, catalog = bot.services, catalog_of(bot, interaction)
    if value == NOTHING:
        return None
    if name == "model":
        return catalog.find(value).id
    if name == "style":
        made_here = services.admin.servers.remembered(interaction.guild_id or 0).settings.styles
        known = {one.casefold(): one for one in made_here} if own_styles else {}
        return known.get(value.strip().casefold()) or services.styles.check(value)
    if name == "size":
        try:
            understand(value)
        except ValueError:
            offered = catalog.sizes_for(catalog.default(Kind.GENERATE))
            raise InvalidRequest(field="size", problem="unknown", value=value, allowed=offered) from None
    return value
