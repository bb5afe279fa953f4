"""/region/{picture}: painting what shall change, and asking for it. The result goes where the picture came from."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web
from aiohttp.web import FileField

from bot.delivery.growth import DOOR
from bot.errors import InvalidRequest, NotAllowed
from bot.images import ImageRequest, InputImage, Kind, Place
from bot.membership import Unanswered
from bot.models import ImageModel
from bot.regions import in_words, region_of
from bot.studio import Origin, as_input
from bot.web.pages.cards import picture_facts
from bot.web.pages.site import Site, Visit
from bot.web.pages.wish import picture_of
from storage.rows import RequestRow


def routes(site: Site) -> list[web.RouteDef]:
    site.acts.append(lambda visit, image_id: (f"/region/{image_id}", visit.t("Edit region")))
    return [web.get("/region/{id}", site.page(_canvas)), web.post("/region/{id}", site.page(_submit))]


async def _canvas(visit: Visit) -> web.StreamResponse:
    image, request = await picture_of(visit, visit.request.match_info["id"])
    models = _models(visit)
    return visit.show(
        "region.html",
        picture=picture_facts(visit, image, request),
        prompt=request.prompt,
        models=models,
        chosen=_best(models, image.model or request.model),
        posted=_has_channel(request) and not (await visit.usual()).private,
    )


async def _submit(visit: Visit) -> web.StreamResponse:
    image, request = await picture_of(visit, visit.request.match_info["id"])
    source = as_input(image)
    sent = visit.form.get("mask")
    if not isinstance(sent, FileField):
        raise InvalidRequest(field="mask", problem="missing", allowed=["mask"])
    uploads = visit.site.parts.uploads
    mask = await uploads.mask_of(sent.file.read(), "mask.png", source)
    wish = await _wish(visit, source, mask)
    place = await _place(visit, request)
    accepted = await visit.site.parts.studio.submit(wish, await visit.requester(), place, Origin(door=DOOR))
    if visit.wants_json:
        return web.json_response({"id": accepted.id, "url": f"/requests/{accepted.id}"})
    return visit.go(f"/requests/{accepted.id}")


async def _wish(visit: Visit, source: InputImage, mask: InputImage) -> ImageRequest:
    """With the mask where the model takes one, with the place in words where it does not."""
    parts = visit.site.parts
    prompt = str(visit.form.get("prompt") or "").strip()
    named = str(visit.form.get("model") or "")
    wish = ImageRequest(kind=Kind.EDIT, prompt=prompt, model=named, inputs=(source,), mask=mask)
    model = parts.catalog.find(named) if named else parts.catalog.default(Kind.EDIT)
    if model.mask or not prompt:
        return replace(wish, model=model.id, chosen=bool(named))
    region = await parts.pixels.run(region_of, await parts.store.get(mask.key))
    return replace(wish, prompt=in_words(prompt, region), model=model.id, mask=None, chosen=bool(named))


async def _place(visit: Visit, request: RequestRow) -> Place:
    """The channel of the picture, when this person may write there; a private result stays on the page."""
    here = visit.place(private=request.private or (await visit.usual()).private)
    if (
        here.private
        or not _has_channel(request)
        or request.guild_id != visit.person.guild_id
        or visit.person.local
    ):
        return here
    try:
        may = await visit.site.membership.may_post(request.guild_id, request.channel_id, visit.person.user_id)
    except Unanswered:
        may = False
    if not may:
        raise NotAllowed(what="channel")
    return replace(here, channel_id=request.channel_id, parent_channel_id=None, listed=request.listed)


def _has_channel(request: RequestRow) -> bool:
    return bool(request.guild_id and request.channel_id) and not request.private


def _models(visit: Visit) -> list[ImageModel]:
    """Those that edit, the ones that take a mask first."""
    found = [model for model in visit.site.parts.catalog.models(Kind.EDIT) if not model.tool or model.mask]
    return sorted(found, key=lambda model: not model.mask)


def _best(models: list[ImageModel], made_by: str) -> str:
    """The picture's own model when it takes a mask, else the first that does, else its own."""
    masked = [model.id for model in models if model.mask]
    if made_by in masked or not masked:
        return made_by
    return masked[0]
