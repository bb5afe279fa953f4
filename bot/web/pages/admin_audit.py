"""/admin/{guild}/audit: who changed what, and who tried what they may not."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from bot.audit_words import change_words, subject_words
from bot.i18n import _
from bot.web.markup import html
from bot.web.pages.admin_guard import Realm, house_page, server_page
from bot.web.pages.admin_names import names_for
from bot.web.pages.site import Item, Site, Visit

PAGE_LENGTH = 50


def routes(site: Site) -> list[web.RouteDef]:
    item = Item(path="audit", name=_("Audit log"))
    site.server_pages.append(item)
    site.house_pages.append(item)
    return [
        web.get("/admin/house/audit", house_page(site, _page)),
        web.get("/admin/{guild}/audit", server_page(site, _page)),
    ]


async def _page(visit: Visit, realm: Realm) -> web.StreamResponse:
    audit, query, t = visit.site.parts.admin.audit, visit.request.query, visit.t
    actions = await audit.actions(realm.guild_id)
    action = query.get("action") if query.get("action") in actions else None
    before = query.get("before", "")
    before_id = int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None
    rows = await audit.list(realm.guild_id, limit=PAGE_LENGTH + 1, before_id=before_id, action=action)
    shown = rows[:PAGE_LENGTH]
    subjects = {row.id: subject_words(row.subject) for row in shown}
    names = await names_for(visit, realm, subjects.values(), also={row.actor_id for row in shown})
    kept = {"action": action} if action else {}
    more = {**kept, "before": shown[-1].id} if len(rows) > PAGE_LENGTH else None
    return realm.show(
        visit,
        "admin_audit.html",
        actions=actions,
        action=action,
        before=before_id,
        newest=f"{realm.path}/audit?{urlencode(kept)}",
        more=f"{realm.path}/audit?{urlencode(more)}" if more else None,
        rows=[
            {
                "at": row.at,
                "actor": names.member(row.actor_id),
                "action": row.action,
                "subject": html(names.put(subjects[row.id]), t),
                "change": change_words(t, row),
            }
            for row in shown
        ],
    )
