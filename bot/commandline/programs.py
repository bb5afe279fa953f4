"""`apikey` and `webhooks` on the command line: beside a running bot, or without one."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.commandline.verbs import Verbs, read_settings
from bot.terminal import t, texts

if TYPE_CHECKING:
    from storage.rows import ApiKeyRow


def declare(verbs: Verbs) -> None:
    keys = verbs.add("apikey", apikey, t("make, list and revoke keys of the HTTP API"))
    what = keys.add_subparsers(dest="what", metavar="<what>", required=True)
    create = what.add_parser("create", help=t("make a key; it is shown once"))
    create.add_argument("name", help=t("what it is for; services of one name share one account"))
    create.add_argument(
        "--member", type=int, metavar="ID", help=t("draw on this Discord member's account instead")
    )
    create.add_argument("--guild", type=int, default=0, metavar="ID", help=t("count in this server's limits"))
    create.add_argument(
        "--scopes", default="read,generate", help=t("of read, generate, metrics; with commas")
    )
    create.add_argument("--days", type=int, metavar="N", help=t("it ends after so many days"))
    create.add_argument(
        "--per-minute", type=int, default=600, metavar="N", help=t("calls that it may make a minute")
    )
    what.add_parser("list", help=t("list the keys"))
    revoke = what.add_parser("revoke", help=t("end a key"))
    revoke.add_argument("id", help=t("its id, as list shows it"))
    hooks = verbs.add("webhooks", webhooks, t("look after webhooks"))
    does = hooks.add_subparsers(dest="what", metavar="<what>", required=True)
    listed = does.add_parser("list", help=t("list those that could not be delivered"))
    listed.add_argument(
        "--state", default="dead", choices=("dead", "waiting", "delivered"), help=t("default: dead")
    )
    replay = does.add_parser("replay", help=t("send again what could not be delivered"))
    replay.add_argument("id", nargs="?", help=t("only this one; else all"))
    secret = does.add_parser("secret", help=t("show what signs webhooks"))
    secret.add_argument(
        "key", nargs="?", default="owner", help=t("of this API key's jobs; else of WEBHOOK_URL")
    )


def apikey(options: argparse.Namespace) -> int:
    from bot.apikeys import ApiKeys, Wanted
    from bot.errors import InvalidRequest, NotFound
    from bot.foundation import opened
    from bot.images import Requester
    from storage.api_keys import ApiKeyRepository
    from storage.users import UserRepository

    settings = read_settings()

    async def run() -> int:
        async with opened(settings.database_url) as database:
            keys = ApiKeys(ApiKeyRepository(database), settings.secret())
            if options.what == "list":
                for row in await keys.list():
                    print(_line(row))
                return 0
            if options.what == "revoke":
                await keys.revoke(options.id, actor_id=0)
                print(t("Revoked. Running processes know it within five seconds."))
                return 0
            member = await UserRepository(database).get(options.member) if options.member else None
            name = member.name if member else str(options.member)
            row, key = await keys.create(
                Wanted(
                    name=options.name,
                    actor_id=0,
                    requester=Requester(user_id=options.member, name=name) if options.member else None,
                    guild_id=options.guild,
                    scopes=tuple(scope for scope in options.scopes.split(",") if scope),
                    per_minute=options.per_minute,
                    days=options.days,
                )
            )
            print(_line(row))
            print(t("Key, shown this once: {key}", key=key))
            print(t("Signs its webhooks:   {secret}", secret=keys.webhook_secret(row.id)))
            return 0

    try:
        return asyncio.run(run())
    except NotFound:
        print(t("There is no such key in force."), file=sys.stderr)
    except InvalidRequest as error:
        allowed = ", ".join(error.allowed or ())
        words = t(
            "{field} cannot be {value}: {allowed}",
            field=error.field,
            value=repr(error.value),
            allowed=allowed,
        )
        print(words, file=sys.stderr)
    return 1


def webhooks(options: argparse.Namespace) -> int:
    import time

    from bot.apikeys import ApiKeys
    from bot.foundation import opened
    from storage.api_keys import ApiKeyRepository
    from storage.webhooks import WebhookRepository

    settings = read_settings()

    async def run() -> int:
        async with opened(settings.database_url) as database:
            queue = WebhookRepository(database)
            if options.what == "secret":
                own = settings.webhook_secret if options.key == "owner" else None
                keys = ApiKeys(ApiKeyRepository(database), settings.secret())
                print(own.get_secret_value() if own else keys.webhook_secret(options.key))
                return 0
            if options.what == "replay":
                count = await queue.replay(time.time(), options.id)
                print(texts().n("{n} will be sent again.", "{n} will be sent again.", count))
                return 0 if count or options.id is None else 1
            for row in await queue.list(options.state, limit=100):
                tries = texts().n("{n} attempt", "{n} attempts", row.attempts)
                print(f"{row.id}  {tries}  {row.problem or ''}  {_when(row.created_at)}")
            return 0

    return asyncio.run(run())


def _line(row: ApiKeyRow) -> str:
    whose = t("member {id}", id=row.user_id) if row.user_id > 0 else t("service")
    if row.revoked_at is not None:
        until = t("revoked {day}", day=_when(row.revoked_at))
    else:
        until = t("until {day}", day=_when(row.expires_at)) if row.expires_at else t("no end")
    used = _when(row.last_used_at) if row.last_used_at else t("never used")
    return f"{row.id}  {row.name}  {whose}  {','.join(row.scopes)}  {row.per_minute}/min  {until}  {used}"


def _when(instant: float) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%d %H:%M}"
