"""The one place that picks concrete classes for the bot, and the order in which they come up and go down."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.acks import Acks
from bot.administration import Administration, administration
from bot.backup import NightlyBackup
from bot.batches import Batches
from bot.boards import Boards
from bot.client import AtelierBot, Pages, Services
from bot.colleagues import SURE_SECONDS
from bot.delivery.batches import BatchStage, PartDelivery
from bot.delivery.cards import CardMaker
from bot.delivery.discord import DiscordDelivery
from bot.delivery.doors import Doors, InHand
from bot.delivery.growth import Growth
from bot.delivery.lineboard import LineBoard
from bot.delivery.messenger import Messenger
from bot.delivery.previews import PreviewBoard
from bot.details import Lineage
from bot.drawing import Drawing
from bot.errands import DOOR
from bot.estimates import Estimates
from bot.foreman import Foreman
from bot.foundation import Foundation, lay, only_one_engine
from bot.housekeeping import Housekeeping
from bot.jobs import LOOK_OFTEN_SECONDS, LOOK_SECONDS, JobEngine, JobQueue
from bot.keepsakes import Keepsakes
from bot.membership import Membership
from bot.model_list import Watched
from bot.onward import Onward
from bot.outward import Outward, outward
from bot.picks import Picks
from bot.pools import Pools
from bot.preferences import PreferenceBook
from bot.reconciler import Reconciler
from bot.roles import Role, Shards
from bot.settings import Settings
from bot.studio import Studio
from bot.thumbnails import Thumbnails
from bot.turns import Turns
from bot.uploads import Uploads
from bot.web.pages.site import Parts as SitePages
from bot.web.pages.site import Site
from bot.web.signin import SignIn
from bot.wellbeing import Wellbeing
from bot.work import StudioWork
from storage.batches import BatchRepository
from storage.boards import BoardRepository
from storage.database import Database
from storage.galleries import GalleryRepository
from storage.health import HealthRepository
from storage.pasts import PastRepository
from storage.presence import Presence
from storage.privacy import PrivacyRepository
from storage.requests import RequestRepository
from storage.settings import SettingsRepository
from storage.unfinished import UnfinishedRepository
from storage.users import UserRepository
from storage.waiting import WaitingRepository
from storage.web_sessions import WebSessionRepository


@dataclass(frozen=True, kw_only=True)
class Program:
    """`client` is the bot where commands are taken; else only what delivers, with no gateway."""

    role: Role
    client: discord.Client
    studio: Studio
    services: Services
    outside: Outward
    database: Database
    queue: JobQueue
    engine: JobEngine | None
    work: StudioWork
    requests: RequestRepository
    reconciler: Reconciler | None
    foreman: Foreman | None
    presence: Presence | None
    nightly_backup: NightlyBackup | None
    housekeeping: Housekeeping
    site: Site
    wellbeing: Wellbeing


@asynccontextmanager
async def build(
    settings: Settings, role: Role = Role.RUN, *, shards: Shards | None = None
) -> AsyncGenerator[Program]:
    """Everything that the settings ask for, closed in reverse. Logs in to nothing and starts nothing."""
    async with AsyncExitStack() as stack:
        if not settings.on_postgres:
            stack.enter_context(only_one_engine(settings.data_dir))
        base = await stack.enter_async_context(lay(settings))
        point_discord_at(settings)
        bot = _bot(settings, shards) if role.takes_commands else None
        client, acks = bot or discord.Client(intents=discord.Intents.none()), Acks()
        # Closed by its process where all ends in order, and here after a start that failed half-way.
        await stack.enter_async_context(client)
        seated = role.draws and settings.on_postgres
        presence = await _seated(stack, base.database, settings) if seated else None
        face = _face(base, client, role, presence)
        stack.push_async_callback(face.board.close)
        engine = _engine(base, presence, role) if role.draws else None
        queue = engine or JobQueue(base.database.sync_engine())
        admin = administration(base, client)
        stack.push_async_callback(admin.keys.close)
        outside = await stack.enter_async_context(outward(base, admin))
        work = _work(base, admin, face, outside)
        studio = _studio(base, admin, face, queue, acks, work)
        membership = Membership(client)
        keepsakes = _keepsakes(base, studio, face, membership)
        wellbeing = _wellbeing(base, role, presence)
        site = _site(base, admin, studio, keepsakes, membership, wellbeing, face=face)
        services = _services(
            base, admin, studio, acks, keepsakes,
            pages=_pages(settings, site), providers=wellbeing, preferences=face.preferences,
        )  # fmt: skip
        if bot is not None:
            bot.equip(services)
        yield Program(
            role=role,
            client=client,
            studio=studio,
            services=services,
            outside=outside,
            database=base.database,
            queue=queue,
            engine=engine,
            work=work,
            requests=base.requests,
            reconciler=Reconciler(base.requests, engine, work) if engine else None,
            foreman=_foreman(keepsakes, face, settings) if engine else None,
            presence=presence,
            nightly_backup=_nightly(base.database, settings),
            housekeeping=_housekeeping(base, engine),
            site=site,
            wellbeing=wellbeing,
        )


def _bot(settings: Settings, shards: Shards | None) -> AtelierBot:
    # One shard where the gateway's address is given: Discord's own answer to "how many" would name its own address.
    alone = 1 if settings.discord_gateway_url is not None else None
    return AtelierBot(
        user_install=settings.allow_user_install,
        shard_count=shards.of if shards else alone,
        shard_ids=list(shards.ids) if shards else None,
    )


@dataclass(frozen=True, kw_only=True)
class _Face:
    """How members see their requests wait and end. `bell` is rung when there is news of a batch."""

    messenger: Messenger
    delivery: DiscordDelivery
    bell: asyncio.Event
    board: Growth
    estimates: Estimates
    preferences: PreferenceBook


def _face(base: Foundation, client: discord.Client, role: Role, presence: Presence | None) -> _Face:
    messenger, settings = Messenger(client), base.settings
    preferences = PreferenceBook(UserRepository(base.database))
    delivery = DiscordDelivery(
        messenger, vault=base.vault, cards=_cards(base), quotas=base.quotas, preferences=preferences
    )
    slots = min(settings.queue_concurrency, settings.provider_concurrency)
    estimates = Estimates(slots)
    edit, address, place = messenger.edit_answer, delivery.address, base.requests.queue_place
    # Pictures grow only where jobs run: two such boards would overwrite each other's edits.
    board = (
        PreviewBoard(edit, address, place, estimates=estimates, ours=partial(_seat_is_ours, presence))
        if role.draws
        else LineBoard(edit, address, place, WaitingRepository(base.database), slots=slots)
    )
    shared = UnfinishedRepository(base.database) if settings.on_postgres else None
    return _Face(
        messenger=messenger, delivery=delivery, bell=asyncio.Event(), board=Growth(board, shared), estimates=estimates,
        preferences=preferences,
    )  # fmt: skip


def _seat_is_ours(presence: Presence | None) -> bool:
    """Whether nobody can have taken over this process's jobs; alone on its database, nobody ever does."""
    return presence is None or presence.kept_seconds_ago < SURE_SECONDS


def _cards(base: Foundation) -> CardMaker:
    pages = base.settings.http_port is not None
    return CardMaker(base.store, base.catalog, base.styles, base.pixels, pages=pages)


def _engine(base: Foundation, presence: Presence | None, role: Role) -> JobEngine:
    return JobEngine(
        base.database.sync_engine(),
        executor_id=presence.seat if presence else "local",
        worker_concurrency=base.settings.queue_concurrency,
        look_seconds=LOOK_SECONDS if role.takes_commands else LOOK_OFTEN_SECONDS,
    )


def _work(base: Foundation, admin: Administration, face: _Face, outside: Outward) -> StudioWork:
    settings = base.settings
    parts = PartDelivery(face.delivery, BatchRepository(base.database), face.bell)
    doors = outside.doors(Doors(parts, {DOOR: InHand()}))
    drawing = Drawing(
        catalog=base.catalog,
        styles=base.styles,
        providers=base.providers,
        store=base.store,
        board=face.board,
        pixels=base.pixels,
        secret=settings.secret(),
        pools=Pools(base.ledger, base.quotas),
        keys=admin.keys,
        allowed=admin.servers.allowed_models,
        moderator=None if settings.moderation == "off" else base.account,
    )
    return StudioWork(
        catalog=base.catalog,
        drawing=drawing,
        requests=base.requests,
        images=base.images,
        ledger=base.ledger,
        store=base.store,
        board=face.board,
        delivery=doors,
        news=doors,
        turns=Turns(settings.member_concurrency),
        budget=admin.budget,
        estimates=face.estimates,
    )


def _studio(
    base: Foundation, admin: Administration, face: _Face, jobs: JobQueue, acks: Acks, work: StudioWork
) -> Studio:
    return Studio(
        catalog=base.catalog,
        styles=base.styles,
        quotas=base.quotas,
        requests=base.requests,
        images=base.images,
        jobs=jobs,
        board=face.board,
        vault=base.vault,
        acks=acks,
        finisher=work,
        open_limit=base.settings.max_open_per_member,
        open_limit_overall=base.settings.max_open,
        house=admin.house,
    )


def _wellbeing(base: Foundation, role: Role, presence: Presence | None) -> Wellbeing:
    return Wellbeing(
        HealthRepository(base.database),
        base.providers,
        process=presence.seat if presence else role,
        tells=role.draws,
        listens=base.settings.on_postgres,
    )


def _site(
    base: Foundation,
    admin: Administration,
    studio: Studio,
    keepsakes: Keepsakes,
    membership: Membership,
    providers: Mapping[str, Watched],
    *,
    face: _Face,
) -> Site:
    settings = base.settings
    pages = SitePages(
        studio=studio,
        catalog=base.catalog,
        providers=providers,
        styles=base.styles,
        quotas=base.quotas,
        requests=base.requests,
        images=base.images,
        store=base.store,
        uploads=Uploads(base.http, base.store, base.pixels),
        thumbs=keepsakes.thumbnails,
        pixels=base.pixels,
        admin=admin,
        galleries=GalleryRepository(base.database),
        pasts=keepsakes.pasts,
        boards=keepsakes.boards,
        growth=face.board,
        preferences=face.preferences,
    )
    signin = SignIn(WebSessionRepository(base.database), settings.secret())
    return Site(pages, signin, membership, secure=settings.web_address.startswith("https:"))


def _pages(settings: Settings, site: Site) -> Pages | None:
    if settings.http_port is None:
        return None
    return Pages(signin=site.signin, address=settings.web_address)


def _services(
    base: Foundation,
    admin: Administration,
    studio: Studio,
    acks: Acks,
    keepsakes: Keepsakes,
    *,
    pages: Pages | None,
    providers: Mapping[str, Watched],
    preferences: PreferenceBook,
) -> Services:
    own_settings = SettingsRepository(base.database)
    return Services(
        studio=studio,
        onward=Onward(studio),
        lineage=Lineage(studio, base.images, base.requests),
        picks=Picks(own_settings),
        cards=_cards(base),
        preferences=preferences,
        catalog=base.catalog,
        providers=providers,
        styles=base.styles,
        quotas=base.quotas,
        requests=base.requests,
        settings=own_settings,
        store=base.store,
        uploads=Uploads(base.http, base.store, base.pixels),
        acks=acks,
        allowed_guilds=base.settings.allowed_guilds,
        admin=admin,
        pages=pages,
        keepsakes=keepsakes,
    )


def _keepsakes(base: Foundation, studio: Studio, face: _Face, membership: Membership) -> Keepsakes:
    rows = BatchRepository(base.database)
    return Keepsakes(
        batches=Batches(studio, rows, bell=face.bell),
        batch_rows=rows,
        stage=BatchStage(face.messenger, rows, store=base.store, catalog=base.catalog, styles=base.styles),
        pasts=PastRepository(base.database),
        boards=Boards(BoardRepository(base.database), studio, base.store, membership),
        thumbnails=Thumbnails(base.store, base.pixels, base.settings.data_dir / "thumbnails"),
    )


def _foreman(keepsakes: Keepsakes, face: _Face, settings: Settings) -> Foreman:
    rows, stage = keepsakes.batch_rows, keepsakes.stage
    return Foreman(keepsakes.batches, rows, stage, face.bell, at_once=settings.member_concurrency)


def _nightly(database: Database, settings: Settings) -> NightlyBackup | None:
    if settings.backup_dir is None:
        return None
    return NightlyBackup(database, settings.backup_dir, keep=settings.backup_keep)


def _housekeeping(base: Foundation, engine: JobEngine | None) -> Housekeeping:
    settings = base.settings
    return Housekeeping(
        base.store,
        base.images,
        retention_days=settings.retention_days,
        max_bytes=settings.image_store_max_bytes,
        people=PrivacyRepository(base.database),
        retention_prompts_days=settings.retention_prompts_days,
        done=SettingsRepository(base.database),
        night=settings.nightly_at,
        jobs=engine,
    )


async def _seated(stack: AsyncExitStack, database: Database, settings: Settings) -> Presence:
    place = hashlib.sha256(f"{socket.gethostname()}:{settings.data_dir}".encode()).hexdigest()[:12]
    presence = Presence(database, place)
    stack.push_async_callback(presence.close)
    await presence.take_seat()
    return presence


def point_discord_at(settings: Settings) -> None:
    """discord.py keeps its addresses as class attributes: set before the client is made, for the whole process."""
    Route.BASE = settings.discord_api_url
    if settings.discord_gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway_url)
