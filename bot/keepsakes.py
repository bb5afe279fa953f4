"""What members keep and come back to: batches, histories, galleries, boards; one parcel of services for the doors."""

from __future__ import annotations

from dataclasses import dataclass

from bot.batches import Batches
from bot.delivery.batches import BatchStage
from storage.batches import BatchRepository


@dataclass(frozen=True, kw_only=True)
class Keepsakes:
    batches: Batches
    batch_rows: BatchRepository
    stage: BatchStage
