"""Pages of pictures that were made before: a member's history and a server's gallery, a few at a time.

What is looked for travels in the custom ids of the page's buttons, so that a page can be turned after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import discord
from discord import ui
from discord.utils import escape_markdown

from bot.catalog import Catalog
from bot.i18n import Texts
from bot.images import Kind, State
from bot.items import PageButton, PageMenu, row_of
from bot.marks import Sign, sign
from bot.views import Card, CardFile
from bot.wording import cut, quoted, small
from storage.pasts import Remembered, Shown, Wanted
from storage.rows import ImageRow, RequestRow

HISTORY_PAGE, GALLERY_PAGE = 5, 9
WORDS_LENGTH, MODEL_LENGTH = 40, 30
"""As much of a search as fits into a button's custom id; a model is looked for by how its id begins."""

_VIOLET = 0x7C5CFF
_LABEL = 100
_SIGNS = {Kind.EDIT: "✏️", Kind.VARIATIONS: "🎲", Kind.UPSCALE: "⬆️", Kind.DESCRIBE: "💬"}
_STATES = {
    State.FAILED: Sign.FAILED, State.REFUSED: Sign.FAILED, State.PARKED: Sign.FAILED, State.CANCELLED: Sign.STOPPED,
    State.ACCEPTED: Sign.WAITING, State.QUEUED: Sign.WAITING, State.RENDERING: Sign.DRAWING,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a page shows: the search, and which page of it, counted from 0."""

    wanted: Wanted
    page: int = 0
    by_likes: bool = False

    def pack(self) -> str:
        wanted = self.wanted
        flags = ("l" if wanted.liked else "") + ("f" if self.by_likes else "")
        here = "" if wanted.guild_id is None else str(wanted.guild_id)
        return f"{self.page}|{flags}|{wanted.kind or ''}|{here}|{wanted.model[:MODEL_LENGTH]}|{wanted.words}"

    @classmethod
    def unpack(cls, packed: str) -> Self:
        page, flags, kind, here, model, words = packed.split("|", 5)
        wanted = Wanted(
            words=words,
            kind=kind or None,
            model=model,
            liked="l" in flags,
            guild_id=int(here) if here else None,
        )
        return cls(wanted=wanted, page=int(page), by_likes="f" in flags)

    def turned(self, by: int) -> Self:
        return replace(self, page=max(0, self.page + by))


def history_page(
    t: Texts,
    look: Look,
    entries: Sequence[Remembered],
    total: int,
    thumbs: Mapping[str, CardFile],
    catalog: Catalog,
) -> Card:
    """`thumbs` are small pictures by the ids of the large ones."""
    box = ui.Container[ui.LayoutView](accent_color=_VIOLET)
    box.add_item(ui.TextDisplay(_head(t, "🕘 " + t("**Your history**"), look, total)))
    files: list[CardFile] = []
    for entry in entries:
        text = ui.TextDisplay[ui.LayoutView](_remembered(t, entry, catalog))
        file = thumbs.get(entry.images[0].id) if entry.images else None
        if file is None:
            box.add_item(text)
            continue
        files.append(file)
        picture = ui.Thumbnail[ui.LayoutView](
            f"attachment://{file.shown_name}", description=file.description, spoiler=entry.request.spoiler
        )
        box.add_item(ui.Section(text, accessory=picture))
    if not entries:
        box.add_item(ui.TextDisplay(_nothing(t, look)))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    if entries:
        options = [
            discord.SelectOption(
                label=cut(" ".join(entry.request.prompt.split()) or entry.request.kind, _LABEL),
                value=entry.request.id,
                emoji=_sign(entry.request),
            )
            for entry in entries
        ]
        view.add_item(
            row_of(PageMenu("past_open", "h", placeholder=t("Open one, with its buttons"), options=options))
        )
    _add_turns(t, view, "history", look, total, HISTORY_PAGE)
    return Card(view=view, files=tuple(files))


def gallery_page(
    t: Texts, look: Look, shown: Sequence[Shown], total: int, thumbs: Mapping[str, CardFile]
) -> Card:
    box = ui.Container[ui.LayoutView](accent_color=_VIOLET)
    box.add_item(ui.TextDisplay(_head(t, "🖼️ " + t("**Gallery of this server**"), look, total)))
    files = [thumbs[one.image.id] for one in shown if one.image.id in thumbs]
    if files:
        box.add_item(pictures_of(files))
        lines = [
            small(f"{number}. <@{one.request.user_id}> {quoted(one.request.prompt, 70)}{_liked(one.likes)}")
            for number, one in enumerate(shown, 1)
        ]
        box.add_item(ui.TextDisplay("\n".join(lines)))
    else:
        box.add_item(ui.TextDisplay(_nothing(t, look)))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    if shown:
        pictures = [(one.image, one.request) for one in shown]
        view.add_item(row_of(open_menu(t, pictures)))
    other = replace(look, by_likes=not look.by_likes, page=0)
    label = t("Favourites first") if other.by_likes else t("Newest first")
    sort = PageButton("gallery", other.pack(), label=label, emoji="❤️" if other.by_likes else "🆕")
    _add_turns(t, view, "gallery", look, total, GALLERY_PAGE, sort)
    return Card(view=view, files=tuple(files))


def pictures_of(files: Sequence[CardFile]) -> ui.MediaGallery[ui.LayoutView]:
    gallery = ui.MediaGallery[ui.LayoutView]()
    for file in files:
        gallery.add_item(media=f"attachment://{file.shown_name}", description=file.description)
    return gallery


def open_menu(t: Texts, pictures: Sequence[tuple[ImageRow, RequestRow]]) -> PageMenu:
    """Numbered as the pictures are shown."""
    options = [
        discord.SelectOption(
            label=cut(f"{number}. {' '.join(request.prompt.split()) or request.kind}", _LABEL), value=image.id
        )
        for number, (image, request) in enumerate(pictures, 1)
    ]
    return PageMenu("past_open", "g", placeholder=t("Open one, with its buttons"), options=options)


def _add_turns(
    t: Texts, view: ui.LayoutView, action: str, look: Look, total: int, size: int, *more: PageButton
) -> None:
    pages = -(-total // size)
    buttons = list(more)
    if pages > 1:
        back, on = look.turned(-1), look.turned(1)
        # Two buttons of one message may not share a custom id: the dead one at either end has its own.
        buttons = [
            PageButton(action, back.pack() if look.page else "first", emoji="◀️", disabled=look.page == 0),
            PageButton(
                action, on.pack() if on.page < pages else "last", emoji="▶️", disabled=on.page >= pages
            ),
            *buttons,
        ]
    if buttons:
        view.add_item(row_of(*buttons))


def _head(t: Texts, title: str, look: Look, total: int) -> str:
    size = GALLERY_PAGE if look.by_likes or "🖼️" in title else HISTORY_PAGE
    parts = [title]
    if look.wanted.words:
        parts.append(f"🔎 “{quoted(look.wanted.words)}”")
    if look.wanted.liked:
        parts.append("❤️")
    if look.wanted.model:
        parts.append(escape_markdown(look.wanted.model))
    if total > size:
        parts.append(t("page {page} of {pages}", page=look.page + 1, pages=-(-total // size)))
    parts.append(t.n("{n} found", "{n} found", total))
    return " · ".join(parts)


def _nothing(t: Texts, look: Look) -> str:
    if look.wanted.words or look.wanted.kind or look.wanted.model or look.wanted.liked:
        return t("Nothing like that. Try fewer words, or none.")
    return t("Nothing here yet: what you draw will be.")


def _remembered(t: Texts, entry: Remembered, catalog: Catalog) -> str:
    row = entry.request
    known = catalog.known(row.model)
    parts = [f"{_sign(row)} {escape_markdown(known.name if known else row.model)}"]
    if len(entry.images) > 1:
        parts.append(t.n("{n} picture", "{n} pictures", len(entry.images)))
    if row.charged_microusd:
        parts.append(t.money(row.charged_microusd))
    if row.private:
        parts.append("🔒")
    parts.append(f"<t:{int(row.created_at)}:R>")
    return f"{quoted(row.prompt, 150) or row.kind}\n" + small(" · ".join(parts))


def _sign(row: RequestRow) -> str:
    state = _STATES.get(State(row.state))
    return sign(state) if state else _SIGNS.get(Kind(row.kind), "✨")


def _liked(likes: int) -> str:
    return f" · ❤️ {likes}" if likes else ""
