"""The durable life of an accepted request, and the only module that knows the engine (DBOS).

The request's row is the truth for people; the engine's checkpoints are the truth for execution. A workflow's only
argument is the request's id, nothing checkpointed holds bytes or tokens, and only vendor calls are steps: settling and
delivering are idempotent by the row, so a checkpoint for them would cost and protect nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypedDict

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy import Connection, Engine

from bot.drawing import Begun
from bot.errors import AtelierError, Broken, Cancelled, error_from_facts
from bot.patience import patiently

QUEUE = "images"
WORKFLOW = "image_request"
SHAPE = "1"
"""The workflow's shape: raised only when its steps change, or jobs of the last release would wait for its code."""

_SCHEMA = "dbos"
"""Where the engine keeps its tables on Postgres; SQLite has no schemas and leaves the name out."""

_POLL_SECONDS = 0.2
_RECOVERY_ATTEMPTS = 3
_LEAVE_SECONDS = 5.0
_LAST_ONES_SECONDS = 0.2
_THREADS = 16
"""The engine replaces the loop's default executor and would let it grow without bound."""

_log = logging.getLogger(__name__)


class Outcome(TypedDict, total=False):
    """What a step leaves in the engine's memory: names of pictures, why there are none, or the vendor's job."""

    images: list[str]
    begun: list[str]
    failure: list[Any]


class Work(Protocol):
    """What a job does. Each method may run again after a crash and then does only what is missing."""

    def turn(self, request_id: str) -> AbstractAsyncContextManager[None]:
        """Around everything else: where a job waits for its member's other ones."""
        ...

    async def plan(self, request_id: str) -> Sequence[tuple[int, int]]:
        """The vendor calls as (first picture's number, count); none when the request has already ended."""
        ...

    async def render(self, request_id: str, first: int, count: int) -> list[str] | Begun:
        """Make, store and note the pictures of one vendor call; their ids. Raises AtelierError.

        Where the vendor names its work, that name as soon as it is known: it is checkpointed before anybody waits.
        """
        ...

    async def collect(self, request_id: str, first: int, count: int, begun: Begun) -> list[str]:
        """What `render` has begun: wait for it, store and note its pictures. Raises AtelierError."""
        ...

    async def finish(self, request_id: str, failure: AtelierError | None) -> None:
        """Settle what was made, release the rest, tell the requester."""
        ...


class _Desk:
    """What the workflow functions, which the engine finds by name, need of the running program."""

    work: Work | None = None
    draining = False

    def __init__(self) -> None:
        self.calls: dict[str, set[asyncio.Task[Any]]] = {}
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
    async with work.turn(request_id):
        if _desk.draining:
            await asyncio.Event().wait()
        await _live(work, request_id)


async def _live(work: Work, request_id: str) -> None:
    _desk.alive.add(request_id)
    try:
        calls = await patiently(lambda: work.plan(request_id), request=request_id, what="planning")
        outcomes = await asyncio.gather(*(_render(request_id, first, count) for first, count in calls))
        # All names before any waiting: the engine tells steps by their order, which must be the same in each run.
        outcomes = [
            *await asyncio.gather(
                *(
                    _collect(request_id, first, count, *outcome["begun"])
                    if "begun" in outcome
                    else _as_is(outcome)
                    for (first, count), outcome in zip(calls, outcomes, strict=True)
                )
            )
        ]
        failures = [error_from_facts(*outcome["failure"]) for outcome in outcomes if "failure" in outcome]
        await work.finish(request_id, failures[0] if failures else None)
    finally:
        _desk.alive.discard(request_id)
        _desk.one_ended.set()
        _desk.cancelled.discard(request_id)


@DBOS.step(name="render")
async def _render(request_id: str, first: int, count: int) -> Outcome:
    """One vendor call, or its beginning."""
    work = _desk.work
    assert work is not None
    return await _called(request_id, first, work.render(request_id, first, count))


@DBOS.step(name="collect")
async def _collect(request_id: str, first: int, count: int, job_id: str, model: str) -> Outcome:
    work = _desk.work
    assert work is not None
    return await _called(request_id, first, work.collect(request_id, first, count, Begun(job_id, model)))


async def _as_is(outcome: Outcome) -> Outcome:
    return outcome


async def _called(
    request_id: str, first: int, work: Coroutine[Any, Any, list[str]] | Coroutine[Any, Any, list[str] | Begun]
) -> Outcome:
    """Failures are values, not exceptions: the checkpoint then holds facts and never a traceback."""
    call: asyncio.Task[Any] = asyncio.create_task(work, name=f"render {request_id} {first}")
    _desk.calls.setdefault(request_id, set()).add(call)
    try:
        if request_id in _desk.cancelled:
            call.cancel()
        made: list[str] | Begun = await call
        return {"begun": [made.job_id, made.model]} if isinstance(made, Begun) else {"images": made}
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


class JobQueue:
    """The way in: jobs are written here, and run by whichever process has a JobEngine on the same database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._serializer = DBOSPortableJSONSerializer()
        self._client: DBOSClient | None = None

    def open(self) -> None:
        """Make the engine's tables where there are none: jobs can be written before the first worker ever ran."""
        DBOS.migrate(self._engine.url.render_as_string(hide_password=False), schema=_SCHEMA)
        self._connect()

    def enqueue(self, connection: Connection, request_id: str) -> None:
        """Write the job inside the caller's transaction: it exists exactly when the caller's rows do."""
        assert self._client is not None, "enqueue before open or launch"
        self._client.enqueue_in_transaction(
            connection,
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": request_id,
                "app_version": SHAPE,
            },
            request_id,
        )

    def cancel(self, request_id: str) -> None:
        """Nothing runs here: the process that draws looks for the mark on the row, every second."""

    def close(self) -> None:
        if self._client is not None:
            self._client.destroy()

    def _connect(self) -> None:
        self._client = DBOSClient(
            system_database_engine=self._engine,
            serializer=self._serializer,
            dbos_system_schema=_SCHEMA,
            application_name="atelier",
            lazy=True,
        )


class JobEngine(JobQueue):
    """DBOS inside this process. One instance at a time: the engine itself is process-wide.

    `executor_id` is the name under which jobs are taken; no two living processes may share one.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        executor_id: str,
        worker_concurrency: int,
    ) -> None:
        super().__init__(engine)
        self._executor_id = executor_id
        self._worker_concurrency = worker_concurrency
        self._dbos: DBOS | None = None

    async def launch(self, work: Work) -> None:
        """Start running jobs, those that an earlier process left behind first."""
        _desk.work, _desk.draining = work, False
        config: DBOSConfig = {
            "name": "atelier",
            "system_database_engine": self._engine,
            "system_database_url": self._engine.url.render_as_string(hide_password=False),
            "dbos_system_schema": _SCHEMA,
            "application_version": SHAPE,
            "executor_id": self._executor_id,
            "serializer": self._serializer,
            "max_executor_threads": _THREADS,
            "use_listen_notify": False,
            "log_level": "WARNING",
        }
        self._dbos = DBOS(config=config)
        # On this thread, though it reads the database: the engine runs jobs on the loop of the thread that launches it.
        DBOS.launch()
        self._connect()
        await DBOS.register_queue_async(
            QUEUE,
            worker_concurrency=self._worker_concurrency,
            polling_interval_sec=_POLL_SECONDS,
            on_conflict="always_update",
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

    async def executors_at_work(self) -> set[str]:
        """The names under which jobs were taken and not ended, this process's own left out."""
        running = await DBOS.list_workflows_async(
            status="PENDING", queues_only=True, load_input=False, load_output=False
        )
        return {job.executor_id for job in running if job.executor_id} - {self._executor_id}

    async def recover(self, executor_id: str) -> int:
        """Put the jobs of a process that is gone back into the queue; how many. Doing it twice does nothing more."""
        return await asyncio.to_thread(_recover, executor_id)

    @property
    def is_launched(self) -> bool:
        return _desk.work is not None and not _desk.draining

    @property
    def alive(self) -> list[str]:
        """The jobs that this process is working on now."""
        return list(_desk.alive)

    def is_alive(self, request_id: str) -> bool:
        """Whether this process is working on the job now."""
        return request_id in _desk.alive

    @property
    def running(self) -> int:
        return len(_desk.alive)

    async def drain(self, seconds: float) -> int:
        """Start nothing more and wait up to `seconds` for what runs; how many jobs are left for the next start."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        await asyncio.to_thread(self._leave_queue)
        # What was taken at the last look is on its way to its first line: it is let in, and nothing after it is.
        await asyncio.sleep(_LAST_ONES_SECONDS)
        _desk.draining = True
        _log.info("no more jobs are begun")
        while _desk.alive and loop.time() < until:
            _desk.one_ended.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(_desk.one_ended.wait(), until - loop.time())
        return len(_desk.alive)

    def _leave_queue(self) -> None:
        """Take no more jobs: another process may do them now, while this one would only hold them until its end."""
        if self._dbos is None:
            return
        for stop in self._dbos.background_thread_stop_events:
            stop.set()
        for thread in threading.enumerate():
            # What the last look at the queue had already taken is started, and ends like everything that runs.
            if thread.name == f"queue-worker-{QUEUE}":
                thread.join(_LEAVE_SECONDS)

    def close(self) -> None:
        """Let go of the engine's threads. Only after `drain` said 0: it would cancel the calls that still run."""
        super().close()
        DBOS.destroy()
        _desk.work = None


def _recover(executor_id: str) -> int:
    return len(DBOS._recover_pending_workflows([executor_id]))  # pyright: ignore[reportPrivateUsage] there is no other
