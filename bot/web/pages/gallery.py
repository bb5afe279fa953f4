"""/mine and /server: pictures as a wall, searched and filtered; each page of it has an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.boards import Visitor
from bot.errors import NotAllowed
from bot.i18n import Texts, _
from bot.images import Kind
from bot.web.pages.cards import picture_facts
from bot.web.pages.dates import span_of
from bot.web.pages.site import Item, Site, Visit
from bot.web.pages.wish import visitor_of
from storage.galleries import Found, Page, Sought
from storage.pasts import Wanted

PAGE_LENGTH = 40
_MOST_WORDS = 200
_FIELDS = ("q", "kind", "model", "board", "from", "to", "liked")


def routes(site: Site) -> list[web.RouteDef]:
    site.menu += [
        Item(path="/mine", name=_("My pictures")),
        Item(path="/server", name=_("Server gallery"), shown=lambda person: person.guild_id != 0),
    ]
    return [web.get("/mine", site.page(_mine)), web.get("/server", site.page(_server))]


@dataclass(frozen=True)
class _Asked:
    """The address's query: `given` as it was typed, `sought` what it means, `before` where the page begins."""

    given: dict[str, str]
    sought: Sought
    before: str | None

    @property
    def filtered(self) -> bool:
        return any(self.given.values())

    def address(self, path: str, before: str | None) -> str:
        said = {name: value for name, value in self.given.items() if value}
        query = urlencode(said | ({"before": before} if before else {}))
        return f"{path}?{query}" if query else path


async def _mine(visit: Visit) -> web.StreamResponse:
    asked, visitor = await _asked(visit), await visitor_of(visit)
    page = await visit.site.parts.galleries.of_member(
        visitor.user_id, asked.sought, after=asked.before, limit=PAGE_LENGTH
    )
    return await _wall(visit, visitor, asked, page, "/mine")


async def _server(visit: Visit) -> web.StreamResponse:
    """Only for who is in that server at this minute. Raises NotAllowed."""
    if not visit.person.guild_id:
        raise NotAllowed(what="server_only")
    asked, visitor = await _asked(visit), await visitor_of(visit)
    page = await visit.site.parts.galleries.of_server(
        visitor.guild_id, visitor.user_id, asked.sought, after=asked.before, limit=PAGE_LENGTH
    )
    return await _wall(visit, visitor, asked, page, "/server")


async def _wall(visit: Visit, visitor: Visitor, asked: _Asked, page: Page, path: str) -> web.StreamResponse:
    parts = visit.site.parts
    boards = await parts.boards.visible(visitor)
    others = {one.request.user_id for one in page.found} if path == "/server" else set[int]()
    names = await parts.admin.users.names(others) if others else {}
    return visit.show(
        "gallery.html",
        own=path == "/mine",
        action=path,
        given=asked.given,
        filtered=asked.filtered,
        before=asked.before,
        tiles=[_tile(visit, one, names) for one in page.found],
        here=asked.address(path, asked.before),
        newest=asked.address(path, None),
        more=asked.address(path, page.next) if page.next else None,
        kinds=kind_words(visit.t),
        models=sorted((model.name, model.id) for model in parts.catalog.models()),
        boards=[(board.id, board.name) for board, _ in boards],
    )


def _tile(visit: Visit, one: Found, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        **picture_facts(visit, one.image, one.request),
        "liked": one.liked,
        "by": names.get(one.request.user_id),
        "private": one.request.private,
        "spoiler": one.request.spoiler,
    }


def kind_words(t: Texts) -> list[tuple[str, str]]:
    """The kinds that make pictures, in the words of the pages."""
    return [
        (Kind.GENERATE.value, t("From words")),
        (Kind.EDIT.value, t("Edits")),
        (Kind.VARIATIONS.value, t("Variations")),
        (Kind.UPSCALE.value, t("Enlarged")),
    ]


async def _asked(visit: Visit) -> _Asked:
    """What of the query means nothing (a kind, a date or a board that is none) narrows nothing.

    Raises NotFound for a board that this person may not see.
    """
    query = visit.request.query
    given = {name: query.get(name, "").strip()[:_MOST_WORDS] for name in _FIELDS}
    kinds = [name for name, _ in kind_words(visit.t)]
    if given["board"]:
        visitor = await visitor_of(visit)
        given["board"] = (await visit.site.parts.boards.find(given["board"], visitor)).id
    since, until = span_of(given["from"], given["to"], UTC)
    sought = Sought(
        wanted=Wanted(
            words=given["q"],
            kind=given["kind"] if given["kind"] in kinds else None,
            model=given["model"],
            liked=bool(given["liked"]),
        ),
        since=since,
        until=until,
        board_id=given["board"] or None,
    )
    return _Asked(given, sought, query.get("before") or None)
