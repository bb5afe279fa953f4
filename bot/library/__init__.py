"""Atelier as a library: `from bot import Atelier`. What it gives back, and how other programs ask for it."""

from bot.library.atelier import Asked, Atelier, Options, Source
from bot.library.base64 import load_image_to_b64, save_image_from_b64
from bot.library.blocking import BlockingAtelier
from bot.library.results import Artwork, Result

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
