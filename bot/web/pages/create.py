"""/create: describe a picture, choose who draws it and how, see what it will cost, and ask for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from bot.catalog import Catalog, ImageModel
from bot.delivery.growth import DOOR
from bot.errors import AtelierError, NoProvider
from bot.i18n import _
from bot.images import ImageRequest, Kind, Place, Requester
from bot.model_list import shelves
from bot.preferences import Usual, own_model
from bot.replies import left_line
from bot.studio import Origin
from bot.web.pages.cards import picture_facts
from bot.web.pages.site import Item, Site, Visit, for_script, status_of, words_for
from bot.web.pages.wish import MAX_PICTURES, is_private, picture_of, wish_of

_REMEMBERED = ("prompt", "model", "style", "size", "quality", "count", "negative", "seed", "background")
_MAX_COUNT = 4


def routes(site: Site) -> list[web.RouteDef]:
    site.menu.append(Item(path="/create", name=_("Create")))
    site.acts += [
        lambda visit, image_id: (f"/create?kind=edit&from={image_id}", visit.t("Edit")),
        lambda visit, image_id: (f"/create?kind=variations&from={image_id}", visit.t("Vary")),
    ]
    return [
        web.get("/create", site.page(_form)),
        web.post("/create", site.page(_submit)),
        web.post("/create/price", site.page(_price)),
    ]


async def _form(visit: Visit) -> web.StreamResponse:
    """The query fills the form: "change it" on any picture is a link. What asks for nothing yet has their defaults."""
    query, usual = visit.request.query, await visit.usual()
    given = {name: query.get(name, "") for name in _REMEMBERED}
    sources = [await picture_of(visit, one) for one in query.getall("from", [])]
    if not any(given.values()):
        given |= _usual(visit, usual, brought=bool(sources))
    parts = visit.site.parts
    requester = await visit.requester()
    standing = await parts.quotas.standing(requester, visit.place())
    return visit.show(
        "create.html",
        given=given,
        kind=query.get("kind", ""),
        pictures=[picture_facts(visit, image) for image, _ in sources],
        private=usual.private or "private" in query or any(request.private for _, request in sources),
        shelves=_shelves(visit),
        styles=await _styles(visit),
        options=for_script(_options(visit)),
        left=left_line(visit.t, standing),
        max_pictures=MAX_PICTURES,
        max_count=_MAX_COUNT,
    )


def _usual(visit: Visit, usual: Usual, *, brought: bool) -> dict[str, str]:
    """Size and style are for new pictures: one that goes on from another keeps its own."""
    able = _catalog(visit).models(Kind.EDIT if brought else Kind.GENERATE)
    said: dict[str, str | None] = {"model": own_model(usual.model, able)}
    if not brought:
        said |= {"size": usual.size, "style": usual.style}
    return {name: value or "" for name, value in said.items()}


async def _submit(visit: Visit) -> web.StreamResponse:
    wish = await wish_of(visit)
    place = visit.place(private=is_private(visit))
    accepted = await visit.site.parts.studio.submit(wish, await visit.requester(), place, Origin(door=DOOR))
    path = f"/requests/{accepted.id}"
    if visit.wants_json:
        return web.json_response({"id": accepted.id, "url": path})
    return visit.go(path)


async def _price(visit: Visit) -> web.StreamResponse:
    """What the form as it stands would cost at most, or why it cannot be; never an error: it is still being typed."""
    t = visit.t
    try:
        wish = await wish_of(visit)
        request, estimate = await _priced(visit, wish, await visit.requester(), visit.place())
    except AtelierError as error:
        return web.json_response({"problem": str(words_for(error, t)), "status": status_of(error)})
    model = _catalog(visit).find(request.model)
    said = t("free") if model.free else t("at most {price}", price=t.money(estimate))
    return web.json_response({"price": f"{model.name} · {said}", "size": request.size})


async def _priced(
    visit: Visit, wish: ImageRequest, requester: Requester, place: Place
) -> tuple[ImageRequest, int]:
    parts = visit.site.parts
    # The words may come last; everything else can be priced before there are any.
    wish = wish if wish.prompt else replace(wish, prompt="…")
    wish = await parts.admin.house.welcome(wish, requester, place)
    catalog = await parts.admin.house.catalog(requester, place)
    default = await parts.admin.house.default_model(wish, place, catalog)
    request = parts.studio.prepare(wish, default, catalog)
    return request, catalog.estimate(request)


def _catalog(visit: Visit) -> Catalog:
    """What this person can draw with: the owner's services and those that a key was brought for."""
    person = visit.person
    return visit.site.parts.admin.house.remembered_catalog(person.user_id, person.guild_id)


def _shelves(visit: Visit) -> list[dict[str, Any]]:
    """Providers with their models and how each is doing; those without a key are shown and cannot be chosen."""
    parts = visit.site.parts
    return [
        {
            "name": shelf.name,
            "status": provider_status(visit, shelf.health.status),
            "ready": shelf.health.status not in ("no_key", "misconfigured"),
            "models": [
                {"id": one.model.id, "name": one.model.name, "price": _tag(visit, one.model)}
                for one in shelf.models
                if one.model.can(Kind.GENERATE) or one.model.can(Kind.EDIT)
            ],
        }
        for shelf in shelves(_catalog(visit), parts.providers)
    ]


def provider_status(visit: Visit, status: str) -> str:
    t = visit.t
    words = {
        "ready": t("ready"),
        "paused": t("paused"),
        "out_of_credit": t("out of credit"),
        "misconfigured": t("key refused"),
        "no_key": t("no key"),
    }
    return words.get(status, status)


def _tag(visit: Visit, model: ImageModel) -> str:
    return visit.t("free") if model.free else visit.t.money(model.price_tag())


async def _styles(visit: Visit) -> list[tuple[str, str]]:
    """The server's own first, then everybody's."""
    parts = visit.site.parts
    own = (await parts.admin.servers.of(visit.person.guild_id)).settings.styles
    return [(name, name) for name in own] + parts.styles.labels(visit.t.locale)


def _options(visit: Visit) -> dict[str, Any]:
    """What each model can be asked for; "" stands for the one that is taken when none is named."""
    catalog = _catalog(visit)
    told = {model.id: _options_of(visit, model) for model in catalog.models()}
    try:
        told[""] = _options_of(visit, catalog.default(Kind.GENERATE))
    except NoProvider:
        told[""] = {}
    return told


def _options_of(visit: Visit, model: ImageModel) -> dict[str, Any]:
    catalog = _catalog(visit)
    return {
        "sizes": catalog.sizes_for(model),
        "qualities": catalog.qualities_for(model),
        "backgrounds": list(model.backgrounds),
        "inputs": min(model.max_inputs, MAX_PICTURES),
        "count": min(model.max_count, _MAX_COUNT),
        "seed": model.seed,
        "negative": model.negative,
        "generate": model.can(Kind.GENERATE),
        "edit": model.can(Kind.EDIT),
        "mask": model.mask,
    }
