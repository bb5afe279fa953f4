"""Who may look after what on the admin pages, asked anew at every page and every form; and how such a page is made.

A page of one server is a function of the visit and the `Realm` that it looks after; it shows a template that extends
`admin.html`:

    def routes(site: Site) -> list[web.RouteDef]:
        site.server_pages.append(Item(path="audit", name=_("Audit log")))
        return [web.get("/admin/{guild}/audit", server_page(site, _audit))]

    async def _audit(visit: Visit, realm: Realm) -> web.StreamResponse:
        return realm.show(visit, "admin_audit.html", rows=…)

A page of the whole installation is the same with `site.house_pages` (`Item(path="models", …)`), `/admin/house/models`
and `house_page`; its realm is `HOUSE`. Changes are audited with `visit.person.user_id` as the actor and
`realm.guild_id` as the server (0 for the house); a form carries `csrf` as everywhere, and its handler ends with
`realm.back(visit, "models", told=…)`: the page again, with a line that says what was done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from markupsafe import Markup

from bot.errors import NotAllowed, NotFound
from bot.i18n import _
from bot.membership import Unanswered
from bot.web.markup import html
from bot.web.pages.site import Answer, Site, Unchecked, Visit

FRESH_SECONDS = 3.0
"""How old what Discord said may be for looking at a page; what changes something asks anew."""
_MOST_SERVERS = 25
"""That one visit asks Discord about."""


@dataclass(frozen=True, kw_only=True)
class Realm:
    """What is looked after. `guild_id` 0: who draws in no server; `path` is where its pages begin."""

    guild_id: int
    name: str
    path: str
    house: bool = False

    @property
    def scope(self) -> int | None:
        """Whose requests and usage belong here: of this server (0: of none); None: of all."""
        return None if self.house else self.guild_id

    @property
    def mark(self) -> str:
        """For names of files."""
        return self.path.rpartition("/")[2]

    def show(self, visit: Visit, template: str, **values: Any) -> web.Response:
        pages = visit.site.house_pages if self.house else visit.site.server_pages
        return visit.show(
            template,
            realm=replace(self, name=visit.t(self.name)) if self in _OUR_OWN else self,
            tabs=[(f"{self.path}/{item.path}", visit.t(item.name)) for item in pages],
            told=_told(visit),
            **values,
        )

    def back(self, visit: Visit, page: str, *, told: str) -> web.Response:
        """To a page of this realm after a form; `told` says what was done, markdown as Discord's."""
        seal = visit.site.signin.seal(visit.signed_in, told)
        return visit.go(f"{self.path}/{page}?{urlencode({'told': told, 'seal': seal})}")


NOWHERE = Realm(guild_id=0, name=_("Outside of servers"), path="/admin/0")
HOUSE = Realm(guild_id=0, name=_("The whole installation"), path="/admin/house", house=True)
_OUR_OWN = (NOWHERE, HOUSE)

Handler = Callable[[Visit, Realm], Awaitable[web.StreamResponse]]


def server_page(site: Site, handler: Handler) -> Answer:
    """`handler` for those who may look after the server in the address. Everybody else is refused, and audited."""

    async def guarded(visit: Visit) -> web.StreamResponse:
        named = visit.request.match_info["guild"]
        if not (named.isascii() and named.isdecimal() and len(named) < 20):
            raise NotFound(what="request", id=named)
        guild_id = int(named)
        try:
            await require_admin(visit, guild_id)
        except NotAllowed:
            await _note_refusal(visit, guild_id)
            raise
        return await handler(visit, await _realm(visit, guild_id))

    return site.page(guarded)


def house_page(site: Site, handler: Handler) -> Answer:
    """`handler` for those who look after the whole installation: OWNER_IDS, and who came by `web-link --admin`."""

    async def guarded(visit: Visit) -> web.StreamResponse:
        if not is_owner(visit):
            await _note_refusal(visit, 0)
            raise NotAllowed(what="owner")
        return await handler(visit, HOUSE)

    return site.page(guarded)


def is_owner(visit: Visit) -> bool:
    """As the settings say now: a session remembers only of people without Discord that they are."""
    person = visit.person
    return person.owner if person.local else visit.site.parts.admin.servers.is_owner(person.user_id)


async def require_admin(visit: Visit, guild_id: int) -> None:
    """Manage Server, a role that the server named, or an owner, as of now. Raises NotAllowed, Unchecked."""
    if is_owner(visit):
        return
    person, servers = visit.person, visit.site.parts.admin.servers
    if person.local or not guild_id:
        raise NotAllowed(what="admin")
    looks = visit.request.method in ("GET", "HEAD")
    try:
        standing = await visit.site.membership.of(
            guild_id, person.user_id, max_age_seconds=FRESH_SECONDS if looks else 0
        )
    except Unanswered as error:
        raise Unchecked from error
    await servers.of(guild_id)
    if standing is None or not servers.is_admin(
        guild_id, person.user_id, standing.role_ids, manages=standing.manages
    ):
        raise NotAllowed(what="admin")


async def realms_of(visit: Visit) -> list[Realm]:
    """All that this person may look after, by name. Raises Unchecked where Discord says nothing of the first server."""
    parts = visit.site.parts
    here = await servers_here(visit)
    if is_owner(visit):
        servers = [_server(guild_id, name) for guild_id, name in here.items()]
        own = [HOUSE] if visit.site.house_pages else []
        return [*own, *sorted(servers, key=lambda realm: realm.name.casefold()), NOWHERE]
    home = visit.person.guild_id
    elsewhere = [one for one in await parts.admin.logbook.guilds_of(visit.person.user_id) if one in here]
    candidates = dict.fromkeys([home, *elsewhere] if home else elsewhere)
    found: list[Realm] = []
    for guild_id in [*candidates][:_MOST_SERVERS]:
        try:
            await require_admin(visit, guild_id)
        except NotAllowed:
            continue
        found.append(_server(guild_id, here.get(guild_id) or visit.person.guild_name))
    return sorted(found, key=lambda realm: realm.name.casefold())


def _told(visit: Visit) -> Markup | None:
    """What the form before this page did; nothing for words that somebody else put into the address."""
    query = visit.request.query
    told = query.get("told", "")
    if not visit.site.signin.is_sealed(visit.signed_in, told, query.get("seal", "")):
        return None
    return html(told, visit.t)


async def servers_here(visit: Visit) -> dict[int, str]:
    """The servers that the bot is in, by id: as written down when it joined, and as it hears of them."""
    noted = {row.id: row.name for row in await visit.site.parts.admin.servers.here()}
    return noted | visit.site.membership.servers()


async def _realm(visit: Visit, guild_id: int) -> Realm:
    if not guild_id:
        return NOWHERE
    name = (await servers_here(visit)).get(guild_id, "")
    if not name and guild_id != visit.person.guild_id:
        raise NotFound(what="server", id=str(guild_id))
    return _server(guild_id, name or visit.person.guild_name)


def _server(guild_id: int, name: str) -> Realm:
    return Realm(guild_id=guild_id, name=name or str(guild_id), path=f"/admin/{guild_id}")


async def _note_refusal(visit: Visit, guild_id: int) -> None:
    """Admins may want to know who of their members tries; of strangers to their server they hear nothing."""
    if guild_id in (0, visit.person.guild_id):
        request = visit.request
        what = f"{request.method} {request.path[:100]}"
        await visit.site.parts.admin.audit.add(guild_id, visit.person.user_id, "refused", what)
