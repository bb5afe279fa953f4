"""/admin/{guild}/audit: who changed what, and who tried what they may not; narrowed by who, by deed, by day."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from bot.audit_words import change_words, deed_words, subject_words
from bot.i18n import _
from bot.web.markup import html
from bot.web.pages.admin_guard import Realm, house_page, server_page
from bot.web.pages.admin_names import names_for
from bot.web.pages.dates import span_of
from bot.web.pages.site import Item, Site, Visit

PAGE_LENGTH = 50
_MOST_DIGITS = 18
"""Of numbers in an address that become rows' ids."""
_LARGEST_ID = 2**63 - 1


def routes(site: Site) -> list[web.RouteDef]:
    item = Item(path="audit", name=_("Audit log"))
    site.server_pages.append(item)
    site.house_pages.append(item)
    return [
        web.get("/admin/house/audit", house_page(site, _page)),
        web.get("/admin/{guild}/audit", server_page(site, _page)),
    ]


@dataclass(frozen=True, kw_only=True)
class _Query:
    """The address's, each empty or None where it narrows nothing; `before` is where the page begins."""

    who: int | None
    action: str
    first: str
    last: str
    before: int | None

    @property
    def filters(self) -> dict[str, str]:
        who = "" if self.who is None else str(self.who)
        said = {"who": who, "action": self.action, "from": self.first, "to": self.last}
        return {name: value for name, value in said.items() if value}

    def address(self, realm: Realm, **others: object) -> str:
        query = urlencode(self.filters | others)
        return f"{realm.path}/audit?{query}" if query else f"{realm.path}/audit"


def _query(visit: Visit) -> _Query:
    """What means nothing (a name that is no number, a day that is none) narrows nothing."""
    said = visit.request.query
    before = said.get("before", "")
    return _Query(
        who=_member(said.get("who", "")),
        action=said.get("action", "")[:100],
        first=said.get("from", "")[:10],
        last=said.get("to", "")[:10],
        before=int(before) if _is_number(before) and len(before) <= _MOST_DIGITS else None,
    )


def _member(typed: str) -> int | None:
    """An id; people without Discord have a minus before theirs."""
    if not _is_number(typed.removeprefix("-")) or len(typed) > len(str(_LARGEST_ID)) + 1:
        return None
    return int(typed) if abs(int(typed)) <= _LARGEST_ID else None


def _is_number(typed: str) -> bool:
    return typed.isascii() and typed.isdecimal()


async def _page(visit: Visit, realm: Realm) -> web.StreamResponse:
    audit, t, query = visit.site.parts.admin.audit, visit.t, _query(visit)
    zone = (await visit.site.parts.quotas.day(realm.guild_id)).zone
    since, until = span_of(query.first, query.last, zone)
    rows = await audit.list(
        realm.guild_id, limit=PAGE_LENGTH + 1, before_id=query.before, action=query.action or None,
        actor_id=query.who, since=since, until=until,
    )  # fmt: skip
    shown = rows[:PAGE_LENGTH]
    subjects = {row.id: subject_words(row.subject) for row in shown}
    actors = dict.fromkeys(await audit.actors(realm.guild_id))
    if query.who is not None:
        actors[query.who] = None
    actions = {*await audit.actions(realm.guild_id), *filter(None, [query.action])}
    also = {*(row.actor_id for row in shown), *actors}
    names = await names_for(visit, realm, subjects.values(), also=also)
    return realm.show(
        visit,
        "admin_audit.html",
        given=query,
        filtered=bool(query.filters),
        actors=sorted(((names.member(one), one) for one in actors), key=lambda one: one[0].casefold()),
        actions=sorted((deed_words(t, one), one) for one in actions),
        newest=query.address(realm),
        more=query.address(realm, before=shown[-1].id) if len(rows) > PAGE_LENGTH else None,
        rows=[
            {
                "at": row.at,
                "actor": names.member(row.actor_id),
                "actor_page": f"{realm.path}/audit?{urlencode({'who': row.actor_id})}",
                "action": row.action,
                "deed": deed_words(t, row.action),
                "action_page": f"{realm.path}/audit?{urlencode({'action': row.action})}",
                "subject": html(names.put(subjects[row.id]), t),
                "change": change_words(t, row),
            }
            for row in shown
        ],
    )
