"""Verbs that look after what is kept: backups, moves, the ledger."""

from __future__ import annotations

import argparse
from pathlib import Path

from bot.commandline.verbs import EXIT_FAILED, EXIT_OK, Verbs, read_settings
from bot.terminal import t, texts


def declare(verbs: Verbs) -> None:
    saving = verbs.add("backup", backup, t("write the database into one file, also while the bot runs"))
    saving.add_argument("where", metavar="FILE|DIR", type=Path, help=t("where it goes"))
    restoring = verbs.add(
        "restore", restore, t("put a backup in place of the database; unfinished requests are closed")
    )
    restoring.add_argument("file", metavar="FILE", type=Path, help=t("what backup wrote"))
    moving = verbs.add(
        "migrate-store", migrate_store, t("move everything from one database to another, and prove it")
    )
    moving.add_argument("source", metavar="FROM", help=t("such as sqlite+aiosqlite:///data/atelier.db"))
    moving.add_argument(
        "target", metavar="TO", help=t("such as postgresql+asyncpg://user:password@host/database")
    )
    moving.add_argument(
        "--close-unfinished", action="store_true", help=t("release what is not finished instead of refusing")
    )
    booked = verbs.add("ledger", ledger, t("look after the ledger of images and money"))
    booked.add_argument("what", choices=["verify"], help=t("verify: add all of it up again and compare"))


def backup(options: argparse.Namespace) -> None:
    import asyncio

    from bot.backup import back_up_at

    path = asyncio.run(back_up_at(read_settings().database_url, options.where))
    print(
        t(
            "Backed up into {path} ({n} bytes). Pictures stay in the image store: copy it as well.",
            path=path,
            n=texts().number(path.stat().st_size),
        )
    )


def restore(options: argparse.Namespace) -> None:
    import asyncio

    from bot import backup as backups
    from bot import foundation

    settings = read_settings()
    settings.prepare_data_dir()
    with foundation.only_one_engine(settings.data_dir):
        moved = asyncio.run(
            backups.restore(options.file, settings.database_url, replaces=settings.sqlite_file)
        )
    number = texts().number
    print(
        t(
            "Restored {rows} rows; {closed} unfinished requests were closed and released.",
            rows=number(moved.rows),
            closed=number(moved.closed),
        )
    )
    if moved.aside is not None:
        print(t("What was there before is kept as {path}.", path=moved.aside))


def migrate_store(options: argparse.Namespace) -> None:
    import asyncio

    from bot import backup as backups
    from bot import foundation

    settings = read_settings()
    settings.prepare_data_dir()
    with foundation.only_one_engine(settings.data_dir):
        moved = asyncio.run(
            backups.move(options.source, options.target, close_unfinished=options.close_unfinished)
        )
    for name, content in moved.tables.items():
        rows, total = texts().number(content.rows), texts().number(content.total)
        words = t(
            "{rows} rows  sum {total}  sha256 {digest}",
            rows=f"{rows:>9}",
            total=f"{total:>26}",
            digest=content.digest[:16],
        )
        print(f"{name:14} {words}")
    print(
        t(
            "{rows} rows are the same in both by count, sum and hash; {closed} unfinished closed; {span}. "
            "Now set DATABASE_URL, and SECRET_KEY to what DATA_DIR/secret.key holds.",
            rows=texts().number(moved.rows),
            closed=texts().number(moved.closed),
            span=texts().seconds(moved.seconds),
        )
    )


def ledger(_options: argparse.Namespace) -> int:
    """Adds the whole ledger up again; 0 when every counter is its sum. Works beside a running bot."""
    import asyncio

    from storage.database import open_database
    from storage.ledger import Ledger

    async def differences() -> int:
        async with open_database(read_settings().database_url) as database:
            found = await Ledger(database).verify()
        for one in found:
            words = t(
                "{key}: the counter says {counted}, the ledger {booked}",
                key=one.key,
                counted=one.counted,
                booked=one.booked,
            )
            print(words)
        return len(found)

    count = asyncio.run(differences())
    if count:
        print(
            texts().n("{n} counter differs from the ledger.", "{n} counters differ from the ledger.", count)
        )
    else:
        print(t("The ledger adds up."))
    return EXIT_FAILED if count else EXIT_OK
