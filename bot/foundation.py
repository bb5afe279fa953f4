"""What every door stands on: the database, the store, the catalogue, the providers; nothing of Discord or the engine.

The bot, the command line, the library and the web side each take it and add what is theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot import media
from bot.catalog import Catalog
from bot.errors import StartupError
from bot.providers.limits import Limited
from bot.providers.openai_account import OpenAIAccount
from bot.providers.registry import Parts, build_providers, open_catalog, openai_account
from bot.quotas import Defaults, QuotaService
from bot.settings import Settings
from bot.styles import Styles
from bot.terminal import t
from bot.vault import Vault
from storage.database import Database, open_database
from storage.errors import (
    DatabaseDamaged,
    DatabaseError,
    DatabaseLocked,
    DatabaseNewer,
    DatabaseUnreachable,
    DatabaseUnwritable,
    StoreUnreachable,
    StoreUnwritable,
)
from storage.guilds import GuildRepository
from storage.image_store import ImageStore
from storage.images import ImageRepository
from storage.ledger import Ledger
from storage.limits import LimitRepository
from storage.paces import MemoryPaces, SharedPaces
from storage.requests import RequestRepository


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """`account` knows what OpenAI's key may do; None without that key."""

    settings: Settings
    database: Database
    http: aiohttp.ClientSession
    pixels: media.Pixels
    store: ImageStore
    vault: Vault
    catalog: Catalog
    styles: Styles
    providers: Mapping[str, Limited]
    account: OpenAIAccount | None
    requests: RequestRepository
    images: ImageRepository
    ledger: Ledger
    guilds: GuildRepository
    quotas: QuotaService
    parts: Parts


@asynccontextmanager
async def lay(settings: Settings, *, defaults: Defaults | None = None) -> AsyncGenerator[Foundation]:
    """All of it, closed in reverse. `defaults` in place of the limits that the settings give to members.

    Raises StartupError, CatalogError and SettingsError.
    """
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened(settings.database_url))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        pixels = stack.enter_context(contextlib.closing(media.Pixels()))
        store = stack.enter_context(contextlib.closing(_store(settings.image_store_url)))
        catalog = open_catalog(settings)
        paces = SharedPaces(database) if settings.on_postgres else MemoryPaces()
        parts = Parts(settings=settings, http=http, pixels=pixels, paces=paces)
        providers, account = build_providers(catalog, parts), openai_account(parts)
        if account is not None:
            await stack.enter_async_context(at_leisure(account.learn_ends(catalog)))
        for provider in providers.values():
            stack.push_async_callback(provider.close)
        ledger, guilds = Ledger(database), GuildRepository(database)
        yield Foundation(
            settings=settings,
            database=database,
            http=http,
            pixels=pixels,
            store=store,
            vault=Vault(settings.secret()),
            catalog=catalog,
            styles=Styles.load(settings.styles_file),
            providers=providers,
            account=account,
            parts=parts,
            requests=RequestRepository(database),
            images=ImageRepository(database),
            ledger=ledger,
            guilds=guilds,
            quotas=QuotaService(LimitRepository(database), ledger, guilds, defaults or defaults_of(settings)),
        )


@asynccontextmanager
async def opened(database_url: str) -> AsyncGenerator[Database]:
    """The database, its schema brought up to date. Raises StartupError."""
    async with AsyncExitStack() as stack:
        try:
            database = await stack.enter_async_context(open_database(database_url))
        except ValueError as error:
            raise StartupError(what="bad_database_url") from error
        except DatabaseError as error:
            raise _startup(error) from error
        yield database


def _store(url: str) -> ImageStore:
    try:
        return ImageStore(url)
    except StoreUnwritable as error:
        raise StartupError(what="unwritable", where=error.location, hint=error.detail) from error
    except StoreUnreachable as error:
        raise StartupError(what="bad_store") from error  # the address may hold a password


def defaults_of(settings: Settings) -> Defaults:
    return Defaults(
        images_per_day=settings.quota_images_per_day,
        microusd_per_month=settings.quota_microusd_per_month,
        owner_microusd_per_day=settings.owner_microusd_per_day,
        owner_microusd_per_month=settings.owner_microusd_per_month,
    )


@asynccontextmanager
async def at_leisure(work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Runs beside what is inside, and no longer."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextmanager
def only_one_engine(data_dir: Path) -> Generator[None]:
    """Two engines on one SQLite file would run each other's jobs: the second bot is told to use Postgres."""
    path = data_dir / "engine.lock"
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartupError(what="second_engine", where=str(path)) from error
        yield


def _startup(error: DatabaseError) -> StartupError:
    match error:
        case DatabaseLocked(path=path):
            return StartupError(what="locked_database", where=path)
        case DatabaseNewer(found=found, known=known):
            return StartupError(
                what="newer_schema",
                hint=t("It is at {found}; this release knows up to {known}.", found=found, known=known),
            )
        case DatabaseUnwritable(path=path, detail=detail):
            return StartupError(what="unwritable", where=str(path), hint=detail)
        case DatabaseDamaged(path=path, detail=detail):
            return StartupError(what="damaged_database", where=str(path), hint=detail)
        case DatabaseUnreachable(address=address, detail=detail):
            return StartupError(what="unreachable", where=address, hint=detail)
        case _:
            return StartupError(what="database", hint=str(error))
