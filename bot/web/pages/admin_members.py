"""/admin/{guild}/members: who draws here, and what each may; limits to set, widen, give back and take away."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web

from bot.errors import InvalidRequest, NotFound
from bot.i18n import Texts, _
from bot.images import Place, Requester
from bot.quota_words import amount_words, limit_line, per, rule_words, standing_line
from bot.quotas import Standing
from bot.web.markup import html
from bot.web.pages.admin_guard import Realm, server_page
from bot.web.pages.admin_names import Names, names_for
from bot.web.pages.admin_subjects import (
    MEMBER_ID,
    Subject,
    key_of,
    places,
    subject_of,
    why,
)
from bot.web.pages.amounts import dollars, text_of, whole
from bot.web.pages.site import Item, Site, Visit, words_for
from storage.rows import LimitRow, Rule
from storage.windows import Window

PAGE_LENGTH = 50
_MOST_IMAGES, _MOST_USD = 1_000_000, 1_000_000
_MOST_GRANTED = 100_000
_FIELDS = ("images", "usd", "window", "jobs", "cooldown", "price", "exempt", "cap")
_MOST_PAGES = 10_000
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


async def _list(visit: Visit, realm: Realm) -> web.StreamResponse:
    """A name or an id that is typed narrows it; an id that nobody here has is shown none the less: it may be set."""
    parts, query = visit.site.parts, visit.request.query
    named = query.get("q", "").strip().removeprefix("@")[:100]
    typed = query.get("page", "")
    page = min(int(typed), _MOST_PAGES) if typed.isascii() and typed.isdecimal() else 0
    found = await parts.admin.logbook.members(
        realm.guild_id, named=named, limit=PAGE_LENGTH + 1, offset=page * PAGE_LENGTH
    )
    chosen = query.get("for", "")
    if chosen or (not found and MEMBER_ID.fullmatch(named)):
        return visit.go(f"{realm.path}/members/{quote(chosen or named, safe='')}")
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
        others=[
            _line(visit, realm, names, row) for row in rules if row.subject_kind not in ("user", "everyone")
        ],
        places=await places(visit, realm),
        more=_address(realm, named, page + 1) if len(found) > PAGE_LENGTH else None,
        back=_address(realm, named, page - 1) if page else None,
    )


def _address(realm: Realm, named: str, page: int) -> str:
    return f"{realm.path}/members?{urlencode({'q': named, 'page': page})}"


def _of(rules: Sequence[LimitRow], kind: str, subject: str) -> list[LimitRow]:
    return [row for row in rules if (row.subject_kind, row.subject_id) == (kind, subject)]


def _rule(t: Texts, row: LimitRow) -> str:
    return rule_words(t, row.unit, row.window, row.amount)


def _line(visit: Visit, realm: Realm, names: Names, row: LimitRow) -> tuple[str, str | None]:
    """What a rule says of whom, and the page where it is set."""
    key = key_of(row)
    said = html(names.put(limit_line(visit.t, row).removeprefix("- ")), visit.t)
    return said, f"{realm.path}/members/{key}" if key else None


async def _subject(visit: Visit, realm: Realm) -> Subject:
    return await subject_of(visit, realm, visit.request.match_info["id"])


async def _one(visit: Visit, realm: Realm) -> web.StreamResponse:
    return await _shown(visit, realm, await _subject(visit, realm))


async def _shown(
    visit: Visit, realm: Realm, whose: Subject, refused: InvalidRequest | None = None
) -> web.StreamResponse:
    """The page; after a form that could not be used, with what was typed and why."""
    rules = _of(await visit.site.parts.quotas.list(realm.guild_id), whose.kind, str(whose.id or ""))
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
        reasons=await _reasons(visit, realm, whose),
        # Sent twice, the same form is one grant.
        reference=secrets.token_hex(16),
    )


async def _reasons(visit: Visit, realm: Realm, whose: Subject) -> list[dict[str, Any]]:
    """Each rule that holds for a member, why it does, and what is left; then the shares that many draw from."""
    t, quotas = visit.t, visit.site.parts.quotas
    if whose.requester is None:
        channel_id = whose.id if whose.kind == "channel" else 0
        pools = await quotas.budgets(realm.guild_id, channel_id=channel_id) if whose.shared else []
        return [_share(t, pool, "") for pool in pools if pool.scope == whose.kind]
    explained = await quotas.explain(whose.requester, Place(guild_id=realm.guild_id, channel_id=0))
    said = [(why(t, one.decision), one.decision, one.standing) for one in explained.reasons]
    names = await names_for(visit, realm, [reason for reason, _, _ in said])
    lines = [
        {
            "rule": rule_words(t, decision.rule, decision.window, decision.amount),
            "why": html(names.put(reason), t),
            "left": html(standing_line(t, standing), t) if standing else "",
            "standing": standing,
        }
        for reason, decision, standing in said
    ]
    return lines + [_share(t, pool, t("The server's share")) for pool in explained.pools]


def _share(t: Texts, pool: Standing, reason: str) -> dict[str, Any]:
    rule = f"{amount_words(t, pool.unit, pool.amount)} {per(t, pool.window)}"
    return {"rule": rule, "why": reason, "left": html(standing_line(t, pool), t), "standing": pool}


async def _set(visit: Visit, realm: Realm) -> web.StreamResponse:
    whose = await _subject(visit, realm)
    try:
        said = await _write(visit, realm, whose)
    except InvalidRequest as error:
        return await _shown(visit, realm, whose, error)
    return realm.back(visit, whose.page, told=f"✅ {whose.name}: {', '.join(said)}.")


async def _write(visit: Visit, realm: Realm, whose: Subject) -> list[str]:
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
        (rule, counted, amount)
        for rule, counted, amount in wanted
        if amount is not None and (counted or not whose.shared)
    ]
    if not given:
        raise InvalidRequest(field="images", problem="missing", allowed=[t("Pictures"), t("Dollars")])
    for rule, counted, amount in given:
        await visit.site.parts.quotas.set_rule(
            realm.guild_id,
            actor_id=visit.person.user_id,
            kind=whose.kind,
            subject_id=whose.id,
            rule=rule,
            amount=amount,
            window=counted,
            cap=whose.kind == "role" and text_of(form, "cap") == "1",
        )
    return [rule_words(t, rule, counted, amount) for rule, counted, amount in given]


async def _remove(visit: Visit, realm: Realm) -> web.StreamResponse:
    whose, t = await _subject(visit, realm), visit.t
    gone = await visit.site.parts.quotas.remove(
        realm.guild_id, actor_id=visit.person.user_id, kind=whose.kind, subject_id=whose.id
    )
    said = ", ".join(_rule(t, row) for row in gone)
    told = f"{t('✅ Taken away:')} {said}." if gone else t("There was nothing to take away.")
    return realm.back(visit, whose.page, told=told)


async def _grant(visit: Visit, realm: Realm) -> web.StreamResponse:
    whose, form, t = await _subject(visit, realm), visit.form, visit.t
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
    whose, t = await _subject(visit, realm), visit.t
    requester, actor_id = _member(whose), visit.person.user_id
    given = await visit.site.parts.quotas.reset(realm.guild_id, requester.user_id, actor_id=actor_id)
    after = {"images": given.used_images, "usd": given.used_microusd}
    await visit.site.parts.admin.audit.add(
        realm.guild_id, actor_id, "quota.reset", f"user:{requester.user_id}", after=after
    )
    amounts = f"{amount_words(t, 'images', given.used_images)} + {t.money(given.used_microusd)}"
    told = t("✅ {user} starts anew; given back: {amounts}.", user=whose.name, amounts=amounts)
    return realm.back(visit, whose.page, told=told)


def _member(whose: Subject) -> Requester:
    """Raises NotFound: what every member has can be set, not given once."""
    if whose.requester is None:
        raise NotFound(what="member", id=whose.key)
    return whose.requester
