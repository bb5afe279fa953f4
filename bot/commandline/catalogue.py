"""Verbs that say what there is to draw with."""

from __future__ import annotations

import argparse

from bot.commandline.verbs import Verbs, read_settings


def declare(verbs: Verbs) -> None:
    verbs.add("models", models, "list the models, what they cost, and what lacks a key")


def models(_options: argparse.Namespace) -> None:
    from bot.i18n import texts_for
    from bot.model_list import NO_KEY, abilities, shelves
    from bot.providers.registry import open_catalog

    settings = read_settings()
    catalog, t = open_catalog(settings), texts_for("en")
    for shelf in shelves(catalog, {}):
        status = f"needs {shelf.setting}" if shelf.health.status == NO_KEY else "ready"
        print(f"{shelf.name} ({shelf.provider}): {status}")
        for listed in shelf.models:
            low, high = t.money(listed.low), t.money(listed.high)
            price = "free" if listed.model.free else low if low == high else f"{low} to {high}"
            until = f", until {listed.retires_on}" if listed.retires_on else ""
            print(f"  {listed.model.id:<44} {price:<20} {', '.join(abilities(listed.model))}{until}")
