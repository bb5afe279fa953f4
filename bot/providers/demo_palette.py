"""The demo's colours and subjects: what it hears in a prompt, in English and in French. The painting is next door."""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass
from random import Random

Colour = tuple[int, int, int]

_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, kw_only=True)
class Palette:
    """A sky from top to horizon, ridges from far to near, and the light."""

    top: Colour
    middle: Colour
    horizon: Colour
    far: Colour
    near: Colour
    light: Colour
    night: bool = False


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is to be painted; `words` are all words heard, for details."""

    palette: Palette
    land: str
    guest: str
    water: bool
    snow: bool
    birds: bool


_PALETTES = {
    "sunset": Palette(
        top=(43, 24, 86), middle=(203, 72, 104), horizon=(255, 190, 118),
        far=(168, 84, 120), near=(28, 16, 46), light=(255, 238, 196),
    ),
    "dawn": Palette(
        top=(86, 122, 184), middle=(240, 178, 176), horizon=(255, 230, 196),
        far=(168, 156, 190), near=(38, 52, 86), light=(255, 248, 226),
    ),
    "day": Palette(
        top=(46, 118, 206), middle=(126, 190, 236), horizon=(228, 243, 250),
        far=(140, 184, 212), near=(20, 70, 82), light=(255, 253, 238),
    ),
    "night": Palette(
        top=(7, 9, 32), middle=(20, 34, 88), horizon=(88, 104, 160),
        far=(58, 76, 128), near=(5, 9, 24), light=(244, 246, 255), night=True,
    ),
    "aurora": Palette(
        top=(6, 14, 40), middle=(10, 66, 88), horizon=(64, 172, 148),
        far=(28, 98, 106), near=(3, 18, 28), light=(226, 255, 240), night=True,
    ),
    "forest": Palette(
        top=(96, 158, 150), middle=(176, 208, 176), horizon=(244, 240, 206),
        far=(134, 176, 150), near=(14, 48, 40), light=(255, 252, 224),
    ),
    "desert": Palette(
        top=(64, 132, 164), middle=(248, 198, 140), horizon=(255, 228, 184),
        far=(220, 148, 104), near=(112, 48, 40), light=(255, 246, 214),
    ),
    "lavender": Palette(
        top=(72, 60, 138), middle=(186, 148, 214), horizon=(255, 214, 220),
        far=(158, 128, 190), near=(40, 28, 74), light=(255, 240, 232),
    ),
    "snow": Palette(
        top=(96, 140, 186), middle=(180, 206, 228), horizon=(244, 246, 250),
        far=(176, 198, 218), near=(62, 92, 124), light=(255, 255, 250),
    ),
}  # fmt: skip

_CHANCE = ("sunset", "sunset", "dawn", "day", "night", "aurora", "lavender", "forest")

_MOODS = {
    "sunset": "sunset dusk evening golden fire coucher crépuscule soir feu autumn automne",
    "dawn": "dawn sunrise morning spring mist fog aube aurore matin printemps brume brouillard",
    "day": "day noon summer sunny sky bright jour midi été ensoleillé ciel",
    "night": "night midnight moon star stars dark space galaxy nuit minuit lune étoile étoiles sombre espace",
    "aurora": "aurora northern neon magic magical cyberpunk boréale néon magie magique",
    "forest": "forest wood woods jungle tree trees green forêt bois arbre arbres",
    "desert": "desert dune dunes sand canyon africa désert sable",
    "lavender": "lavender dream dreamy fairy lavande rêve fée",
    "snow": "snow winter ice arctic frozen christmas neige hiver glace noël",
}

_HUES = {
    "red rouge crimson scarlet": 0.99, "orange": 0.07, "gold golden yellow jaune or": 0.12, "green vert verte": 0.38,
    "teal turquoise cyan": 0.49, "blue bleu bleue": 0.6, "indigo": 0.68, "purple violet violette mauve": 0.77,
    "pink rose magenta": 0.91,
}  # fmt: skip

_LANDS = {
    "city": "city town street skyline tokyo paris york cyberpunk ville rue",
    "dunes": "desert dune dunes sand beach canyon désert sable plage",
    "forest": "forest wood woods jungle tree trees fox bear wolf deer forêt bois arbre arbres renard ours loup cerf",
}

_WATER = "sea ocean lake river water beach boat ship island mer océan lac rivière eau plage bateau île"
_BOATS = "boat ship sail sailing bateau voilier navire"
_BALLOONS = "balloon sky fly flying travel ballon montgolfière ciel voyage"
_CABINS = "house cabin home village maison cabane"


def listen(prompt: str, negative: str | None, random: Random) -> Scene:
    """The scene for a prompt: what its words say, and chance for the rest."""
    heard = _words(prompt) - _words(negative or "")
    unwanted = _words(negative or "")
    land = _first(_LANDS, heard) or random.choice(("mountains", "mountains", "hills", "forest"))
    water = bool(heard & _words(_WATER)) or (land != "dunes" and random.random() < 0.45)
    if unwanted & _words(_WATER):
        water = False
    palette = _palette(heard, random)
    return Scene(
        palette=palette,
        land=land,
        guest=_guest(heard, land, water, random),
        water=water,
        snow=bool(heard & _words(_MOODS["snow"])),
        birds=not palette.night
        and not unwanted & {"bird", "birds", "oiseau", "oiseaux"}
        and random.random() < 0.7,
    )


def _palette(heard: set[str], random: Random) -> Palette:
    mood = _first(_MOODS, heard)
    hue = next((hue for names, hue in _HUES.items() if heard & _words(names)), None)
    if hue is not None and mood in (None, "night", "lavender", "day", "forest"):
        return _tinted(hue, night=mood == "night")
    return _PALETTES[mood or random.choice(_CHANCE)]


def _tinted(hue: float, *, night: bool) -> Palette:
    dim = 0.45 if night else 1.0
    return Palette(
        top=_hsv(hue - 0.04, 0.75, 0.42 * dim),
        middle=_hsv(hue, 0.6, 0.78 * dim),
        horizon=_hsv(hue + 0.05, 0.3, 0.98 * dim),
        far=_hsv(hue - 0.01, 0.45, 0.7 * dim),
        near=_hsv(hue - 0.05, 0.7, 0.16),
        light=_hsv(hue + 0.08, 0.1, 1.0),
        night=night,
    )


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _guest(heard: set[str], land: str, water: bool, random: Random) -> str:
    if heard & _words(_BOATS):
        return "boat"
    if heard & _words(_CABINS):
        return "cabin"
    if heard & _words(_BALLOONS):
        return "balloon"
    if water:
        return random.choice(("boat", "balloon", "none"))
    return random.choice(("balloon", "none") if land == "city" else ("balloon", "cabin", "none"))


def _first(choices: dict[str, str], heard: set[str]) -> str | None:
    return next((name for name, words in choices.items() if heard & _words(words)), None)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
