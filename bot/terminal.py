"""The language of the terminal, for what is said there and not to a member: LANGUAGE, LC_ALL, LC_MESSAGES, LANG."""

from __future__ import annotations

import os

from bot.i18n import Texts, terminal_locale, texts_for


def texts() -> Texts:
    return texts_for(terminal_locale(os.environ))


def t(message: str, /, **values: object) -> str:
    """A text in the language that the terminal has now; English costs no catalogue."""
    return texts()(message, **values)
