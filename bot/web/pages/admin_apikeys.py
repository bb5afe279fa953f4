"""Keys of the HTTP API, of a server or of the whole installation: made (and shown once), listed, ended."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.apikeys import DEFAULT_PER_MINUTE, DEFAULT_SCOPES, Wanted
from bot.i18n import _
from bot.web.pages.admin_guard import Realm, house_page, is_owner, server_page
from bot.web.pages.site import Item, Site, Visit
from bot.web.pages.wish import number_in, text_in
from storage.rows import ApiKeyRow


def routes(site: Site) -> list[web.RouteDef]:
    item = Item(path="apikeys", name=_("API keys"))
    site.server_pages.append(item)
    site.house_pages.append(item)
    return [
        web.get("/admin/house/apikeys", house_page(site, _list)),
        web.post("/admin/house/apikeys", house_page(site, _create)),
        web.post("/admin/house/apikeys/revoke", house_page(site, _revoke)),
        web.get("/admin/{guild}/apikeys", server_page(site, _list)),
        web.post("/admin/{guild}/apikeys", server_page(site, _create)),
        web.post("/admin/{guild}/apikeys/revoke", server_page(site, _revoke)),
    ]


def _whose(realm: Realm) -> int | None:
    """None: of all servers."""
    return None if realm.house else realm.guild_id


async def _list(visit: Visit, realm: Realm) -> web.StreamResponse:
    return await _shown(visit, realm)


async def _shown(visit: Visit, realm: Realm, **made: Any) -> web.Response:
    """`made` is what is shown this once."""
    rows = [
        one for one in await visit.site.parts.admin.api_keys.list(_whose(realm)) if one.revoked_at is None
    ]
    servers = {row.id: row.name for row in await visit.site.parts.admin.servers.here()} if realm.house else {}
    return realm.show(
        visit,
        "admin_apikeys.html",
        rows=[_row(visit, row) | {"server": servers.get(row.guild_id)} for row in rows],
        made=made or None,
        may_be_mine=_may_be_mine(visit, realm),
        may_read_metrics=is_owner(visit),
        per_minute=DEFAULT_PER_MINUTE,
    )


def _row(visit: Visit, row: ApiKeyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "whose": row.user_name if row.user_id > 0 else visit.t("a service"),
        "scopes": row.scopes,
        "per_minute": row.per_minute,
        "used": row.last_used_at,
        "until": row.expires_at,
    }


def _may_be_mine(visit: Visit, realm: Realm) -> bool:
    """A key draws with the roles that its member has there: those of this session are of one server only."""
    return not visit.person.local and realm.guild_id in (0, visit.person.guild_id)


async def _create(visit: Visit, realm: Realm) -> web.StreamResponse:
    """The answer is the page with the key, not a way to it: no address may lead to a secret. Raises InvalidRequest."""
    form, keys = visit.form, visit.site.parts.admin.api_keys
    mine = bool(form.get("mine")) and _may_be_mine(visit, realm)
    metrics = bool(form.get("metrics")) and is_owner(visit)
    row, key = await keys.create(
        Wanted(
            name=text_in(form, "name") or "",
            actor_id=visit.person.user_id,
            requester=await visit.requester() if mine else None,
            guild_id=realm.guild_id,
            scopes=(*DEFAULT_SCOPES, "metrics") if metrics else DEFAULT_SCOPES,
            per_minute=number_in(form, "per_minute") or DEFAULT_PER_MINUTE,
            days=number_in(form, "days"),
        )
    )
    return await _shown(visit, realm, name=row.name, key=key, secret=keys.webhook_secret(row.id))


async def _revoke(visit: Visit, realm: Realm) -> web.StreamResponse:
    """Raises NotFound where no such key holds here."""
    await visit.site.parts.admin.api_keys.revoke(
        text_in(visit.form, "id") or "", actor_id=visit.person.user_id, guild_id=_whose(realm)
    )
    return realm.back(visit, "apikeys", told=visit.t("✅ The key is gone."))
