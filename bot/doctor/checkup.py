"""All checks in the order in which they are to be read: settings, database, disk, pictures, keys, Discord."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable
from pathlib import Path

import aiohttp

from bot.commandline.failures import words_of
from bot.doctor.discord import look_at_discord
from bot.doctor.findings import Finding, look, well, wrong
from bot.doctor.providers import look_at_providers
from bot.errors import AtelierError, SettingsError, StartupError
from bot.foundation import opened
from bot.i18n import Texts
from bot.settings import Settings, load_settings
from bot.styles import Styles
from storage.image_store import ImageStore
from storage.ledger import Ledger

_TIMEOUT = aiohttp.ClientTimeout(total=15, sock_connect=5)
_LITTLE_BYTES = 1_000_000_000


async def examine(t: Texts) -> list[Finding]:
    """Nothing but the settings is looked at until they are usable."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return [wrong("settings", f"{name} {what}", where) for name, what, where in error.problems]
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
        groups = await asyncio.gather(
            _settings(settings, t),
            _guarded("database", _database(settings, t), t),
            _guarded("pictures", _store(settings), t),
            _guarded("providers", look_at_providers(settings, http, t), t),
            _guarded("discord", look_at_discord(settings, http, t), t),
        )
    return [finding for group in groups for finding in group]


async def _guarded(what: str, check: Awaitable[list[Finding]], t: Texts) -> list[Finding]:
    try:
        return await check
    except SettingsError as error:
        return [wrong(what, f"{name} {problem}", where) for name, problem, where in error.problems]
    except AtelierError as error:
        return [wrong(what, words_of(error))]
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        words = t("no answer ({error})", error=type(error).__name__)
        return [wrong(what, words, t("Look at the network and the address."))]


async def _settings(settings: Settings, t: Texts) -> list[Finding]:
    found = [
        look(
            "settings",
            t("{name} is not a setting", name=name),
            t("{name} was probably meant", name=meant),
        )
        for name, meant in settings.misspelt
    ]
    try:
        Styles.load(settings.styles_file)
    except StartupError as error:
        words = t("STYLES_FILE cannot be used: {where}", where=error.where or "")
        found.append(wrong("settings", words, error.hint or ""))
    return found or [well("settings", t("{n} in force", n=len(settings.redacted())))]


async def _database(settings: Settings, t: Texts) -> list[Finding]:
    settings.prepare_data_dir()
    async with opened(settings.database_url) as database:
        differences = await Ledger(database).verify()
    kind = "PostgreSQL" if settings.on_postgres else str(settings.sqlite_file)
    found = [well("database", kind)]
    if differences:
        words = t("{n} counters differ", n=len(differences))
        found.append(wrong("ledger", words, t("atelier ledger verify names them")))
    else:
        found.append(well("ledger", t("adds up")))
    return [*found, _disk(settings.data_dir, t)]


def _disk(folder: Path, t: Texts) -> Finding:
    free = shutil.disk_usage(folder).free
    words = t("{n} GB free at {folder}", n=t.number(round(free / 1e9, 1)), folder=folder)
    if free < _LITTLE_BYTES:
        return look("disk", words, t("Make room, or set RETENTION_DAYS or IMAGE_STORE_MAX_GB."))
    return well("disk", words)


async def _store(settings: Settings) -> list[Finding]:
    store = ImageStore(settings.image_store_url)
    try:
        await store.exists("0" * 64)
    finally:
        store.close()
    return [well("pictures", settings.redacted()["IMAGE_STORE_URL"])]
