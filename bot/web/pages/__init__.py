"""The pages: what members and admins see in a browser. `site` is how a page is answered, the others are the pages."""

from __future__ import annotations

from aiohttp import web

from bot.web.pages import create, entry, region, requests
from bot.web.pages.site import STATIC, Site

_FOR_GOOD = "public, max-age=31536000, immutable"


def page_routes(site: Site) -> list[web.AbstractRouteDef]:
    """Every page, and the files that they share. The order is the menu's."""
    return [
        web.get("/static/{name}", _static),
        *entry.routes(site),
        *create.routes(site),
        *requests.routes(site),
        *region.routes(site),
    ]


async def _static(request: web.Request) -> web.StreamResponse:
    """Kept by browsers for good: their addresses change with their content."""
    path = STATIC / request.match_info["name"]
    if path.parent != STATIC or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Cache-Control": _FOR_GOOD})
