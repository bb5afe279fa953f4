"""Whether each provider that is set up answers and takes its key, told by calls that cost nothing."""

from __future__ import annotations

import asyncio
import os

import aiohttp

from bot.doctor.findings import Finding, look, well, wrong
from bot.i18n import Texts
from bot.keys import Probe, probes
from bot.providers.registry import open_catalog
from bot.settings import Settings
from bot.settings_sources import look_up

_KEYS = {
    "openai": "openai_api_key",
    "gemini": "gemini_api_key",
    "replicate": "replicate_api_token",
    "stability": "stability_api_key",
}
_REFUSED = (400, 401, 403)
"""Gemini says 400 for a key that is none."""


async def look_at_providers(settings: Settings, http: aiohttp.ClientSession, t: Texts) -> list[Finding]:
    catalog = open_catalog(settings)
    if list(catalog.providers) == ["demo"]:
        return [
            look("providers", t("only the demo draws"), t("Set a provider's key: .env.example names them."))
        ]
    bases = {name: getattr(settings, f"{name}_base_url") for name in catalog.providers if name in _KEYS}
    own = probes(bases)
    asked = {
        name: (own[name], _KEYS[name], getattr(settings, _KEYS[name]).get_secret_value()) for name in own
    }
    for server in catalog.servers:
        if server.name in catalog.providers:
            setting = server.api_key_env or ""
            key = (look_up(setting, os.environ, settings.folder) or "") if setting else ""
            headers = {"Authorization": "Bearer {key}"} if key else {}
            asked[server.name] = (Probe(f"{server.base_url}/models", headers), setting, key)
    if settings.a1111_base_url is not None:
        address = f"{settings.a1111_base_url.rstrip('/')}/sdapi/v1/progress?skip_current_image=true"
        asked["a1111"] = (Probe(address, {}), "", "")
    tried = [_tried(name, *asked[name], http, t) for name in catalog.providers if name in asked]
    others = [well(name, t("set up; not asked")) for name in catalog.providers if name not in asked]
    return [*await asyncio.gather(*tried), *others, well("default", catalog.models()[0].id)]


async def _tried(
    name: str, probe: Probe, setting: str, key: str, http: aiohttp.ClientSession, t: Texts
) -> Finding:
    headers = {header: value.format(key=key) for header, value in probe.headers.items()}
    try:
        async with http.get(probe.url, headers=headers, allow_redirects=False) as answer:
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        words = t("no answer ({error})", error=type(error).__name__)
        return wrong(name, words, t("Look at the network and the base URL."))
    if status == 200:
        return well(name, t("accepts its key") if key else t("answers"))
    if status in _REFUSED and setting:
        words = t("does not accept {setting} ({status})", setting=setting.upper(), status=status)
        return wrong(name, words, t("Make a new one and set {setting}.", setting=setting.upper()))
    return look(name, t("answers {status}", status=status), t("Look at the service's own status page."))
