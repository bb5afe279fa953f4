"""How a request stands, in the few words of a page or a terminal."""

from __future__ import annotations

from bot.i18n import Texts, _
from bot.images import State

_WORDS = {
    State.ACCEPTED: _("Waiting for its turn"),
    State.QUEUED: _("Waiting for its turn"),
    State.RENDERING: _("Drawing"),
    State.RENDERED: _("Ready"),
    State.DELIVERED: _("Ready"),
    State.UNDELIVERED: _("Ready"),
    State.FAILED: _("That did not work"),
    State.REFUSED: _("The provider declined"),
    State.CANCELLED: _("Cancelled"),
    State.PARKED: _("Put aside"),
}


def state_words(t: Texts, state: str) -> str:
    """`state` is a request's, as its row has it."""
    return t(_WORDS[State(state)])
