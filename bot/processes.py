"""The life of a process: all of it up, until a signal; then what runs may end, and the rest is left in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
import structlog

from bot import colleagues, i18n, logs, marks
from bot.client import AtelierBot
from bot.errors import StartupError
from bot.jobs import JobEngine
from bot.memory import keep_big_buffers, set_aside_what_stays
from bot.roles import Role, Shards
from bot.settings import Settings
from bot.web.api.room import api_room
from bot.web.app import Room, application, serving
from bot.web.pages import page_routes
from bot.wiring import Program, build
from storage.errors import StorageError

_log = structlog.get_logger(__name__)


def run(settings: Settings, role: Role = Role.RUN, *, shards: Shards | None = None) -> int:
    """One process in its role until a signal ends it. Raises StartupError."""
    if role is not Role.RUN and not settings.on_postgres:
        raise StartupError(what="needs_postgres", where=f"python -m bot {role}")
    keep_big_buffers()
    settings.prepare_data_dir()
    secrets = [*settings.secret_values(), settings.secret()]
    logs.set_up(level=settings.log_level, form=settings.log_format, secrets=secrets)
    i18n.warm_up()
    asyncio.run(_run(settings, role, shards))
    return 0


async def _run(settings: Settings, role: Role, shards: Shards | None) -> None:
    async with build(settings, role, shards=shards) as program:
        rooms = [Room(routes=page_routes(program.site))]
        if role.serves_clients:
            rooms.append(api_room(program.outside.api(program.services)))
        app = application(lambda: _features(program), *rooms)
        if role is Role.WEB:
            # Before anybody can ask for a picture: what is accepted is enqueued in the same transaction.
            await asyncio.to_thread(program.queue.open)
        async with serving(app, settings.http_host, settings.http_port) as listens:
            if role is Role.WEB and not listens:
                raise StartupError(what="port_in_use", where=f"{settings.http_host}:{settings.http_port}")
            await _serve(settings, program)


async def _serve(settings: Settings, program: Program) -> None:
    """Run jobs, log in, answer commands; after a signal wait for what runs, and leave the rest to the next start."""
    client, engine = program.client, program.engine
    ending = _signals()
    if program.role is not Role.WEB:
        await _login(settings, client)
        _log.info(
            "logged in", role=program.role, user=str(client.user), application=client.application_id,
            executor=program.presence.seat if program.presence else None,
        )  # fmt: skip
    # After the login, which a recovered job needs for its delivery; before the gateway, whose commands need the queue.
    if engine is not None:
        await engine.launch(program.work)
    elif program.role is not Role.WEB:
        await asyncio.to_thread(program.queue.open)
    set_aside_what_stays()
    chores = [asyncio.create_task(chore) for chore in _chores(program)]
    gateway = asyncio.create_task(client.connect()) if program.role.takes_commands else None
    signalled = asyncio.create_task(ending.first.wait())
    await asyncio.wait([gateway, signalled] if gateway else [signalled], return_when=asyncio.FIRST_COMPLETED)
    if program.role is Role.GATEWAY and isinstance(client, AtelierBot):
        await client.leave()
    program.studio.stop()
    left = await _drain(settings, engine, ending) if engine is not None else 0
    if left:
        _log.info("jobs go on after the next start", jobs=left)
        logging.shutdown()
        # Closing anything first would make running calls fail, and their requesters would be told so.
        os._exit(0)
    await client.close()
    signalled.cancel()
    for chore in chores:
        chore.cancel()
    await asyncio.gather(*chores, return_exceptions=True)
    outcome = (await asyncio.gather(gateway, return_exceptions=True))[0] if gateway else None
    await asyncio.to_thread(program.queue.close)
    if isinstance(outcome, discord.PrivilegedIntentsRequired | discord.ConnectionClosed):
        raise StartupError(what="gateway_closed", where=settings.discord_api_url, hint=str(outcome))


def _chores(program: Program) -> list[Coroutine[Any, Any, None]]:
    chores: list[Coroutine[Any, Any, None]] = [program.wellbeing.run()]
    if program.role is Role.WORKER:
        chores.append(marks.keep_reading(program.services.settings, program.client.application_id))
    if program.engine is None or program.reconciler is None:
        return chores
    chores += [program.reconciler.run(), program.housekeeping.run()]
    if program.foreman is not None:
        chores.append(program.foreman.run())
    # Alone on its database it knows that nobody else is sending what an earlier start had begun to send.
    chores.append(program.outside.dispatcher.run(alone=program.presence is None))
    if program.nightly_backup is not None:
        chores.append(program.nightly_backup.run())
    if program.presence is not None:
        chores += [
            colleagues.obey(program.requests, program.engine),
            colleagues.Succession(program.presence, program.engine).run(),
        ]
    return chores


async def _features(program: Program) -> Mapping[str, bool]:
    """Each part of this process, and whether it works."""
    try:
        await program.requests.count_open(0)
        database = True
    except StorageError:
        database = False
    working = {"database": database}
    if isinstance(program.client, AtelierBot):
        working["gateway"] = program.client.is_ready()
    if program.engine is not None:
        working["image_generation"] = program.engine.is_launched
    return working


async def _login(settings: Settings, client: discord.Client) -> None:
    token = settings.discord_token
    assert token is not None, "the command line asks for the token before it comes here"
    try:
        await client.login(token.get_secret_value())
    except discord.LoginFailure as error:
        raise StartupError(what="bad_token") from error
    except discord.HTTPException as error:
        where, status = settings.discord_api_url, f"HTTP {error.status}"
        raise StartupError(what="no_discord", where=where, hint=status) from error
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
