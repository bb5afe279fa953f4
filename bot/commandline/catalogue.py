"""Verbs that say what there is to draw with."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bot.commandline.verbs import Verbs, read_settings

if TYPE_CHECKING:
    from bot.model_list import Shelf, Watched
    from bot.settings import Settings


def declare(verbs: Verbs) -> None:
    verbs.add("models", models, "list the models, what they cost, and what lacks a key")
    verbs.add("styles", styles, "list the styles: words that go with yours")


def models(_options: argparse.Namespace) -> None:
    import asyncio

    from bot.i18n import texts_for
    from bot.model_list import abilities, shelves
    from bot.providers.registry import open_catalog

    settings = read_settings()
    catalog, t = open_catalog(settings), texts_for("en")
    for shelf in shelves(catalog, asyncio.run(_as_told(settings, catalog.providers))):
        print(f"{shelf.name} ({shelf.provider}): {_state(shelf)}")
        for listed in shelf.models:
            low, high = t.money(listed.low), t.money(listed.high)
            price = "free" if listed.model.free else low if low == high else f"{low} to {high}"
            until = f", until {listed.retires_on}" if listed.retires_on else ""
            print(f"  {listed.model.id:<44} {price:<20} {', '.join(abilities(listed.model))}{until}")


async def _as_told(settings: Settings, providers: Sequence[str]) -> Mapping[str, Watched]:
    """As the processes that draw have told the database in the last minutes; with no database yet, nobody has."""
    from bot.foundation import opened
    from bot.wellbeing import Unasked, Wellbeing
    from storage.health import HealthRepository

    own = {name: Unasked() for name in providers}
    if settings.sqlite_file is not None and not settings.sqlite_file.exists():
        return own
    async with opened(settings.database_url) as database:
        told = Wellbeing(HealthRepository(database), own, process="", tells=False, listens=True)
        await told.exchange()
        return told


def _state(shelf: Shelf) -> str:
    health = shelf.health
    words = {
        "no_key": f"needs {shelf.setting}",
        "out_of_credit": "out of credit",
        "misconfigured": "key refused",
    }
    said = words.get(health.status, health.status)
    if health.until is not None:
        said += f" until {datetime.fromtimestamp(health.until).astimezone():%H:%M:%S}"
    return said if health.latency_seconds is None else f"{said}, {health.latency_seconds:.1f} s a picture"


def styles(_options: argparse.Namespace) -> None:
    from bot.styles import Styles

    for name, label in Styles.load(read_settings().styles_file).labels("en"):
        print(f"{name:<20} {label}")
