"""What admin commands are made of, built in one place: each part is handed what it needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import discord
from pydantic import SecretStr

from bot.apikeys import ApiKeys
from bot.breaker import Breaker
from bot.budget import BudgetWatch
from bot.foundation import Foundation
from bot.house import House
from bot.keys import OwnKeys, probes
from bot.notices import Notices
from bot.offers import Offers
from bot.privacy import Privacy
from bot.providers.base import Provider
from bot.providers.limits import limited
from bot.providers.pace import Line
from bot.providers.registry import BUILT_IN, Parts
from bot.servers import Servers
from bot.settings import Settings
from bot.usage import Usage
from bot.vault import Vault
from storage.api_keys import ApiKeyRepository
from storage.audit import AuditRepository
from storage.blocks import BlockRepository
from storage.images import ImageRepository
from storage.keys import KeyRepository
from storage.ledger import Ledger
from storage.logbook import LogbookRepository
from storage.offers import OfferRepository
from storage.privacy import PrivacyRepository
from storage.settings import SettingsRepository
from storage.usage import UsageRepository
from storage.users import UserRepository
from storage.webhooks import WebhookRepository

_KEY_SETTINGS = {
    "openai": "openai_api_key",
    "gemini": "gemini_api_key",
    "replicate": "replicate_api_token",
    "stability": "stability_api_key",
}


@dataclass(frozen=True, kw_only=True)
class Administration:
    servers: Servers
    house: House
    audit: AuditRepository
    keys: OwnKeys
    offers: Offers
    budget: BudgetWatch
    notices: Notices
    usage: Usage
    privacy: Privacy
    ledger: Ledger
    logbook: LogbookRepository
    images: ImageRepository
    users: UserRepository
    settings: Settings
    api_keys: ApiKeys
    webhooks: WebhookRepository


def administration(base: Foundation, client: discord.Client) -> Administration:
    settings, database, quotas, catalog = base.settings, base.database, base.quotas, base.catalog
    servers = Servers(base.guilds, BlockRepository(database), owner_ids=settings.owner_ids)
    notices = Notices(client, servers)
    budget = BudgetWatch(quotas, servers, SettingsRepository(database), notices)
    offers = Offers(OfferRepository(database), quotas, catalog)
    keys = _own_keys(base)
    return Administration(
        servers=servers,
        house=House(servers, quotas, catalog, keys=keys, offers=offers, budget=budget),
        audit=AuditRepository(database),
        keys=keys,
        offers=offers,
        budget=budget,
        notices=notices,
        usage=Usage(UsageRepository(database), quotas, catalog, base.pixels),
        privacy=Privacy(PrivacyRepository(database), base.images, base.store),
        ledger=base.ledger,
        logbook=LogbookRepository(database),
        images=base.images,
        users=UserRepository(database),
        settings=settings,
        api_keys=ApiKeys(ApiKeyRepository(database), settings.secret()),
        webhooks=WebhookRepository(database),
    )


def _own_keys(base: Foundation) -> OwnKeys:
    settings, parts = base.settings, base.parts
    bases = {name: getattr(settings, f"{name}_base_url") for name in _KEY_SETTINGS}
    return OwnKeys(
        KeyRepository(base.database),
        Vault(settings.secret(), "provider-key"),
        build=lambda name, key: _with_key(parts, name, key),
        probes=probes(bases),
        http=base.http,
        members_may=settings.allow_member_keys,
    )


def _with_key(parts: Parts, name: str, key: str) -> Provider:
    """The provider as the owner's, but for whose account it works: with limits and a breaker of its own."""
    changes = {_KEY_SETTINGS[name]: SecretStr(key), "openai_org_id": None}
    settings = parts.settings.model_copy(update=changes)
    breaker = Breaker(name, pause_seconds=settings.provider_pause_seconds)
    made = BUILT_IN[name](replace(parts, settings=settings))
    account = f"{name}:{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    line = Line(name, account, parts.paces)
    return limited(made, concurrency=settings.provider_concurrency, breaker=breaker, line=line)
