"""/pictures/{id}: one picture with everything that is known of it, its family, and what can be done with it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.delivery.growth import DOOR
from bot.images import ImageRequest, Kind
from bot.studio import Origin, as_input
from bot.web.markup import html
from bot.web.pages.cards import again_query, picture_facts
from bot.web.pages.gallery import kind_words
from bot.web.pages.site import Site, Visit
from bot.web.pages.wish import may_see, picture_of
from storage.rows import ImageRow, RequestRow

_MOST_RELATIVES = 120
"""Shown of one family; the rest is reached by walking."""
_MEGA = 1_000_000
_WORTH_SAYING_SECONDS = 0.05


def routes(site: Site) -> list[web.RouteDef]:
    return [
        web.get("/pictures/{id}", site.page(_page)),
        web.post("/pictures/{id}/like", site.page(_like)),
        web.post("/pictures/{id}/upscale", site.page(_upscale)),
        web.post("/pictures/{id}/delete", site.page(_delete)),
    ]


async def _page(visit: Visit) -> web.StreamResponse:
    image, request = await picture_of(visit, visit.request.match_info["id"])
    parts, asked = visit.site.parts, ImageRequest.from_json(request.request)
    family, hidden = await family_of(visit, image)
    names = await parts.admin.users.names({request.user_id})
    return visit.show(
        "picture.html",
        picture=picture_facts(visit, image, request),
        request_page=f"/requests/{request.id}",
        prompt=request.prompt,
        revised=image.revised_prompt,
        facts=_facts(visit, image, request, asked),
        asked_at=request.created_at,
        made_by=names.get(request.user_id),
        family=family,
        hidden=hidden,
        mine=request.user_id == visit.person.user_id,
        private=request.private,
        again=again_query(asked, private=request.private),
        liked=await parts.pasts.is_liked(visit.person.user_id, image.id),
        likes=await parts.pasts.likes(image.id),
        can_upscale=bool(parts.catalog.models(Kind.UPSCALE)),
    )


def _facts(visit: Visit, image: ImageRow, request: RequestRow, asked: ImageRequest) -> list[tuple[str, str]]:
    """What was asked and what came of it, as (name, value); what was left open is left out."""
    t = visit.t
    catalog = visit.site.parts.catalog
    model = catalog.known(image.model or request.model)
    provider = model.provider if model else request.provider
    size = f"{image.width} × {image.height}"
    if asked.asked_size:
        size += " " + t("(asked: {size})", size=asked.asked_size)
    said: list[tuple[str, str | None]] = [
        (t("Made how"), dict(kind_words(t)).get(request.kind, request.kind)),
        (t("Model"), model.name if model else image.model or request.model),
        (t("Provider"), catalog.name_of(provider)),
        (t("Style"), visit.site.parts.styles.label(asked.style, t.locale)),
        (t("Size"), size),
        (t("Quality"), asked.quality),
        (t("Seed"), None if image.seed is None else str(image.seed)),
        (t("What should not be in it"), asked.negative),
        (t("Background"), asked.background),
        (t("Strength"), None if asked.strength is None else t.number(asked.strength)),
        (t("File"), _file(visit, image)),
        (t("Cost"), t.money(image.cost_microusd) if image.cost_microusd else t("free")),
        (t("Waited"), _seconds(visit, request.stages["queued"][1] if "queued" in request.stages else 0.0)),
        (t("Drawn in"), _seconds(visit, request.drawing_seconds)),
    ]
    return [(name, value) for name, value in said if value]


def _file(visit: Visit, image: ImageRow) -> str:
    kind = image.media_type.removeprefix("image/").upper()
    return f"{kind}, {visit.t.number(round(image.size_bytes / _MEGA, 2))} MB"


def _seconds(visit: Visit, seconds: float) -> str | None:
    return visit.t.seconds(seconds) if seconds >= _WORTH_SAYING_SECONDS else None


async def family_of(visit: Visit, image: ImageRow) -> tuple[dict[str, Any], int]:
    """The tree from the first ancestor down to this picture and everything made from it, and how many are not shown.

    A relative that this person may not see, or that is deleted, has a place without a picture where it leads to one
    that they may see, and none where it does not.
    """
    parts = visit.site.parts
    above = list(reversed(await parts.images.ancestors(image.id)))
    below = await parts.images.descendants(image.id)
    shown = below[: max(0, _MOST_RELATIVES - len(above))]
    members = [*above, image, *shown]
    pairs = await parts.galleries.with_requests([one.id for one in members])
    nodes: dict[str, dict[str, Any]] = {}
    for one in members:
        row, request = pairs.get(one.id, (one, None))
        seen = request is not None and row.deleted_at is None and await may_see(visit, request)
        nodes[one.id] = {
            "picture": picture_facts(visit, row, request) if seen else None,
            "kind": dict(kind_words(visit.t)).get(request.kind, "") if request else "",
            "here": one.id == image.id,
            "children": [],
        }
    root = nodes[members[0].id]
    for one in members[1:]:
        parent = nodes.get(one.parent_image_id or "")
        if parent is not None:
            parent["children"].append(nodes[one.id])
    _prune(root)
    return root, len(below) - len(shown)


def _prune(node: dict[str, Any]) -> bool:
    """Cut branches on which nothing is to be seen; whether anything is on this one."""
    node["children"] = [child for child in node["children"] if _prune(child)]
    return bool(node["picture"] or node["children"])


async def _like(visit: Visit) -> web.StreamResponse:
    image, _ = await picture_of(visit, visit.request.match_info["id"])
    stands = visit.form.get("stands") == "1"
    await visit.site.parts.pasts.like(visit.person.user_id, image.id, stands=stands)
    if visit.wants_json:
        said = visit.t("One of your favourites now.") if stands else visit.t("Not a favourite any more.")
        return web.json_response({"message": html(said, visit.t), "liked": stands})
    return visit.go(f"/pictures/{image.id}")


async def _upscale(visit: Visit) -> web.StreamResponse:
    image, request = await picture_of(visit, visit.request.match_info["id"])
    prompt = request.prompt if request.kind in (Kind.GENERATE, Kind.VARIATIONS) else ""
    wish = ImageRequest(kind=Kind.UPSCALE, prompt=prompt, model="", inputs=(as_input(image),))
    alone = request.private or not request.listed or (await visit.usual()).private
    place = visit.place(private=alone)
    accepted = await visit.site.parts.studio.submit(wish, await visit.requester(), place, Origin(door=DOOR))
    return visit.go(f"/requests/{accepted.id}")


async def _delete(visit: Visit) -> web.StreamResponse:
    """This one alone, of its request's pictures."""
    image, _ = await picture_of(visit, visit.request.match_info["id"])
    await visit.site.parts.studio.delete_picture(image.id, await visit.requester())
    return visit.go("/mine")
