"""The owner's look at everything that pictures need: settings, keys, database, disk, clock, Discord. Changes nothing.

Each check is one line: well, worth a look, or wrong, and then what to do. Keys are tried with calls that cost nothing.
"""

from __future__ import annotations

import asyncio
import email.utils
import shutil
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiohttp

from bot.errors import AtelierError, SettingsError, StartupError
from bot.foundation import opened
from bot.keys import Probe, probes
from bot.providers.registry import open_catalog
from bot.settings import Settings, load_settings
from bot.styles import Styles
from storage.image_store import ImageStore
from storage.ledger import Ledger

_TIMEOUT = aiohttp.ClientTimeout(total=15, sock_connect=5)
_LITTLE_BYTES = 1_000_000_000
_SKEW_SECONDS = 5.0
"""Discord's rate limits and signed links are told in absolute times."""

NEEDED = {
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "create_public_threads": 1 << 35,
    "send_messages_in_threads": 1 << 38,
}
"""The bits of https://discord.com/developers/docs/topics/permissions that the bot's answers need."""

_KEYS = {
    "openai": "openai_api_key",
    "gemini": "gemini_api_key",
    "replicate": "replicate_api_token",
    "stability": "stability_api_key",
}


class Verdict(StrEnum):
    WELL = "ok"
    LOOK = "look"
    WRONG = "wrong"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`what` was looked at, how it is, in words, and what helps where it is not well."""

    what: str
    verdict: Verdict
    words: str
    advice: str = ""


def well(what: str, words: str) -> Finding:
    return Finding(what=what, verdict=Verdict.WELL, words=words)


def look(what: str, words: str, advice: str = "") -> Finding:
    return Finding(what=what, verdict=Verdict.LOOK, words=words, advice=advice)


def wrong(what: str, words: str, advice: str = "") -> Finding:
    return Finding(what=what, verdict=Verdict.WRONG, words=words, advice=advice)


async def examine() -> list[Finding]:
    """All checks, in the order in which they are to be read; the rest waits for usable settings."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return [wrong("settings", f"{name} {what}", where) for name, what, where in error.problems]
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
        groups = await asyncio.gather(
            _settings(settings),
            _guarded("database", _database(settings)),
            _guarded("pictures", _store(settings)),
            _guarded("providers", _providers(settings, http)),
            _guarded("discord", _discord(settings, http)),
        )
    return [finding for group in groups for finding in group]


async def _guarded(what: str, check: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await check
    except StartupError as error:
        return [wrong(what, f"{error.what}: {error.where or ''}".rstrip(": "), error.hint or "")]
    except AtelierError as error:
        return [wrong(what, str(error))]
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return [wrong(what, f"no answer: {type(error).__name__}", "Look at the network and the address.")]


async def _settings(settings: Settings) -> list[Finding]:
    found = [
        look("settings", f"{name} is not a setting", f"{meant} was probably meant")
        for name, meant in settings.misspelt
    ]
    try:
        Styles.load(settings.styles_file)
    except StartupError as error:
        found.append(wrong("settings", f"STYLES_FILE cannot be used: {error.where}", error.hint or ""))
    return found or [well("settings", f"{len(settings.redacted())} in force")]


async def _database(settings: Settings) -> list[Finding]:
    settings.prepare_data_dir()
    async with opened(settings.database_url) as database:
        differences = await Ledger(database).verify()
    kind = "PostgreSQL" if settings.on_postgres else str(settings.sqlite_file)
    found = [well("database", kind)]
    if differences:
        found.append(
            wrong("ledger", f"{len(differences)} counters differ", "atelier ledger verify names them")
        )
    else:
        found.append(well("ledger", "adds up"))
    return [*found, _disk(settings.data_dir)]


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    words = f"{free / 1e9:.1f} GB free at {folder}"
    if free < _LITTLE_BYTES:
        return look("disk", words, "Make room, or set RETENTION_DAYS or IMAGE_STORE_MAX_GB.")
    return well("disk", words)


async def _store(settings: Settings) -> list[Finding]:
    store = ImageStore(settings.image_store_url)
    try:
        await store.exists("0" * 64)
    finally:
        store.close()
    return [well("pictures", settings.redacted()["IMAGE_STORE_URL"])]


async def _providers(settings: Settings, http: aiohttp.ClientSession) -> list[Finding]:
    catalog = open_catalog(settings)
    if list(catalog.providers) == ["demo"]:
        return [look("providers", "only the demo draws", "Set a provider's key: .env.example names them.")]
    bases = {name: getattr(settings, f"{name}_base_url") for name in catalog.providers if name in _KEYS}
    known = probes(bases)
    tried = [
        _key(name, known[name], getattr(settings, _KEYS[name]).get_secret_value(), http) for name in known
    ]
    others = [well(name, "set up; not asked") for name in catalog.providers if name not in known]
    return [*await asyncio.gather(*tried), *others, well("default", catalog.models()[0].id)]


async def _key(name: str, probe: Probe, key: str, http: aiohttp.ClientSession) -> Finding:
    headers = {header: value.format(key=key) for header, value in probe.headers.items()}
    setting = _KEYS[name].upper()
    try:
        async with http.get(probe.url, headers=headers, allow_redirects=False) as answer:
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        return wrong(name, f"no answer ({type(error).__name__})", "Look at the network and the base URL.")
    if status == 200:
        return well(name, "accepts its key")
    if status in (400, 401, 403):
        return wrong(name, f"does not accept {setting} ({status})", f"Make a new one and set {setting}.")
    return look(name, f"answers {status}", "Look at the service's own status page.")


async def _discord(settings: Settings, http: aiohttp.ClientSession) -> list[Finding]:
    if settings.discord_token is None:
        return [look("discord", "no DISCORD_TOKEN: the bot would not start", "See README.md, Install.")]
    ask = _Asking(settings, http)
    status, application, told = await ask("/applications/@me")
    if status == 401:
        return [wrong("discord", "does not accept DISCORD_TOKEN", "Make a new one in the developer portal.")]
    if status != 200:
        return [look("discord", f"answers {status}", "Look at https://discordstatus.com")]
    found = [well("discord", f"application {application['name']} ({application['id']})"), _clock(told)]
    bits = sum(NEEDED.values())
    link = "https://discord.com/oauth2/authorize"
    found.append(
        well(
            "install link",
            f"{link}?client_id={application['id']}&scope=bot+applications.commands&permissions={bits}",
        )
    )
    found.append(well("intents", "none of the privileged ones is needed"))
    return [*found, *await _guilds(ask, settings)]


async def _guilds(ask: _Asking, settings: Settings) -> list[Finding]:
    status, guilds, _ = await ask("/users/@me/guilds")
    if status != 200:
        return [look("servers", f"Discord answers {status}")]
    if not guilds:
        return [look("servers", "the bot is in none", "Use the install link.")]
    found: list[Finding] = []
    for guild in guilds:
        held = int(guild.get("permissions", 0))
        missing = [name for name, bit in NEEDED.items() if not held & bit and not held & 1 << 3]
        served = not settings.allowed_guilds or int(guild["id"]) in settings.allowed_guilds
        if not served:
            found.append(look(guild["name"], "not in ALLOWED_GUILDS: commands are refused there"))
        elif missing:
            found.append(
                wrong(guild["name"], f"lacks {', '.join(missing)}", "Give its role these permissions.")
            )
        else:
            found.append(well(guild["name"], "has every permission that it needs"))
    return found


def _clock(told: str | None) -> Finding:
    there = email.utils.parsedate_to_datetime(told).timestamp() if told else None
    if there is None:
        return look("clock", "Discord did not tell the time")
    skew = time.time() - there
    if abs(skew) > _SKEW_SECONDS:
        return wrong(
            "clock", f"{skew:+.0f} s off", "Let the machine keep its time (chrony, systemd-timesyncd)."
        )
    return well("clock", f"within {_SKEW_SECONDS:.0f} s of Discord's")


class _Asking:
    """Questions to Discord's API in the bot's name: status, body, and the Date header."""

    def __init__(self, settings: Settings, http: aiohttp.ClientSession) -> None:
        token = settings.discord_token
        assert token is not None
        self._base, self._http = settings.discord_api_url, http
        self._headers = {
            "Authorization": f"Bot {token.get_secret_value()}",
            "User-Agent": "DiscordBot (https://discord.com, 1)",
        }

    async def __call__(self, path: str) -> tuple[int, Any, str | None]:
        async with self._http.get(f"{self._base}{path}", headers=self._headers) as answer:
            body = await answer.json() if answer.status == 200 else None
            return answer.status, body, answer.headers.get("Date")


def worst(findings: Sequence[Finding]) -> Verdict:
    order = [Verdict.WELL, Verdict.LOOK, Verdict.WRONG]
    return max((finding.verdict for finding in findings), key=order.index, default=Verdict.WELL)
