"""Ids as people know them: on a page nobody turns `<@123>` into a name, so it is done here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress

from bot.membership import Unanswered
from bot.web.pages.admin_guard import Realm
from bot.web.pages.site import Visit
from bot.web.signin import LOCAL_OWNER_ID

_MOST_ASKED = 5
"""Members that one page asks Discord about."""
_MENTION = re.compile(r"<(@&|@|#)(-?\d{1,20})>")


class Names:
    """`owner` is what who runs the installation is called, whom Discord does not know."""

    def __init__(self, members: Mapping[int, str], places: Mapping[int, str], *, owner: str) -> None:
        self._members, self._places, self._owner = members, places, owner

    def member(self, user_id: int) -> str:
        return self._members.get(user_id) or (self._owner if user_id == LOCAL_OWNER_ID else str(user_id))

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
    # What Discord does not tell stays an id.
    with suppress(Unanswered):
        if realm.guild_id and any(match[1] != "@" for match in found):
            places = await visit.site.membership.names(realm.guild_id)
        members |= await _asked(visit, realm, wanted - members.keys())
    return Names(members, places, owner=visit.t("Who runs Atelier"))


async def _asked(visit: Visit, realm: Realm, user_ids: Iterable[int]) -> dict[int, str]:
    """Those who never asked for a picture here: an admin, most often. Raises Unanswered."""
    names: dict[int, str] = {}
    for user_id in sorted(one for one in user_ids if one > 0)[:_MOST_ASKED] if realm.guild_id else ():
        standing = await visit.site.membership.of(realm.guild_id, user_id)
        if standing is not None and standing.name:
            names[user_id] = standing.name
    return names
