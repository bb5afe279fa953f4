"""Parts of a script that a kill cut off at the vendor's: found there by their name, or not bought again unasked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.batches import Part, PartState
from bot.errors import Interrupted, error_from_facts
from bot.images import ImageRequest, State
from bot.providers.base import resumable
from storage.batches import BatchRepository

if TYPE_CHECKING:
    from bot.batches import Batches, Progress
    from bot.workshop import Workshop
    from storage.rows import RequestRow

Retry = Callable[[int], bool]
"""Whether so many parts may be bought again, though their vendor may charge for what it drew of them before."""

_FOUND_SECONDS = 3000.0
"""Replicate forgets inputs and outputs an hour after it drew: https://replicate.com/docs/topics/predictions/data-retention"""


class CutOff:
    """The parts of one batch, before its work goes on. Nobody else works on it meanwhile."""

    def __init__(self, shop: Workshop, batches: Batches, retry: Retry | None) -> None:
        self._shop, self._batches, self._retry = shop, batches, retry
        self._rows = BatchRepository(shop.base.database)

    async def settle(self, batch_id: str) -> set[int]:
        """Release what cannot be gone on with; the positions that must not be asked for again."""
        progress = await self._batches.progress(batch_id)
        lost = [part for part in progress.parts if self._is_lost(part)]
        if not lost or (self._retry is not None and self._retry(len(lost))):
            return set()
        for part in lost:
            if part.state is PartState.OPEN and part.request is not None:
                await self._shop.give_up(part.request)
        return {part.position for part in lost}

    async def hold_back(self, progress: Progress, positions: set[int]) -> None:
        """In this round they are refused, with the reason why."""
        refused = Interrupted(may_be_paid=True)
        for position in positions:
            await self._rows.refuse(progress.row.id, position, refused.kind, refused.facts())

    def _is_lost(self, part: Part) -> bool:
        row = part.request
        if row is None or part.images or row.made:
            return False
        if part.state is PartState.OPEN:
            at_vendor = State(row.state) is State.RENDERING and row.estimate_microusd > 0
        else:
            stored = row.failure_facts or {}
            failure = error_from_facts(row.failure_kind, stored) if row.failure_kind else None
            at_vendor = isinstance(failure, Interrupted) and failure.may_be_paid
        return at_vendor and not self._can_be_found(row)

    def _can_be_found(self, row: RequestRow) -> bool:
        """Whether the vendor tells what it drew for this very request, by its seed."""
        provider = self._shop.base.providers.get(row.provider)
        named = provider is not None and resumable(provider) is not None
        seeded = ImageRequest.from_json(row.request).seed is not None
        return named and seeded and time.time() - row.created_at < _FOUND_SECONDS
