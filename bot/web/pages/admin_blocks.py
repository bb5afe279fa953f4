"""/admin/{guild}/blocks: who may not draw in a server, why, and until when."""

from __future__ import annotations

import re
import time

from aiohttp import web

from bot.errors import InvalidRequest
from bot.i18n import Texts, _
from bot.servers import only_in_servers
from bot.web.pages.admin_guard import Realm, server_page
from bot.web.pages.site import Item, Site, Visit
from bot.web.pages.wish import text_in

_REASON_LENGTH = 300
_DAY_SECONDS = 86_400
_DAYS = (1, 7, 30)
_ID = re.compile(r"[0-9]{15,20}")


def routes(site: Site) -> list[web.RouteDef]:
    site.server_pages.append(Item(path="blocks", name=_("Blocks")))
    return [
        web.get("/admin/{guild}/blocks", server_page(site, _list)),
        web.post("/admin/{guild}/blocks", server_page(site, _add)),
        web.post("/admin/{guild}/blocks/remove", server_page(site, _remove)),
    ]


async def _list(visit: Visit, realm: Realm) -> web.StreamResponse:
    """`?user=` fills the form in, for links from a member's page."""
    admin = visit.site.parts.admin
    rows = await admin.servers.blocked(only_in_servers(realm.guild_id))
    names = await admin.users.names({one for row in rows for one in (row.user_id, row.blocked_by)})
    members = await admin.logbook.members(realm.guild_id, limit=200)
    return realm.show(
        visit,
        "admin_blocks.html",
        rows=[
            {
                "id": row.user_id,
                "name": names.get(row.user_id, str(row.user_id)),
                "reason": row.reason,
                "until": row.until,
                "by": names.get(row.blocked_by, str(row.blocked_by)),
                "at": row.blocked_at,
            }
            for row in rows
        ],
        user=visit.request.query.get("user", ""),
        members=members,
        spans=_spans(visit.t),
        longest=_REASON_LENGTH,
    )


def _spans(t: Texts) -> list[tuple[str, str]]:
    return [
        ("", t("until somebody lifts it")),
        *((str(days), t.n("{n} day", "{n} days", days)) for days in _DAYS),
    ]


async def _add(visit: Visit, realm: Realm) -> web.StreamResponse:
    guild_id, form = only_in_servers(realm.guild_id), visit.form
    user_id, name = await _member(visit, guild_id, text_in(form, "user") or "")
    reason = (text_in(form, "reason") or "")[:_REASON_LENGTH]
    if not reason:
        raise InvalidRequest(field="reason", problem="missing", allowed=["reason"])
    if user_id == visit.person.user_id:
        raise InvalidRequest(field="user", problem="unknown", value=name)
    days = text_in(form, "days") or ""
    until = time.time() + int(days) * _DAY_SECONDS if days in map(str, _DAYS) else None
    servers = visit.site.parts.admin.servers
    await servers.block(guild_id, user_id, reason, until, actor_id=visit.person.user_id)
    return realm.back(visit, "blocks", told=visit.t("{name} may not draw here any more.", name=name))


async def _member(visit: Visit, guild_id: int, typed: str) -> tuple[int, str]:
    """Of an id, or of the name of somebody who drew here. Raises InvalidRequest where that is nobody, or several."""
    admin = visit.site.parts.admin
    if _ID.fullmatch(typed):
        names = await admin.users.names({int(typed)})
        return int(typed), names.get(int(typed), typed)
    named = typed.removeprefix("@")
    found = await admin.logbook.members(guild_id, named=named, limit=50) if named else []
    exact = [one for one in found if one.name.casefold() == named.casefold()]
    if len(exact) != 1:
        others = [f"{one.name} {one.user_id}" for one in exact or found]
        raise InvalidRequest(field="user", problem="unknown", value=typed, allowed=others or None)
    return exact[0].user_id, exact[0].name


async def _remove(visit: Visit, realm: Realm) -> web.StreamResponse:
    guild_id, typed = only_in_servers(realm.guild_id), text_in(visit.form, "user") or ""
    user_id = int(typed) if _ID.fullmatch(typed) else 0
    admin = visit.site.parts.admin
    was = await admin.servers.unblock(guild_id, user_id, actor_id=visit.person.user_id)
    name = (await admin.users.names({user_id})).get(user_id, typed)
    t = visit.t
    return realm.back(
        visit,
        "blocks",
        told=t("{name} may draw again.", name=name) if was else t("{name} was not blocked.", name=name),
    )
