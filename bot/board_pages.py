"""What members see of mood boards: the list, a board with its pictures, and the desk at which it is put in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import discord
from discord import ui

from bot.i18n import Texts
from bot.items import PageButton, PageMenu, row_of
from bot.past_pages import open_menu, pictures_of
from bot.views import Card, CardFile
from bot.wording import cut, quoted, small
from storage.boards import BoardRow, Pinned

BOARD_PAGE = 9
_VIOLET = 0x7C5CFF
_MENU = 25
_LABEL = 100


def sign_of(board: BoardRow) -> str:
    if board.owner.startswith("guild:"):
        return "🏛️"
    return "👥" if board.shared else "📌"


def board_list(t: Texts, boards: Sequence[tuple[BoardRow, int]], make: str) -> Card:
    """`make` is a link to the command that makes a board."""
    box = ui.Container[ui.LayoutView](accent_color=_VIOLET)
    lines = ["📌 " + t("**Mood boards**")]
    lines += [
        f"{sign_of(board)} **{quoted(board.name)}** · " + t.n("{n} picture", "{n} pictures", count)
        for board, count in boards[:_MENU]
    ]
    if not boards:
        lines.append(t("None yet. Make one with {link}, or press ❤️ on any picture.", link=make))
    elif len(boards) > _MENU:
        lines.append(t("… and {n} more.", n=len(boards) - _MENU))
    lines.append(small(t("📌 yours · 👥 shared by a member · 🏛️ this server’s")))
    box.add_item(ui.TextDisplay("\n".join(lines)))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    if boards:
        options = [
            discord.SelectOption(label=cut(board.name, _LABEL), value=board.id, emoji=sign_of(board))
            for board, _ in boards[:_MENU]
        ]
        view.add_item(row_of(PageMenu("board_open", "list", placeholder=t("Open a board"), options=options)))
    return Card(view=view)


def board_page(
    t: Texts,
    board: BoardRow,
    pinned: Sequence[Pinned],
    page: int,
    thumbs: Mapping[str, CardFile],
    *,
    may_change: bool,
) -> Card:
    """A page of a board, counted from 0."""
    pages = max(1, -(-len(pinned) // BOARD_PAGE))
    page = min(page, pages - 1)
    shown = pinned[page * BOARD_PAGE : (page + 1) * BOARD_PAGE]
    box = ui.Container[ui.LayoutView](accent_color=_VIOLET)
    head = [f"{sign_of(board)} **{quoted(board.name)}**", t.n("{n} picture", "{n} pictures", len(pinned))]
    if pages > 1:
        head.append(t("page {page} of {pages}", page=page + 1, pages=pages))
    box.add_item(ui.TextDisplay(" · ".join(head)))
    files = [thumbs[one.image.id] for one in shown if one.image.id in thumbs]
    if files:
        box.add_item(pictures_of(files))
    else:
        box.add_item(ui.TextDisplay(t("Nothing here yet. Press ❤️ on any picture.")))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    if shown:
        view.add_item(row_of(open_menu(t, [(one.image, one.request) for one in shown])))
    buttons: list[PageButton] = []
    if pages > 1:
        back, on = max(0, page - 1), page + 1
        buttons = [
            PageButton("board_page", f"{board.id}:{back}:b", emoji="◀️", disabled=page == 0),
            PageButton("board_page", f"{board.id}:{on}:f", emoji="▶️", disabled=on >= pages),
        ]
    if may_change and len(pinned) > 0:
        buttons.append(PageButton("board_order", board.id, label=t("Put in order"), emoji="↕️"))
    if pinned:
        buttons.append(PageButton("board_export", board.id, label=t("Download"), emoji="📦"))
    if buttons:
        view.add_item(row_of(*buttons))
    return Card(view=view, files=tuple(files))


def order_page(t: Texts, board: BoardRow, pinned: Sequence[Pinned], chosen: str | None) -> Card:
    """Choose a picture, then move it or take it off; the list shows its place at once."""
    numbers = {one.image.id: number for number, one in enumerate(pinned, 1)}
    # As many as a menu holds, around the chosen one.
    start = max(0, min(numbers.get(chosen or "", 1) - _MENU // 2, len(pinned) - _MENU))
    shown = pinned[start : start + _MENU]
    lines = ["↕️ " + t("**Order of {name}**", name=quoted(board.name))]
    lines += [
        f"{'▸ **' if one.image.id == chosen else ''}{numbers[one.image.id]}. {quoted(one.request.prompt, 70)}"
        f"{'**' if one.image.id == chosen else ''}"
        for one in shown
    ]
    box = ui.Container[ui.LayoutView](accent_color=_VIOLET)
    box.add_item(ui.TextDisplay("\n".join(lines)))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    if not shown:
        return Card(view=view)
    options = [
        discord.SelectOption(
            label=cut(
                f"{numbers[one.image.id]}. {' '.join(one.request.prompt.split()) or one.request.kind}", _LABEL
            ),
            value=one.image.id,
            default=one.image.id == chosen,
        )
        for one in shown
    ]
    view.add_item(row_of(PageMenu("board_pick", board.id, placeholder=t("Which picture"), options=options)))
    if chosen in numbers:
        place, last = numbers[chosen], len(pinned)
        red = discord.ButtonStyle.danger

        def step(emoji: str, to: int, *, here: bool, mark: str) -> PageButton:
            return PageButton("board_move", f"{board.id}:{chosen}:{to}:{mark}", emoji=emoji, disabled=here)

        view.add_item(
            row_of(
                step("⏫", 1, here=place == 1, mark="t"),
                step("🔼", max(1, place - 1), here=place == 1, mark="u"),
                step("🔽", place + 1, here=place == last, mark="d"),
                step("⏬", last, here=place == last, mark="b"),
                PageButton("board_take", f"{board.id}:{chosen}", label=t("Take off"), emoji="🗑️", style=red),
            )
        )
    return Card(view=view)


def kept_page(
    t: Texts, image_id: str, boards: Sequence[BoardRow], *, likes: int, liked: bool, note: str | None = None
) -> Card:
    """After the button that keeps a picture: what is so now, and the boards that it could go to as well."""
    line = (
        "❤️ " + t("One of your favourites now.")
        if liked
        else "🤍 " + t("Not one of your favourites any more.")
    )
    parts = [line]
    if likes > 1 or (likes and not liked):
        parts.append(t.n("{n} member likes it.", "{n} members like it.", likes))
    box = ui.Container[ui.LayoutView](accent_color=_VIOLET)
    box.add_item(ui.TextDisplay(" ".join(parts)))
    if note:
        box.add_item(ui.TextDisplay(note))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    options = [
        discord.SelectOption(label=cut(board.name, _LABEL), value=board.id, emoji=sign_of(board))
        for board in boards[: _MENU - 1]
    ]
    options.append(discord.SelectOption(label=t("A new board…"), value="new", emoji="➕"))
    view.add_item(
        row_of(PageMenu("board_add", image_id, placeholder=t("Put it on a mood board"), options=options))
    )
    if liked:
        view.add_item(row_of(PageButton("unlike", image_id, label=t("No favourite any more"), emoji="🤍")))
    else:
        view.add_item(row_of(PageButton("like", image_id, label=t("Favourite"), emoji="❤️")))
    return Card(view=view)


def which_page(t: Texts, request_id: str, numbers: Sequence[str]) -> Card:
    """A card with several pictures: which of them is meant."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.TextDisplay(t("Which picture do you want to keep?")))
    for start in range(0, len(numbers), 5):
        view.add_item(
            row_of(
                *(
                    PageButton(
                        "like",
                        f"{request_id}_{number}",
                        label=t("Picture {number}", number=number),
                        emoji="❤️",
                    )
                    for number in numbers[start : start + 5]
                )
            )
        )
    return Card(view=view)
