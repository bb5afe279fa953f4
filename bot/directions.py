"""Named ways to go on from a picture: what a member chooses, what the vendor is told, what the card and the log say."""

from __future__ import annotations

from dataclasses import dataclass

from bot.i18n import Texts, _


@dataclass(frozen=True, kw_only=True)
class Direction:
    """`label` is for members, `words` for the model."""

    label: str
    emoji: str
    words: str


FREE, BLEND = "free", "blend"

VARIED = {
    "close-up": Direction(
        label=_("Close-up"),
        emoji="🔍",
        words="Show the main subject of this picture from very near, filling the frame, with finer detail.",
    ),
    "wide-angle": Direction(
        label=_("Wide angle"),
        emoji="🏞️",
        words="Show this scene from farther away with a wide angle, with more of its surroundings to all sides.",
    ),
    "light": Direction(
        label=_("Other light"),
        emoji="💡",
        words="Keep subject and composition; light this scene in a clearly different way: other direction, other mood.",
    ),
    "time": Direction(
        label=_("Other time of day"),
        emoji="🌗",
        words="Keep subject and composition; show this scene at a clearly different time of day.",
    ),
    "composition": Direction(
        label=_("Other composition"),
        emoji="📐",
        words="Keep subject, light and mood; arrange this scene in a clearly different composition and point of view.",
    ),
}
"""The directions of a variation, by the name that the request keeps."""

_ALL = {
    # Vendors have no endpoint for variations any more: this asks for one of a model that edits.
    FREE: Direction(
        label=_("Variation"),
        emoji="🎲",
        words="A variation of this picture: the same subject and mood, composed anew.",
    ),
    **VARIED,
    BLEND: Direction(
        label=_("Blend"),
        emoji="🫧",
        words="Blend these pictures into one new picture: join their subjects, colours and moods into a single scene.",
    ),
}


def directed(prompt: str, direction: str | None) -> str:
    """The prompt with the direction's words before it; as it is for a direction that nobody knows any more."""
    found = _ALL.get(direction or "")
    if found is None:
        return prompt
    return f"{found.words}\n\n{prompt}" if prompt.strip() else found.words


def label_of(t: Texts, direction: str | None) -> str | None:
    found = _ALL.get(direction or "")
    return t(found.label) if found else None


def emoji_of(direction: str | None) -> str | None:
    found = _ALL.get(direction or "")
    return found.emoji if found else None
