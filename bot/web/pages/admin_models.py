"""/admin/{guild}/models: what members of a server may draw with, and the model that is taken where none is named."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.catalog import Catalog
from bot.errors import InvalidRequest
from bot.i18n import Texts, _
from bot.images import Kind
from bot.model_list import NO_KEY, Listed, shelves
from bot.servers import Home, only_in_servers
from bot.web.pages.admin_guard import Realm, server_page
from bot.web.pages.create import provider_status
from bot.web.pages.site import Item, Site, Visit
from bot.web.pages.wish import all_of, text_in


def routes(site: Site) -> list[web.RouteDef]:
    site.server_pages.append(Item(path="models", name=_("Models")))
    return [
        web.get("/admin/{guild}/models", server_page(site, _list)),
        web.post("/admin/{guild}/models", server_page(site, _save)),
    ]


async def _list(visit: Visit, realm: Realm) -> web.StreamResponse:
    guild_id = only_in_servers(realm.guild_id)
    parts, catalog = visit.site.parts, await _catalog(visit, guild_id)
    settings = (await parts.admin.servers.of(guild_id)).settings
    return realm.show(
        visit,
        "admin_models.html",
        everything=not settings.models,
        allowed=settings.models,
        default=settings.default_model,
        defaults=[(model.id, model.name) for model in catalog.models(Kind.GENERATE)],
        shelves=[
            {
                "name": shelf.name,
                "status": provider_status(visit, shelf.health.status),
                "models": [_row(visit.t, one) for one in shelf.models],
            }
            for shelf in shelves(catalog, parts.providers)
            if shelf.health.status != NO_KEY
        ],
    )


def _row(t: Texts, one: Listed) -> dict[str, Any]:
    price = t.money(one.low) if one.low == one.high else f"{t.money(one.low)} – {t.money(one.high)}"
    return {"id": one.model.id, "name": one.model.name, "price": price if one.high else t("free")}


async def _catalog(visit: Visit, guild_id: int) -> Catalog:
    """What this server can draw with: what the owner set up, and what it brought a key for."""
    house = visit.site.parts.admin.house
    await visit.site.parts.admin.keys.brought(0, guild_id)
    return house.remembered_catalog(0, guild_id)


async def _save(visit: Visit, realm: Realm) -> web.StreamResponse:
    """All of them, what comes to the catalogue later as well, or exactly those that are marked."""
    guild_id = only_in_servers(realm.guild_id)
    catalog, servers = await _catalog(visit, guild_id), visit.site.parts.admin.servers
    everything = visit.form.get("which") == "all"
    chosen = () if everything else tuple(catalog.find(str(one)).id for one in all_of(visit.form, "model"))
    if not chosen and not everything:
        raise InvalidRequest(field="models", problem="missing", allowed=["models"])
    named = text_in(visit.form, "default")
    default = catalog.find(named).id if named else None
    if default is not None and chosen and default not in chosen:
        raise InvalidRequest(field="default", problem="unknown", value=default, allowed=list(chosen))
    await servers.change(
        guild_id, Home(realm.name), actor_id=visit.person.user_id, models=chosen, default_model=default
    )
    said = visit.t.n("{n} model is allowed now.", "{n} models are allowed now.", len(chosen))
    return realm.back(visit, "models", told=said if chosen else visit.t("All models are allowed now."))
