"""What Prometheus reads: calls of the API, jobs, webhooks, and the process itself."""

from __future__ import annotations

import time

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from bot.version import version
from bot.web.problems import Handler
from storage.requests import RequestRepository
from storage.tables import OPEN_STATES
from storage.webhooks import WebhookRepository

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    def __init__(self, requests: RequestRepository, webhooks: WebhookRepository) -> None:
        self._requests, self._webhooks = requests, webhooks
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._calls = Counter(
            "atelier_http_requests", "Calls answered.", ["route", "method", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "atelier_http_seconds",
            "From the call's head to the head of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._jobs = Gauge(
            "atelier_jobs_open", "Jobs that have not ended.", ["state"], registry=self._registry
        )
        self._queue = Gauge("atelier_webhooks", "Webhooks by state.", ["state"], registry=self._registry)
        Gauge("atelier_info", "The release.", ["version"], registry=self._registry).labels(version()).set(1)

    async def counted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Around every call, the errors' shape included; routes, not paths: those would be without number."""
        started = time.perf_counter()
        status = 500
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            resource = request.match_info.route.resource
            route = resource.canonical if resource is not None else "none"
            self._calls.labels(route, request.method, str(status)).inc()
            self._seconds.labels(route).observe(time.perf_counter() - started)

    async def text(self) -> tuple[bytes, str]:
        """The exposition and its content type."""
        jobs, webhooks = await self._requests.count_open_by_state(), await self._webhooks.counts()
        for state in OPEN_STATES:
            self._jobs.labels(state).set(jobs.get(state, 0))
        for state in ("waiting", "delivered", "dead"):
            self._queue.labels(state).set(webhooks.get(state, 0))
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4
