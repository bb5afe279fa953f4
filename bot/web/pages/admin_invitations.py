"""/admin/house/invitations: people without Discord, let in by links that work once; the same as `atelier web-link`."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.errors import InvalidRequest, NotFound
from bot.i18n import _
from bot.web.pages.admin_guard import Realm, house_page
from bot.web.pages.site import Item, Site, Visit
from bot.web.pages.wish import text_in
from bot.web.signin import LOCAL_OWNER_ID, Guest

_LONGEST_NAME = 60


def routes(site: Site) -> list[web.RouteDef]:
    site.house_pages.append(Item(path="invitations", name=_("Invitations")))
    return [
        web.get("/admin/house/invitations", house_page(site, _list)),
        web.post("/admin/house/invitations", house_page(site, _invite)),
        web.post("/admin/house/invitations/again", house_page(site, _again)),
        web.post("/admin/house/invitations/revoke", house_page(site, _revoke)),
    ]


async def _list(visit: Visit, realm: Realm) -> web.StreamResponse:
    return await _shown(visit, realm)


async def _shown(visit: Visit, realm: Realm, **made: Any) -> web.Response:
    """`made` is what is shown this once."""
    guests = await visit.site.signin.guests()
    servers = await _servers(visit)
    return realm.show(
        visit,
        "admin_invitations.html",
        guests=[_row(guest) | {"server": servers.get(guest.person.guild_id)} for guest in guests],
        made=made or None,
        servers=sorted(servers.items(), key=lambda one: one[1].casefold()),
        longest=_LONGEST_NAME,
    )


def _row(guest: Guest) -> dict[str, Any]:
    return {
        "id": guest.person.user_id,
        "name": guest.person.name,
        "owner": guest.person.user_id == LOCAL_OWNER_ID,
        "link_until": guest.link_until,
        "browsers": guest.browsers,
        "seen": guest.seen_at,
    }


async def _invite(visit: Visit, realm: Realm) -> web.StreamResponse:
    """Somebody new. The answer is the page with the link: no address may lead to it. Raises InvalidRequest."""
    name = " ".join((text_in(visit.form, "name") or "").split())
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise InvalidRequest(
            field="name", problem="out_of_range", value=name, allowed=["1", str(_LONGEST_NAME)]
        )
    server = text_in(visit.form, "server") or "0"
    if server not in {"0", *map(str, await _servers(visit))}:
        raise NotFound(what="server", id=server)
    return await _made(visit, realm, name, int(server), None)


async def _servers(visit: Visit) -> dict[int, str]:
    """Where the bot is, by name; the one that this person came from has perhaps set nothing up yet."""
    person = visit.person
    own = {person.guild_id: person.guild_name} if person.guild_id else {}
    return own | {row.id: row.name for row in await visit.site.parts.admin.servers.here()}


async def _again(visit: Visit, realm: Realm) -> web.StreamResponse:
    """Another link for the same member. Raises NotFound."""
    person = (await _guest(visit)).person
    if person.user_id == LOCAL_OWNER_ID:
        raise NotFound(what="member", id=str(person.user_id))
    return await _made(visit, realm, person.name, person.guild_id, person.user_id)


async def _made(
    visit: Visit, realm: Realm, name: str, guild_id: int, user_id: int | None
) -> web.StreamResponse:
    path, person = await visit.site.signin.invite(name, guild_id, user_id=user_id)
    admin = visit.site.parts.admin
    await admin.audit.add(
        0, visit.person.user_id, "invitation.make", f"user:{person.user_id}",
        after={"name": name, "server": str(guild_id)},
    )  # fmt: skip
    return await _shown(visit, realm, name=name, link=admin.settings.web_address + path)


async def _revoke(visit: Visit, realm: Realm) -> web.StreamResponse:
    """Out of every browser, and links that nobody used are over. Raises NotFound."""
    person, t = (await _guest(visit)).person, visit.t
    browsers = await visit.site.signin.end_everywhere(person.user_id)
    await visit.site.parts.admin.audit.add(
        0, visit.person.user_id, "invitation.revoke", f"user:{person.user_id}", before={"browsers": browsers}
    )
    return realm.back(
        visit,
        "invitations",
        told=t("{name} is signed out everywhere; a new link lets them in again.", name=person.name),
    )


async def _guest(visit: Visit) -> Guest:
    named = text_in(visit.form, "member") or ""
    for guest in await visit.site.signin.guests():
        if str(guest.person.user_id) == named:
            return guest
    raise NotFound(what="member", id=named)
