"""Verbs that say what there is to draw with."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bot.commandline.language import t, texts
from bot.commandline.verbs import Verbs, read_settings

if TYPE_CHECKING:
    from bot.model_list import Shelf, Watched
    from bot.settings import Settings


def declare(verbs: Verbs) -> None:
    verbs.add("models", models, t("list the models, what they cost, and what lacks a key"))
    verbs.add("styles", styles, t("list the styles: words that go with yours"))


def models(_options: argparse.Namespace) -> None:
    import asyncio

    from bot.model_list import abilities, shelves
    from bot.providers.registry import open_catalog

    settings = read_settings()
    catalog, spoken = open_catalog(settings), texts()
    for shelf in shelves(catalog, asyncio.run(_as_told(settings, catalog.providers))):
        print(f"{shelf.name} ({shelf.provider}): {_state(shelf)}")
        for listed in shelf.models:
            low, high = spoken.money(listed.low), spoken.money(listed.high)
            both = low if low == high else t("{low} to {high}", low=low, high=high)
            price = t("free") if listed.model.free else both
            until = t(", until {day}", day=listed.retires_on) if listed.retires_on else ""
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
        "no_key": t("needs {setting}", setting=shelf.setting),
        "out_of_credit": t("out of credit"),
        "misconfigured": t("key refused"),
    }
    said = words.get(health.status, health.status)
    if health.until is not None:
        said += t(" until {time}", time=f"{datetime.fromtimestamp(health.until).astimezone():%H:%M:%S}")
    if health.latency_seconds is None:
        return said
    return said + t(", {span} a picture", span=texts().seconds(health.latency_seconds))


def styles(_options: argparse.Namespace) -> None:
    from bot.styles import Styles

    for name, label in Styles.load(read_settings().styles_file).labels(texts().locale):
        print(f"{name:<20} {label}")
