"""What image services and restarts did to an accepted request, and whether trying again can help."""

from __future__ import annotations

from discord.utils import escape_markdown

from bot.errors import (
    AtelierError,
    BadInput,
    Cancelled,
    Interrupted,
    Misconfigured,
    NoPicture,
    OutOfCredit,
    Parked,
    PolicyRefusal,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    Stopping,
)
from bot.i18n import Texts
from bot.replies.base import reply_to


@reply_to.register
def _(error: Stopping, t: Texts) -> str:
    return t("I am restarting and cannot take new requests for a moment. Please ask again in a minute.")


@reply_to.register
def _(error: PolicyRefusal, t: Texts) -> str:
    return t(
        "The image service refused this prompt or picture under its rules. Say it in another way and try again."
    )


@reply_to.register
def _(error: RateLimited, t: Texts) -> str:
    if error.retry_after_seconds:
        return t(
            "The image service has too much to do. Try again in {seconds} s.",
            seconds=round(error.retry_after_seconds),
        )
    return t("The image service has too much to do. Try again in a minute.")


@reply_to.register
def _(error: OutOfCredit, t: Texts) -> str:
    return t(
        "The account at the image service has no credit left. The owner of this bot has to top it up; another model may work."
    )


@reply_to.register
def _(error: BadInput, t: Texts) -> str:
    if error.param:
        return t(
            "The image service did not accept {option}. Change it and try again.",
            option=f"`{escape_markdown(error.param)[:60]}`",
        )
    return t("The image service did not accept this combination of options. Change them and try again.")


@reply_to.register
def _(error: ProviderUnavailable, t: Texts) -> str:
    return t("The image service is out of order at the moment. Try again later or choose another model.")


@reply_to.register
def _(error: ProviderTimeout, t: Texts) -> str:
    return t("The image service did not answer in time. Try again, perhaps with a smaller picture.")


@reply_to.register
def _(error: Misconfigured, t: Texts) -> str:
    return t(
        "The image service does not accept this bot's key or settings. Its owner has to mend that; another model may work."
    )


@reply_to.register
def _(error: NoPicture, t: Texts) -> str:
    if error.said:
        return t(
            "The model answered in words instead of a picture: “{said}” Try again, perhaps in other words.",
            said=escape_markdown(error.said[:300]),
        )
    return t("The image service answered without a picture. Try again, perhaps in other words.")


@reply_to.register
def _(error: Cancelled, t: Texts) -> str:
    return t("Cancelled, as you wished.")


@reply_to.register
def _(error: Interrupted, t: Texts) -> str:
    if error.may_be_paid:
        return t(
            "It was cut off while it was drawn, and its vendor may charge for it: it is asked for again only if you say so."
        )
    return t("A restart came in between and nothing could be saved of this one. Please ask again.")


@reply_to.register
def _(error: Parked, t: Texts) -> str:
    return t("This request failed several times in a row and was set aside. Please ask again in other words.")


def try_again(error: AtelierError | None) -> bool:
    """Whether the very same request may well succeed at another time."""
    return not isinstance(error, PolicyRefusal | BadInput)


def partly(t: Texts, made: int, asked: int, error: AtelierError) -> str:
    return t(
        "{made} of {asked} pictures; the rest was not charged. {why}",
        made=made,
        asked=asked,
        why=reply_to(error, t),
    )
