"""The bot's words on a page: what Discord would draw of them (bold, code, instants, links to commands) as HTML."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from babel.dates import format_datetime
from markupsafe import Markup, escape

from bot.i18n import Texts

_INSTANT = re.compile(r"&lt;t:(\d{1,12})(?::[tTdDfFR])?&gt;")
_COMMAND = re.compile(r"&lt;/([\w -]{1,100}):\d{1,20}&gt;")
_MENTION = re.compile(r"&lt;[@#]!?&amp;?\d{1,20}&gt;")
_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_SMALL = re.compile(r"^-# ", re.MULTILINE)


def html(text: str, t: Texts) -> Markup:
    """Escaped first: nothing that a member wrote becomes a tag."""
    said = str(escape(text))
    said = _INSTANT.sub(_instant(t), said)
    said = _COMMAND.sub(r"<code>/\1</code>", said)
    said = _MENTION.sub("…", said)
    said = _CODE.sub(r"<code>\1</code>", said)
    said = _BOLD.sub(r"<strong>\1</strong>", said)
    return Markup(_SMALL.sub("", said).replace("\n", "<br>"))  # noqa: S704 - escaped above, tags are ours


def _instant(t: Texts) -> Callable[[re.Match[str]], str]:
    return lambda match: str(instant(int(match[1]), t))


def instant(at: float, t: Texts) -> Markup:
    """Unix seconds as a `<time>`; the page's script puts it into the reader's own zone."""
    exact = datetime.fromtimestamp(int(at), UTC).isoformat()
    return Markup('<time datetime="{}">{}</time>').format(exact, moment(at, t))


def moment(at: float, t: Texts) -> str:
    """Unix seconds as a date and time in UTC."""
    return format_datetime(datetime.fromtimestamp(at, UTC), "medium", locale=t.locale) + " UTC"
