"""The pages: what members and admins see in a browser. `site` is how a page is answered, the others are the pages."""

from __future__ import annotations

from aiohttp import web

from bot.web.pages import (
    admin,
    admin_apikeys,
    admin_audit,
    admin_blocks,
    admin_invitations,
    admin_members,
    admin_models,
    admin_providers,
    admin_requests,
    admin_usage,
    admin_webhooks,
    boards,
    create,
    entry,
    gallery,
    pictures,
    region,
    requests,
)
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
        *gallery.routes(site),
        *pictures.routes(site),
        *boards.routes(site),
        *admin.routes(site),
        *admin_requests.routes(site),
        *admin_members.routes(site),
        *admin_blocks.routes(site),
        *admin_models.routes(site),
        *admin_providers.routes(site),
        *admin_usage.routes(site),
        *admin_apikeys.routes(site),
        *admin_webhooks.routes(site),
        *admin_audit.routes(site),
        *admin_invitations.routes(site),
    ]


async def _static(request: web.Request) -> web.StreamResponse:
    """Kept by browsers for good where the address changes with the content; asked about again where it does not.

    A module that others import has one address, without a mark: with two it would run twice.
    """
    path = STATIC / request.match_info["name"]
    if path.parent != STATIC or not path.is_file():
        raise web.HTTPNotFound
    kept = _FOR_GOOD if request.query_string else "no-cache"
    return web.FileResponse(path, headers={"Cache-Control": kept})
