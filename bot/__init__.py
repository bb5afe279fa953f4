"""Atelier: an image studio for Discord, for the command line, and for Python programs (`from bot import Atelier`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.library import Artwork as Artwork
    from bot.library import Atelier as Atelier
    from bot.library import BlockingAtelier as BlockingAtelier
    from bot.library import Result as Result
    from bot.library import load_image_to_b64 as load_image_to_b64
    from bot.library import save_image_from_b64 as save_image_from_b64

_LIBRARY = frozenset(
    {"Artwork", "Atelier", "BlockingAtelier", "Result", "load_image_to_b64", "save_image_from_b64"}
)


def __getattr__(name: str) -> Any:
    # The bot and the command line import this package too, and need none of it to start.
    if name in _LIBRARY:
        from bot import library

        return getattr(library, name)
    raise AttributeError(name)
