"""What Discord knows of the bot: its token, its application, the servers it is in and what it may do there."""

from __future__ import annotations

import email.utils
import time
from typing import Any

import aiohttp

from bot.doctor.findings import Finding, look, well, wrong
from bot.i18n import Texts
from bot.settings import Settings

_SKEW_SECONDS = 5.0
"""Discord's rate limits and signed links are told in absolute times."""

_ADMINISTRATOR = 1 << 3

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


async def look_at_discord(settings: Settings, http: aiohttp.ClientSession, t: Texts) -> list[Finding]:
    if settings.discord_token is None:
        words = t("no DISCORD_TOKEN: the bot would not start")
        return [look("discord", words, t("See README.md, On your server."))]
    ask = _Asking(settings, http)
    status, application, told = await ask("/applications/@me")
    if status == 401:
        words = t("does not accept DISCORD_TOKEN")
        return [wrong("discord", words, t("Make a new one in the developer portal."))]
    if status != 200:
        words = t("answers {status}", status=status)
        return [look("discord", words, t("Look at https://discordstatus.com"))]
    name, number = application["name"], application["id"]
    link = "https://discord.com/oauth2/authorize"
    invite = f"{link}?client_id={number}&scope=bot+applications.commands&permissions={sum(NEEDED.values())}"
    return [
        well("discord", t("application {name} ({id})", name=name, id=number)),
        _clock(told, t),
        well("install link", invite),
        well("intents", t("none of the privileged ones is needed")),
        *await _guilds(ask, settings, t),
    ]


async def _guilds(ask: _Asking, settings: Settings, t: Texts) -> list[Finding]:
    status, guilds, _told = await ask("/users/@me/guilds")
    if status != 200:
        return [look("servers", t("answers {status}", status=status))]
    if not guilds:
        return [look("servers", t("the bot is in none"), t("Use the install link."))]
    return [_guild(guild, settings, t) for guild in guilds]


def _guild(guild: Any, settings: Settings, t: Texts) -> Finding:
    what, held = f"server {guild['name']}", int(guild.get("permissions", 0))
    missing = [name for name, bit in NEEDED.items() if not held & bit and not held & _ADMINISTRATOR]
    if settings.allowed_guilds and int(guild["id"]) not in settings.allowed_guilds:
        return look(what, t("not in ALLOWED_GUILDS: commands are refused there"))
    if missing:
        words = t("lacks {permissions}", permissions=", ".join(missing))
        return wrong(what, words, t("Give its role these permissions."))
    return well(what, t("has every permission that it needs"))


def _clock(told: str | None, t: Texts) -> Finding:
    there = email.utils.parsedate_to_datetime(told).timestamp() if told else None
    if there is None:
        return look("clock", t("Discord did not tell the time"))
    skew = time.time() - there
    if abs(skew) > _SKEW_SECONDS:
        words = t("{seconds} s off", seconds=f"{skew:+.0f}")
        return wrong("clock", words, t("Let the machine keep its time (chrony, systemd-timesyncd)."))
    return well("clock", t("within {seconds} s of Discord's", seconds=f"{_SKEW_SECONDS:.0f}"))


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
