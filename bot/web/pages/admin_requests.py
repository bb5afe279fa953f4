"""/admin/{guild}/requests: what was asked for in a server (or everywhere), filtered; its story; all as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.errors import NotFound, error_from_facts
from bot.i18n import Texts, _
from bot.images import State
from bot.thumbnails import MEDIA_TYPE
from bot.web.pages.admin_guard import NOWHERE, Realm, house_page, server_page, servers_here
from bot.web.pages.cards import picture_facts, standing_words
from bot.web.pages.dates import span_of
from bot.web.pages.site import Item, Site, Visit, words_for
from storage.errors import StorageError
from storage.logbook import Asked, Entry
from storage.rows import RequestRow
from storage.tables import OPEN_STATES

PAGE_LENGTH = 50
_BATCH = 500
"""Rows of the table that are read at once."""
_FIELDS = ("member", "state", "model", "from", "to")
_MOST_WORDS = 100
_PROMPT_SHOWN = 160
_STATES: dict[str, Sequence[str]] = {
    "open": OPEN_STATES,
    "ready": (State.DELIVERED, State.UNDELIVERED),
    "failed": (State.FAILED,),
    "refused": (State.REFUSED,),
    "cancelled": (State.CANCELLED,),
    "parked": (State.PARKED,),
}
_COLUMNS = (
    *(
        "id",
        "asked_at",
        "server_id",
        "member_id",
        "member",
        "kind",
        "model",
        "state",
        "private",
        "asked_for",
        "made",
    ),
    *("charged_usd", "cost_usd", "failure", "prompt"),
)


def routes(site: Site) -> list[web.RouteDef]:
    item = Item(path="requests", name=_("Requests"))
    site.server_pages.append(item)
    site.house_pages.append(item)
    return [
        web.get("/admin/house/requests", house_page(site, _list)),
        web.get("/admin/house/requests.csv", house_page(site, _table)),
        web.get("/admin/house/requests/{id}", house_page(site, _one)),
        web.get("/admin/house/thumbs/{id}", house_page(site, _thumb)),
        web.get("/admin/{guild}/requests", server_page(site, _list)),
        web.get("/admin/{guild}/requests.csv", server_page(site, _table)),
        web.get("/admin/{guild}/requests/{id}", server_page(site, _one)),
        web.get("/admin/{guild}/thumbs/{id}", server_page(site, _thumb)),
    ]


@dataclass(frozen=True)
class _Query:
    """The address's: `given` as it was typed, `asked` what it means, `after` where the page begins."""

    given: dict[str, str]
    asked: Asked
    after: str | None

    def address(self, path: str, after: str | None = None) -> str:
        said = {name: value for name, value in self.given.items() if value}
        query = urlencode(said | ({"after": after} if after else {}))
        return f"{path}?{query}" if query else path


async def _query(visit: Visit, realm: Realm) -> _Query:
    """What means nothing (a state or a day that is none) narrows nothing."""
    said = visit.request.query
    given = {name: said.get(name, "").strip()[:_MOST_WORDS] for name in _FIELDS}
    zone = (await visit.site.parts.quotas.day(realm.guild_id)).zone
    since, until = span_of(given["from"], given["to"], zone)
    asked = Asked(
        guild_id=realm.scope,
        member=given["member"].removeprefix("@"),
        states=_STATES.get(given["state"]),
        model=given["model"],
        since=since,
        until=until,
    )
    return _Query(given, asked, said.get("after") or None)


async def _list(visit: Visit, realm: Realm) -> web.StreamResponse:
    query, path = await _query(visit, realm), f"{realm.path}/requests"
    logbook = visit.site.parts.admin.logbook
    entries = await logbook.requests(query.asked, after=query.after, limit=PAGE_LENGTH + 1)
    servers = await _servers(visit, realm)
    shown, more = entries[:PAGE_LENGTH], len(entries) > PAGE_LENGTH
    return realm.show(
        visit,
        "admin_requests.html",
        given=query.given,
        filtered=any(query.given.values()),
        after=query.after,
        rows=[await _row(visit, realm, entry, servers) for entry in shown],
        newest=query.address(path),
        more=query.address(path, shown[-1].request.id) if more else None,
        table=query.address(f"{path}.csv"),
        states=_state_names(visit.t),
        models=sorted((model.name, model.id) for model in visit.site.parts.catalog.models()),
    )


async def _row(
    visit: Visit, realm: Realm, entry: Entry, servers: Mapping[int, str] | None = None
) -> dict[str, Any]:
    row = entry.request
    model = visit.site.parts.catalog.known(row.model)
    prompt = await _prompt(visit, row)
    return {
        "id": row.id,
        "page": f"{realm.path}/requests/{row.id}",
        "at": row.created_at,
        "server": None if servers is None else servers.get(row.guild_id, str(row.guild_id)),
        "server_page": f"/admin/{row.guild_id}/requests",
        "member": entry.name,
        "member_page": f"{realm.path}/requests?{urlencode({'member': row.user_id})}",
        "state": row.state,
        "words": standing_words(visit, row),
        "private": row.private,
        "prompt": prompt and (prompt if len(prompt) <= _PROMPT_SHOWN else prompt[: _PROMPT_SHOWN - 1] + "…"),
        "model": model.name if model else row.model,
        "made": row.made,
        "count": row.count,
        "charged": row.charged_microusd or 0,
        "cost": row.cost_microusd or 0,
    }


async def _servers(visit: Visit, realm: Realm) -> Mapping[int, str] | None:
    """Names by id; None where all requests are of one server."""
    return {0: visit.t(NOWHERE.name)} | await servers_here(visit) if realm.house else None


async def _prompt(visit: Visit, row: RequestRow) -> str | None:
    """None where its words are its requester's alone: private, and the server did not decide to show them."""
    if row.private and row.user_id != visit.person.user_id:
        server = await visit.site.parts.admin.servers.of(row.guild_id)
        if not server.settings.private_prompts_shown:
            return None
    return row.prompt


async def _one(visit: Visit, realm: Realm) -> web.StreamResponse:
    request_id = visit.request.match_info["id"]
    row = await _request(visit, realm, request_id)
    parts = visit.site.parts
    user = await parts.admin.users.get(row.user_id)
    images = [one for one in await parts.images.of_request(row.id) if one.deleted_at is None]
    facts = await _row(visit, realm, Entry(request=row, name=user.name if user else str(row.user_id)))
    failure = error_from_facts(row.failure_kind, row.failure_facts or {}) if row.failure_kind else None
    prompt = await _prompt(visit, row)
    pictures = [picture_facts(visit, one, row) | {"thumb": f"{realm.path}/thumbs/{one.id}"} for one in images]
    return realm.show(
        visit,
        "admin_request.html",
        row=facts
        | {
            "prompt": prompt,
            "user_id": row.user_id,
            "door": row.door,
            "limits": f"/admin/{row.guild_id}/members/{row.user_id}",
        },
        pictures=[] if prompt is None else pictures,
        failure=words_for(failure, visit.t) if failure else None,
        failure_kind=row.failure_kind,
        stages=[(name, visit.t.seconds(seconds)) for name, (_, seconds) in row.stages.items()],
    )


async def _request(visit: Visit, realm: Realm, request_id: str) -> RequestRow:
    row = await visit.site.parts.requests.get(request_id)
    if row is None or realm.scope not in (None, row.guild_id):
        raise NotFound(what="request", id=request_id)
    return row


async def _thumb(visit: Visit, realm: Realm) -> web.StreamResponse:
    image_id = visit.request.match_info["id"]
    image = await visit.site.parts.images.get(image_id)
    if image is None or image.deleted_at is not None:
        raise NotFound(what="image", id=image_id)
    if await _prompt(visit, await _request(visit, realm, image.request_id)) is None:
        raise NotFound(what="image", id=image_id)
    try:
        path = await visit.site.parts.thumbs.of(image.key)
    except StorageError as error:
        raise NotFound(what="image", id=image_id) from error
    return web.FileResponse(path, headers={"Content-Type": MEDIA_TYPE})


async def _table(visit: Visit, realm: Realm) -> web.StreamResponse:
    """All that the filters find, as it is read: a year of a large server is not held in memory."""
    query = await _query(visit, realm)
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="requests-{realm.mark}.csv"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(visit.request)
    await response.write(_csv([_COLUMNS]))
    after: str | None = None
    while True:
        entries = await visit.site.parts.admin.logbook.requests(query.asked, after=after, limit=_BATCH)
        await response.write(_csv([await _cells(visit, entry) for entry in entries]))
        if len(entries) < _BATCH:
            return response
        after = entries[-1].request.id


async def _cells(visit: Visit, entry: Entry) -> list[object]:
    row = entry.request
    asked_at = datetime.fromtimestamp(row.created_at, UTC).isoformat(timespec="seconds")
    charged, cost = (
        f"{(amount or 0) / 1_000_000:.6f}" for amount in (row.charged_microusd, row.cost_microusd)
    )
    return [
        *(row.id, asked_at, row.guild_id, row.user_id, entry.name, row.kind, row.model, row.state),
        *("yes" if row.private else "no", row.count, row.made, charged, cost, row.failure_kind or ""),
        await _prompt(visit, row) or "",
    ]


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    held = io.StringIO(newline="")
    csv.writer(held).writerows([_harmless(cell) for cell in row] for row in rows)
    return held.getvalue().encode()


def _harmless(cell: object) -> object:
    """Spreadsheets compute what begins so: a member's words are to be read only."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _state_names(t: Texts) -> list[tuple[str, str]]:
    return [
        ("open", t("Being worked on")),
        ("ready", t("Ready")),
        ("failed", t("That did not work")),
        ("refused", t("The provider declined")),
        ("cancelled", t("Cancelled")),
        ("parked", t("Put aside")),
    ]
