"""Ids as people know them: on a page nobody turns `<@123>` into a name, so it is done here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.membership import Unanswered
from bot.web.pages.admin_guard import Realm
from bot.web.pages.site import Visit

_MENTION = re.compile(r"<(@&|@|#)(-?\d{1,20})>")


class Names:
    def __init__(self, members: Mapping[int, str], places: Mapping[int, str]) -> None:
        self._members, self._places = members, places

    def member(self, user_id: int) -> str:
        return self._members.get(user_id) or str(user_id)

    def put(self, text: str) -> str:
        """`text` with names where it mentions members, roles and channels; an id that nobody knows stays one."""
        return _MENTION.sub(self._named, text)

    def _named(self, found: re.Match[str]) -> str:
        mark, identity = found[1], int(found[2])
        if mark == "@":
            return self.member(identity)
        return self._places.get(identity) or f"{mark[0]}{identity}"


async def names_for(visit: Visit, realm: Realm, texts: Iterable[str], *, also: Iterable[int] = ()) -> Names:
    """Names for all that `texts` mention, and for the members in `also`."""
    found = [match for text in texts for match in _MENTION.finditer(text)]
    wanted = {int(match[2]) for match in found if match[1] == "@"} | set(also)
    members = await visit.site.parts.admin.users.names(wanted) if wanted else {}
    places: Mapping[int, str] = {}
    if realm.guild_id and any(match[1] != "@" for match in found):
        try:
            places = await visit.site.membership.names(realm.guild_id)
        except Unanswered:
            pass
    return Names(members, places)
