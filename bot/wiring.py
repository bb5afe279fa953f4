"""The one place that picks concrete classes, and the order in which they come up and go down."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import logging
import os
import signal
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import i18n, logs, media
from bot.acks import Acks
from bot.catalog import Catalog
from bot.client import AtelierBot, Services
from bot.delivery.discord import DiscordDelivery
from bot.delivery.messenger import Messenger
from bot.delivery.previews import PreviewBoard
from bot.errors import StartupError
from bot.housekeeping import Housekeeping
from bot.jobs import JobEngine
from bot.providers.base import Provider
from bot.providers.limits import Limited
from bot.quotas import Defaults, QuotaService
from bot.reconciler import Reconciler
from bot.settings import Settings
from bot.studio import Studio
from bot.styles import Styles
from bot.uploads import Uploads
from bot.vault import Vault
from bot.work import StudioWork
from storage.database import open_database
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
from storage.requests import RequestRepository
from storage.settings import SettingsRepository

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MMAP_THRESHOLD_BYTES, _TRIM_THRESHOLD_BYTES = 64 << 20, 128 << 20

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Program:
    bot: AtelierBot
    studio: Studio
    engine: JobEngine
    work: StudioWork
    reconciler: Reconciler
    housekeeping: Housekeeping


def run(settings: Settings) -> int:
    """The whole bot in one process until a signal ends it. Raises StartupError."""
    keep_big_buffers()
    settings.prepare_data_dir()
    secrets = [*settings.secret_values(), settings.secret()]
    logs.set_up(level=settings.log_level, form=settings.log_format, secrets=secrets)
    i18n.warm_up()
    asyncio.run(_run(settings))
    return 0


async def _run(settings: Settings) -> None:
    async with build(settings) as program:
        await _serve(settings, program)


@asynccontextmanager
async def build(settings: Settings) -> AsyncGenerator[Program]:
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
        names = [name for name in settings.configured_providers if name in PROVIDERS] or ["demo"]
        catalog = Catalog.load(settings.catalog_file, names, default_model=settings.default_model)
        styles = Styles.load(settings.styles_file)
        providers = {name: _provider(name, settings, pixels) for name in names}
        for provider in providers.values():
            stack.push_async_callback(provider.close)
        requests, images = RequestRepository(database), ImageRepository(database)
        ledger, guilds = Ledger(database), GuildRepository(database)
        quotas = QuotaService(LimitRepository(database), ledger, guilds, _defaults(settings))
        point_discord_at(settings)
        # One shard where the gateway's address is given: Discord's own answer to "how many" would name its own address.
        given = settings.discord_gateway_url is not None
        bot = AtelierBot(user_install=settings.allow_user_install, shard_count=1 if given else None)
        messenger = Messenger(bot)
        delivery = DiscordDelivery(
            messenger, vault=vault, store=store, catalog=catalog, quotas=quotas, pixels=pixels
        )
        board = PreviewBoard(messenger.edit_answer, delivery.address, requests.queue_place)
        stack.push_async_callback(board.close)
        engine = JobEngine(
            database.sync_engine(),
            executor_id="local",
            worker_concurrency=settings.queue_concurrency,
            member_concurrency=settings.member_concurrency,
        )
        studio = Studio(
            catalog=catalog, styles=styles, quotas=quotas, requests=requests, images=images, jobs=engine,
            board=board, vault=vault, acks=acks, open_limit=settings.max_open_per_member,
        )  # fmt: skip
        work = StudioWork(
            catalog=catalog, styles=styles, providers=providers, requests=requests, images=images, ledger=ledger,
            store=store, board=board, delivery=delivery, secret=settings.secret(),
        )  # fmt: skip
        bot.equip(
            Services(
                studio=studio, catalog=catalog, styles=styles, quotas=quotas, requests=requests,
                settings=SettingsRepository(database), store=store, uploads=Uploads(http, store, pixels), acks=acks,
                allowed_guilds=settings.allowed_guilds,
            )
        )  # fmt: skip
        yield Program(
            bot=bot,
            studio=studio,
            engine=engine,
            work=work,
            reconciler=Reconciler(requests, engine, work),
            housekeeping=Housekeeping(
                store,
                images,
                retention_days=settings.retention_days,
                max_bytes=settings.image_store_max_bytes,
            ),
        )


async def _serve(settings: Settings, program: Program) -> None:
    """Log in, run jobs, answer commands; after a signal wait for what runs, and leave the rest to the next start."""
    bot, engine = program.bot, program.engine
    ending = _signals()
    await engine.launch(program.work)
    await _login(settings, bot)
    _log.info("logged in", user=str(bot.user), application=bot.application_id)
    chores = [
        asyncio.create_task(bot.connect(), name="gateway"),
        asyncio.create_task(program.reconciler.run()),
        asyncio.create_task(program.housekeeping.run()),
    ]
    signalled = asyncio.create_task(ending.first.wait())
    await asyncio.wait([chores[0], signalled], return_when=asyncio.FIRST_COMPLETED)
    program.studio.stop()
    left = await _drain(settings, engine, ending)
    if left:
        _log.info("jobs go on after the next start", jobs=left)
        logging.shutdown()
        # Closing anything first would make running calls fail, and their requesters would be told so.
        os._exit(0)
    await bot.close()
    for chore in [*chores, signalled]:
        chore.cancel()
    outcomes = await asyncio.gather(*chores, return_exceptions=True)
    await asyncio.to_thread(engine.close)
    if isinstance(outcomes[0], discord.PrivilegedIntentsRequired | discord.ConnectionClosed):
        raise StartupError(what="gateway_closed", where=settings.discord_api_url, hint=str(outcomes[0]))


async def _login(settings: Settings, bot: AtelierBot) -> None:
    token = settings.discord_token
    assert token is not None, "the command line asks for the token before it comes here"
    try:
        await bot.login(token.get_secret_value())
    except discord.LoginFailure as error:
        raise StartupError(what="bad_token") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise StartupError(what="unreachable", where=settings.discord_api_url) from error


@dataclass(frozen=True)
class _Ending:
    first: asyncio.Event
    second: asyncio.Event


def _signals() -> _Ending:
    ending = _Ending(asyncio.Event(), asyncio.Event())

    def told() -> None:
        (ending.second if ending.first.is_set() else ending.first).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    return ending


async def _drain(settings: Settings, engine: JobEngine, ending: _Ending) -> int:
    """Let running jobs end within the grace time; a second signal ends the patience."""
    _log.info("stopping", running=engine.running, grace_seconds=settings.stop_grace_seconds)
    drained = asyncio.create_task(engine.drain(settings.stop_grace_seconds))
    impatient = asyncio.create_task(ending.second.wait())
    await asyncio.wait([drained, impatient], return_when=asyncio.FIRST_COMPLETED)
    impatient.cancel()
    if not drained.done():
        drained.cancel()
        return engine.running
    return drained.result()


def _provider(name: str, settings: Settings, pixels: media.Pixels) -> Provider:
    made = _demo(settings, pixels) if name == "demo" else PROVIDERS[name](settings)
    return Limited(made, concurrency=settings.provider_concurrency)


def _demo(settings: Settings, pixels: media.Pixels) -> Provider:
    from bot.providers.demo import DemoProvider

    return DemoProvider(
        pixels, latency_seconds=settings.demo_latency_seconds, trouble_file=settings.demo_trouble_file
    )


def _openai(settings: Settings) -> Provider:
    # Imported here, as every vendor's: its SDK costs half a second of start-up that other bots need not pay.
    from bot.providers.openai import OpenAIProvider

    assert settings.openai_api_key is not None
    return OpenAIProvider(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url,
        organization=settings.openai_org_id,
        timeout_seconds=settings.provider_timeout_seconds,
    )


PROVIDERS: dict[str, Callable[[Settings], Provider]] = {"openai": _openai}
"""How each vendor's client is made; the demo stands in only where none is configured."""


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
