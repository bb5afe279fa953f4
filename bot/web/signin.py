"""Signing in to the pages: a link that is one person's and works once, then a session in a cookie.

Both are 256 random bits that the database knows by digest only, so that a stolen copy of it opens nothing. The cookie
is signed as well: one that nobody was given is refused before the database is asked.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

from bot.errors import Refused
from storage.rows import WebLinkRow, WebSessionRow
from storage.web_sessions import WebSessionRepository

LINK_SECONDS = 10 * 60
"""From the command to the click."""
INVITATION_SECONDS = 7 * 86_400
SESSION_SECONDS = 14 * 86_400
"""Without a visit; each visit begins it anew."""
_SEEN_EVERY_SECONDS = 600
_SECRET_BYTES = 32
_LOCAL_IDS = 1 << 48
LOCAL_OWNER_ID = -1
"""Who runs the installation, without Discord: always the same member, so that their pictures stay theirs."""

Trouble = Literal["unknown", "used", "over"]


@dataclass(eq=False)
class LinkRefused(Refused):
    """The link signs nobody in: nobody was given it, it was used before, or its time is over.

    `local`: it was for a member without Discord; None where nobody knows.
    """

    problem: Trouble
    local: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who a link or session stands for, as they were when they asked for it.

    `user_id` is Discord's, or below zero for a local member. `manages` is Manage Server in `guild_id` (0: none);
    `go_to` the page that the link leads to; `owner` may look after the whole installation.
    """

    user_id: int
    name: str
    locale: str = "en-US"
    guild_id: int = 0
    guild_name: str = ""
    role_ids: tuple[int, ...] = ()
    manages: bool = False
    owner: bool = False
    go_to: str = "/create"

    @property
    def local(self) -> bool:
        return self.user_id < 0

    def to_json(self) -> dict[str, Any]:
        # Ids as text: readers of the database that think in JavaScript's numbers would round them.
        said = asdict(self) | {
            "guild_id": str(self.guild_id),
            "role_ids": [str(one) for one in self.role_ids],
        }
        del said["user_id"]
        return said

    @classmethod
    def from_json(cls, user_id: int, stored: Mapping[str, Any]) -> Self:
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        known["guild_id"] = int(known.get("guild_id", 0))
        known["role_ids"] = tuple(int(one) for one in known.get("role_ids", ()))
        return cls(user_id=user_id, **known)


@dataclass(frozen=True, kw_only=True)
class Session:
    """`csrf` proves that a form was made for this session."""

    digest: str
    csrf: str
    person: Person


@dataclass(kw_only=True)
class Guest:
    """A member without Discord: until when a link lets them in, in how many browsers they are, when last seen."""

    person: Person
    link_until: float | None = None
    browsers: int = 0
    seen_at: float | None = None


def new_local_id() -> int:
    """For a member without Discord: below zero, where no snowflake is, and exact as a JavaScript number."""
    return LOCAL_OWNER_ID - 1 - secrets.randbelow(_LOCAL_IDS)


class SignIn:
    def __init__(
        self, repository: WebSessionRepository, secret: str, *, now: Callable[[], float] = time.time
    ) -> None:
        self._repository, self._now = repository, now
        self._key = hashlib.sha256(f"atelier/web-session:{secret}".encode()).digest()

    async def link(self, person: Person, *, seconds: float = LINK_SECONDS) -> str:
        """The path of a link that signs `person` in, once, within that time."""
        token = secrets.token_urlsafe(_SECRET_BYTES)
        now = self._now()
        row = WebLinkRow(
            digest=_digest(token),
            user_id=person.user_id,
            facts=person.to_json(),
            created_at=now,
            expires_at=now + seconds,
        )
        await self._repository.add_link(row)
        return f"/sign-in/{token}"

    async def waiting(self, token: str) -> Person:
        """Whom a link is for; using it up is `enter`'s. Raises LinkRefused."""
        row = await self._repository.link(_digest(token))
        if row is None:
            raise LinkRefused(problem="unknown")
        if row.used_at is not None:
            raise LinkRefused(problem="used", local=row.user_id < 0)
        if row.expires_at <= self._now():
            raise LinkRefused(problem="over", local=row.user_id < 0)
        return Person.from_json(row.user_id, row.facts)

    async def enter(self, token: str) -> tuple[str, Person]:
        """Use the link up; the cookie of the new session. Raises LinkRefused."""
        person = await self.waiting(token)
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        now = self._now()
        session = WebSessionRow(
            digest=_digest(secret),
            user_id=person.user_id,
            facts=person.to_json(),
            created_at=now,
            seen_at=now,
            expires_at=now + SESSION_SECONDS,
        )
        if not await self._repository.open(_digest(token), session):
            raise LinkRefused(problem="used", local=person.local)
        return f"{secret}.{self._mac('cookie', secret)}", person

    async def session(self, cookie: str) -> Session | None:
        """The living session of a cookie."""
        secret, _, mac = cookie.partition(".")
        if not hmac.compare_digest(mac.encode(), self._mac("cookie", secret).encode()):
            return None
        row = await self._repository.session(_digest(secret))
        if row is None:
            return None
        if self._now() - row.seen_at > _SEEN_EVERY_SECONDS:
            await self._repository.seen(row.digest, self._now() + SESSION_SECONDS)
        person = Person.from_json(row.user_id, row.facts)
        return Session(digest=row.digest, csrf=self._mac("form", row.digest), person=person)

    def is_from(self, session: Session, token: str) -> bool:
        """Whether a form's token was made for this session."""
        return hmac.compare_digest(session.csrf.encode(), token.encode())

    def seal(self, session: Session, text: str) -> str:
        """Proves that `text` is ours where it comes back in an address of this session's."""
        return self._mac("told", f"{session.digest}:{text}")

    def is_sealed(self, session: Session, text: str, seal: str) -> bool:
        return hmac.compare_digest(self.seal(session, text).encode(), seal.encode())

    async def change(self, session: Session, **changes: Any) -> Session:
        """The session with other facts of its person (`locale`), written down."""
        person = replace(session.person, **changes)
        await self._repository.set_facts(session.digest, person.to_json())
        return replace(session, person=person)

    async def invite(self, name: str, guild_id: int = 0, *, user_id: int | None = None) -> tuple[str, Person]:
        """The path of a link for a member without Discord, and who that is: somebody new where no `user_id` says who.

        `guild_id` is the server whose public pictures they see.
        """
        person = Person(user_id=user_id or new_local_id(), name=name, guild_id=guild_id)
        return await self.link(person, seconds=INVITATION_SECONDS), person

    async def guests(self) -> list[Guest]:
        """By name."""
        links, sessions = await self._repository.local()
        found: dict[int, Guest] = {}
        for row in [*links, *sessions]:
            person = Person.from_json(row.user_id, row.facts)
            guest = found.setdefault(row.user_id, Guest(person=person))
            guest.person = person
            match row:
                case WebLinkRow():
                    guest.link_until = row.expires_at
                case WebSessionRow():
                    guest.browsers, guest.seen_at = guest.browsers + 1, row.seen_at
        return sorted(found.values(), key=lambda guest: guest.person.name.casefold())

    async def end(self, session: Session) -> None:
        await self._repository.end(session.digest)

    async def end_everywhere(self, user_id: int) -> int:
        """Every browser of theirs, and links that nobody used yet; how many browsers."""
        return await self._repository.end_all(user_id)

    def _mac(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()[:32]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
