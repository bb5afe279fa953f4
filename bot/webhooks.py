"""Telling programs how a job ended: queued in the database with the end itself, sent by whoever draws, until heard.

The body is the mission's JSON. Every call is signed as Standard Webhooks says: `webhook-id`, `webhook-timestamp` and
`webhook-signature` (`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`). The owner's own receiver gets
`X-Webhook-Secret` as well where WEBHOOK_SECRET is set; a stranger's never does.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
import orjson
import structlog

from bot.addresses import Fetcher, Forbidden, Unreachable
from bot.i18n import texts_for
from bot.web.api.answers import failures, instant, metadata_of, picture_of
from bot.web.api.bodies import CompletedHook, FailedHook, HookData, ProgressHook, as_json
from bot.web.links import Links
from storage.errors import StorageError
from storage.requests import RequestRepository
from storage.rows import ImageRow, RequestRow, WebhookRow
from storage.webhooks import WebhookRepository

COMPLETED, FAILED, GENERATING = "completed", "failed", "generating"
MAX_ATTEMPTS = 12

_POLL_SECONDS = 5.0
_LEASE_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 3600.0
_FACTOR = 3
_AT_ONCE = 8
_KEPT_SECONDS = 7 * 86_400.0
_SWEEP_SECONDS = 3600.0
_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The owner's own receiver, if there is one, and how it knows us; `environment` is a word that bodies carry."""

    url: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    environment: str = "production"


class Secrets(Protocol):
    def webhook_secret(self, key_id: str) -> str: ...


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """As Standard Webhooks says; a secret that is none of theirs (`whsec_…`) counts as its own bytes."""
    key = secret.encode()
    if secret.startswith("whsec_"):
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            pass
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Dispatcher:
    """Sends what is due. Several processes may run one each: a lease on the row keeps them apart."""

    def __init__(
        self,
        *,
        webhooks: WebhookRepository,
        requests: RequestRepository,
        fetcher: Fetcher,
        http: aiohttp.ClientSession,
        links: Links,
        secrets: Secrets,
        owner: Owner,
        first_pause_seconds: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._webhooks, self._requests, self._fetcher, self._http = webhooks, requests, fetcher, http
        self._links, self._secrets, self._owner = links, secrets, owner
        self._first_pause, self._now = first_pause_seconds, now
        self._news = asyncio.Event()
        self._swept_at = 0.0

    def nudge(self) -> None:
        """Something was queued in this process: no need to wait for the next look."""
        self._news.set()

    async def once(self) -> int:
        """How many were tried."""
        now = self._now()
        rows = await self._webhooks.due(now, limit=_AT_ONCE)
        taken = [row for row in rows if await self._webhooks.lease(row.id, now, now + _LEASE_SECONDS)]
        await asyncio.gather(*(self._tell(row) for row in taken))
        if now - self._swept_at > _SWEEP_SECONDS:
            self._swept_at = now
            await self._webhooks.forget(now - _KEPT_SECONDS)
        return len(taken)

    async def run(self, *, alone: bool) -> None:
        """Until cancelled; what is being sent then is sent again later. `alone`: no other process sends."""
        if alone:
            await self._webhooks.release_leases()
        while True:
            self._news.clear()
            try:
                while await self.once():
                    pass
            except StorageError as error:
                _log.warning("webhooks could not be read", why=str(error))
            except Exception:  # noqa: BLE001 - the next look tries again
                _log.exception("sending webhooks failed")
            pause = min(_POLL_SECONDS, self._first_pause)
            try:
                await asyncio.wait_for(self._news.wait(), pause)
            except TimeoutError:
                continue

    async def _tell(self, row: WebhookRow) -> None:
        found = await self._requests.with_images(row.request_id)
        if found is None or (row.url is None and self._owner.url is None):
            await self._webhooks.drop(row.id)
            return
        if row.event == GENERATING and found[0].settled_at is not None:
            # News of work that has ended since would only confuse.
            await self._webhooks.drop(row.id)
            return
        problem = await self._send(row, self._body(row, *found))
        if problem is None:
            await self._webhooks.done(row.id, self._now())
            _log.info("webhook delivered", webhook=row.id, attempts=row.attempts + 1)
        elif row.event == GENERATING:
            await self._webhooks.drop(row.id)
        elif row.attempts + 1 >= MAX_ATTEMPTS or problem == "forbidden":
            await self._webhooks.bury(row.id, self._now(), problem)
            _log.warning("webhook given up", webhook=row.id, why=problem, attempts=row.attempts + 1)
        else:
            due = self._now() + pause_after(row.attempts + 1, self._first_pause)
            await self._webhooks.put_off(row.id, due, problem)
            _log.info("webhook put off", webhook=row.id, why=problem, attempts=row.attempts + 1)

    async def _send(self, row: WebhookRow, told: dict[str, Any]) -> str | None:
        """None when it was heard, else why not."""
        body, stamp = orjson.dumps(told), int(self._now())
        owner, secret = self._owner, self._secrets.webhook_secret(row.key_id or "owner")
        headers = {"Content-Type": "application/json", "User-Agent": "Atelier"}
        if row.url is None and owner.secret:
            secret = owner.secret
            headers["X-Webhook-Secret"] = secret
        headers |= {
            "webhook-id": row.id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature(secret, row.id, stamp, body),
        }
        try:
            if row.url is None:
                status = await self._to_owner(body, headers)
            else:
                status = await self._fetcher.post(row.url, body, headers)
        except Forbidden:
            return "forbidden"
        except (Unreachable, aiohttp.ClientError, TimeoutError, OSError) as error:
            return f"unreachable: {error if isinstance(error, Unreachable) else type(error).__name__}"
        return None if 200 <= status < 300 else f"status {status}"

    async def _to_owner(self, body: bytes, headers: dict[str, str]) -> int:
        async with self._http.post(
            self._owner.url or "", data=body, headers=headers, allow_redirects=False, timeout=_TIMEOUT
        ) as answer:
            return answer.status

    def _body(self, row: WebhookRow, request: RequestRow, images: list[ImageRow]) -> dict[str, Any]:
        t, shown = texts_for(request.locale), [image for image in images if image.deleted_at is None]
        if row.event == GENERATING:
            return as_json(
                ProgressHook(
                    job_id=request.id, status="generating", timestamp=instant(row.created_at),
                    progress=row.progress or 0, message=t("Drawing…"),
                )
            )  # fmt: skip
        ended, environment = instant(request.settled_at or request.updated_at), self._owner.environment
        if row.event == FAILED:
            words = failures(request, 0, t) or [t("Cancelled")]
            return as_json(
                FailedHook(
                    job_id=request.id, status="failed", timestamp=ended, environment=environment,
                    error_message=words[0], message=t("The generation failed"),
                )
            )  # fmt: skip
        # What a client called us is good for that client only: the owner hears the owner's address.
        base = self._links.public or (None if row.url is None else (request.client or {}).get("base"))
        data = HookData(
            job_id=request.id,
            images=[picture_of(request, image, self._links, base) for image in shown],
            metadata=metadata_of(request, images),
            status="COMPLETED",
            generated_at=ended,
            errors=failures(request, len(images), t),
        )
        told = CompletedHook(
            job_id=request.id, status="completed", timestamp=ended, environment=environment, data=data
        )
        return as_json(told)


def pause_after(attempts: int, first_seconds: float) -> float:
    """Three times as long after each attempt, at most an hour."""
    return min(first_seconds * _FACTOR ** (attempts - 1), max(first_seconds, _LONGEST_PAUSE_SECONDS))
