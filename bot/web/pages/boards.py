"""/boards: mood boards. Pictures put side by side, in an order that drag and buttons change; shared, and taken home."""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiohttp import web

from bot.boards import NAME_LENGTH, Visitor, board_json, file_name
from bot.i18n import _
from bot.web.markup import html
from bot.web.pages.cards import picture_facts
from bot.web.pages.site import Item, Site, Visit
from bot.web.pages.wish import may_see, picture_of, visitor_of
from storage.boards import BoardRow, Pinned
from storage.errors import StorageError

_COVERS = 4
_PAGE_LENGTH = 60
"""A page with all the pictures that a board can hold would be heavier than a phone should wait for."""
_NEW = "new"


def routes(site: Site) -> list[web.RouteDef]:
    site.menu.append(Item(path="/boards", name=_("Mood boards")))
    site.acts.append(lambda visit, image_id: (f"/boards/add?image={image_id}", visit.t("Add to a board")))
    return [
        web.get("/boards", site.page(_list)),
        web.post("/boards", site.page(_create)),
        web.get("/boards/add", site.page(_choose)),
        web.post("/boards/add", site.page(_add)),
        web.get("/boards/{id}", site.page(_board)),
        web.get("/boards/{id}/export", site.page(_export)),
        web.post("/boards/{id}/rename", site.page(_rename)),
        web.post("/boards/{id}/share", site.page(_share)),
        web.post("/boards/{id}/delete", site.page(_delete)),
        web.post("/boards/{id}/move", site.page(_move)),
        web.post("/boards/{id}/remove", site.page(_remove)),
    ]


async def _list(visit: Visit) -> web.StreamResponse:
    visitor = await visitor_of(visit)
    service = visit.site.parts.boards
    found = await service.visible(visitor)
    covers = await service.covers([board for board, _ in found], visitor, each=_COVERS)
    seen = await _seen(visit, [one for ids in covers.values() for one in ids])
    shown = [
        {
            **_head(visit, board),
            "count": count,
            "covers": [seen[one] for one in covers.get(board.id, []) if one in seen],
        }
        for board, count in found
    ]
    return visit.show(
        "boards.html",
        boards=shown,
        most=NAME_LENGTH,
        for_server=visitor.moderator and visitor.guild_id != 0,
    )


async def _seen(visit: Visit, image_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    pairs = await visit.site.parts.galleries.with_requests(image_ids)
    return {
        image.id: picture_facts(visit, image, request)
        for image, request in pairs.values()
        if await may_see(visit, request)
    }


def _head(visit: Visit, board: BoardRow) -> dict[str, Any]:
    t = visit.t
    if board.owner.startswith("guild:"):
        sort = t("this server’s")
    elif board.owner != f"user:{visit.person.user_id}":
        sort = t("shared by a member")
    else:
        sort = t("yours, shared with the server") if board.shared else t("yours alone")
    return {"id": board.id, "name": board.name, "page": f"/boards/{board.id}", "sort": sort}


async def _create(visit: Visit) -> web.StreamResponse:
    """An empty board; for the whole server where the form says so and a moderator sent it."""
    visitor = await visitor_of(visit)
    server = visit.form.get("server") == "1"
    board = await visit.site.parts.boards.create(str(visit.form.get("name", "")), visitor, server=server)
    return visit.go(f"/boards/{board.id}")


async def _choose(visit: Visit) -> web.StreamResponse:
    """Which board a picture shall go to: a page, or a dialog on the page where it is shown."""
    image, request = await picture_of(visit, visit.request.query.get("image", ""))
    boards = await visit.site.parts.boards.fillable(await visitor_of(visit))
    return visit.show(
        "board_add.html",
        picture=picture_facts(visit, image, request),
        boards=[_head(visit, board) for board in boards],
        most=NAME_LENGTH,
    )


async def _add(visit: Visit) -> web.StreamResponse:
    visitor = await visitor_of(visit)
    image, _ = await picture_of(visit, str(visit.form.get("image", "")))
    service, t = visit.site.parts.boards, visit.t
    chosen = str(visit.form.get("board", _NEW))
    if chosen == _NEW:
        board = await service.create(str(visit.form.get("name", "")), visitor)
    else:
        board = await service.find(chosen, visitor)
    added = await service.add(board, image.id, visitor)
    if visit.wants_json:
        # The name is a member's: `t` gets it as it is, and all is escaped for the page afterwards.
        said = (
            t("Added to {name}.", name=board.name) if added else t("{name} has it already.", name=board.name)
        )
        return web.json_response({"message": html(said, t), "url": f"/boards/{board.id}"})
    return visit.go(f"/boards/{board.id}")


async def _board(visit: Visit) -> web.StreamResponse:
    visitor = await visitor_of(visit)
    service = visit.site.parts.boards
    board = await service.find(visit.request.match_info["id"], visitor)
    pinned = await service.pictures(board, visitor)
    may_change = service.may_change(board, visitor)
    pages = range(1, max(1, -(-len(pinned) // _PAGE_LENGTH)) + 1)
    asked = visit.request.query.get("page", "")
    page = int(asked) if asked.isdecimal() and len(asked) < 4 and int(asked) in pages else 1
    begin = (page - 1) * _PAGE_LENGTH
    shown = [
        {
            **picture_facts(visit, one.image, one.request),
            "place": place,
            "removable": may_change or one.added_by == visitor.user_id,
        }
        for place, one in enumerate(pinned[begin : begin + _PAGE_LENGTH], begin + 1)
        if await may_see(visit, one.request)
    ]
    return visit.show(
        "board.html",
        board={**_head(visit, board), "shared": board.shared},
        pictures=shown,
        total=len(pinned),
        first=begin + 1,
        page=page,
        sheets=pages,
        may_change=may_change,
        may_share=may_change and visitor.guild_id != 0 and board.owner == f"user:{visitor.user_id}",
        most=NAME_LENGTH,
    )


async def _found(visit: Visit) -> tuple[BoardRow, Visitor]:
    visitor = await visitor_of(visit)
    return await visit.site.parts.boards.find(visit.request.match_info["id"], visitor), visitor


async def _rename(visit: Visit) -> web.StreamResponse:
    board, visitor = await _found(visit)
    await visit.site.parts.boards.rename(board, str(visit.form.get("name", "")), visitor)
    return visit.go(f"/boards/{board.id}")


async def _share(visit: Visit) -> web.StreamResponse:
    board, visitor = await _found(visit)
    await visit.site.parts.boards.share(board, visitor, shared=visit.form.get("shared") == "1")
    return visit.go(f"/boards/{board.id}")


async def _delete(visit: Visit) -> web.StreamResponse:
    board, visitor = await _found(visit)
    await visit.site.parts.boards.delete(board, visitor)
    return visit.go("/boards")


async def _move(visit: Visit) -> web.StreamResponse:
    """`put` is a picture's id and the place, from 1, that it goes to; whoever cannot see hears where it is now."""
    board, visitor = await _found(visit)
    image_id, _, to = str(visit.form.get("put", "")).partition(" ")
    place = max(1, int(to)) if to.isdecimal() and len(to) < 6 else 1
    await visit.site.parts.boards.move(board, image_id, place, visitor)
    if visit.wants_json:
        return web.json_response({"message": visit.t("Place {n} now.", n=place)})
    return visit.go(f"/boards/{board.id}?page={(place - 1) // _PAGE_LENGTH + 1}#{image_id}")


async def _remove(visit: Visit) -> web.StreamResponse:
    board, visitor = await _found(visit)
    await visit.site.parts.boards.remove(board, str(visit.form.get("image", "")), visitor)
    if visit.wants_json:
        return web.json_response({"message": visit.t("Taken off the board. The picture itself stays.")})
    return visit.go(f"/boards/{board.id}")


async def _export(visit: Visit) -> web.StreamResponse:
    """All pictures that this person sees on it, byte for byte, and a `board.json`, as one zip while it is made."""
    board, visitor = await _found(visit)
    pinned = [
        one
        for one in await visit.site.parts.boards.pictures(board, visitor)
        if await may_see(visit, one.request)
    ]
    name = "-".join(re.findall(r"[A-Za-z0-9]+", board.name))[:60] or "board"
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="{name}.zip"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(visit.request)
    async for data in _zipped(visit, board, pinned):
        await response.write(data)
    await response.write_eof()
    return response


async def _zipped(visit: Visit, board: BoardRow, pinned: Sequence[Pinned]) -> AsyncIterator[bytes]:
    """Never more than one picture in memory; pictures are not compressed a second time."""
    outbox = _Outbox()
    entries: list[tuple[str | None, Pinned]] = []
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:
        for number, one in enumerate(pinned, 1):
            name = file_name(number, one)
            try:
                data = await visit.site.parts.store.get(one.image.key)
            except StorageError:
                entries.append((None, one))
                continue
            await asyncio.to_thread(archive.writestr, name, data)
            entries.append((name, one))
            yield outbox.taken()
        archive.writestr("board.json", board_json(board, entries))
    yield outbox.taken()


class _Outbox(io.RawIOBase):
    """Where an archive is written to that is sent as it grows: it cannot be gone back in."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._waiting.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = b"".join(self._waiting)
        self._waiting.clear()
        return data
