"""Webhooks that could not be delivered, of a server or of the whole installation: why not, and to be sent again."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.i18n import _
from bot.web.pages.admin_guard import Realm, house_page, server_page
from bot.web.pages.site import Item, Site, Visit
from bot.web.pages.wish import text_in
from storage.rows import WebhookRow

_SHOWN = 100


def routes(site: Site) -> list[web.RouteDef]:
    item = Item(path="webhooks", name=_("Webhooks"))
    site.server_pages.append(item)
    site.house_pages.append(item)
    return [
        web.get("/admin/house/webhooks", house_page(site, _list)),
        web.post("/admin/house/webhooks", house_page(site, _again)),
        web.get("/admin/{guild}/webhooks", server_page(site, _list)),
        web.post("/admin/{guild}/webhooks", server_page(site, _again)),
    ]


def _whose(realm: Realm) -> int | None:
    """None: of all servers."""
    return None if realm.house else realm.guild_id


async def _list(visit: Visit, realm: Realm) -> web.StreamResponse:
    webhooks = visit.site.parts.admin.webhooks
    dead = await webhooks.list("dead", limit=_SHOWN, guild_id=_whose(realm))
    waiting = await webhooks.list("waiting", limit=_SHOWN, guild_id=_whose(realm))
    return realm.show(
        visit,
        "admin_webhooks.html",
        dead=[_row(visit, realm, row) for row in dead],
        waiting=[_row(visit, realm, row) for row in waiting],
        shown=_SHOWN,
    )


def _row(visit: Visit, realm: Realm, row: WebhookRow) -> dict[str, Any]:
    """Of the address only its host: the rest of it may be a secret."""
    host = urlsplit(row.url).hostname if row.url else None
    return {
        "id": row.id,
        "request": row.request_id,
        "page": None if realm.house else f"{realm.path}/requests/{row.request_id}",
        "event": row.event,
        "to": host or ("WEBHOOK_URL" if row.url is None else "–"),
        "problem": row.problem,
        "attempts": row.attempts,
        "at": row.created_at,
    }


async def _again(visit: Visit, realm: Realm) -> web.StreamResponse:
    """One by its id, or all that are dead letters here."""
    admin, one = visit.site.parts.admin, text_in(visit.form, "id")
    count = await admin.webhooks.replay(time.time(), one, guild_id=_whose(realm))
    if count:
        await admin.audit.add(
            realm.guild_id, visit.person.user_id, "webhooks.replay", one or "all", after={"count": count}
        )
    told = visit.t.n("{n} webhook will be sent again.", "{n} webhooks will be sent again.", count)
    return realm.back(visit, "webhooks", told=told)
