"""What the code says in English, and its French catalogue: `python -m tests.texts` brings `atelier.po` up to date."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
FRENCH = ROOT / "bot" / "locales" / "fr" / "LC_MESSAGES" / "atelier.po"
# `t(…)` and `t.n(…)` speak at once; `_(…)` and discord.py's `locale_str(…)` mark what is translated later.
KEYWORDS = {"t": None, "n": (1, 2), "_": None, "locale_str": None}
METHODS = [("**.py", "python"), ("web/templates/**.html", "jinja2")]


def extracted() -> Catalog:
    catalog = Catalog(project="Atelier", copyright_holder="Atelier contributors", fuzzy=False)
    for room in ("bot", "cogs"):
        rows = extract_from_dir(ROOT / room, method_map=METHODS, keywords=KEYWORDS, comment_tags=("note:",))
        for name, _line, message, comments, context in rows:
            catalog.add(message, locations=[(f"{room}/{name}", 0)], auto_comments=comments, context=context)
    return catalog


def french() -> Catalog:
    with FRENCH.open("rb") as file:
        return read_po(file, locale="fr")


def update() -> list[str]:
    """Write the French catalogue again; gives the messages that have no translation yet."""
    catalog = french() if FRENCH.exists() else Catalog(locale="fr", project="Atelier", fuzzy=False)
    catalog.update(extracted(), no_fuzzy_matching=True, update_header_comment=False)
    _write_head(catalog)
    FRENCH.parent.mkdir(parents=True, exist_ok=True)
    with FRENCH.open("wb") as file:
        write_po(file, catalog, width=110, sort_output=True, ignore_obsolete=True, include_lineno=False)
    return [str(message.id) for message in catalog if message.id and not _is_translated(message.string)]


def _write_head(catalog: Catalog) -> None:
    """Nothing in it that changes with the day or the machine: a difference in the file is a difference in texts."""
    catalog.header_comment = "# French texts of Atelier, under the licence of the project."
    catalog.version, catalog.msgid_bugs_address = "1", "-"
    catalog.last_translator, catalog.language_team = "Atelier contributors", "French"
    catalog.creation_date = catalog.revision_date = datetime(2026, 11, 1, tzinfo=UTC)


def _is_translated(text: object) -> bool:
    return all(text) if isinstance(text, (list, tuple)) else bool(text)


if __name__ == "__main__":
    for missing in update():
        print("not translated yet:", missing)
