"""Providers: how each is doing, and whose key pays. A server brings keys of its own; the owner's are in the settings.

Keys go in and never come out: tested before they are saved, shown by their last four characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from bot.errors import BadKey, NotFound
from bot.i18n import _
from bot.model_list import Shelf, shelves
from bot.servers import only_in_servers
from bot.web.pages.admin_guard import Realm, house_page, server_page
from bot.web.pages.create import provider_status
from bot.web.pages.site import Item, Site, Visit
from bot.web.pages.wish import text_in
from storage.rows import KeyRow

_LONG_ENOUGH = 16


def routes(site: Site) -> list[web.RouteDef]:
    item = Item(path="providers", name=_("Providers"))
    site.server_pages.append(item)
    site.house_pages.append(item)
    return [
        web.get("/admin/house/providers", house_page(site, _list)),
        web.get("/admin/{guild}/providers", server_page(site, _list)),
        web.post("/admin/{guild}/providers", server_page(site, _save)),
        web.post("/admin/{guild}/providers/remove", server_page(site, _remove)),
    ]


async def _list(visit: Visit, realm: Realm) -> web.StreamResponse:
    parts = visit.site.parts
    keys = (
        {row.provider: row for row in await parts.admin.keys.of(f"guild:{realm.guild_id}")}
        if realm.guild_id
        else {}
    )
    names = await parts.admin.users.names({row.added_by for row in keys.values()})
    return realm.show(
        visit,
        "admin_providers.html",
        rows=[_row(visit, realm, shelf, keys, names) for shelf in shelves(parts.catalog, parts.providers)],
        may_bring=realm.guild_id != 0,
    )


def _row(
    visit: Visit, realm: Realm, shelf: Shelf, keys: Mapping[str, KeyRow], names: Mapping[int, str]
) -> dict[str, Any]:
    own = keys.get(shelf.provider)
    health = shelf.health
    return {
        "id": shelf.provider,
        "name": shelf.name,
        "status": health.status,
        "words": provider_status(visit, health.status),
        "until": health.until,
        "usual": visit.t.seconds(health.latency_seconds) if health.latency_seconds is not None else None,
        "models": len(shelf.models),
        "setting": shelf.setting,
        "ends": _ends(visit, shelf.setting) if realm.house else None,
        "own": own
        and {"ends": own.last_four, "by": names.get(own.added_by, str(own.added_by)), "at": own.added_at},
        "takes_keys": shelf.provider in visit.site.parts.admin.keys.names,
    }


def _ends(visit: Visit, setting: str | None) -> str | None:
    """The last characters of what a setting holds, where that is a secret, and long enough to stay one."""
    value = getattr(visit.site.parts.admin.settings, (setting or "").lower(), None)
    said = value.get_secret_value() if isinstance(value, SecretStr) else ""
    return said[-4:] if len(said) >= _LONG_ENOUGH else None


async def _save(visit: Visit, realm: Realm) -> web.StreamResponse:
    """Raises BadKey, and nothing is saved then."""
    guild_id, form = only_in_servers(realm.guild_id), visit.form
    provider, key = text_in(form, "provider") or "", text_in(form, "key")
    if not key:
        raise BadKey(provider=provider, problem="empty")
    ends = await visit.site.parts.admin.keys.save(
        f"guild:{guild_id}", provider, key, guild_id=guild_id, actor_id=visit.person.user_id
    )
    name = visit.site.parts.catalog.name_of(provider)
    told = visit.t(
        "🔑 Saved: {provider} …{ends}. What it pays costs nobody else anything.", provider=name, ends=ends
    )
    return realm.back(visit, "providers", told=told)


async def _remove(visit: Visit, realm: Realm) -> web.StreamResponse:
    """Raises NotFound where there was none."""
    guild_id, provider = only_in_servers(realm.guild_id), text_in(visit.form, "provider") or ""
    gone = await visit.site.parts.admin.keys.remove(
        f"guild:{guild_id}", provider, guild_id=guild_id, actor_id=visit.person.user_id
    )
    if not gone:
        raise NotFound(what="key", id=provider)
    return realm.back(visit, "providers", told=visit.t("✅ The key is gone."))
