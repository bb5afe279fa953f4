"""What speaks with other programs: the HTTP API's parts and the sender of webhooks, put together."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.addresses import Fetcher
from bot.administration import Administration
from bot.client import Services
from bot.delivery.webhook import DoorDelivery
from bot.foundation import Foundation
from bot.settings import Settings
from bot.web.api.callers import Callers
from bot.web.api.metrics import Metrics
from bot.web.api.parts import Parts
from bot.web.api.watching import Watcher
from bot.web.links import Links
from bot.webhooks import Dispatcher, Owner
from bot.work import Delivery


@dataclass(frozen=True, kw_only=True)
class Outward:
    base: Foundation
    admin: Administration
    fetcher: Fetcher
    links: Links
    watcher: Watcher
    owner: Owner
    dispatcher: Dispatcher

    def doors(self, discord: Delivery) -> DoorDelivery:
        return DoorDelivery(
            discord,
            self.admin.webhooks,
            owner_listens=self.owner.url is not None,
            nudge=self.dispatcher.nudge,
        )

    def api(self, services: Services) -> Parts:
        return Parts(
            services=services,
            keys=self.admin.api_keys,
            callers=Callers(self.admin.api_keys, anonymous=self.base.settings.api_anonymous),
            fetcher=self.fetcher,
            links=self.links,
            watcher=self.watcher,
            webhooks=self.admin.webhooks,
            metrics=Metrics(self.base.requests, self.admin.webhooks),
            cors_origins=self.base.settings.api_cors_origins,
        )


@asynccontextmanager
async def outward(base: Foundation, admin: Administration) -> AsyncGenerator[Outward]:
    settings = base.settings
    fetcher, links, watcher = Fetcher(settings.trusted_hosts), _links(settings), Watcher(base.requests)
    owner = _owner(settings)
    try:
        yield Outward(
            base=base,
            admin=admin,
            fetcher=fetcher,
            links=links,
            watcher=watcher,
            owner=owner,
            dispatcher=Dispatcher(
                webhooks=admin.webhooks,
                requests=base.requests,
                fetcher=fetcher,
                http=base.http,
                links=links,
                secrets=admin.api_keys,
                owner=owner,
                first_pause_seconds=settings.webhook_retry_seconds,
            ),
        )
    finally:
        await watcher.close()
        await fetcher.close()


def _links(settings: Settings) -> Links:
    host = f"[{settings.http_host}]" if ":" in settings.http_host else settings.http_host
    # A worker may have no web side of its own; PUBLIC_URL says where the web process is.
    port = f":{settings.http_port}" if settings.http_port is not None else ""
    return Links(settings.secret(), f"http://{host}{port}", public=settings.public_url)


def _owner(settings: Settings) -> Owner:
    url = settings.webhook_url if settings.webhook_enabled else None
    secret = settings.webhook_secret
    return Owner(
        url=url.get_secret_value() if url else None,
        secret=secret.get_secret_value() if secret else None,
        environment=settings.environment,
    )
