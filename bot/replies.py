"""The words for everything that can go wrong, in the reader's language. The nearest class in an error's ancestry wins.

Texts say what happened, that nothing was lost or charged where that is so, and what to do next. They name no vendor's
raw message: that is in the log, under the reference which the message carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch

from discord.utils import escape_markdown

from bot.errors import (
    AtelierError,
    BadImage,
    BadInput,
    BadKey,
    BadScript,
    Blocked,
    Cancelled,
    CoolingDown,
    Interrupted,
    InvalidRequest,
    Misconfigured,
    ModelNotHere,
    NoPicture,
    NoProvider,
    NotAllowed,
    NotFound,
    OutOfCredit,
    Parked,
    PolicyRefusal,
    PriceTooHigh,
    ProviderTimeout,
    ProviderUnavailable,
    QueueFull,
    QuotaExceeded,
    RateLimited,
    RetiredModel,
    Stopping,
    UnknownModel,
)
from bot.i18n import Texts
from bot.quotas import Standing


@singledispatch
def reply_to(error: BaseException, t: Texts) -> str:
    """The words for `error`, markdown included."""
    return t("Something broke on our side. Nothing was charged, and the log knows more.")


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
def _(error: InvalidRequest, t: Texts) -> str:
    told = {
        "option": f"`{error.field}`",
        "value": f"`{escape_markdown(error.value or '')[:100]}`",
        "allowed": ", ".join(f"`{word}`" for word in (error.allowed or [])[:25]),
        "model": escape_markdown(error.model or ""),
    }
    words = _lacking(error, t, told) or _beyond(error, t, told) or _unable(error, t, told)
    if words is not None:
        return words
    if error.allowed:
        return t("{value} does not fit {option}. It can be: {allowed}.", **told)
    return t("{value} does not fit {option}.", **told)


def _lacking(error: InvalidRequest, t: Texts, told: Mapping[str, str]) -> str | None:
    """Something is missing, or is there alone or twice."""
    match error.problem:
        case "empty":
            return t("The prompt is empty. Say in a few words what you would like to see.")
        case "missing" if not error.allowed:
            return t("{model} needs {option} for that.", **told)
        case "missing":
            return t("Please give at least one of {allowed}.", **told)
        case "only_with":
            return t("{option} only works together with {allowed}.", **told)
        case "only_one":
            return t("Please give only one of {option}.", **told)
        case "full":
            return t("That is full: {allowed} are the most. Take something off first.", **told)
        case "taken":
            return t("There is a board called {value} already. Choose another name.", **told)
        case "same":
            return t("Please name different models: the same one twice tells nothing.")
        case _:
            return None


def _beyond(error: InvalidRequest, t: Texts, told: Mapping[str, str]) -> str | None:
    """Something is too much or too little."""
    match error.problem:
        case "too_long":
            return t("The prompt is too long: {model} reads at most {allowed} characters.", **told)
        case "too_many":
            return t("That is too much for {model}: {option} can be at most {allowed}.", **told)
        case "out_of_range" if error.allowed and len(error.allowed) == 2:
            low, high = error.allowed
            return t("{option} goes from {low} to {high}, not {value}.", low=low, high=high, **told)
        case _:
            return None


def _unable(error: InvalidRequest, t: Texts, told: Mapping[str, str]) -> str | None:
    """The model cannot."""
    match error.problem:
        case "unsupported" if error.allowed:
            return t("{model} cannot do {option} {value}. It can do: {allowed}.", **told)
        case "unsupported":
            return t("{model} has no {option}. Leave that option out or choose another model.", **told)
        case "needs_format":
            return t("A transparent background needs one of these formats: {allowed}.", **told)
        case _:
            return None


@reply_to.register
def _(error: UnknownModel, t: Texts) -> str:
    name = f"`{escape_markdown(error.name)[:100]}`"
    if error.nearest:
        return t(
            "There is no model {name} here. Did you mean {nearest}?",
            name=name,
            nearest=_listed(error.nearest),
        )
    return t(
        "There is no model {name} here. Choose one from the list that appears while you type.", name=name
    )


@reply_to.register
def _(error: RetiredModel, t: Texts) -> str:
    name = f"`{escape_markdown(error.name)[:100]}`"
    if error.successor:
        return t(
            "The model {name} was retired by its maker. Its successor is `{successor}`.",
            name=name,
            successor=error.successor,
        )
    return t("The model {name} was retired by its maker. Choose another from the list.", name=name)


@reply_to.register
def _(error: NoProvider, t: Texts) -> str:
    return t(
        "The owner of this bot has not set up {provider} yet. Choose a model of another provider, or bring a key of "
        "your own with `/key add` where that is allowed.",
        provider=error.provider,
    )


@reply_to.register
def _(error: BadImage, t: Texts) -> str:
    name = f"**{escape_markdown(error.name)}**" if error.name else t("The file")
    match error.problem:
        case "too_many_bytes":
            return t(
                "{name} is too large. It may have at most {limit} MB.",
                name=name,
                limit=(error.limit or 0) // 1_000_000,
            )
        case "too_many_pixels":
            return t(
                "{name} has too many pixels. At most {limit} million are fine.",
                name=name,
                limit=(error.limit or 0) // 1_000_000,
            )
        case "animated":
            return t("{name} is animated. Please send a still picture.", name=name)
        case "truncated":
            return t("{name} is damaged: it ends in the middle. Please send it again.", name=name)
        case "unreachable":
            return t("{name} could not be fetched from Discord. Please send it again.", name=name)
        case "no_file":
            return t("{name} is not there, or cannot be read. Look at its path.", name=name)
        case "mask_size":
            return t("The mask must have exactly the size of the picture.")
        case "mask_alpha":
            return t("The mask marks nothing: paint white, or make transparent, what should change.")
        case _:
            return t("{name} is not a picture that can be read. PNG, JPEG, WebP and GIF are fine.", name=name)


@reply_to.register
def _(error: NotAllowed, t: Texts) -> str:
    match error.what:
        case "guild":
            return t(
                "Thank you for having me here, but my owner has not opened me for this server. Nothing was charged."
            )
        case "admin":
            return t(
                "That is for people who may manage this server, and for roles that they named. "
                "What you have left: `/quota show`."
            )
        case "owner":
            return t("That is for the owner of this bot.")
        case "channel":
            return t("The admins of this server want pictures in other channels. Nothing was charged.")
        case "role":
            return t(
                "In this server pictures are for members with certain roles; who manages it can give you one. "
                "Nothing was charged."
            )
        case "cannot_post":
            return t(
                "I may not write here: I need to see this channel, send messages and attach files. "
                "Ask somebody who manages it, or try another channel. Nothing was charged."
            )
        case "board":
            return t("That board is somebody else’s: you may look at it, not change it.")
        case "moderator":
            return t("That is for moderators of this server.")
        case "server_only":
            return t("That works in a server only.")
        case "direct":
            return t("Discord does not let me write to you: open your direct messages for this server first.")
        case "not_yours":
            return t("Only the one who asked for it, or a moderator, can do that.")
        case _:
            return t("You may not do that here.")


@reply_to.register
def _(error: NotFound, t: Texts) -> str:
    if error.what == "image":
        return t("That picture is not there any more.")
    if error.what == "board":
        return t("There is no such board here, or it is not shared with you.")
    if error.what == "batch":
        return t("That batch is not there any more. Start it again with its script; nothing was charged.")
    if error.what == "server":
        return t("I am in no such server.")
    if error.what == "picture_in_message":
        return t("There is no picture in that message. PNG, JPEG, WebP and GIF are fine.")
    return t("That request is not there any more.")


@reply_to.register
def _(error: BadScript, t: Texts) -> str:
    name = f"**{escape_markdown(error.name)}**" if error.name else t("The text")
    number = error.line or 1
    known = ".json, .txt, .srt, .csv"
    words = {
        "format": t("{name} is no script that I can read. These are: {known}.", name=name, known=known),
        "json": t(
            "{name} is not valid JSON: look at line {line}, where a comma, quote or bracket is wrong or missing.",
            name=name,
            line=number,
        ),
        "no_list": t("{name} holds no list of segments. A list of texts is enough.", name=name),
        "no_text": t("Segment {number} of {name} has no text.", number=number, name=name),
        "no_cues": t("{name} holds no subtitles like `00:00:01,000 --> 00:00:04,000`.", name=name),
        "too_many": t(
            "{name} has {actual} segments; at most {limit} go in one batch. Please split it.",
            name=name,
            actual=error.actual,
            limit=error.limit,
        ),
        "too_large": t(
            "{name} is too large. It may have at most {limit} MB.",
            name=name,
            limit=(error.limit or 0) // 1_000_000,
        ),
        "no_file": t("{name} is not there, or cannot be read. Look at its path.", name=name),
        "not_text": t("{name} is no text file.", name=name),
        "unreachable": t("{name} could not be fetched. Please attach it again.", name=name),
    }
    return words.get(error.problem) or t("{name} is empty: write at least one line.", name=name)


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
        allowed=_listed(error.allowed),
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
    return words + " " + t("Cheaper: {models}.", models=_listed(error.cheaper))


@reply_to.register
def _(error: CoolingDown, t: Texts) -> str:
    return t(
        "One moment: this server asks for a pause between two requests. You can go on {when}.",
        when=f"<t:{error.ready_at}:R>",
    )


@reply_to.register
def _(error: BadKey, t: Texts) -> str:
    match error.problem:
        case "refused":
            return t("{provider} does not accept this key. It was not saved.", provider=error.provider)
        case "unreachable":
            return t(
                "{provider} could not be asked whether the key is good. It was not saved; try again later.",
                provider=error.provider,
            )
        case "provider":
            return t("Keys of {provider} cannot be brought.", provider=error.provider)
        case "closed":
            return t("The owner of this bot does not allow members to bring their own keys.")
        case _:
            return t("That is no key. It was not saved.")


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


def _amount(t: Texts, unit: str, amount: int) -> str:
    return t.n("{n} picture", "{n} pictures", amount) if unit == "images" else t.money(amount)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{escape_markdown(name)}`" for name in names)
