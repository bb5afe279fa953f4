"""How a page is answered: who is there, in which language, with which guards; errors in words.

A handler takes a `Visit` and gives a response. Everything around it is here once: the session, the proof that a form
is ours, the headers that keep scripts of others out, and the page that says what went wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.administration import Administration
from bot.boards import Boards
from bot.catalog import Catalog
from bot.delivery.growth import Growth
from bot.errors import (
    AtelierError,
    Blocked,
    NotAllowed,
    NotFound,
    QueueFull,
    QuotaExceeded,
    Refused,
    Stopping,
)
from bot.i18n import LOCALES, Texts, texts_for
from bot.images import Place, Requester
from bot.media import Pixels
from bot.membership import Membership, Unanswered
from bot.model_list import Watched
from bot.preferences import PreferenceBook, Usual, usual_of
from bot.quotas import QuotaService
from bot.replies import reply_to
from bot.studio import Studio
from bot.styles import Styles
from bot.thumbnails import Thumbnails
from bot.uploads import Uploads
from bot.web.languages import locale_of
from bot.web.markup import html, instant, moment
from bot.web.signin import LinkRefused, Person, Session, SignIn
from storage.galleries import GalleryRepository
from storage.image_store import ImageStore
from storage.images import ImageRepository
from storage.pasts import PastRepository
from storage.requests import RequestRepository

COOKIE = "atelier_session"
_HERE = Path(__file__).parent.parent
STATIC = _HERE / "static"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_MAX_FORM_BYTES = 160_000_000
"""Sixteen pictures of ten megabytes; each is capped again where it is read."""
_SAFE = frozenset({"GET", "HEAD"})

_log = structlog.get_logger(__name__)


@dataclass(eq=False)
class FormRefused(Refused):
    """A form that was not made for this session: forged, or older than the last sign-in."""


@dataclass(eq=False)
class Unchecked(Refused):
    """Whether somebody may do this is Discord's to say, and it gave no answer."""


@dataclass(kw_only=True)
class Visit:
    """One request of a browser. `session` is None for a stranger, who sees the sign-in pages only."""

    request: web.Request
    site: Site
    t: Texts
    session: Session | None
    form: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def signed_in(self) -> Session:
        assert self.session is not None, "a page for strangers asks nothing of a session"
        return self.session

    @property
    def person(self) -> Person:
        return self.signed_in.person

    @property
    def wants_json(self) -> bool:
        return "application/json" in self.request.headers.get("Accept", "")

    async def requester(self) -> Requester:
        """With the roles of this minute; those of the sign-in where Discord gives no answer.

        Raises NotAllowed("server_left") for who is not in that server any more.
        """
        person, manages = self.person, False
        roles = person.role_ids
        if person.guild_id and not person.local:
            try:
                standing = await self.site.membership.of(person.guild_id, person.user_id)
            except Unanswered:
                pass
            else:
                if standing is None:
                    raise NotAllowed(what="server_left")
                roles, manages = standing.role_ids, standing.manages
        return Requester(
            user_id=person.user_id,
            name=person.name,
            role_ids=roles,
            is_admin=manages,
            locale=self.t.locale,
        )

    async def usual(self) -> Usual:
        """What they have here where they say nothing else, as `/settings` and the admins of their server have it."""
        parts, person = self.site.parts, self.person
        server = await parts.admin.servers.of(person.guild_id)
        return usual_of(await parts.preferences.fresh(person.user_id), server.settings)

    async def manages(self) -> bool:
        """Manage Server in the server that they came from, as of this minute; no where Discord gives no answer."""
        person = self.person
        if not person.guild_id or person.local:
            return False
        try:
            standing = await self.site.membership.of(person.guild_id, person.user_id)
        except Unanswered:
            return False
        return standing is not None and standing.manages

    def place(self, *, private: bool = False) -> Place:
        """A page is no channel: the picture is shown here, and to the person's server unless it is private."""
        guild_id = self.person.guild_id
        listed = guild_id != 0 and not private
        return Place(guild_id=guild_id, channel_id=0, locale=self.t.locale, private=private, listed=listed)

    def show(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        return web.Response(
            text=self.site.rendered(template, self, values), status=status, content_type="text/html"
        )

    def go(self, path: str) -> web.Response:
        return web.Response(status=303, headers={"Location": path})


@dataclass(frozen=True, kw_only=True)
class Item:
    """A page in the menu; `name` was marked with `_`."""

    path: str
    name: str
    shown: Callable[[Person], bool] = lambda _: True


Act = Callable[[Visit, str], tuple[str, str] | None]
"""What can be done with the picture of that id: an address and its name, or nothing for this visitor."""

Handler = Callable[[Visit], Awaitable[web.StreamResponse]]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What pages are made of."""

    studio: Studio
    catalog: Catalog
    providers: Mapping[str, Watched]
    styles: Styles
    quotas: QuotaService
    requests: RequestRepository
    images: ImageRepository
    store: ImageStore
    uploads: Uploads
    thumbs: Thumbnails
    pixels: Pixels
    admin: Administration
    galleries: GalleryRepository
    pasts: PastRepository
    boards: Boards
    growth: Growth
    preferences: PreferenceBook


class Site:
    """`secure` marks cookies for https only; false where the pages are reached by plain http on loopback.

    `server_pages` and `house_pages` are the admin pages of one server and of the whole installation: see `admin_guard`.
    """

    def __init__(self, parts: Parts, signin: SignIn, membership: Membership, *, secure: bool) -> None:
        self.parts, self.signin, self.membership, self.secure = parts, signin, membership, secure
        self.menu: list[Item] = []
        self.server_pages: list[Item] = []
        self.house_pages: list[Item] = []
        self.acts: list[Act] = []
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._asset = _Assets(STATIC).address

    def rendered(self, template: str, visit: Visit, values: Mapping[str, Any]) -> str:
        t = visit.t
        return self._templates.get_template(template).render(
            t=t,
            n=t.n,
            money=t.money,
            moment=lambda at: moment(at, t),
            instant=lambda at: instant(at, t),
            words=lambda text: html(text, t),
            asset=self._asset,
            person=visit.session.person if visit.session else None,
            csrf=visit.session.csrf if visit.session else "",
            path=visit.request.path,
            address=visit.request.path_qs,
            pages=[
                (item.path, t(item.name))
                for item in self.menu
                if visit.session is not None and item.shown(visit.session.person)
            ],
            languages=[(code, Locale.parse(code).get_display_name()) for code in LOCALES],
            **values,
        )

    def page(
        self, handler: Handler, *, strangers: bool = False
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """`handler` for aiohttp's router, with every guard; `strangers` may come without a session."""

        async def answer(request: web.Request) -> web.StreamResponse:
            visit = await self._visit(request)
            try:
                if visit.session is None and not strangers:
                    response = self._stranger(visit)
                else:
                    await self._read_form(visit, proof=not strangers)
                    response = await handler(visit)
            except AtelierError as error:
                response = self._trouble(visit, error)
            except web.HTTPException as error:
                error.headers.update(_HEADERS)
                raise
            if not response.prepared:
                for name, value in _HEADERS.items():
                    response.headers.setdefault(name, value)
            return response

        return answer

    async def _visit(self, request: web.Request) -> Visit:
        cookie = request.cookies.get(COOKIE)
        session = await self.signin.session(cookie) if cookie else None
        locale = session.person.locale if session else locale_of(request)
        return Visit(request=request, site=self, t=texts_for(locale), session=session)

    async def _read_form(self, visit: Visit, *, proof: bool) -> None:
        """Whatever changes something must come from a page of ours, with the `proof` that it was made for this session.

        The pages for strangers have no session to prove anything of: the secret in a link is its own proof.
        """
        request = visit.request
        if request.method in _SAFE:
            return
        origin = request.headers.get("Origin")
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none") or (
            origin not in (None, "null") and origin.partition("//")[2] != request.host
        ):
            raise FormRefused
        visit.form = await request.clone(client_max_size=_MAX_FORM_BYTES).post()
        if proof and visit.session is not None:
            token = request.headers.get("X-CSRF-Token") or visit.form.get("csrf")
            if not isinstance(token, str) or not self.signin.is_from(visit.session, token):
                raise FormRefused

    def _stranger(self, visit: Visit) -> web.Response:
        if visit.wants_json:
            return web.json_response({"message": visit.t("Please sign in again.")}, status=401)
        return visit.show("stranger.html", status=401)

    def _trouble(self, visit: Visit, error: AtelierError) -> web.Response:
        status = status_of(error)
        said = words_for(error, visit.t)
        if status >= 500:
            _log.warning("a page could not be shown", path=visit.request.path, error=repr(error))
        if visit.wants_json:
            return web.json_response({"message": said}, status=status)
        return visit.show("trouble.html", status=status, said=said)

    def give_cookie(self, response: web.StreamResponse, cookie: str, seconds: int) -> None:
        response.set_cookie(
            COOKIE, cookie, max_age=seconds, httponly=True, secure=self.secure, samesite="Lax", path="/"
        )


def words_for(error: AtelierError, t: Texts) -> Markup:
    match error:
        case LinkRefused(problem="used"):
            said = t("This link was used before: each one works once.") + " " + _new_link(error.local, t)
        case LinkRefused(problem="over"):
            said = t("The time of this link is over.") + " " + _new_link(error.local, t)
        case LinkRefused():
            said = t("This link is not one of ours.") + " " + _new_link(error.local, t)
        case FormRefused():
            said = t("This form was not made for you, or you have signed in anew since. Load the page again.")
        case Unchecked():
            said = t("Discord does not say at the moment whether you may do this. Try again in a minute.")
        case NotAllowed(what="server_left"):
            said = t("You are not in that server any more. Type `/web` in the server where you are.")
        case _:
            said = reply_to(error, t)
    return html(said, t)


def _new_link(local: bool | None, t: Texts) -> str:
    if local:
        return t("Ask whoever invited you for a new one.")
    if local is None:
        return t("Type `/web` in Discord for a new one; without Discord, ask whoever invited you.")
    return t("Type `/web` in Discord for a new one.")


def status_of(error: AtelierError) -> int:
    match error:
        case LinkRefused():
            return 410
        case FormRefused() | NotAllowed() | Blocked():
            return 403
        case NotFound():
            return 404
        case QuotaExceeded() | QueueFull():
            return 429
        case Stopping() | Unchecked():
            return 503
        case Refused():
            return 400
        case _:
            return 500


class _Assets:
    """Addresses of static files that change with their content, so that browsers may keep them for good."""

    def __init__(self, folder: Path) -> None:
        self._marks = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            for path in folder.iterdir()
            if path.is_file()
        }

    def address(self, name: str) -> str:
        return f"/static/{name}?{self._marks[name]}"


def for_script(value: object) -> Markup:
    """JSON for a `<script type="application/json">`: no `<` in it, so nothing in it can end the element."""
    return Markup(json.dumps(value, ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704
