"""Who gets in: links that work once, sessions that end, cookies that nobody was given. On both databases."""

from __future__ import annotations

import asyncio

import pytest

from bot.web.signin import LINK_SECONDS, SESSION_SECONDS, LinkRefused, Person, SignIn
from storage.database import open_database
from storage.web_sessions import WebSessionRepository
from tests.storage.builders import Clock
from tests.storage.conftest import clock, dialect, migrated_file, sqlite_url, url

__all__ = ["clock", "dialect", "migrated_file", "sqlite_url", "url"]

ANNA = Person(user_id=7, name="Anna", locale="fr", guild_id=2**60 + 1, role_ids=(2**60 + 3,), manages=True)


@pytest.fixture
async def signin(url: str, clock: Clock):
    async with open_database(url, clock=clock) as database:
        yield SignIn(WebSessionRepository(database), "secret", now=clock)


def token_of(path: str) -> str:
    return path.removeprefix("/sign-in/")


async def test_a_link_signs_its_person_in_once(signin: SignIn) -> None:
    token = token_of(await signin.link(ANNA))
    # Looking does not use it up: programs that preview links look.
    assert await signin.waiting(token) == await signin.waiting(token) == ANNA
    cookie, person = await signin.enter(token)
    assert person == ANNA
    session = await signin.session(cookie)
    assert session is not None
    assert session.person == ANNA
    with pytest.raises(LinkRefused) as refusal:
        await signin.enter(token)
    assert refusal.value.problem == "used"


async def test_two_clicks_at_once_are_one_session(signin: SignIn) -> None:
    token = token_of(await signin.link(ANNA))
    ended = await asyncio.gather(*(signin.enter(token) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(one, LinkRefused) for one in ended) == 7


async def test_links_and_sessions_end(signin: SignIn, clock: Clock) -> None:
    late = token_of(await signin.link(ANNA))
    cookie, _ = await signin.enter(token_of(await signin.link(ANNA)))
    clock.now += LINK_SECONDS + 1
    with pytest.raises(LinkRefused) as refusal:
        await signin.enter(late)
    assert refusal.value.problem == "over"
    assert await signin.session(cookie) is not None
    # A visit prolongs it.
    clock.now += SESSION_SECONDS - 1
    assert await signin.session(cookie) is not None
    clock.now += SESSION_SECONDS + 1
    assert await signin.session(cookie) is None


async def test_cookies_and_tokens_that_nobody_was_given(signin: SignIn, url: str) -> None:
    cookie, _ = await signin.enter(token_of(await signin.link(ANNA)))
    secret, _, mac = cookie.partition(".")
    for forged in ("", ".", secret, f"{secret}.", f"{secret}.{mac[:-1]}0", f"x{secret}.{mac}", f"{secret}.ü"):
        if forged != cookie:
            assert await signin.session(forged) is None, forged
    with pytest.raises(LinkRefused) as refusal:
        await signin.enter("nobody-made-this")
    assert refusal.value.problem == "unknown"
    async with open_database(url) as database:
        other = SignIn(WebSessionRepository(database), "another secret")
        assert await other.session(cookie) is None


async def test_signing_out_everywhere_takes_every_browser_and_every_link(signin: SignIn) -> None:
    cookies = [(await signin.enter(token_of(await signin.link(ANNA))))[0] for _ in range(3)]
    waiting = token_of(await signin.link(ANNA))
    stranger, _ = await signin.enter(token_of(await signin.link(Person(user_id=8, name="Ben"))))
    assert await signin.end_everywhere(ANNA.user_id) == 3
    assert [await signin.session(cookie) for cookie in cookies] == [None, None, None]
    with pytest.raises(LinkRefused):
        await signin.enter(waiting)
    assert await signin.session(stranger) is not None


async def test_a_forms_proof_is_its_sessions(signin: SignIn) -> None:
    mine = await signin.session((await signin.enter(token_of(await signin.link(ANNA))))[0])
    other = await signin.session((await signin.enter(token_of(await signin.link(ANNA))))[0])
    assert mine is not None
    assert other is not None
    assert signin.is_from(mine, mine.csrf)
    assert not signin.is_from(mine, other.csrf)
    assert not signin.is_from(mine, "")
    changed = await signin.change(mine, locale="en")
    assert changed.person.locale == "en"
    assert changed.csrf == mine.csrf
