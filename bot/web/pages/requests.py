"""/requests/{id}: one request while it is drawn, live, and afterwards; its pictures' bytes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from typing import Any

from aiohttp import web

from bot import media
from bot.errors import NotFound
from bot.thumbnails import MEDIA_TYPE
from bot.web.pages.cards import card_of, growing_words, is_running, waits
from bot.web.pages.site import Site, Visit
from bot.web.pages.wish import picture_of, request_of
from storage.errors import StorageError
from storage.rows import RequestRow

_LOOK_EVERY_SECONDS = 0.4
_KEEP_ALIVE_LOOKS = 25
"""A line for proxies that close what is silent."""
_PLACE_LOOKS = 5
"""Counting who is ahead reads every open request."""
_FOR_GOOD = "private, max-age=31536000, immutable"


def routes(site: Site) -> list[web.RouteDef]:
    return [
        web.get("/requests/{id}", site.page(_page)),
        web.get("/requests/{id}/card", site.page(_card)),
        web.get("/requests/{id}/events", site.page(_events)),
        web.get(r"/requests/{id}/previews/{number:\d+}", site.page(_preview)),
        web.post("/requests/{id}/cancel", site.page(_cancel)),
        web.get("/files/{id}", site.page(_file)),
        web.get("/thumbs/{id}", site.page(_thumb)),
    ]


async def _page(visit: Visit) -> web.StreamResponse:
    row = await request_of(visit, visit.request.match_info["id"])
    return visit.show("request.html", card=await card_of(visit, row))


async def _card(visit: Visit) -> web.StreamResponse:
    """The card alone, for a page that shows it grow."""
    row = await request_of(visit, visit.request.match_info["id"])
    return visit.show("_card.html", card=await card_of(visit, row))


async def _events(visit: Visit) -> web.StreamResponse:
    """Server-sent events: `state` whenever something is new, `end` when the card is to be fetched for good."""
    request_id = visit.request.match_info["id"]
    await request_of(visit, request_id)
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    await response.prepare(visit.request)
    with contextlib.suppress(ConnectionError), visit.site.parts.growth.watched(request_id):
        await _tell(visit, response, request_id)
    return response


async def _tell(visit: Visit, response: web.StreamResponse, request_id: str) -> None:
    told, looks, place = "", 0, 0
    requests = visit.site.parts.requests
    while True:
        row = await requests.get(request_id)
        if row is None or not is_running(row):
            await response.write(b"event: end\ndata: {}\n\n")
            return
        if waits(row) and looks % _PLACE_LOOKS == 0:
            place = await requests.queue_place(request_id)
        growing = await _growing(visit, row)
        words = growing_words(visit, row, place, growing.get("percent"))
        said = json.dumps({"state": row.state, "words": words, **growing})
        looks += 1
        if said != told:
            told = said
            await response.write(f"event: state\ndata: {said}\n\n".encode())
        elif looks % _KEEP_ALIVE_LOOKS == 0:
            await response.write(b": still here\n\n")
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _growing(visit: Visit, row: RequestRow) -> dict[str, Any]:
    """What is there already: how many whole pictures, how much in per cent where that is known, unfinished pictures.

    An address of an unfinished picture changes with it, so that browsers fetch each one once.
    """
    seen = await visit.site.parts.growth.of(row.id)
    if seen is None:
        return {"made": row.made}
    previews = [f"/requests/{row.id}/previews/{number}?{came}" for number, came in seen.previews.items()]
    percent = None if seen.share is None else round(100 * seen.share)
    return {"made": row.made, "percent": percent, "previews": previews}


async def _preview(visit: Visit) -> web.StreamResponse:
    """An unfinished picture; gone soon after the request has ended."""
    info = visit.request.match_info
    row = await request_of(visit, info["id"])
    number = int(info["number"]) if len(info["number"]) < 4 else 0
    data = await visit.site.parts.growth.picture(row.id, number)
    if data is None:
        raise NotFound(what="image", id=row.id)
    media_type, _, _ = media.inspect(data)
    return web.Response(body=data, content_type=media_type)


async def _cancel(visit: Visit) -> web.StreamResponse:
    request_id = visit.request.match_info["id"]
    await visit.site.parts.studio.cancel(request_id, await visit.requester())
    if visit.wants_json:
        return web.json_response({"id": request_id})
    return visit.go(f"/requests/{request_id}")


async def _file(visit: Visit) -> web.StreamResponse:
    """Byte for byte as it was made; with `?save` as a download under a name that says what it is."""
    image, request = await picture_of(visit, visit.request.match_info["id"])
    headers = {"Content-Type": image.media_type, "Cache-Control": _FOR_GOOD, "ETag": f'"{image.key}"'}
    if "save" in visit.request.query:
        ending = image.media_type.removeprefix("image/").replace("jpeg", "jpg")
        headers["Content-Disposition"] = (
            f'attachment; filename="{_file_name(request.prompt, image.id)}.{ending}"'
        )
    if visit.request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    try:
        data = await visit.site.parts.store.get(image.key)
    except StorageError as error:
        raise NotFound(what="image", id=image.id) from error
    return web.Response(body=data, headers=headers)


async def _thumb(visit: Visit) -> web.StreamResponse:
    image, _ = await picture_of(visit, visit.request.match_info["id"])
    try:
        path = await visit.site.parts.thumbs.of(image.key)
    except StorageError as error:
        raise NotFound(what="image", id=image.id) from error
    return web.FileResponse(path, headers={"Content-Type": MEDIA_TYPE, "Cache-Control": _FOR_GOOD})


def _file_name(prompt: str, image_id: str) -> str:
    words = "-".join(re.findall(r"[A-Za-z0-9]+", prompt)[:6])[:60].lower()
    return f"{words}-{image_id}" if words else image_id
