"""Members' words on a card: shortened, made harmless, and told to those who cannot see the picture."""

from __future__ import annotations

from discord.utils import escape_markdown

from bot.directions import FREE, emoji_of, label_of
from bot.i18n import Texts
from bot.images import ImageRequest, Kind

PROMPT_LENGTH = 900
"""A card shows this much of a prompt: V2 messages hold 4000 characters in all, and a wall of text hides the picture."""

_ALT_LENGTH = 1024


def alt_text(t: Texts, request: ImageRequest, number: int) -> str:
    """What a screen reader says of the picture: how it came to be, in the words that made it."""
    what = {
        Kind.EDIT: t("Edited picture {number}", number=number),
        Kind.VARIATIONS: t("Variation {number}", number=number),
        Kind.UPSCALE: t("Enlarged picture {number}", number=number),
    }.get(request.kind) or t("Picture {number}", number=number)
    if request.direction not in (None, FREE):
        what = t("{what}, {direction}", what=what, direction=label_of(t, request.direction) or "")
    prompt = " ".join(request.prompt.split())
    return cut(t("{what}: {prompt}", what=what, prompt=prompt) if prompt else what, _ALT_LENGTH)


def title(t: Texts, request: ImageRequest, *, length: int = PROMPT_LENGTH) -> str:
    """A sign for what was done, what it is called where it has a name, and the member's words."""
    sign = {Kind.EDIT: "✏️", Kind.VARIATIONS: "🎲", Kind.UPSCALE: "⬆️", Kind.DESCRIBE: "💬"}.get(
        request.kind, "✨"
    )
    name = label_of(t, request.direction)
    if request.kind is Kind.UPSCALE:
        name = t("Larger")
    parts = [emoji_of(request.direction) or sign]
    if name and (request.direction != FREE or not request.prompt):
        parts.append(f"{name} ·" if request.prompt else f"**{name}**")
    if request.prompt:
        parts.append(f"**{quoted(request.prompt, length)}**")
    return " ".join(parts)


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
