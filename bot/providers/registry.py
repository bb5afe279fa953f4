"""Which providers there are, which of them the owner has set up, and how each is made.

The program's own stand in `BUILT_IN`; others come as plug-ins of the entry-point group `atelier.providers`, and
OpenAI-shaped servers from the owner's catalogue file. A vendor's SDK is imported only when its provider is made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path

import aiohttp

from bot.breaker import Breaker
from bot.catalog import Catalog
from bot.catalog_servers import Server
from bot.errors import SettingsError, StartupError
from bot.media import Pixels
from bot.providers.base import Provider
from bot.providers.limits import Limited, limited
from bot.providers.openai_account import OpenAIAccount
from bot.providers.pace import Line
from bot.settings import Settings
from bot.settings_sources import look_up
from bot.terminal import t
from storage.paces import MemoryPaces, Paces

GROUP = "atelier.providers"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a provider may be made of. The session and the pixels' threads are shared and not its to close.

    `paces` is what is known of the vendors' rate limits, by account.
    """

    settings: Settings
    http: aiohttp.ClientSession
    pixels: Pixels
    paces: Paces = field(default_factory=MemoryPaces)

    def said(self, name: str) -> str | None:
        """What the owner said under that name in the environment or `.env`: for settings that only a plug-in knows."""
        return look_up(name, os.environ, self.settings.folder)


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """What an entry point of the group names. `key` is the environment's name without which it is not set up;
    `catalog` a file with its models, in the form of the owner's catalogue file.
    """

    key: str
    build: Callable[[Parts], Provider]
    catalog: Path | None = None


def plugins() -> dict[str, Plugin]:
    """By name. Raises StartupError for an entry point that cannot be used."""
    found: dict[str, Plugin] = {}
    for point in entry_points(group=GROUP):
        try:
            plugin = point.load()
        except Exception as error:
            raise StartupError(what="bad_plugin", where=point.value, hint=repr(error)) from error
        if not isinstance(plugin, Plugin) or point.name in BUILT_IN:
            raise StartupError(what="bad_plugin", where=point.value, hint=f"{point.name} is no usable Plugin")
        found[point.name] = plugin
    return found


def open_catalog(settings: Settings, added: Mapping[str, Plugin] | None = None) -> Catalog:
    """The catalogue for what is set up; the demo alone where nothing is. Raises CatalogError or SettingsError."""
    added = plugins() if added is None else added
    names = list(settings.configured_providers)
    names += [name for name, plugin in added.items() if look_up(plugin.key, os.environ, settings.folder)]
    return Catalog.load(
        settings.catalog_file,
        [*names, "demo"],
        default_model=settings.default_model,
        plugins=[plugin.catalog for plugin in added.values() if plugin.catalog],
    )


def build_providers(
    catalog: Catalog, parts: Parts, added: Mapping[str, Plugin] | None = None
) -> dict[str, Limited]:
    """One for each name in `catalog.providers`, behind its limit and its breaker."""
    added = plugins() if added is None else added
    servers = {server.name: server for server in catalog.servers}
    settings = parts.settings
    made: dict[str, Limited] = {}
    for name in catalog.providers:
        if name in servers:
            provider = _server(servers[name], parts)
        elif name in added:
            provider = added[name].build(parts)
        else:
            provider = BUILT_IN[name](parts)
        breaker = Breaker(name, pause_seconds=settings.provider_pause_seconds)
        made[name] = limited(
            provider,
            concurrency=settings.provider_concurrency,
            breaker=breaker,
            line=Line(name, name, parts.paces),
        )
    return made


def openai_account(parts: Parts) -> OpenAIAccount | None:
    """None without OpenAI's key. Raises SettingsError where moderation was asked for without it."""
    settings = parts.settings
    if settings.openai_api_key is None:
        if settings.moderation != "off":
            raise SettingsError(
                problems=[
                    (
                        "MODERATION",
                        t("needs OPENAI_API_KEY: OpenAI's moderation is asked"),
                        t("set its key, or MODERATION to off"),
                    )
                ]
            )
        return None
    return OpenAIAccount(
        parts.http,
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url,
        pictures=settings.moderation == "all",
    )


def _demo(parts: Parts) -> Provider:
    from bot.providers.demo import DemoProvider

    settings = parts.settings
    return DemoProvider(
        parts.pixels, latency_seconds=settings.demo_latency_seconds, trouble_file=settings.demo_trouble_file
    )


def _openai(parts: Parts) -> Provider:
    from bot.providers.openai import OpenAIProvider

    settings = parts.settings
    assert settings.openai_api_key is not None
    return OpenAIProvider(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url,
        organization=settings.openai_org_id,
        timeout_seconds=settings.provider_timeout_seconds,
    )


def _gemini(parts: Parts) -> Provider:
    from bot.providers.gemini import GeminiProvider

    settings = parts.settings
    assert settings.gemini_api_key is not None
    return GeminiProvider(
        api_key=settings.gemini_api_key.get_secret_value(),
        base_url=settings.gemini_base_url,
        api_version=settings.gemini_api_version,
        timeout_seconds=settings.provider_timeout_seconds,
    )


def _replicate(parts: Parts) -> Provider:
    from bot.providers.replicate import ReplicateProvider

    settings = parts.settings
    assert settings.replicate_api_token is not None
    return ReplicateProvider(
        parts.http,
        token=settings.replicate_api_token.get_secret_value(),
        pixels=parts.pixels,
        base_url=settings.replicate_base_url,
        timeout_seconds=settings.provider_timeout_seconds,
    )


def _stability(parts: Parts) -> Provider:
    from bot.providers.stability import StabilityProvider

    settings = parts.settings
    assert settings.stability_api_key is not None
    return StabilityProvider(
        parts.http,
        api_key=settings.stability_api_key.get_secret_value(),
        pixels=parts.pixels,
        base_url=settings.stability_base_url,
        timeout_seconds=settings.provider_timeout_seconds,
    )


def _a1111(parts: Parts) -> Provider:
    from bot.providers.a1111 import A1111Provider

    settings = parts.settings
    assert settings.a1111_base_url is not None
    return A1111Provider(
        parts.http,
        base_url=settings.a1111_base_url,
        pixels=parts.pixels,
        timeout_seconds=settings.provider_timeout_seconds,
    )


def _server(server: Server, parts: Parts) -> Provider:
    from bot.providers.openai import OpenAIProvider

    key = parts.said(server.api_key_env) if server.api_key_env else None
    return OpenAIProvider(
        # The SDK insists on one; servers at home ask for none.
        api_key=key or "none",
        base_url=server.base_url,
        timeout_seconds=parts.settings.provider_timeout_seconds,
        name=server.name,
        setting=server.api_key_env or "CATALOG_FILE",
        address_setting="CATALOG_FILE",
        accepts=server.accepts,
    )


BUILT_IN: dict[str, Callable[[Parts], Provider]] = {
    "openai": _openai,
    "gemini": _gemini,
    "replicate": _replicate,
    "stability": _stability,
    "a1111": _a1111,
    "demo": _demo,
}
