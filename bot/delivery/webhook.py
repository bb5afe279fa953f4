"""Handing a result over by the door through which it was asked for, and telling the programs that want to know.

Over HTTP nothing is handed over: the client comes for it. Who asked for a webhook gets a row in its queue, written
before the request counts as delivered, so that a kill in between only repeats a write that changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog

from bot.errors import AtelierError
from bot.webhooks import COMPLETED, FAILED, GENERATING
from bot.work import Delivery
from storage.errors import StorageError
from storage.rows import ImageRow, RequestRow, WebhookRow
from storage.webhooks import WebhookRepository

HTTP = "http"
"""The door of clients who come for their results."""

_log = structlog.get_logger(__name__)


class DoorDelivery:
    """`owner_listens` is whether the owner's own receiver is to be told of every job but private ones of members."""

    def __init__(
        self,
        discord: Delivery,
        webhooks: WebhookRepository,
        *,
        owner_listens: bool,
        nudge: Callable[[], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._discord, self._webhooks, self._owner_listens = discord, webhooks, owner_listens
        self._nudge, self._now = nudge, now

    async def deliver(
        self, row: RequestRow, images: Sequence[ImageRow], failure: AtelierError | None
    ) -> str | None:
        event = COMPLETED if images else FAILED
        await self._queue([self._webhook(row, event, owner=owner) for owner in self._listeners(row)])
        return None if row.door == HTTP else await self._discord.deliver(row, images, failure)

    async def drawing(self, row: RequestRow, made: int) -> None:
        """A job has begun, or one more of its pictures is there: told to those who asked for news of progress.

        Never raises: news that is lost is no reason to stop drawing.
        """
        client = row.client or {}
        if client.get("webhook") and client.get("progress") and made < row.count:
            percent = 10 + 80 * made // row.count
            try:
                await self._queue([self._webhook(row, GENERATING, owner=False, progress=percent)])
            except StorageError as error:
                _log.warning("news of progress could not be queued", request=row.id, why=str(error))

    def _listeners(self, row: RequestRow) -> list[bool]:
        """For each who is to be told whether it is the owner."""
        whom: list[bool] = []
        if self._owner_listens and (row.door == HTTP or not row.private):
            whom.append(True)
        if (row.client or {}).get("webhook"):
            whom.append(False)
        return whom

    def _webhook(
        self, row: RequestRow, event: str, *, owner: bool, progress: int | None = None
    ) -> WebhookRow:
        client, now = row.client or {}, self._now()
        whose = "owner" if owner else "client"
        mark = f"{event}-{progress}" if progress is not None else event
        return WebhookRow(
            id=f"{row.id}-{mark}-{whose}",
            request_id=row.id,
            event=event,
            url=None if owner else str(client["webhook"]),
            key_id=None if owner else str(client.get("key", "")),
            progress=progress,
            due_at=now,
            created_at=now,
        )

    async def _queue(self, rows: Sequence[WebhookRow]) -> None:
        if rows:
            await self._webhooks.add(rows)
            self._nudge()
