"""The durable life of an accepted request, and the only module that knows the engine (DBOS).

The request's row is the truth for people; the engine's checkpoints are the truth for execution. A workflow's only
argument is the request's id, nothing checkpointed holds bytes or tokens, and only vendor calls are steps: settling and
delivering are idempotent by the row, so a checkpoint for them would cost and protect nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any, Protocol, TypedDict

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy import Connection, Engine

from bot.errors import AtelierError, Broken, Cancelled, error_from_facts

QUEUE = "images"
WORKFLOW = "image_request"
SHAPE = "1"
"""The workflow's shape: raised only when its steps change, or jobs of the last release would wait for its code."""

_POLL_SECONDS = 0.2
_RECOVERY_ATTEMPTS = 3
_THREADS = 16
"""The engine replaces the loop's default executor and would let it grow without bound."""

_log = logging.getLogger(__name__)


class Outcome(TypedDict, total=False):
    """What a step leaves in the engine's memory: names of pictures, or why there are none."""

    images: list[str]
    failure: list[Any]


class Work(Protocol):
    """What a job does. Each method may run again after a crash and then does only what is missing."""

    async def plan(self, request_id: str) -> Sequence[tuple[int, int]]:
        """The vendor calls as (first picture's number, count); none when the request has already ended."""
        ...

    async def render(self, request_id: str, first: int, count: int) -> list[str]:
        """Make, store and note the pictures of one vendor call; their ids. Raises AtelierError."""
        ...

    async def finish(self, request_id: str, failure: AtelierError | None) -> None:
        """Settle what was made, release the rest, tell the requester."""
        ...


class _Desk:
    """What the workflow functions, which the engine finds by name, need of the running program."""

    work: Work | None = None
    draining = False

    def __init__(self) -> None:
        self.calls: dict[str, set[asyncio.Task[list[str]]]] = {}
        self.cancelled: set[str] = set()
        self.alive: set[str] = set()
        self.one_ended = asyncio.Event()


_desk = _Desk()


@DBOS.workflow(name=WORKFLOW, max_recovery_attempts=_RECOVERY_ATTEMPTS)
async def _image_request(request_id: str) -> None:
    work = _desk.work
    if work is None or _desk.draining:
        # Started by the queue while the process is on its way out: left pending, the next start recovers it.
        await asyncio.Event().wait()
        raise AssertionError("unreachable")
    _desk.alive.add(request_id)
    try:
        calls = await work.plan(request_id)
        outcomes = await asyncio.gather(*(_render(request_id, first, count) for first, count in calls))
        failures = [error_from_facts(*outcome["failure"]) for outcome in outcomes if "failure" in outcome]
        await work.finish(request_id, failures[0] if failures else None)
    finally:
        _desk.alive.discard(request_id)
        _desk.one_ended.set()
        _desk.cancelled.discard(request_id)


@DBOS.step(name="render")
async def _render(request_id: str, first: int, count: int) -> Outcome:
    """One vendor call. Failures are values, not exceptions: the checkpoint then holds facts and never a traceback."""
    work = _desk.work
    assert work is not None
    call = asyncio.create_task(work.render(request_id, first, count), name=f"render {request_id} {first}")
    _desk.calls.setdefault(request_id, set()).add(call)
    try:
        if request_id in _desk.cancelled:
            call.cancel()
        return {"images": await call}
    except asyncio.CancelledError:
        if request_id not in _desk.cancelled:
            raise
        return _failed(Cancelled())
    except AtelierError as error:
        return _failed(error)
    except Exception:  # noqa: BLE001 - the job must end in words and a release, whatever broke
        _log.exception("a render step broke", extra={"request": request_id, "first": first})
        return _failed(Broken())
    finally:
        _desk.calls[request_id].discard(call)
        if not _desk.calls[request_id]:
            del _desk.calls[request_id]


def _failed(error: AtelierError) -> Outcome:
    return {"failure": [error.kind, error.facts()]}


class JobEngine:
    """DBOS inside this process. One instance at a time: the engine itself is process-wide."""

    def __init__(
        self,
        engine: Engine,
        *,
        executor_id: str,
        worker_concurrency: int,
        member_concurrency: int,
    ) -> None:
        self._engine, self._executor_id = engine, executor_id
        self._worker_concurrency, self._member_concurrency = worker_concurrency, member_concurrency
        self._serializer = DBOSPortableJSONSerializer()
        self._client: DBOSClient | None = None

    async def launch(self, work: Work) -> None:
        """Start running jobs, those that an earlier process left behind first."""
        _desk.work, _desk.draining = work, False
        config: DBOSConfig = {
            "name": "atelier",
            "system_database_engine": self._engine,
            "system_database_url": self._engine.url.render_as_string(hide_password=False),
            "application_version": SHAPE,
            "executor_id": self._executor_id,
            "serializer": self._serializer,
            "max_executor_threads": _THREADS,
            "use_listen_notify": False,
            "log_level": "WARNING",
        }
        DBOS(config=config)
        # On this thread, though it reads the database: the engine runs jobs on the loop of the thread that launches it.
        DBOS.launch()
        self._client = DBOSClient(
            system_database_engine=self._engine,
            serializer=self._serializer,
            application_name="atelier",
            lazy=True,
        )
        await DBOS.register_queue_async(
            QUEUE,
            worker_concurrency=self._worker_concurrency,
            partition_concurrency=self._member_concurrency,
            polling_interval_sec=_POLL_SECONDS,
            on_conflict="always_update",
        )

    def enqueue(self, connection: Connection, request_id: str, member: str) -> None:
        """Write the job inside the caller's transaction: it exists exactly when the caller's rows do."""
        assert self._client is not None, "enqueue before launch"
        self._client.enqueue_in_transaction(
            connection,
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": request_id,
                "queue_partition_key": member,
                "app_version": SHAPE,
            },
            request_id,
        )

    def cancel(self, request_id: str) -> None:
        """Abandon the vendor calls that run here; the job then ends through settle and deliver like any other."""
        if request_id in _desk.alive:
            _desk.cancelled.add(request_id)
        for call in _desk.calls.get(request_id, set()):
            call.cancel()

    async def statuses(self, request_ids: Sequence[str]) -> dict[str, str]:
        """The engine's word for each job that it knows, such as PENDING, ENQUEUED, SUCCESS or ERROR."""
        found = await DBOS.list_workflows_async(
            workflow_ids=list(request_ids), load_input=False, load_output=False
        )
        return {status.workflow_id: status.status for status in found}

    def is_alive(self, request_id: str) -> bool:
        """Whether this process is working on the job now."""
        return request_id in _desk.alive

    @property
    def running(self) -> int:
        return len(_desk.alive)

    async def drain(self, seconds: float) -> int:
        """Start nothing more and wait up to `seconds` for what runs; how many jobs are left for the next start."""
        _desk.draining = True
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while _desk.alive and loop.time() < until:
            _desk.one_ended.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(_desk.one_ended.wait(), until - loop.time())
        return len(_desk.alive)

    def close(self) -> None:
        """Let go of the engine's threads. Only after `drain` said 0: it would cancel the calls that still run."""
        if self._client is not None:
            self._client.destroy()
        DBOS.destroy()
        _desk.work = None
