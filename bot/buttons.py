"""The buttons of cards. All state is in the custom id, so they work after a restart and on any process."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, Self

import discord
from discord import ui

from bot.i18n import Texts
from bot.images import image_id

BUTTON_ID = re.compile(r"v1:(?P<action>[a-z_]+):(?P<image>img_[a-z2-7]{13}_\d+)(?::(?P<argument>[^:]*))?")


class Presser(Protocol):
    """The client's part: runs the action of a pressed button and words whatever goes wrong."""

    async def press(
        self, interaction: discord.Interaction, action: str, image_id: str, argument: str | None
    ) -> None: ...


class ActionButton(ui.DynamicItem[ui.Button[ui.LayoutView]], template=BUTTON_ID.pattern):
    def __init__(
        self,
        action: str,
        image_id: str,
        argument: str | None = None,
        *,
        label: str | None = None,
        emoji: str | None = None,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    ) -> None:
        self.action, self.image_id, self.argument = action, image_id, argument
        custom_id = f"v1:{action}:{image_id}" + (f":{argument}" if argument else "")
        super().__init__(ui.Button(label=label, emoji=emoji, style=style, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[ui.LayoutView], match: re.Match[str], /
    ) -> Self:
        return cls(match["action"], match["image"], match["argument"])

    async def callback(self, interaction: discord.Interaction) -> None:
        client: Presser = interaction.client  # pyright: ignore[reportAssignmentType] the one client there is
        await client.press(interaction, self.action, self.image_id, self.argument)


def card_rows(
    t: Texts, request_id: str, numbers: Sequence[int], *, can_upscale: bool = False, can_paint: bool = False
) -> list[ui.ActionRow[ui.LayoutView]]:
    """To go on from these pictures, and below it to look and keep. With several, a window asks which is meant.

    `can_paint`: there are pages on which a region of a picture can be painted.
    """
    first = image_id(request_id, numbers[0])
    which = ",".join(str(number) for number in numbers) if len(numbers) > 1 else None
    onward = ui.ActionRow[ui.LayoutView]()
    onward.add_item(ActionButton("repeat", first, label=t("Repeat"), emoji="🔁"))
    onward.add_item(ActionButton("change", first, label=t("Change"), emoji="📝"))
    onward.add_item(ActionButton("vary", first, which, label=t("Vary"), emoji="🎲"))
    onward.add_item(ActionButton("edit", first, which, label=t("Edit"), emoji="✏️"))
    if can_upscale:
        onward.add_item(ActionButton("upscale", first, which, label=t("Enlarge"), emoji="⬆️"))
    keeping = ui.ActionRow[ui.LayoutView]()
    keeping.add_item(ActionButton("keep", first, which, label=t("Keep"), emoji="❤️"))
    keeping.add_item(ActionButton("details", first, label=t("Details"), emoji="ℹ️"))
    keeping.add_item(ActionButton("original", first, label=t("Original"), emoji="💾"))
    keeping.add_item(ActionButton("direct", first, label=t("To my DMs"), emoji="✉️"))
    red = discord.ButtonStyle.danger
    keeping.add_item(ActionButton("delete", first, label=t("Delete"), emoji="🗑️", style=red))
    if not can_paint:
        return [onward, keeping]
    # A row holds five: where enlarging takes the fifth place, painting has a row to itself.
    painting = ui.ActionRow[ui.LayoutView]() if can_upscale else onward
    painting.add_item(ActionButton("region", first, which, label=t("Edit region"), emoji="🖌️"))
    return [onward, painting, keeping] if can_upscale else [onward, keeping]
