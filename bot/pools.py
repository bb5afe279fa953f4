"""Whose pool pays when another provider draws: the part of the reservation moves there before it is asked."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from bot.quotas import QuotaService
from storage.errors import NoRoom
from storage.ledger import Ledger
from storage.rows import Hold, RequestRow

_log = structlog.get_logger(__name__)


class Pools:
    def __init__(self, ledger: Ledger, quotas: QuotaService, *, now: Callable[[], float] = time.time) -> None:
        self._ledger, self._quotas, self._now = ledger, quotas, now

    async def take(self, row: RequestRow, provider: str, *, first: int, images: int, microusd: int) -> bool:
        """Whether a provider may draw `images` from number `first` on for up to `microusd`; its pool then holds it."""
        wish = Hold(request_id=row.id, first=first, provider=provider, images=images, microusd=microusd)
        try:
            return await self._ledger.hold(wish, await self._quotas.provider_ceilings(provider), self._now())
        except NoRoom as refusal:
            _log.info(
                "that pool is full", request=row.id, pool=refusal.limit.subject, window=refusal.limit.window
            )
            return False

    async def holder(self, row: RequestRow, first: int) -> str | None:
        """The provider that took the part from number `first` on; None where it stayed with the request's own."""
        return await self._ledger.holder(row.id, first)
