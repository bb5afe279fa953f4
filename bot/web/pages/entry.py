"""Coming in and going out: the sign-in link, the language, signing out here or everywhere."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from bot.i18n import LOCALES
from bot.web.pages.site import COOKIE, Site, Visit
from bot.web.signin import SESSION_SECONDS


def routes(site: Site) -> list[web.RouteDef]:
    return [
        web.get("/", site.page(_home)),
        web.get("/sign-in/{token}", site.page(_ask, strangers=True)),
        web.post("/sign-in/{token}", site.page(_enter, strangers=True)),
        web.post("/sign-out", site.page(_leave)),
        web.post("/sign-out-everywhere", site.page(_leave_everywhere)),
        web.post("/language", site.page(_language)),
    ]


async def _home(visit: Visit) -> web.StreamResponse:
    return visit.go("/create")


async def _ask(visit: Visit) -> web.StreamResponse:
    """A button before the link is used up: programs that look at links in messages would use it up by looking."""
    person = await visit.site.signin.waiting(visit.request.match_info["token"])
    return visit.show("sign_in.html", name=person.name, guild=person.guild_name)


async def _enter(visit: Visit) -> web.StreamResponse:
    cookie, person = await visit.site.signin.enter(visit.request.match_info["token"])
    if visit.session is not None:
        await visit.site.signin.end(visit.session)
    response = visit.go(person.go_to)
    visit.site.give_cookie(response, cookie, SESSION_SECONDS)
    return response


async def _leave(visit: Visit) -> web.StreamResponse:
    await visit.site.signin.end(visit.signed_in)
    return _gone(visit, 1)


async def _leave_everywhere(visit: Visit) -> web.StreamResponse:
    return _gone(visit, await visit.site.signin.end_everywhere(visit.person.user_id))


def _gone(visit: Visit, browsers: int) -> web.StreamResponse:
    response = replace(visit, session=None).show(
        "signed_out.html", browsers=browsers, local=visit.person.local
    )
    response.del_cookie(COOKIE, path="/")
    return response


async def _language(visit: Visit) -> web.StreamResponse:
    chosen = str(visit.form.get("language", ""))
    if chosen in LOCALES:
        await visit.site.signin.change(visit.signed_in, locale=chosen)
    return visit.go(await _page_at(visit.request, str(visit.form.get("back", "/"))))


async def _page_at(request: web.Request, back: str) -> str:
    """`back`, or, where only forms are sent to it, the page above it that they are on."""
    # Only a path of ours: `//elsewhere` would be an address.
    if not back.startswith("/") or back.startswith("//"):
        return "/"
    while back != "/":
        found = await request.app.router.resolve(request.clone(method="GET", rel_url=back))
        if found.http_exception is None:
            return back
        back = back.partition("?")[0].rpartition("/")[0] or "/"
    return back
