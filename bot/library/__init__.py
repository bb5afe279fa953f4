"""Atelier as a library: `from bot import Atelier`. What it gives back, and how other programs ask for it."""

from bot.library.atelier import Atelier
from bot.library.base64 import load_image_to_b64, save_image_from_b64
from bot.library.blocking import BlockingAtelier
from bot.library.calls import Asked, Options
from bot.library.results import Artwork, Result
from bot.library.sources import Source

__all__ = [
    "Artwork",
    "Asked",
    "Atelier",
    "BlockingAtelier",
    "Options",
    "Result",
    "Source",
    "load_image_to_b64",
    "save_image_from_b64",
]
