"""Letting people without Discord in to the pages: links for the owner of the installation and for invited members."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bot.commandline.verbs import EXIT_FAILED, EXIT_OK, EXIT_USAGE, Verbs, read_settings
from bot.terminal import t

if TYPE_CHECKING:
    from bot.settings import Settings


def declare(verbs: Verbs) -> None:
    linking = verbs.add(
        "web-link", web_link, t("a link to the pages for somebody without Discord; it works once")
    )
    whom = linking.add_mutually_exclusive_group(required=True)
    whom.add_argument(
        "--admin", action="store_true", help=t("for you, who run Atelier; over after 10 minutes")
    )
    whom.add_argument("--invite", metavar="NAME", help=t("for a member; over after 7 days"))
    whom.add_argument(
        "--revoke", metavar="ID", type=int, help=t("sign that member out everywhere, unused links as well")
    )
    linking.add_argument("--member", metavar="ID", type=int, help=t("with --invite: who was here before"))
    linking.add_argument(
        "--guild",
        metavar="ID",
        type=int,
        default=0,
        help=t("with --invite: the server whose pictures they see"),
    )


def web_link(options: argparse.Namespace) -> int:
    import asyncio
    import sys

    settings = read_settings()
    if settings.http_port is None:
        print(t("The pages are turned off: set HTTP_PORT, then start Atelier again."), file=sys.stderr)
        return EXIT_FAILED
    for named in (options.revoke, options.member):
        if named is not None and named >= 0:
            print(
                t("Only members without Discord have such links; their ids are below zero."), file=sys.stderr
            )
            return EXIT_USAGE
    print(asyncio.run(_answer(settings, options)))
    return EXIT_OK


async def _answer(settings: Settings, options: argparse.Namespace) -> str:
    from bot.foundation import opened
    from bot.web.signin import LOCAL_OWNER_ID, Person, SignIn
    from storage.web_sessions import WebSessionRepository

    async with opened(settings.database_url) as database:
        signin = SignIn(WebSessionRepository(database), settings.secret())
        if options.revoke is not None:
            browsers = await signin.end_everywhere(options.revoke)
            return t("Signed out of {n} browsers; links that nobody used are over.", n=browsers)
        if options.admin:
            person = Person(user_id=LOCAL_OWNER_ID, name="Admin", owner=True)
            return settings.web_address + await signin.link(person)
        path, person = await signin.invite(options.invite, options.guild, user_id=options.member)
    words = t(
        "{name} is member {id}: a new link for them takes --member {id}.", name=person.name, id=person.user_id
    )
    return f"{settings.web_address}{path}\n{words}"
