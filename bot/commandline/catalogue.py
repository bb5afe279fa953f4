"""Verbs that say what there is to draw with."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bot.commandline.verbs import AS_JSON, Verbs, read_settings, say_json
from bot.terminal import t, texts

if TYPE_CHECKING:
    from bot.model_list import Listed, Shelf, Watched
    from bot.settings import Settings


def declare(verbs: Verbs) -> None:
    listed = verbs.add("models", models, t("list the models, what they cost, and what lacks a key"))
    listed.add_argument("--json", action="store_true", help=t(AS_JSON))
    named = verbs.add("styles", styles, t("list the styles: words that go with yours"))
    named.add_argument("--json", action="store_true", help=t(AS_JSON))


def models(options: argparse.Namespace) -> None:
    import asyncio

    from bot.model_list import abilities, shelves
    from bot.providers.registry import open_catalog

    settings = read_settings()
    catalog, spoken = open_catalog(settings), texts()
    found = shelves(catalog, asyncio.run(_as_told(settings, catalog.providers)))
    if options.json:
        say_json([_facts(shelf, listed) for shelf in found for listed in shelf.models])
        return
    for shelf in found:
        print(f"{shelf.name} ({shelf.provider}): {_state(shelf)}")
        for listed in shelf.models:
            low, high = spoken.money(listed.low), spoken.money(listed.high)
            both = low if low == high else t("{low} to {high}", low=low, high=high)
            price = t("free") if listed.model.free else both
            until = t(", until {day}", day=listed.retires_on) if listed.retires_on else ""
            print(f"  {listed.model.id:<44} {price:<20} {', '.join(abilities(listed.model))}{until}")


def _facts(shelf: Shelf, listed: Listed) -> dict[str, object]:
    """A model for programs; prices in dollars a picture, the cheapest and the dearest."""
    return {
        "id": listed.model.id,
        "name": listed.model.name,
        "provider": shelf.provider,
        "state": shelf.health.status,
        "kinds": sorted(kind.value for kind in listed.model.kinds),
        "price_low": listed.low / 1_000_000,
        "price_high": listed.high / 1_000_000,
        "retires_on": listed.retires_on.isoformat() if listed.retires_on else None,
    }


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
        "ready": t("ready"),
        "paused": t("paused"),
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


def styles(options: argparse.Namespace) -> None:
    from bot.styles import Styles

    labels = Styles.load(read_settings().styles_file).labels(texts().locale)
    if options.json:
        say_json([{"name": name, "label": label} for name, label in labels])
        return
    for name, label in labels:
        print(f"{name:<20} {label}")
