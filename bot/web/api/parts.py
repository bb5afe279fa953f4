"""What the handlers of the HTTP API are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.addresses import Fetcher
from bot.apikeys import ApiKeys
from bot.client import Services
from bot.web.api.callers import Callers
from bot.web.api.receiving import Receiving
from bot.web.api.watching import Watcher
from bot.web.links import Links
from storage.webhooks import WebhookRepository

if TYPE_CHECKING:
    from bot.web.api.metrics import Metrics


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
    receiving: Receiving = field(default_factory=Receiving)
