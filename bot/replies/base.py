"""The one function that turns an error into words, and what the words of several rooms share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from discord.utils import escape_markdown

from bot.i18n import Texts


@singledispatch
def reply_to(error: BaseException, t: Texts) -> str:
    """The words for `error`, markdown included."""
    return t("Something broke on our side. Nothing was charged, and the log knows more.")


def listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{escape_markdown(name)}`" for name in names)
