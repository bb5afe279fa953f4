"""Whose limits a page of the admins is about: a member's, a role's, everyone's, a channel's or the whole server's."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.errors import NotFound
from bot.i18n import Texts
from bot.images import Requester
from bot.membership import Unanswered
from bot.quotas import SubjectKind
from bot.rules import Decision
from bot.web.pages.admin_guard import Realm
from bot.web.pages.site import Unchecked, Visit
from storage.rows import LimitRow

EVERYONE, SERVER = "everyone", "server"
MEMBER_ID = re.compile(r"-?[0-9]{1,18}|[1-8][0-9]{18}")
_PLACE = re.compile(r"(role|channel)-([0-9]{1,19})")
_MARKS = {"role": "@", "channel": "#"}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """`key` is its part of addresses; `requester` is there where it is one member."""

    kind: SubjectKind
    id: int
    name: str
    key: str
    requester: Requester | None = None
    note: str = ""

    @property
    def page(self) -> str:
        return f"members/{self.key}"

    @property
    def shared(self) -> bool:
        """Whether many draw from it together, so that only what can be used up is limited."""
        return self.kind in ("channel", "server")


def key_of(row: LimitRow) -> str | None:
    """The address's part for a rule's subject; None for what has no page here."""
    match row.subject_kind:
        case "role" | "channel":
            return f"{row.subject_kind}-{row.subject_id}"
        case "user":
            return row.subject_id
        case "everyone" | "server":
            return row.subject_kind
        case _:
            return None


async def subject_of(visit: Visit, realm: Realm, key: str) -> Subject:
    """Raises NotFound for who is not in that server and never asked for anything there, and for what is not in it."""
    t = visit.t
    if key == EVERYONE:
        return Subject(kind="everyone", id=0, name=t("Every member"), key=key)
    if key == SERVER and realm.guild_id:
        return Subject(kind="server", id=0, name=t("The whole server together"), key=key)
    if place := _PLACE.fullmatch(key):
        return await _place(visit, realm, place[1], int(place[2]))
    if not MEMBER_ID.fullmatch(key):
        raise NotFound(what="member", id=key)
    return await _member(visit, realm, key)


async def _place(visit: Visit, realm: Realm, kind: str, number: int) -> Subject:
    """A role or a channel. One that was deleted can still be looked at, and its limits taken away."""
    try:
        name = (await visit.site.membership.names(realm.guild_id)).get(number, "")
    except Unanswered as error:
        raise Unchecked from error
    if not name.startswith(_MARKS[kind]):
        rules = await visit.site.parts.quotas.list(realm.guild_id)
        if (kind, str(number)) not in {(row.subject_kind, row.subject_id) for row in rules}:
            raise NotFound(what="place", id=str(number))
        name = f"{_MARKS[kind]}{number}"
    t, key = visit.t, f"{kind}-{number}"
    if kind == "role":
        return Subject(kind="role", id=number, name=t("Each member of {role}", role=name), key=key)
    return Subject(kind="channel", id=number, name=t("All of {channel} together", channel=name), key=key)


async def _member(visit: Visit, realm: Realm, key: str) -> Subject:
    t, user_id = visit.t, int(key)
    roles, note, called = (), "", ""
    known = await visit.site.parts.admin.logbook.members(realm.guild_id, named=key, limit=1)
    if realm.guild_id and user_id > 0:
        try:
            standing = await visit.site.membership.of(realm.guild_id, user_id)
        except Unanswered:
            note = t("Discord does not answer: limits that come with roles are left out here.")
        else:
            if standing is None and not known:
                raise NotFound(what="member", id=key)
            roles = standing.role_ids if standing else ()
            note = "" if standing else t("Not in this server any more.")
            called = standing.name if standing else ""
    elif not known:
        raise NotFound(what="member", id=key)
    name = called or (known[0].name if known else key)
    requester = Requester(user_id=user_id, name=name, role_ids=roles, locale=t.locale)
    return Subject(kind="user", id=user_id, name=name, key=key, requester=requester, note=note)


async def places(visit: Visit, realm: Realm) -> list[tuple[str, str]]:
    """What a limit can be set for beside members, each with its key; nothing where Discord does not say."""
    if not realm.guild_id:
        return []
    try:
        names = await visit.site.membership.names(realm.guild_id)
    except Unanswered:
        return []
    found = [(SERVER, visit.t("The whole server together"))]
    for kind, mark in _MARKS.items():
        named = [(name, number) for number, name in names.items() if name.startswith(mark)]
        # The role that bears the server's own id is everyone's.
        found += [(f"{kind}-{number}", name) for name, number in sorted(named) if number != realm.guild_id]
    return found


def why(t: Texts, decision: Decision) -> str:
    """Why this rule and not another holds for a member, said to who is not that member."""
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
