"""What leaves for a vendor: words without tricks, and a member's name as a number that only we can undo."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

_ARGUMENT_TAG = re.compile(r"<\s*/?\s*sd_cpp_extra_args\s*>", re.IGNORECASE)
_ARGUMENT_BLOCK = re.compile(
    r"<\s*sd_cpp_extra_args\s*>.*?(?:<\s*/\s*sd_cpp_extra_args\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_JOINERS = "\u200c\u200d"
"""Emoji of several parts, and scripts like Persian and Hindi, are written with them."""

_SHOWN_CONTROLS = "\n\t"


def clean(prompt: str) -> str:
    """The prompt without what nobody sees, and without the arguments that stable-diffusion.cpp reads inside it.

    Empty when nothing remains; whether that may be is the model's check.
    """
    text = unicodedata.normalize("NFC", prompt.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(_visible(text))
    before = None
    while text != before:
        # Again, because removing one block can put another together.
        before, text = text, _ARGUMENT_BLOCK.sub("", text)
        if text == before:
            text = _ARGUMENT_TAG.sub("", text)
    return text.strip()


def requester_hash(secret: str, user_id: int) -> str:
    """Names a member to a vendor: always the same for us, nobody's id for them."""
    return hmac.new(secret.encode(), f"requester:{user_id}".encode(), hashlib.sha256).hexdigest()[:32]


def _visible(text: str) -> list[str]:
    kept: list[str] = []
    for at, letter in enumerate(text):
        category = unicodedata.category(letter)
        if category == "Cc" and letter not in _SHOWN_CONTROLS:
            continue
        if category in ("Cf", "Cs", "Co", "Cn") and not (letter in _JOINERS and _joins(text, at)):
            continue
        kept.append(letter)
    return kept


def _joins(text: str, at: int) -> bool:
    """Between letters of ASCII a joiner only hides a word."""
    return 0 < at < len(text) - 1 and not text[at - 1].isascii() and not text[at + 1].isascii()
