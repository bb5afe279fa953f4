"""The language of the terminal, for what is said there and not to a member: LANGUAGE, LC_ALL, LC_MESSAGES, LANG."""

from __future__ import annotations

import errno
import os

from bot.i18n import Texts, _, terminal_locale, texts_for

_REASONS = {
    errno.ENOENT: _("There is no such file or folder"),
    errno.EEXIST: _("A file is in the way"),
    errno.ENOTDIR: _("A file is in the way"),
    errno.EISDIR: _("It is a folder"),
    errno.EACCES: _("It may not be written to or read"),
    errno.EPERM: _("It may not be written to or read"),
    errno.EROFS: _("The disk is for reading only"),
    errno.ENOSPC: _("The disk is full"),
}


def texts() -> Texts:
    return texts_for(terminal_locale(os.environ))


def t(message: str, /, **values: object) -> str:
    """A text in the language that the terminal has now; English costs no catalogue."""
    return texts()(message, **values)


def reason(error: OSError) -> str:
    """Why the system said no, without a point; in its own words where we have none for that."""
    words = _REASONS.get(error.errno or 0)
    return t(words) if words else error.strerror or str(error)
