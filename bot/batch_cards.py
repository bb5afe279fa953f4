"""What members see of a batch: its price before, how it goes, how it ended; and of a comparison, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import discord
from discord import ui
from discord.utils import escape_markdown

from bot.batches import MODEL, BatchKind, Part, PartState, Progress
from bot.buttons import ActionButton
from bot.catalog import Catalog
from bot.errors import error_from_facts
from bot.i18n import Texts
from bot.items import PageButton, row_of
from bot.marks import Sign, sign, with_links
from bot.replies import reply_to
from bot.styles import Styles
from bot.views import Card, CardFile
from bot.wording import cut, quoted
from storage.batches import BatchRow
from storage.rows import ImageRow

_VIOLET, _GREY, _RED = 0x7C5CFF, 0x6B7280, 0xD9534F
_STEPS = 12
_SHOWN = 6
_FAILURES = 10
_LINE = 160
_ACCENTS = {"running": _GREY, "paused": _RED, "cancelled": _GREY, "done": _VIOLET}


def title_of(t: Texts, row: BatchRow) -> str:
    sign = {BatchKind.ILLUSTRATE: "📖", BatchKind.COMPARE: "⚖️"}.get(BatchKind(row.kind), "🗂️")
    return f"{sign} **{quoted(row.title)}**"


def offer_card(
    t: Texts, progress: Progress, catalog: Catalog, styles: Styles, *, left: str | None = None
) -> Card:
    """The price, said before anything is spent; only "yes" begins."""
    row, count = progress.row, len(progress.parts)
    box = ui.Container[ui.LayoutView](accent_color=_VIOLET)
    box.add_item(ui.TextDisplay(title_of(t, row)))
    lines = [_line(part) for part in progress.parts[:_SHOWN]]
    if count > _SHOWN:
        lines.append(t("… and {n} more.", n=count - _SHOWN))
    box.add_item(ui.TextDisplay("\n".join(lines)))
    total = t.n("{n} picture", "{n} pictures", count)
    priced = f"**{total}, {_price_line(t, row)}.**"
    if row.estimate_microusd:
        priced += " " + t("What is not made is not charged.")
    box.add_item(ui.TextDisplay(priced))
    if progress.place.private:
        box.add_item(ui.TextDisplay(t("🔒 Only you see them: they come into your direct messages.")))
    box.add_item(
        ui.TextDisplay(f"-# {' · '.join([*_terms(t, progress, catalog, styles), *([left] if left else [])])}")
    )
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    yes = PageButton(
        "batch_confirm", row.id, label=t.n("Draw {n} picture", "Draw {n} pictures", count), emoji="🎨",
        style=discord.ButtonStyle.success,
    )  # fmt: skip
    view.add_item(row_of(yes, PageButton("batch_drop", row.id, label=t("Not now"))))
    return Card(view=view)


def progress_card(t: Texts, progress: Progress, catalog: Catalog, styles: Styles) -> Card:
    """How it goes, and how it ended: what failed is named, what was made is kept."""
    row = progress.row
    box = ui.Container[ui.LayoutView](accent_color=_ACCENTS.get(row.state, _GREY))
    box.add_item(ui.TextDisplay(f"<@{row.user_id}> {title_of(t, row)}"))
    box.add_item(ui.TextDisplay(_standing(t, progress)))
    if words := _why_paused(t, row):
        box.add_item(ui.TextDisplay(words))
    if failures := failure_lines(t, progress):
        box.add_item(ui.TextDisplay("\n".join(failures)))
    terms = [*_terms(t, progress, catalog, styles), _money(t, progress)]
    box.add_item(ui.TextDisplay(f"-# {' · '.join(terms)}"))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    if buttons := _buttons(t, progress):
        view.add_item(row_of(*buttons))
    return Card(view=view)


def failure_lines(t: Texts, progress: Progress) -> list[str]:
    """Which parts have no picture, and why."""
    failed = progress.of(PartState.FAILED)
    lines = [
        f"{sign(Sign.FAILED)} {_line(part, 60)}: {with_links(reply_to(part.failure, t))}"
        for part in failed[:_FAILURES]
        if part.failure
    ]
    if len(failed) > _FAILURES:
        lines.append(t("… and {n} more.", n=len(failed) - _FAILURES))
    return lines


def comparison_card(
    t: Texts,
    progress: Progress,
    catalog: Catalog,
    files: Mapping[int, CardFile],
    votes: Mapping[int, int],
) -> Card:
    """The same words by several models; `files` maps positions to pictures, which go up or are there already."""
    row = progress.row
    box = ui.Container[ui.LayoutView](accent_color=_VIOLET if progress.is_over else _GREY)
    box.add_item(ui.TextDisplay(title_of(t, row)))
    if files:
        gallery = ui.MediaGallery[ui.LayoutView]()
        for file in files.values():
            gallery.add_item(media=f"attachment://{file.shown_name}", description=file.description)
        box.add_item(gallery)
    box.add_item(ui.TextDisplay("\n".join(_compared(t, part, catalog, votes) for part in progress.parts)))
    if not progress.is_over:
        box.add_item(ui.TextDisplay("-# " + _price_line(t, row)))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    made = [part for part in progress.parts if part.images]
    if progress.is_over and made:
        view.add_item(_ballot(t, row, made, votes))
        if winner := winner_of(made, votes):
            view.add_item(_winners_row(t, winner))
    elif not progress.is_over:
        view.add_item(row_of(PageButton("batch_cancel", row.id, label=t("Cancel"), emoji="✖️")))
    return Card(view=view, files=tuple(files.values()))


def winner_of(made: Sequence[Part], votes: Mapping[int, int]) -> Part | None:
    """The part with most votes; between equals the first. None before the first vote."""
    best = max(made, key=lambda part: (votes.get(part.position, 0), -part.position))
    return best if votes.get(best.position) else None


def _ballot(
    t: Texts, row: BatchRow, made: Sequence[Part], votes: Mapping[int, int]
) -> ui.ActionRow[ui.LayoutView]:
    return row_of(
        *(
            PageButton(
                "vote",
                f"{row.id}:{part.position}",
                label=f"{part.position} · {votes.get(part.position, 0)}",
                emoji="👍",
                style=discord.ButtonStyle.primary,
            )
            for part in made
        )
    )


def _winners_row(t: Texts, winner: Part) -> ui.ActionRow[ui.LayoutView]:
    image, number = winner.images[0].id, winner.position
    row = ui.ActionRow[ui.LayoutView]()
    row.add_item(ActionButton("repeat", image, label=t("Repeat {number}", number=number), emoji="🔁"))
    row.add_item(ActionButton("vary", image, label=t("Vary {number}", number=number), emoji="🎲"))
    row.add_item(ActionButton("edit", image, label=t("Edit {number}", number=number), emoji="✏️"))
    row.add_item(ActionButton("original", image, label=t("Original {number}", number=number), emoji="💾"))
    return row


def _compared(t: Texts, part: Part, catalog: Catalog, votes: Mapping[int, int]) -> str:
    named = part.images[0].model if part.images else None
    name = _name(catalog, named or str(part.segment.extra.get(MODEL, "")))
    head = f"**{part.position}** · {name}"
    match part.state:
        case PartState.MADE if part.images and part.request:
            image = part.images[0]
            cost = t.money(part.request.charged_microusd) if part.request.charged_microusd else t("free")
            told = f"{image.width}×{image.height} · {t.seconds(part.request.drawing_seconds)} · {cost}"
            count = votes.get(part.position, 0)
            crown = f" · 👍 {t.number(count)}" if count else ""
            return f"{head} · {told}{crown}".replace(" s ·", "\u00a0s ·")
        case PartState.FAILED if part.failure:
            return f"{head} · {sign(Sign.FAILED)} {with_links(reply_to(part.failure, t))}"
        case PartState.MADE:
            return f"{head} · {t('deleted')}"
        case _:
            return f"{head} · {sign(Sign.DRAWING)} {t('drawing…')}"


def _standing(t: Texts, progress: Progress) -> str:
    total, made = len(progress.parts), len(progress.of(PartState.MADE))
    full = round(_STEPS * made / total)
    bar = "▰" * full + "▱" * (_STEPS - full)
    told = t("{made} of {total} pictures", made=made, total=total)
    words = {
        "running": t.n("{n} is being drawn", "{n} are being drawn", len(progress.of(PartState.OPEN))),
        "paused": sign(Sign.PAUSED) + " " + t("waits for you"),
        "cancelled": sign(Sign.STOPPED) + " " + t("stopped"),
        "done": sign(Sign.DONE if made == total else Sign.FAILED) + " " + t("finished"),
    }
    return f"{bar} {told} · {words.get(progress.row.state, '')}"


def _why_paused(t: Texts, row: BatchRow) -> str | None:
    if row.state != "paused" or row.failure_kind is None:
        return None
    return with_links(reply_to(error_from_facts(row.failure_kind, row.failure_facts or {}), t))


def _money(t: Texts, progress: Progress) -> str:
    charged = progress.charged_microusd
    spent = t.money(charged) if charged else t("free")
    if progress.is_over:
        return spent
    return t("{spent} so far", spent=spent) + " · " + _price_line(t, progress.row)


def _price_line(t: Texts, row: BatchRow) -> str:
    if not row.estimate_microusd:
        return t("free")
    return t("at most {amount}", amount=t.money(row.estimate_microusd))


def _terms(t: Texts, progress: Progress, catalog: Catalog, styles: Styles) -> list[str]:
    request = progress.request
    found = [_name(catalog, request.model)]
    if request.size != "auto":
        found.append(request.size)
    if style := styles.label(request.style, t.locale):
        found.append(escape_markdown(style))
    if request.prompt:
        found.append(f"“{quoted(request.prompt, 80)}”")
    return found


def _buttons(t: Texts, progress: Progress) -> list[PageButton]:
    row, missing = progress.row, len(progress.parts) - len(progress.of(PartState.MADE))
    if row.state == "running":
        return [PageButton("batch_cancel", row.id, label=t("Cancel"), emoji="✖️")]
    buttons: list[PageButton] = []
    if missing:
        label = t("Draw the missing one") if missing == 1 else t("Draw the {n} missing ones", n=missing)
        blue = discord.ButtonStyle.primary
        buttons.append(PageButton("batch_resume", row.id, label=label, emoji="🔁", style=blue))
    if row.state == "paused":
        buttons.append(PageButton("batch_cancel", row.id, label=t("Cancel"), emoji="✖️"))
    if progress.of(PartState.MADE):
        buttons.append(PageButton("batch_export", row.id, label=t("Download"), emoji="📦"))
    return buttons


def _line(part: Part, length: int = _LINE) -> str:
    time = f"`{part.segment.timestamp}` " if part.segment.timestamp else ""
    return f"{part.position}. {time}{quoted(cut(part.segment.text, length))}"


def _name(catalog: Catalog, model: str) -> str:
    known = catalog.known(model)
    return escape_markdown(known.name if known else model)


def picture_of(part: Part) -> ImageRow | None:
    return part.images[0] if part.images else None
