"""The one place that picks concrete classes, and the order in which they come up and go down."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import hashlib
import re
import socket
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import media
from bot.acks import Acks
from bot.administration import administration
from bot.backup import NightlyBackup
from bot.client import AtelierBot, Services
from bot.delivery.discord import DiscordDelivery
from bot.delivery.messenger import Messenger
from bot.delivery.previews import NoBoard, PreviewBoard
from bot.drawing import Drawing
from bot.errors import StartupError
from bot.estimates import Estimates
from bot.housekeeping import Housekeeping
from bot.jobs import JobEngine, JobQueue
from bot.providers.registry import Parts, build_providers, open_catalog, openai_account
from bot.quotas import Defaults, QuotaService
from bot.reconciler import Reconciler
from bot.settings import Settings
from bot.studio import Studio
from bot.styles import Styles
from bot.turns import Turns
from bot.uploads import Uploads
from bot.vault import Vault
from bot.work import StudioWork
from storage.database import Database, open_database
from storage.errors import (
    DatabaseDamaged,
    DatabaseError,
    DatabaseLocked,
    DatabaseNewer,
    DatabaseUnreachable,
    DatabaseUnwritable,
)
from storage.guilds import GuildRepository
from storage.image_store import ImageStore
from storage.images import ImageRepository
from storage.ledger import Ledger
from storage.limits import LimitRepository
from storage.presence import Presence
from storage.privacy import PrivacyRepository
from storage.requests import RequestRepository
from storage.settings import SettingsRepository

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MMAP_THRESHOLD_BYTES, _TRIM_THRESHOLD_BYTES = 64 << 20, 128 << 20


@dataclass(frozen=True)
class Shards:
    """Which of a bot's connections to Discord this process holds: `ids` of the numbers below `of`."""

    ids: tuple[int, ...]
    of: int

    @classmethod
    def parse(cls, text: str) -> Shards:
        """`0-3/8` or `2/8`. Raises StartupError."""
        found = re.fullmatch(r"(\d+)(?:-(\d+))?/(\d+)", text.replace(" ", ""))
        if found is None:
            raise StartupError(what="bad_shards", where=text)
        first, of = int(found[1]), int(found[3])
        last = int(found[2] or first)
        if not first <= last < of:
            raise StartupError(what="bad_shards", where=text)
        return cls(tuple(range(first, last + 1)), of)


class Role(StrEnum):
    """What one process does: everything, or its share of it beside others on the same Postgres."""

    RUN = "run"
    GATEWAY = "gateway"
    WORKER = "worker"
    WEB = "web"

    @property
    def takes_commands(self) -> bool:
        return self in (Role.RUN, Role.GATEWAY)

    @property
    def draws(self) -> bool:
        return self in (Role.RUN, Role.WORKER)


@dataclass(frozen=True, kw_only=True)
class Program:
    """`client` is the bot where commands are taken; else only what delivers, with no gateway."""

    role: Role
    client: discord.Client
    studio: Studio
    services: Services
    database: Database
    queue: JobQueue
    engine: JobEngine | None
    work: StudioWork
    requests: RequestRepository
    reconciler: Reconciler | None
    presence: Presence | None
    nightly_backup: NightlyBackup | None
    housekeeping: Housekeeping


@asynccontextmanager
async def build(
    settings: Settings, role: Role = Role.RUN, *, shards: Shards | None = None
) -> AsyncGenerator[Program]:
    """Everything that the settings ask for, closed in reverse. Logs in to nothing and starts nothing."""
    async with AsyncExitStack() as stack:
        if not settings.on_postgres:
            stack.enter_context(only_one_engine(settings.data_dir))
        try:
            database = await stack.enter_async_context(open_database(settings.database_url))
        except DatabaseError as error:
            raise _startup(error) from error
        http = await stack.enter_async_context(aiohttp.ClientSession())
        pixels = stack.enter_context(contextlib.closing(media.Pixels()))
        store = stack.enter_context(contextlib.closing(ImageStore(settings.image_store_url)))
        vault, acks = Vault(settings.secret()), Acks()
        catalog = open_catalog(settings)
        styles = Styles.load(settings.styles_file)
        parts = Parts(settings=settings, http=http, pixels=pixels)
        providers, account = build_providers(catalog, parts), openai_account(parts)
        if account is not None:
            await stack.enter_async_context(at_leisure(account.learn_ends(catalog)))
        for provider in providers.values():
            stack.push_async_callback(provider.close)
        requests, images = RequestRepository(database), ImageRepository(database)
        ledger, guilds = Ledger(database), GuildRepository(database)
        quotas = QuotaService(LimitRepository(database), ledger, guilds, _defaults(settings))
        point_discord_at(settings)
        bot = _bot(settings, shards) if role.takes_commands else None
        client = bot or discord.Client(intents=discord.Intents.none())
        messenger = Messenger(client)
        delivery = DiscordDelivery(
            messenger, vault=vault, store=store, catalog=catalog, quotas=quotas, pixels=pixels
        )
        estimates = Estimates(min(settings.queue_concurrency, settings.provider_concurrency))
        # Only where jobs run: two boards would overwrite each other's edits, and the finished card with them.
        board = (
            PreviewBoard(messenger.edit_answer, delivery.address, requests.queue_place, estimates=estimates)
            if role.draws
            else NoBoard()
        )
        stack.push_async_callback(board.close)
        presence = await _seated(stack, database, settings) if role.draws and settings.on_postgres else None
        engine = (
            JobEngine(
                database.sync_engine(),
                executor_id=presence.seat if presence else "local",
                worker_concurrency=settings.queue_concurrency,
            )
            if role.draws
            else None
        )
        queue = engine or JobQueue(database.sync_engine())
        admin = administration(
            settings,
            database,
            client=client,
            catalog=catalog,
            quotas=quotas,
            http=http,
            pixels=pixels,
            store=store,
        )
        stack.push_async_callback(admin.keys.close)
        drawing = Drawing(
            catalog=catalog, styles=styles, providers=providers, store=store, board=board, pixels=pixels,
            secret=settings.secret(), keys=admin.keys, allowed=admin.servers.allowed_models,
            moderator=None if settings.moderation == "off" else account,
        )  # fmt: skip
        work = StudioWork(
            catalog=catalog, drawing=drawing, requests=requests, images=images, ledger=ledger, store=store,
            board=board, delivery=delivery, turns=Turns(settings.member_concurrency), budget=admin.budget,
            estimates=estimates,
        )  # fmt: skip
        studio = Studio(
            catalog=catalog, styles=styles, quotas=quotas, requests=requests, images=images, jobs=queue,
            board=board, vault=vault, acks=acks, open_limit=settings.max_open_per_member, finisher=work,
            open_limit_overall=settings.max_open,
            house=admin.house,
        )  # fmt: skip
        services = Services(
            studio=studio, catalog=catalog, providers=providers, styles=styles, quotas=quotas, requests=requests,
            settings=SettingsRepository(database), store=store, uploads=Uploads(http, store, pixels), acks=acks,
            allowed_guilds=settings.allowed_guilds, admin=admin,
        )  # fmt: skip
        if bot is not None:
            bot.equip(services)
        yield Program(
            role=role,
            client=client,
            studio=studio,
            services=services,
            database=database,
            queue=queue,
            engine=engine,
            work=work,
            requests=requests,
            reconciler=Reconciler(requests, engine, work) if engine else None,
            presence=presence,
            nightly_backup=_nightly(database, settings),
            housekeeping=Housekeeping(
                store,
                images,
                retention_days=settings.retention_days,
                max_bytes=settings.image_store_max_bytes,
                people=PrivacyRepository(database),
                retention_prompts_days=settings.retention_prompts_days,
            ),
        )


def _bot(settings: Settings, shards: Shards | None) -> AtelierBot:
    # One shard where the gateway's address is given: Discord's own answer to "how many" would name its own address.
    alone = 1 if settings.discord_gateway_url is not None else None
    return AtelierBot(
        user_install=settings.allow_user_install,
        shard_count=shards.of if shards else alone,
        shard_ids=list(shards.ids) if shards else None,
    )


def _nightly(database: Database, settings: Settings) -> NightlyBackup | None:
    if settings.backup_dir is None:
        return None
    return NightlyBackup(database, settings.backup_dir, keep=settings.backup_keep)


async def _seated(stack: AsyncExitStack, database: Database, settings: Settings) -> Presence:
    place = hashlib.sha256(f"{socket.gethostname()}:{settings.data_dir}".encode()).hexdigest()[:12]
    presence = Presence(database, place)
    stack.push_async_callback(presence.close)
    await presence.take_seat()
    return presence


@asynccontextmanager
async def at_leisure(work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Runs beside what is inside, and no longer."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _defaults(settings: Settings) -> Defaults:
    return Defaults(
        images_per_day=settings.quota_images_per_day,
        microusd_per_month=settings.quota_microusd_per_month,
        owner_microusd_per_day=settings.owner_microusd_per_day,
        owner_microusd_per_month=settings.owner_microusd_per_month,
    )


def point_discord_at(settings: Settings) -> None:
    """discord.py keeps its addresses as class attributes: set before the client is made, for the whole process."""
    Route.BASE = settings.discord_api_url
    if settings.discord_gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway_url)


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


def keep_big_buffers() -> None:
    """Tell glibc to keep freed buffers of pictures: fresh pages for each 2 MB reply cost more than decoding it.

    Measured: 6 ms CPU a picture. Harmless where the C library is another.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES)


def _startup(error: DatabaseError) -> StartupError:
    match error:
        case DatabaseLocked(path=path):
            return StartupError(what="locked_database", where=path)
        case DatabaseNewer(found=found, known=known):
            return StartupError(
                what="newer_schema", hint=f"It is at {found}; this release knows up to {known}."
            )
        case DatabaseUnwritable(path=path, detail=detail):
            return StartupError(what="unwritable", where=str(path), hint=detail)
        case DatabaseDamaged(path=path, detail=detail):
            return StartupError(what="damaged_database", where=str(path), hint=detail)
        case DatabaseUnreachable(address=address, detail=detail):
            return StartupError(what="unreachable", where=address, hint=detail)
        case _:
            return StartupError(what="database", hint=str(error))
