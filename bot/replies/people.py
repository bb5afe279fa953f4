"""Who may do what, what is not there any more, and keys that people bring."""

from __future__ import annotations

from bot.errors import BadKey, NotAllowed, NotFound
from bot.i18n import Texts
from bot.replies.base import reply_to


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
        case "direct" | "direct_only":
            return _closed(t, nowhere_else=error.what == "direct_only")
        case "not_yours":
            return t("Only the one who asked for it, or a moderator, can do that.")
        case _:
            return t("You may not do that here.")


def _closed(t: Texts, *, nowhere_else: bool) -> str:
    """Direct messages that the bot may not write to."""
    if not nowhere_else:
        return t("Discord does not let me write to you: open your direct messages for this server first.")
    return t(
        "These pictures are for you alone, and Discord does not let me write to you. Open your direct messages "
        "for this server and try again, or ask with `private: False`. Nothing was charged."
    )


@reply_to.register
def _(error: NotFound, t: Texts) -> str:
    if error.what == "image":
        return t("That picture is not there any more.")
    if error.what == "board":
        return t("There is no such board here, or it is not shared with you.")
    if error.what == "batch":
        return t("That batch is not there any more. Start it again with its script; nothing was charged.")
    if error.what == "member":
        return t("There is no such member here.")
    if error.what == "place":
        return t("There is no such role or channel here.")
    if error.what == "server":
        return t("I am in no such server.")
    if error.what == "key":
        return t("There is no such key any more.")
    if error.what == "picture_in_message":
        return t("There is no picture in that message. PNG, JPEG, WebP and GIF are fine.")
    return t("That request is not there any more.")


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
