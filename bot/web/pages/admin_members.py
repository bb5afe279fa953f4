"""/admin/{guild}/members: who draws here, and what each may; limits to set, to widen, to begin anew."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.errors import InvalidRequest, NotFound
from bot.i18n import Texts, _
from bot.images import Place, Requester
from bot.membership import Unanswered
from bot.quota_words import amount_words, limit_line, per, rule_words, standing_line
from bot.quotas import SubjectKind
from bot.rules import Decision
from bot.web.markup import html
from bot.web.pages.admin_guard import Realm, server_page
from bot.web.pages.admin_names import Names, names_for
from bot.web.pages.amounts import dollars, text_of, whole
from bot.web.pages.site import Item, Site, Visit, words_for
from storage.rows import LimitRow, Rule
from storage.windows import Window

PAGE_LENGTH = 50
EVERYONE = "everyone"
_MOST_IMAGES, _MOST_USD = 1_000_000, 1_000_000
_MOST_GRANTED = 100_000
_FIELDS = ("images", "usd", "window", "jobs", "cooldown", "price", "exempt")
_MOST_PAGES = 10_000
_MEMBER_ID = re.compile(r"-?[0-9]{1,18}|[1-8][0-9]{18}")
_REFERENCE = re.compile(r"[0-9a-f]{32}")


def routes(site: Site) -> list[web.RouteDef]:
    site.server_pages.append(Item(path="members", name=_("Members")))
    one = "/admin/{guild}/members/{id}"
    return [
        web.get("/admin/{guild}/members", server_page(site, _list)),
        web.get(one, server_page(site, _one)),
        web.post(f"{one}/set", server_page(site, _set)),
        web.post(f"{one}/remove", server_page(site, _remove)),
        web.post(f"{one}/grant", server_page(site, _grant)),
        web.post(f"{one}/reset", server_page(site, _reset)),
    ]


@dataclass(frozen=True, kw_only=True)
class Whose:
    """Whose limits a page is about: a member's, or (without a `requester`) what every member has."""

    name: str
    page: str
    requester: Requester | None = None
    note: str = ""

    @property
    def subject(self) -> tuple[SubjectKind, int]:
        return ("user", self.requester.user_id) if self.requester else ("everyone", 0)


async def _list(visit: Visit, realm: Realm) -> web.StreamResponse:
    """A name or an id that is typed narrows it; an id that nobody here has is shown none the less: it may be set."""
    parts, query = visit.site.parts, visit.request.query
    named = query.get("q", "").strip().removeprefix("@")[:100]
    typed = query.get("page", "")
    page = min(int(typed), _MOST_PAGES) if typed.isascii() and typed.isdecimal() else 0
    found = await parts.admin.logbook.members(
        realm.guild_id, named=named, limit=PAGE_LENGTH + 1, offset=page * PAGE_LENGTH
    )
    if not found and _MEMBER_ID.fullmatch(named):
        return visit.go(f"{realm.path}/members/{named}")
    rules = await parts.quotas.list(realm.guild_id)
    names = await names_for(visit, realm, [limit_line(visit.t, row) for row in rules])
    return realm.show(
        visit,
        "admin_members.html",
        named=named,
        members=[
            {
                "page": f"{realm.path}/members/{member.user_id}",
                "name": member.name,
                "requests": member.requests,
                "images": member.images,
                "last_at": member.last_at,
                "rules": [_rule(visit.t, row) for row in _of(rules, "user", str(member.user_id))],
            }
            for member in found[:PAGE_LENGTH]
        ],
        everyone=[_rule(visit.t, row) for row in _of(rules, "everyone", "")],
        others=[_line(visit, names, row) for row in rules if row.subject_kind not in ("user", "everyone")],
        more=_address(realm, named, page + 1) if len(found) > PAGE_LENGTH else None,
        back=_address(realm, named, page - 1) if page else None,
    )


def _address(realm: Realm, named: str, page: int) -> str:
    return f"{realm.path}/members?{urlencode({'q': named, 'page': page})}"


def _of(rules: Sequence[LimitRow], kind: str, subject: str) -> list[LimitRow]:
    return [row for row in rules if (row.subject_kind, row.subject_id) == (kind, subject)]


def _rule(t: Texts, row: LimitRow) -> str:
    return rule_words(t, row.unit, row.window, row.amount)


def _line(visit: Visit, names: Names, row: LimitRow) -> str:
    return html(names.put(limit_line(visit.t, row).removeprefix("- ")), visit.t)


async def _whose(visit: Visit, realm: Realm) -> Whose:
    """Raises NotFound for who is not in that server and never asked for anything there."""
    named, t = visit.request.match_info["id"], visit.t
    if named == EVERYONE:
        return Whose(name=t("Every member"), page=f"members/{EVERYONE}")
    if not _MEMBER_ID.fullmatch(named):
        raise NotFound(what="member", id=named)
    user_id, roles, note, called = int(named), (), "", ""
    known = await visit.site.parts.admin.logbook.members(realm.guild_id, named=named, limit=1)
    if realm.guild_id and user_id > 0:
        try:
            standing = await visit.site.membership.of(realm.guild_id, user_id)
        except Unanswered:
            note = t("Discord does not answer: limits that come with roles are left out here.")
        else:
            roles = standing.role_ids if standing else ()
            if standing is None and not known:
                raise NotFound(what="member", id=named)
            note = "" if standing else t("Not in this server any more.")
            called = standing.name if standing else ""
    elif not known:
        raise NotFound(what="member", id=named)
    name = called or (known[0].name if known else str(user_id))
    requester = Requester(user_id=user_id, name=name, role_ids=roles, locale=t.locale)
    return Whose(name=name, page=f"members/{user_id}", requester=requester, note=note)


async def _one(visit: Visit, realm: Realm) -> web.StreamResponse:
    return await _shown(visit, realm, await _whose(visit, realm))


async def _shown(
    visit: Visit, realm: Realm, whose: Whose, refused: InvalidRequest | None = None
) -> web.StreamResponse:
    """The page; after a form that could not be used, with what was typed and why."""
    kind, subject_id = whose.subject
    rules = _of(await visit.site.parts.quotas.list(realm.guild_id), kind, str(subject_id or ""))
    typed = {name: text_of(visit.form, name) for name in _FIELDS}
    blank = dict.fromkeys(_FIELDS, "")
    grants = visit.request.path.endswith("/grant")
    return realm.show(
        visit,
        "admin_member.html",
        status=400 if refused else 200,
        whose=whose,
        here=f"{realm.path}/{whose.page}",
        refused=words_for(refused, visit.t) if refused else None,
        typed=blank if grants else typed,
        typed_more=typed if grants else blank,
        own=[_rule(visit.t, row) for row in rules],
        windows=[(window.value, per(visit.t, window)) for window in Window],
        reasons=await _reasons(visit, realm, whose.requester) if whose.requester else [],
        # Sent twice, the same form is one grant.
        reference=secrets.token_hex(16),
    )


async def _reasons(visit: Visit, realm: Realm, requester: Requester) -> list[dict[str, Any]]:
    """Each rule that holds, why it does, and what is left; shares of the server at the end."""
    t = visit.t
    explained = await visit.site.parts.quotas.explain(requester, _place(realm))
    said = [
        (rule_words(t, one.decision.rule, one.decision.window, one.decision.amount), one)
        for one in explained.reasons
    ]
    names = await names_for(visit, realm, [_why(t, one.decision) for _, one in said])
    lines = [
        {
            "rule": rule,
            "why": html(names.put(_why(t, one.decision)), t),
            "left": html(standing_line(t, one.standing), t) if one.standing else "",
            "standing": one.standing,
        }
        for rule, one in said
    ]
    return lines + [
        {
            "rule": f"{amount_words(t, pool.unit, pool.amount)} {per(t, pool.window)}",
            "why": t("The server's share"),
            "left": html(standing_line(t, pool), t),
            "standing": pool,
        }
        for pool in explained.pools
    ]


def _why(t: Texts, decision: Decision) -> str:
    """Why this rule and not another, to who is not that member."""
    role = f"<@&{decision.subject_id}>"
    match decision.source:
        case "user":
            return t("set for this member, which goes before everything else")
        case "cap":
            return t("their role {role} is a cap: nothing else gives them more", role=role)
        case "role":
            return t("from their role {role}", role=role)
        case "default":
            return t("the default of this bot's owner")
        case _:
            return t("what everyone here has")


def _place(realm: Realm) -> Place:
    return Place(guild_id=realm.guild_id, channel_id=0, private=True)


async def _set(visit: Visit, realm: Realm) -> web.StreamResponse:
    whose = await _whose(visit, realm)
    try:
        said = await _write(visit, realm, whose)
    except InvalidRequest as error:
        return await _shown(visit, realm, whose, error)
    return realm.back(visit, whose.page, told=f"✅ {whose.name}: {', '.join(said)}.")


async def _write(visit: Visit, realm: Realm, whose: Whose) -> list[str]:
    """Every field that was filled in as a rule, all checked before any is written; in words."""
    form, t = visit.form, visit.t
    window = text_of(form, "window")
    if window not in {*Window}:
        raise InvalidRequest(field="window", problem="unknown", value=window, allowed=[*Window])
    exempt = {"yes": 1, "no": 0}.get(text_of(form, "exempt"))
    wanted: list[tuple[Rule, str, int | None]] = [
        ("images", window, whole(form, "images", t("Pictures"), most=_MOST_IMAGES)),
        ("usd", window, dollars(form, "usd", t("Dollars"), most=_MOST_USD)),
        ("jobs", "", whole(form, "jobs", t("Requests at the same time"), most=100)),
        ("cooldown", "", whole(form, "cooldown", t("Seconds between two requests"), most=86_400)),
        ("price", "", dollars(form, "price", t("What one picture may cost, in dollars"), most=1000)),
        ("exempt", "", exempt),
    ]
    given: list[tuple[Rule, str, int]] = [
        (rule, counted, amount) for rule, counted, amount in wanted if amount is not None
    ]
    if not given:
        raise InvalidRequest(field="images", problem="missing", allowed=[t("Pictures"), t("Dollars")])
    kind, subject_id = whose.subject
    for rule, counted, amount in given:
        await visit.site.parts.quotas.set_rule(
            realm.guild_id,
            actor_id=visit.person.user_id,
            kind=kind,
            subject_id=subject_id,
            rule=rule,
            amount=amount,
            window=counted,
        )
    return [rule_words(t, rule, counted, amount) for rule, counted, amount in given]


async def _remove(visit: Visit, realm: Realm) -> web.StreamResponse:
    whose, t = await _whose(visit, realm), visit.t
    kind, subject_id = whose.subject
    gone = await visit.site.parts.quotas.remove(
        realm.guild_id, actor_id=visit.person.user_id, kind=kind, subject_id=subject_id
    )
    said = ", ".join(_rule(t, row) for row in gone)
    told = f"{t('✅ Taken away:')} {said}." if gone else t("There was nothing to take away.")
    return realm.back(visit, whose.page, told=told)


async def _grant(visit: Visit, realm: Realm) -> web.StreamResponse:
    whose, form, t = await _whose(visit, realm), visit.form, visit.t
    requester = _member(whose)
    try:
        images = whole(form, "images", t("Pictures"), least=1, most=_MOST_GRANTED)
        microusd = dollars(form, "usd", t("Dollars"), most=_MOST_GRANTED)
        if not (images or microusd):
            raise InvalidRequest(field="images", problem="missing", allowed=[t("Pictures"), t("Dollars")])
    except InvalidRequest as error:
        return await _shown(visit, realm, whose, error)
    given = {"images": images, "usd": microusd}
    reference = text_of(form, "reference")
    actor_id, user_id = visit.person.user_id, requester.user_id
    booked = await visit.site.parts.quotas.grant(
        realm.guild_id, user_id, actor_id=actor_id, images=images or 0, microusd=microusd or 0,
        reference=f"page:{actor_id}:{reference}" if _REFERENCE.fullmatch(reference) else None,
    )  # fmt: skip
    if booked:
        await visit.site.parts.admin.audit.add(
            realm.guild_id, actor_id, "quota.grant", f"user:{user_id}", after=given
        )
    amounts = " + ".join(amount_words(t, unit, amount) for unit, amount in given.items() if amount)
    return realm.back(
        visit, whose.page, told=t("✅ {user} may draw {amounts} more.", user=whose.name, amounts=amounts)
    )


async def _reset(visit: Visit, realm: Realm) -> web.StreamResponse:
    whose, t = await _whose(visit, realm), visit.t
    requester, actor_id = _member(whose), visit.person.user_id
    given = await visit.site.parts.quotas.reset(realm.guild_id, requester.user_id, actor_id=actor_id)
    after = {"images": given.used_images, "usd": given.used_microusd}
    await visit.site.parts.admin.audit.add(
        realm.guild_id, actor_id, "quota.reset", f"user:{requester.user_id}", after=after
    )
    amounts = f"{amount_words(t, 'images', given.used_images)} + {t.money(given.used_microusd)}"
    told = t("✅ {user} starts anew; given back: {amounts}.", user=whose.name, amounts=amounts)
    return realm.back(visit, whose.page, told=told)


def _member(whose: Whose) -> Requester:
    """Raises NotFound: what every member has can be set, not given once."""
    if whose.requester is None:
        raise NotFound(what="member", id=EVERYONE)
    return whose.requester
