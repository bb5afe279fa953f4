"""What members see of a request: the card that waits and grows, the finished one, the failed one; and their buttons.

Cards are Components V2 from the first edit on (a message that became V2 never goes back). Buttons are `ActionButton`s
only: all state is in the custom id, so they work after a restart and on any process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import discord
from discord import ui
from discord.utils import escape_markdown

from bot.buttons import ActionButton, card_rows
from bot.i18n import Texts
from bot.images import ImageRequest, image_id
from bot.marks import Sign, sign, with_links
from bot.outgoing import upload
from bot.wording import cut, quoted, small, title

_MAX_PICTURES = 10
_TOLD_LENGTH = 2500
_WORTH_SAYING_MICROUSD = 100_000
"""From ten cents on a price is said before the picture is there; every finished card has it."""
_RED, _GREY, _VIOLET = 0xD9534F, 0x6B7280, 0x7C5CFF


@dataclass(frozen=True, kw_only=True)
class CardFile:
    """One file of a card; `data` goes up byte for byte."""

    name: str
    data: bytes = field(repr=False)
    description: str
    spoiler: bool = False

    def open(self) -> discord.File:
        """A fresh file object: discord.py uses one up with each try."""
        return upload(self.data, self.shown_name, description=self.description)

    @property
    def shown_name(self) -> str:
        return f"SPOILER_{self.name}" if self.spoiler else self.name


@dataclass(frozen=True, kw_only=True)
class Card:
    """A message's whole content. Views are built anew for each send, as they belong to one message."""

    view: ui.LayoutView
    files: tuple[CardFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The small print of a finished card: micro-dollars, seconds; `left` and `style` in the reader's words."""

    model_name: str
    dimensions: Sequence[tuple[int, int]]
    seeds: Sequence[int | None]
    charged_microusd: int
    seconds: float
    left: str | None = None
    style: str | None = None


def finished_card(
    t: Texts,
    request: ImageRequest,
    request_id: str,
    pictures: Sequence[tuple[int, CardFile]],
    figures: Figures,
    *,
    notes: Sequence[str] = (),
    mention: int | None = None,
    heading: str | None = None,
    can_upscale: bool = False,
    can_paint: bool = False,
) -> Card:
    """`pictures` are (number, file) pairs; `mention` names the requester where the message is not an answer to them."""
    box = ui.Container[ui.LayoutView](accent_color=_VIOLET)
    words = _headed(t, request, mention)
    box.add_item(ui.TextDisplay(f"{heading}\n{words}" if heading else words))
    gallery = ui.MediaGallery[ui.LayoutView]()
    for _, file in pictures[:_MAX_PICTURES]:
        gallery.add_item(
            media=f"attachment://{file.shown_name}", description=file.description, spoiler=file.spoiler
        )
    box.add_item(gallery)
    box.add_item(ui.TextDisplay(small(_figures(t, request, figures))))
    for note in notes:
        box.add_item(ui.TextDisplay(small(note)))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    numbers = [number for number, _ in pictures[:_MAX_PICTURES]]
    for row in card_rows(t, request_id, numbers, can_upscale=can_upscale, can_paint=can_paint):
        view.add_item(row)
    return Card(view=view, files=tuple(file for _, file in pictures[:_MAX_PICTURES]))


def waiting_card(
    t: Texts,
    request: ImageRequest,
    request_id: str,
    *,
    started_at: float,
    drawing: bool,
    place: int,
    preview: CardFile | None = None,
    ready_at: float | None = None,
    estimate_microusd: int = 0,
    done: float | None = None,
) -> Card:
    """Times are Discord timestamps: they count by themselves and cost no edit. `ready_at` is an estimate; `done`, from
    0.0 to 1.0, is what the vendor says of its own progress.
    """
    since = f"<t:{int(started_at)}:R>"
    box = ui.Container[ui.LayoutView](accent_color=_GREY)
    box.add_item(ui.TextDisplay(title(t, request)))
    if preview is not None:
        gallery = ui.MediaGallery[ui.LayoutView]()
        gallery.add_item(
            media=f"attachment://{preview.shown_name}",
            description=preview.description,
            spoiler=preview.spoiler,
        )
        box.add_item(gallery)
    if drawing and done is not None:
        line = t("Drawing, {percent} % done · asked {since}", percent=round(done * 100), since=since)
    elif drawing:
        line = t("Drawing… asked {since}", since=since)
    elif place > 0:
        line = t("In the queue, {place} ahead · asked {since}", place=place, since=since)
    else:
        line = t("Next in the queue · asked {since}", since=since)
    if ready_at is not None:
        line += " · " + t("ready {when}, as far as I can tell", when=f"<t:{int(ready_at)}:R>")
    if estimate_microusd >= _WORTH_SAYING_MICROUSD:
        line += " · " + t("at most {amount}", amount=t.money(estimate_microusd))
    box.add_item(ui.TextDisplay(f"{sign(Sign.DRAWING if drawing else Sign.WAITING)} {line}"))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    row = ui.ActionRow[ui.LayoutView]()
    row.add_item(ActionButton("cancel", image_id(request_id, 0), label=t("Cancel"), emoji="✖️"))
    view.add_item(row)
    return Card(view=view, files=(preview,) if preview else ())


def failed_card(
    t: Texts,
    request: ImageRequest,
    request_id: str,
    words: str,
    *,
    again: bool,
    mention: int | None = None,
    swap: tuple[str, str] | None = None,
) -> Card:
    """`swap` is another model that could do it, as (id, name): offered, never taken by itself."""
    box = ui.Container[ui.LayoutView](accent_color=_RED)
    box.add_item(ui.TextDisplay(_headed(t, request, mention)))
    box.add_item(ui.TextDisplay(f"{sign(Sign.FAILED)} {with_links(words)}"))
    box.add_item(
        ui.TextDisplay(small(t("Nothing was charged. Reference {reference}", reference=f"`{request_id}`")))
    )
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    row = ui.ActionRow[ui.LayoutView]()
    if again:
        row.add_item(ActionButton("repeat", image_id(request_id, 0), label=t("Try again"), emoji="🔁"))
    # Also where the same words would be refused again: other words may help.
    row.add_item(ActionButton("change", image_id(request_id, 0), label=t("Change"), emoji="📝"))
    if swap is not None:
        model, name = swap
        label = cut(t("Draw with {model}", model=name), 80)
        row.add_item(ActionButton("swap", image_id(request_id, 0), model, label=label, emoji="🔀"))
    view.add_item(row)
    return Card(view=view)


def told_card(
    t: Texts,
    request_id: str,
    words: str,
    files: Sequence[tuple[int, CardFile]],
    model_name: str,
    *,
    charged_microusd: int,
    seconds: float,
    left: str | None = None,
    mention: int | None = None,
) -> Card:
    """A picture in words, with the buttons that draw them."""
    box = ui.Container[ui.LayoutView](accent_color=_VIOLET)
    box.add_item(ui.TextDisplay((f"<@{mention}> " if mention else "") + "💬 " + t("**In words**")))
    gallery = ui.MediaGallery[ui.LayoutView]()
    for _, file in files:
        gallery.add_item(
            media=f"attachment://{file.shown_name}", description=file.description, spoiler=file.spoiler
        )
    if files:
        box.add_item(gallery)
    box.add_item(ui.TextDisplay(quoted(words, _TOLD_LENGTH)))
    parts = [escape_markdown(model_name), t.money(charged_microusd) if charged_microusd else t("free")]
    parts.append(t.seconds(seconds).replace(" ", "\u00a0"))
    box.add_item(ui.TextDisplay(small(" · ".join([*parts, *([left] if left else [])]))))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    row, of = ui.ActionRow[ui.LayoutView](), image_id(request_id, 1)
    blue = discord.ButtonStyle.primary
    row.add_item(ActionButton("imagine", of, label=t("Imagine this"), emoji="✨", style=blue))
    row.add_item(ActionButton("retell", of, label=t("Change first"), emoji="📝"))
    row.add_item(ActionButton("copy", of, label=t("Prompt to copy"), emoji="📋"))
    view.add_item(row)
    return Card(view=view, files=tuple(file for _, file in files))


def text_card(text: str) -> Card:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.TextDisplay(text))
    return Card(view=view)


def _headed(t: Texts, request: ImageRequest, mention: int | None) -> str:
    whom = f"<@{mention}> " if mention else ""
    return whom + title(t, request)


def _figures(t: Texts, request: ImageRequest, figures: Figures) -> str:
    sizes = " ".join(dict.fromkeys(f"{width}×{height}" for width, height in figures.dimensions))
    parts = [escape_markdown(figures.model_name), sizes]
    if request.asked_size:
        parts[-1] += " " + t("(asked: {size})", size=escape_markdown(request.asked_size))
    if request.asked_quality:
        asked = escape_markdown(request.asked_quality)
        if request.quality is None:
            parts.append(t("only one quality (asked: {quality})", quality=asked))
        elif request.quality != request.asked_quality:
            parts.append(t("quality {real} (asked: {quality})", real=request.quality, quality=asked))
    if figures.style:
        parts.append(escape_markdown(figures.style))
    if seeds := _seeds([seed for seed in figures.seeds if seed is not None]):
        parts.append(t("seed {seed}", seed=seeds))
    parts.append(t.money(figures.charged_microusd) if figures.charged_microusd else t("free"))
    # A number and its unit stay together at the end of a line.
    parts.append(t.seconds(figures.seconds).replace(" ", "\u00a0"))
    if figures.left:
        parts.append(figures.left)
    return " · ".join(parts)


def _seeds(seeds: Sequence[int]) -> str:
    """One after the other, as several pictures of one request have them, is told as a range."""
    distinct = sorted(set(seeds))
    if len(distinct) > 2 and distinct[-1] - distinct[0] == len(distinct) - 1:
        return f"{distinct[0]}–{distinct[-1]}"
    return ", ".join(str(seed) for seed in dict.fromkeys(seeds))
