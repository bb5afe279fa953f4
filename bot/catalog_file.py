"""Reads a catalogue file: TOML tables in, models out. Every fault names the file, the entry and the field."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.catalog_fields import FIELDS, Entry, Fault, as_names, as_table, as_tables, as_text
from bot.catalog_servers import Server, as_server
from bot.errors import StartupError
from bot.models import ImageModel
from bot.terminal import reason, t


class CatalogError(StartupError):
    """A catalogue file that cannot be used; `where` is the file, `hint` its first faults, a line each."""

    kind = "bad_catalog"


@dataclass
class Source:
    """What one file says: entries by id in their order, ids to hide, retired names, providers, all still unread."""

    path: Path
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    hidden: list[str] = field(default_factory=list[str])
    retired: list[Entry] = field(default_factory=list[Entry])
    providers: dict[str, Entry] = field(default_factory=dict[str, Entry])
    servers: list[Server] = field(default_factory=list[Server])
    faults: list[str] = field(default_factory=list[str])

    def blame(self, entry: str, name: str, what: object) -> None:
        self.faults.append(t("{entry}, {name}: {what}", entry=entry, name=name, what=what))

    def finish(self) -> None:
        if self.faults:
            shown = "\n  ".join(self.faults[:10])
            raise CatalogError(what="bad_catalog", where=str(self.path), hint=shown)


def read_source(path: Path) -> Source:
    source = Source(path)
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise CatalogError(what="bad_catalog", where=str(path), hint=reason(error)) from error
    except ValueError as error:
        raise CatalogError(
            what="bad_catalog", where=str(path), hint=t("it is no TOML: {error}", error=error)
        ) from error
    for name, value in whole.items():
        try:
            _TOP_LEVEL[name](source, value)
        except KeyError:
            source.blame(
                t("top level"),
                name,
                t("there is no such table; there are {names}", names=", ".join(_TOP_LEVEL)),
            )
        except Fault as fault:
            source.blame(t("top level"), name, fault)
    source.finish()
    return source


def _take_models(source: Source, value: Any) -> None:
    for number, entry in enumerate(as_tables(value), 1):
        name = entry.get("id")
        if not isinstance(name, str) or not all(name.partition("/")) or name != name.strip():
            source.blame(t("model number {n}", n=number), "id", t("must be `<provider>/<the vendor's name>`"))
        elif name in source.entries:
            source.blame(name, "id", t("comes twice"))
        else:
            source.entries[name] = entry


def _take_retired(source: Source, value: Any) -> None:
    for entry in as_tables(value):
        try:
            as_names(entry.get("names"))
            as_text(entry.get("successor"))
        except Fault as fault:
            source.blame("retired", "names or successor", fault)
        else:
            source.retired.append(entry)


def _take_hidden(source: Source, value: Any) -> None:
    source.hidden.extend(as_names(value))


def _take_providers(source: Source, value: Any) -> None:
    source.providers.update(as_table(value))


def _take_servers(source: Source, value: Any) -> None:
    for number, entry in enumerate(as_tables(value), 1):
        name = entry.get("name")
        shown = name if isinstance(name, str) else t("server number {n}", n=number)
        try:
            source.servers.append(as_server(entry))
        except Fault as fault:
            source.blame(shown, "servers", fault)


_TOP_LEVEL: dict[str, Callable[[Source, Any], None]] = {
    "models": _take_models,
    "retired": _take_retired,
    "hide": _take_hidden,
    "providers": _take_providers,
    "servers": _take_servers,
}


def read_models(sources: list[Source]) -> list[ImageModel]:
    """Later files change single fields of earlier entries, and add their own at the end."""
    merged: dict[str, Entry] = {}
    owner: dict[str, Source] = {}
    for source in sources:
        for name, entry in source.entries.items():
            like = entry.get("like")
            if like is not None and like not in merged:
                source.blame(name, "like", t("there is no entry {like} before this one", like=repr(like)))
            base = merged.get(name) or merged.get(str(like), {})
            merged[name] = _over(base, entry)
            owner[name] = source
    hidden = {name for source in sources for name in source.hidden}
    found = [
        model for name, entry in merged.items() if name not in hidden and (model := _read(owner[name], entry))
    ]
    for source in sources:
        for name in source.hidden:
            if name not in merged:
                source.blame(t("top level"), "hide", t("there is no model {name}", name=repr(name)))
        source.finish()
    return found


_OWN = frozenset({"id", "name", "aliases", "recommended", "retires_on", "successor", "like", "unverified"})
"""What an entry does not take from the one that it is `like`."""


def _over(base: Entry, entry: Entry) -> Entry:
    inherited = base if base.get("id") == entry["id"] else {k: v for k, v in base.items() if k not in _OWN}
    return {**inherited, **entry}


def _read(source: Source, entry: Entry) -> ImageModel | None:
    name: str = entry["id"]
    values: Entry = {"id": name, "provider": name.partition("/")[0], "vendor_id": name.partition("/")[2]}
    before = len(source.faults)
    for key, value in entry.items():
        if key in ("id", "like"):
            continue
        if key not in FIELDS:
            source.blame(
                name, key, t("there is no such field; there are {names}", names=", ".join(sorted(FIELDS)))
            )
            continue
        try:
            values[key] = FIELDS[key](value)
        except Fault as fault:
            source.blame(name, key, fault)
    missing = [key for key in ("name", "kinds", "sizes", "price") if key not in entry]
    for key in missing:
        source.blame(name, key, t("is missing"))
    if len(source.faults) > before:
        return None
    if values.get("default_quality", "") not in ("", *values.get("qualities", ())):
        source.blame(name, "default_quality", t("must be one of its qualities"))
    if values.get("qualities") and not values.get("default_quality"):
        source.blame(name, "default_quality", t("is missing: a vendor's own default can be the dearest"))
    return ImageModel(**values)
