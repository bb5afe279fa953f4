"""The words for failures where there is no Discord to render them: terminals, logs of other programs, pictures."""

from __future__ import annotations

import re
from datetime import datetime

from bot.errors import AtelierError
from bot.i18n import Texts

_TIME = re.compile(r"<t:(\d+)(?::\w)?>")
_COMMAND = re.compile(r"<(/[^:>]+):\d+>")
_MARKS = re.compile(r"(?<!\\)(\*\*|__|~~)")
_ESCAPED = re.compile(r"\\([\\*_~`|>#\[\]()-])")


def plain(text: str) -> str:
    """Discord's markup as plain text: times as the local clock tells them, one line."""
    text = _TIME.sub(lambda found: _clock(int(found[1])), text)
    text = _COMMAND.sub(r"\1", text)
    text = _MARKS.sub("", text).replace("`", "")
    return " ".join(_ESCAPED.sub(r"\1", text).split())


def plain_words(error: AtelierError, t: Texts) -> str:
    """One line that says what happened and what to do next."""
    from bot.replies import reply_to

    return plain(reply_to(error, t))


def _clock(seconds: int) -> str:
    then = datetime.fromtimestamp(seconds).astimezone()
    today = datetime.now().astimezone().date() == then.date()
    return f"{then:%H:%M}" if today else f"{then:%Y-%m-%d %H:%M}"
