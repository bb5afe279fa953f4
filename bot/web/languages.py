"""Which language a web client reads: the best of `Accept-Language` that we speak."""

from __future__ import annotations

from aiohttp import web

from bot.i18n import LOCALES, Texts, texts_for


def locale_of(request: web.Request) -> str:
    """`en` or `fr`; English where nothing is said or nothing said is spoken here."""
    best, weight = LOCALES[0], 0.0
    for part in request.headers.get("Accept-Language", "").split(","):
        tag, _, quality = part.partition(";")
        language = tag.strip().partition("-")[0].lower()
        said = _weight(quality)
        if language in LOCALES and said > weight:
            best, weight = language, said
    return best


def texts_of(request: web.Request) -> Texts:
    return texts_for(locale_of(request))


def _weight(quality: str) -> float:
    name, _, value = quality.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
