"""Buttons that are about people and money instead of a picture: what to do at a limit, and the admins' answers.

As stateless as those of the cards: `v1:q:<action>:<argument>`, so that they work after a restart and on any process.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol, Self

import discord
from discord import ui

from bot.errors import QuotaExceeded
from bot.i18n import Texts

DESK_ID = re.compile(r"v1:q:(?P<action>[a-z_]+):(?P<argument>[^:]+(?::[^:]+)*)")


class Presser(Protocol):
    async def press_desk(self, interaction: discord.Interaction, action: str, argument: str) -> None: ...


class DeskItem:
    """An item that runs the desk's action of that name (`AtelierBot.on_desk`); its id says all that it knows."""

    action: str
    argument: str

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(match["action"], match["argument"])  # pyright: ignore[reportCallIssue] what each begins with

    async def callback(self, interaction: discord.Interaction) -> None:
        client: Presser = interaction.client  # pyright: ignore[reportAssignmentType] the one client there is
        await client.press_desk(interaction, self.action, self.argument)


class DeskButton(DeskItem, ui.DynamicItem[ui.Button[ui.View]], template=DESK_ID.pattern):
    def __init__(
        self,
        action: str,
        argument: str,
        *,
        label: str | None = None,
        emoji: str | None = None,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    ) -> None:
        self.action, self.argument = action, argument
        custom_id = f"v1:q:{action}:{argument}"
        button = ui.Button[ui.View](label=label, emoji=emoji, style=style, custom_id=custom_id)
        super().__init__(button)


class _Pick:
    """A menu. What was chosen comes as the argument of the desk's action `pick_<name>`, with commas."""

    name: str

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(match["name"])  # pyright: ignore[reportCallIssue] what each begins with

    async def callback(self, interaction: discord.Interaction) -> None:
        """The values from the event: the item was made anew for it and knows none."""
        values = (interaction.data or {}).get("values", ())
        client: Presser = interaction.client  # pyright: ignore[reportAssignmentType] the one client there is
        await client.press_desk(interaction, f"pick_{self.name}", ",".join(str(value) for value in values))


class PickText(_Pick, ui.DynamicItem[ui.Select[ui.View]], template=r"v1:t:(?P<name>[a-z]+)"):
    """A menu of texts."""

    def __init__(
        self, name: str, *, placeholder: str | None = None, options: Sequence[discord.SelectOption] = ()
    ) -> None:
        self.name = name
        select = ui.Select[ui.View](custom_id=f"v1:t:{name}", placeholder=placeholder, options=list(options))
        super().__init__(select)


class PickChannel(_Pick, ui.DynamicItem[ui.ChannelSelect[ui.View]], template=r"v1:c:(?P<name>[a-z]+)"):
    """A menu of channels of these `kinds`; `most` may be chosen, or none."""

    def __init__(
        self,
        name: str,
        *,
        placeholder: str | None = None,
        kinds: Sequence[discord.ChannelType] = (discord.ChannelType.text, discord.ChannelType.news),
        most: int = 1,
        chosen: Sequence[int] = (),
    ) -> None:
        self.name = name
        select = ui.ChannelSelect[ui.View](
            custom_id=f"v1:c:{name}",
            placeholder=placeholder,
            min_values=0,
            max_values=most,
            channel_types=list(kinds),
            default_values=[
                discord.SelectDefaultValue(id=one, type=discord.SelectDefaultValueType.channel)
                for one in chosen
            ],
        )
        super().__init__(select)


def landing(
    t: Texts,
    error: QuotaExceeded,
    *,
    model_name: str | None = None,
    private: bool = False,
    spoiler: bool = False,
) -> ui.View | None:
    """What a member can do at a limit: a cheaper model at once, or a word to the admins.

    The cheaper picture is as `private` and as hidden as the wish was: its button knows, since nothing can be looked up
    before its first answer.
    """
    if error.offer is None:
        return None
    view = ui.View(timeout=None)
    if error.cheaper is not None:
        label = t("Draw with {model}", model=model_name or error.cheaper)[:80]
        view.add_item(
            DeskButton(
                "cheaper",
                f"{error.offer}:{_sight(private, spoiler)}",
                label=label,
                emoji="🪙",
                style=discord.ButtonStyle.primary,
            )
        )
    if error.scope in ("user", "role", "everyone"):
        view.add_item(DeskButton("ask", error.offer, label=t("Ask for more"), emoji="🙋"))
    return view if view.children else None


_PRIVATE, _PUBLIC, _SPOILER = "p", "o", "s"


def _sight(private: bool, spoiler: bool) -> str:
    return (_PRIVATE if private else _PUBLIC) + (_SPOILER if spoiler else "")


def sight_of(argument: str) -> tuple[str, bool, bool]:
    """The offer that a button "cheaper" is about, whether its picture is private, and whether it is hidden."""
    offer_id, _, sight = argument.partition(":")
    return offer_id, _PRIVATE in sight, _SPOILER in sight


def answers(t: Texts, offer_id: str) -> ui.View:
    """Under a member's wish, for admins."""
    view = ui.View(timeout=None)
    green, red = discord.ButtonStyle.success, discord.ButtonStyle.danger
    view.add_item(DeskButton("approve", f"{offer_id}:1", label=t("Approve"), style=green))
    view.add_item(DeskButton("deny", offer_id, label=t("Deny"), style=red))
    view.add_item(DeskButton("approve", f"{offer_id}:10", label=t("Approve 10"), style=green))
    return view


def confirm(action: str, argument: str, yes: str) -> ui.View:
    """One red button for what cannot be undone; ignoring it is the "no"."""
    view = ui.View(timeout=None)
    view.add_item(DeskButton(action, argument, label=yes, style=discord.ButtonStyle.danger))
    return view
