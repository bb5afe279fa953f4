"""Writes `docs/models.md`: which model does what, and for how much. `python -m bot.models_table > docs/models.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date

from bot.catalog import Catalog
from bot.images import Kind
from bot.model_list import Listed, Shelf, shelves
from bot.models import ImageModel

_HEAD = """# Models

Made from the catalogue by `python -m bot.models_table > docs/models.md`; a test keeps it current. Prices are US dollars
for one picture, from the smallest size and lowest quality to the dearest, without prompt and input pictures; what a
vendor reports is what is booked. A price with ≈ is not from the vendor itself: others measured it or resell it, and it
is on the high side; look at the vendor's own page before you rely on it. Any model can be changed, hidden or added in
`CATALOG_FILE`.
"""
_COLUMNS = (
    "Model", "id", "from words", "edits (inputs)", "enlarges", "describes", "mask", "sizes", "qualities", "formats",
    "transparent", "previews", "seed", "negative", "strength", "price", "until",
)  # fmt: skip


def models_page(catalog: Catalog) -> str:
    parts = [_HEAD]
    for shelf in shelves(catalog, {}):
        parts.append(_section(shelf))
    return "\n".join(parts)


def everything() -> Catalog:
    """As if each provider were set up; on no day in particular, so that the page holds until the file changes."""
    known = Catalog.load(None, [])
    names = dict.fromkeys(model.provider for model in known.all_models())
    return Catalog.load(None, [name for name in names if name != "demo"], today=lambda: date.min)


def _section(shelf: Shelf) -> str:
    needs = f" Needs `{shelf.setting}`." if shelf.setting else ""
    rows = [_row(_COLUMNS), _row("---" for _ in _COLUMNS), *(_row(_cells(entry)) for entry in shelf.models)]
    return f"## {shelf.name}\n\nProvider `{shelf.provider}`.{needs}\n\n" + "\n".join(rows) + "\n"


def _cells(listed: Listed) -> list[str]:
    model = listed.model
    return [
        model.name + (" (recommended)" if model.recommended else ""),
        f"`{model.id}`",
        _yes(model.can(Kind.GENERATE)),
        f"yes ({model.max_inputs})" if model.can(Kind.EDIT) else "",
        _yes(model.can(Kind.UPSCALE)),
        _yes(model.can(Kind.DESCRIBE)),
        "required" if model.mask_required else _yes(model.mask),
        _sizes(model),
        " ".join(model.qualities),
        " ".join(model.formats) or "any",
        _yes("transparent" in model.backgrounds),
        _yes(model.previews > 0),
        _yes(model.seed),
        _yes(model.negative),
        _yes(model.strength),
        "free"
        if model.free
        else ("≈ " if "price" in model.unverified else "")
        + _usd(listed.low)
        + ("" if listed.low == listed.high else f" to {_usd(listed.high)}"),
        listed.retires_on.isoformat() if listed.retires_on else "",
    ]


def _sizes(model: ImageModel) -> str:
    offered = model.sizes.offered
    shown = " ".join(offered) if len(offered) <= 4 else f"{offered[0]} … {offered[-1]}"
    return f"{shown} ({len(offered)})" if len(offered) > 4 else shown


def _usd(microusd: int) -> str:
    return f"{microusd / 1_000_000:.4f}".rstrip("0").rstrip(".")


def _yes(can: bool) -> str:
    return "yes" if can else ""


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(models_page(everything()))
