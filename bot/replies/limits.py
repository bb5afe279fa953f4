"""How much is left, who may ask how often, and what is not allowed in a server."""

from __future__ import annotations

from collections.abc import Sequence

from discord.utils import escape_markdown

from bot.errors import Blocked, CoolingDown, ModelNotHere, PriceTooHigh, QueueFull, QuotaExceeded
from bot.i18n import Texts
from bot.quotas import Standing
from bot.replies.base import listed, reply_to


@reply_to.register
def _(error: QuotaExceeded, t: Texts) -> str:
    when = f"<t:{error.renews_at}:R>"
    limit, gone = _amount(t, error.unit, error.limit), _amount(t, error.unit, error.used + error.reserved)
    asked = _amount(t, error.unit, error.asked)
    if error.scope == "owner":
        return t("This bot's budget is used up for now. It renews {when}; nothing was charged.", when=when)
    if error.scope == "provider":
        return t(
            "What this bot may spend on this image service is used up for now. It renews {when}; "
            "a model of another service may still draw. Nothing was charged.",
            when=when,
        )
    if error.scope == "channel":
        return t(
            "This channel's share is used up: {gone} of {limit} are gone. It renews {when}.",
            gone=gone,
            limit=limit,
            when=when,
        )
    if error.scope == "server":
        return t(
            "The server's share is used up: {gone} of {limit} are gone. It renews {when}.",
            gone=gone,
            limit=limit,
            when=when,
        )
    if error.used + error.reserved >= error.limit:
        return t(
            "Your quota is used up: {gone} of {limit} are gone. It renews {when}.",
            gone=gone,
            limit=limit,
            when=when,
        )
    return t(
        "That would go over your quota: you asked for {asked}, and {gone} of {limit} are gone. It renews {when}.",
        asked=asked, gone=gone, limit=limit, when=when,
    )  # fmt: skip


@reply_to.register
def _(error: Blocked, t: Texts) -> str:
    reason = escape_markdown(error.reason)
    if error.until is None:
        return t("An admin of this server has blocked you from drawing here: {reason}", reason=reason)
    when = f"<t:{error.until}:R>"
    return t(
        "An admin of this server has blocked you from drawing here: {reason}. It ends {when}.",
        reason=reason,
        when=when,
    )


@reply_to.register
def _(error: ModelNotHere, t: Texts) -> str:
    model = f"`{escape_markdown(error.model)}`"
    if not error.allowed:
        return t("This server does not allow {model}. Choose another from the list.", model=model)
    return t(
        "This server does not allow {model}. It allows: {allowed}.",
        model=model,
        allowed=listed(error.allowed),
    )


@reply_to.register
def _(error: PriceTooHigh, t: Texts) -> str:
    words = t(
        "A picture may cost you {limit} here; this one would cost up to {asked}. Nothing was charged.",
        limit=t.money(error.limit),
        asked=t.money(error.asked),
    )
    if not error.cheaper:
        return words
    return words + " " + t("Cheaper: {models}.", models=listed(error.cheaper))


@reply_to.register
def _(error: CoolingDown, t: Texts) -> str:
    return t(
        "One moment: this server asks for a pause between two requests. You can go on {when}.",
        when=f"<t:{error.ready_at}:R>",
    )


@reply_to.register
def _(error: QueueFull, t: Texts) -> str:
    if error.everybody:
        return t(
            "So many requests are waiting that yours would take long. Please try again in a few minutes; nothing was charged."
        )
    return t(
        "You already have {open} requests under way; {limit} at once are fine. Try again when one is done.",
        open=error.open,
        limit=error.limit,
    )


def _amount(t: Texts, unit: str, amount: int) -> str:
    return t.n("{n} picture", "{n} pictures", amount) if unit == "images" else t.money(amount)


def left_line(t: Texts, standing: Sequence[Standing]) -> str | None:
    """What is left of the tightest limit, for the card's small print; None where nothing limits."""
    if not standing:
        return None
    tightest = min(standing, key=lambda limit: limit.left / limit.amount if limit.amount else 0.0)
    left = _amount(t, tightest.unit, tightest.left)
    match tightest.window:
        case "day":
            return t("{left} left today", left=left)
        case "week":
            return t("{left} left this week", left=left)
        case _:
            return t("{left} left this month", left=left)
