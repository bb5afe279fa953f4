"""What a member's client offers: which commands, which buttons and menus, on which messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.components import Button, Select
from bot.playground.errors import NotPossible
from bot.playground.jsonic import Json
from bot.playground.people import Member, User
from bot.playground.permissions import Permission, bits
from bot.playground.places import BOT_DM_CONTEXT, DM, GUILD_CONTEXT, Channel

if TYPE_CHECKING:
    from bot.playground.messages import Message


def check_offered(definition: Json, who: Member | User, channel: Channel) -> None:
    """Raises NotPossible when the command would not be in this person's list here."""
    name, context = definition["name"], channel.context
    contexts = definition.get("contexts")
    if contexts is None:
        contexts = [GUILD_CONTEXT, *([BOT_DM_CONTEXT] if definition.get("dm_permission", True) else [])]
    if context not in contexts:
        raise NotPossible(f"{name!r} is not offered in this kind of place")
    invited = channel.type == DM if channel.guild is None else channel.guild.me is not None
    if not invited and 1 not in definition.get("integration_types", [0]):
        raise NotPossible(f"{name!r} needs the bot to be a member here")
    parent = channel.parent or channel
    if definition.get("nsfw") and channel.guild and not parent.nsfw:
        raise NotPossible(f"{name!r} is only offered in age-restricted channels")
    if isinstance(who, Member):
        _check_may(definition, who, channel)


def _check_may(definition: Json, who: Member, channel: Channel) -> None:
    have = channel.permissions_of(who)
    if not have & Permission.VIEW_CHANNEL or not have & Permission.USE_APPLICATION_COMMANDS:
        raise NotPossible(f"{who.name} cannot use commands in {channel!r}")
    wanted = definition.get("default_member_permissions")
    if wanted is not None:
        number = bits(int(wanted)) or int(Permission.ADMINISTRATOR)  # "0" means administrators only
        if have & number != number:
            raise NotPossible(f"{definition['name']!r} is not offered to {who.name}")


def check_reachable(who: Member | User, message: Message) -> None:
    if message.deleted:
        raise NotPossible("the message is gone")
    if message.ephemeral and (message.reader is None or message.reader.id != who.id):
        raise NotPossible(f"{who.name} does not see this message")


def button(
    message: Message, wanted: str | int | None, *, custom_id: str | None, label: str | None, emoji: str | None
) -> Button:
    buttons = message.buttons
    if isinstance(wanted, int):
        if not 0 <= wanted < len(buttons):
            raise NotPossible(f"there are {len(buttons)} buttons, none in place {wanted}")
        return buttons[wanted]
    for one in buttons:
        exact = (custom_id, label, emoji) != (None, None, None) and all(
            asked in (None, own)
            for asked, own in ((custom_id, one.custom_id), (label, one.label), (emoji, one.emoji))
        )
        if exact or (wanted is not None and wanted in (one.label, one.emoji, one.custom_id)):
            return one
    asked = wanted or label or custom_id or emoji
    raise NotPossible(f"no button {asked!r} among {[one.label or one.emoji for one in buttons]}")


def select(message: Message, custom_id: str | None) -> Select:
    for one in message.selects:
        if custom_id in (None, one.custom_id):
            return one
    raise NotPossible(f"no select menu {custom_id!r} among {[one.custom_id for one in message.selects]}")


def option(select: Select, wanted: object, *, force: bool) -> str:
    for label, value in select.options:
        if wanted in (label, value):
            return value
    if force:
        return str(wanted)
    raise NotPossible(f"{select.custom_id!r} offers {[label for label, _ in select.options]}, not {wanted!r}")
