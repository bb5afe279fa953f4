"""Buttons and menus of our own pages (batches, histories, boards), as stateless as those of cards.

`v1:p:<action>:<argument>` and `v1:s:<action>:<argument>`: they work after a restart and on any process.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import discord
from discord import ui

from bot.desk import DeskItem

CUSTOM_ID_LENGTH = 100
PAGE_BUTTON = re.compile(r"v1:p:(?P<action>[a-z_]+):(?P<argument>(?s:.*))")
PAGE_MENU = re.compile(r"v1:s:(?P<action>[a-z_]+):(?P<argument>(?s:.*))")


class PageButton(DeskItem, ui.DynamicItem[ui.Button[ui.LayoutView]], template=PAGE_BUTTON.pattern):
    """Runs the desk's action of that name (`AtelierBot.on_desk`)."""

    def __init__(
        self,
        action: str,
        argument: str,
        *,
        label: str | None = None,
        emoji: str | None = None,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        disabled: bool = False,
    ) -> None:
        self.action, self.argument = action, argument
        custom_id = f"v1:p:{action}:{argument}"
        button = ui.Button[ui.LayoutView](
            label=label, emoji=emoji, style=style, custom_id=custom_id, disabled=disabled
        )
        super().__init__(button)


class PageMenu(DeskItem, ui.DynamicItem[ui.Select[ui.LayoutView]], template=PAGE_MENU.pattern):
    """As `PageButton`; what was chosen is `chosen(interaction)`."""

    def __init__(
        self,
        action: str,
        argument: str,
        *,
        placeholder: str | None = None,
        options: Sequence[discord.SelectOption] = (),
    ) -> None:
        self.action, self.argument = action, argument
        select = ui.Select[ui.LayoutView](
            custom_id=f"v1:s:{action}:{argument}", placeholder=placeholder, options=list(options)
        )
        super().__init__(select)


def chosen(interaction: discord.Interaction) -> list[str]:
    """The values of a menu, from the event: the item was made anew for it and knows none."""
    return [str(value) for value in (interaction.data or {}).get("values", ())]


def row_of(*items: PageButton | PageMenu) -> ui.ActionRow[ui.LayoutView]:
    row = ui.ActionRow[ui.LayoutView]()
    for item in items:
        row.add_item(item)
    return row
