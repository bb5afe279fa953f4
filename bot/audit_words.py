"""Rows of the audit log in words: what was done, about whom, and what became what."""

from __future__ import annotations

from typing import Any, cast

from bot.i18n import Texts, _
from bot.quota_words import rule_words
from storage.rows import AuditRow

_MENTIONS = {"user": "<@{}>", "role": "<@&{}>", "channel": "<#{}>"}


DEEDS = {
    "limit.set": _("Limit set"),
    "limit.remove": _("Limit taken away"),
    "quota.grant": _("Quota granted"),
    "quota.reset": _("Usage given back"),
    "ask.approved": _("Wish for more granted"),
    "ask.denied": _("Wish for more declined"),
    "block.add": _("Member blocked"),
    "block.remove": _("Block lifted"),
    "key.save": _("Provider key saved"),
    "key.remove": _("Provider key removed"),
    "apikey.create": _("API key made"),
    "apikey.revoke": _("API key revoked"),
    "webhooks.replay": _("Webhooks sent again"),
    "invitation.make": _("Invitation made"),
    "invitation.revoke": _("Invitation revoked"),
    "guild.change": _("Settings changed"),
    "user.erase": _("Member’s data erased"),
    "refused": _("Refused"),
}


def deed_words(t: Texts, action: str) -> str:
    """An audit row's `action`; as it is where a plug-in or a later release wrote it."""
    return t(DEEDS[action]) if action in DEEDS else action


def subject_words(subject: str) -> str:
    """A mention where it is a member, role or channel, else as it is, as code."""
    kind, _, identity = subject.partition(":")
    known = kind in _MENTIONS and identity.removeprefix("-").isdecimal()
    return _MENTIONS[kind].format(identity) if known else f"`{subject[:60]}`"


def change_words(t: Texts, row: AuditRow) -> str:
    """From what to what; empty where nothing was changed."""
    if row.before is None and row.after is None:
        return ""
    return f"{_brief(t, row.before)} → {_brief(t, row.after)}"


def _brief(t: Texts, value: object) -> str:
    match value:
        case None:
            return "–"
        case {"unit": str(unit), "window": str(window), "amount": int(amount)}:
            return rule_words(t, unit, window, amount)
        case dict():
            said = cast(dict[str, Any], value)
            return ", ".join(
                f"{name} {_plain(t, name, one)}" for name, one in said.items() if one is not None
            )
        case _:
            return str(value)


def _plain(t: Texts, name: str, value: object) -> str:
    return t.money(value) if name == "usd" and isinstance(value, int) else str(value)
