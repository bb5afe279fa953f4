"""Members' words on a card: shortened, made harmless, and told to those who cannot see the picture."""

from __future__ import annotations

from discord.utils import escape_markdown

from bot.i18n import Texts
from bot.images import ImageRequest, Kind

PROMPT_LENGTH = 900
"""A card shows this much of a prompt: V2 messages hold 4000 characters in all, and a wall of text hides the picture."""

_ALT_LENGTH = 1024


def alt_text(t: Texts, request: ImageRequest, number: int) -> str:
    """What a screen reader says of the picture: how it came to be, in the words that made it."""
    told = {
        Kind.EDIT: t("Edited picture {number}: {prompt}", number=number, prompt=request.prompt),
        Kind.VARIATIONS: t("Variation {number}: {prompt}", number=number, prompt=request.prompt),
    }.get(request.kind) or t("Picture {number}: {prompt}", number=number, prompt=request.prompt)
    return cut(told, _ALT_LENGTH)


def cut(text: str, length: int) -> str:
    """At most `length` characters, ended at a word where one is near, with an ellipsis when something is missing."""
    if len(text) <= length:
        return text
    head = text[: length - 1]
    space = head.rfind(" ")
    return (head[:space] if space > length * 2 // 3 else head).rstrip() + "…"


def quoted(prompt: str, length: int = PROMPT_LENGTH) -> str:
    """A member's words, made harmless: no markdown, no mentions, one line, cut with care."""
    flat = cut(" ".join(prompt.split()), length)
    return escape_markdown(flat).replace("@", "@\u200b").replace("<", "\\<")


def small(text: str) -> str:
    return f"-# {text}"
