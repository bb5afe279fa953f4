"""/admin: the servers that somebody may look after; where there is only one, its first page."""

from __future__ import annotations

from aiohttp import web

from bot.errors import NotAllowed, NotFound
from bot.i18n import _
from bot.web.pages.admin_guard import realms_of
from bot.web.pages.site import Item, Site, Visit


def routes(site: Site) -> list[web.RouteDef]:
    site.menu.append(
        Item(path="/admin", name=_("Admin"), shown=lambda person: person.manages or person.owner)
    )
    return [web.get("/admin", site.page(_choose)), web.get("/admin/{guild}", site.page(_begin))]


async def _choose(visit: Visit) -> web.StreamResponse:
    realms = await realms_of(visit)
    if not realms:
        raise NotAllowed(what="admin")
    if len(realms) == 1:
        return visit.go(f"{realms[0].path}/{visit.site.server_pages[0].path}")
    return visit.show("admin_choose.html", realms=[(realm.path, visit.t(realm.name)) for realm in realms])


async def _begin(visit: Visit) -> web.StreamResponse:
    """The first page; whether this person may see it is asked there."""
    named = visit.request.match_info["guild"]
    pages = visit.site.house_pages if named == "house" else visit.site.server_pages
    if not pages or not (named == "house" or named.isdecimal()):
        raise NotFound(what="server", id=named)
    return visit.go(f"/admin/{named}/{pages[0].path}")
