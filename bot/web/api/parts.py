"""What the handlers of the HTTP API are made of."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.addresses import Fetcher
from bot.apikeys import ApiKeys
from bot.client import Services
from bot.web.api.callers import Callers
from bot.web.api.watching import Watcher
from bot.web.links import Links
from storage.webhooks import WebhookRepository

if TYPE_CHECKING:
    from bot.web.api.metrics import Metrics

PICTURES_AT_ONCE = 4
"""Input pictures that are received and checked at the same time: each may be 25 MB."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    services: Services
    keys: ApiKeys
    callers: Callers
    fetcher: Fetcher
    links: Links
    watcher: Watcher
    webhooks: WebhookRepository
    metrics: Metrics
    cors_origins: frozenset[str]
    receiving: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PICTURES_AT_ONCE))
