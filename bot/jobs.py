"""Jobs: written with the acceptance, begun at once where they were accepted or taken from the queue, and recovered.

With `workflow` the only module that knows the engine (DBOS). A job that can begin in the process that accepts it is
written as begun: no look at the queue stands between its commit and its start. Everything else takes the queue, at
which we look ourselves, and first whether anything waits: the engine's own thread costs 3 ms at each look.
"""
# pyright: reportPrivateUsage=false
# The engine offers no word of its own for a claim inside our transaction, nor for a look at a queue at our time.

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import uuid4

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, Queue
from dbos._core import execute_dequeued_workflow
from dbos._error import MaxRecoveryAttemptsExceededError
from sqlalchemy import Connection, Engine

from bot.images import State
from bot.workflow import WORKFLOW, Work, desk, draw_at_once
from storage.engine_rows import SCHEMA, EngineRows, NewJob, Taken
from storage.rows import NewRequest, RequestRow

QUEUE = "images"
SHAPE = "1"
"""The workflow's shape: raised only when its steps change, or jobs of the last release would wait for its code."""

LOOK_SECONDS = 1.0
"""Between two looks at the queue in a process that begins its own jobs at once."""
LOOK_OFTEN_SECONDS = 0.2
"""In one that works for others, and everywhere while more wait than may run."""
_AFTER_START_SECONDS = 5.0
"""So long the engine may put back, job by job, what an earlier process left."""
_RARELY_SECONDS = 3600.0

_LAST_ONES_SECONDS = 0.2
_THREADS = 16
"""The engine replaces the loop's default executor and would let it grow without bound."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Start:
    """A place in this process for one job, taken before the job is written; `owner` marks the engine's row as ours.

    `row` is the request as it is to be accepted then: it begins with its acceptance.
    """

    row: NewRequest
    owner: str
    executor_id: str


class JobQueue:
    """The way in: jobs are written here, and run by whichever process has a JobEngine on the same database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._serializer = DBOSPortableJSONSerializer()
        self._client: DBOSClient | None = None
        self._rows = EngineRows(engine.dialect.name, queue=QUEUE)

    def open(self) -> None:
        """Make the engine's tables where there are none: jobs can be written before the first worker ever ran."""
        DBOS.migrate(self._engine.url.render_as_string(hide_password=False), schema=SCHEMA)
        self._connect()

    def reserve(self, row: NewRequest) -> Start | None:
        """A place for a job that can begin with its acceptance; whoever got it says `begin` or `forgo`.

        None: the job takes the queue, as all do where nothing runs.
        """
        return None

    def job(self, request_id: str, start: Start | None = None) -> NewJob:
        """What the acceptance writes for the engine, in its transaction: the job exists exactly when the request does.

        With a `start` it is written as begun by this process: the row of the engine's own direct start.
        """
        assert self._client is not None, "a job before open or launch"
        _, status = self._client._build_enqueue_status(
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": request_id,
                "app_version": SHAPE,
            },
            request_id,
        )
        return NewJob(
            id=request_id,
            name=WORKFLOW,
            queue=QUEUE,
            version=SHAPE,
            application=status["application_name"],
            inputs=status["inputs"],
            serialization=status["serialization"],
            owner=str(uuid4()) if start is None else start.owner,
            executor=None if start is None else start.executor_id,
        )

    def begin(self, start: Start | None) -> None:
        """After the commit: run what has a place here; where it takes the queue, let that be looked at."""

    def forgo(self, start: Start | None) -> None:
        """Give the place back: the job was not written."""

    def cancel(self, request_id: str) -> None:
        """Nothing runs here: the process that draws looks for the mark on the row, every second."""

    def close(self) -> None:
        if self._client is not None:
            self._client.destroy()

    def _connect(self) -> None:
        self._client = DBOSClient(
            system_database_engine=self._engine,
            serializer=self._serializer,
            dbos_system_schema=SCHEMA,
            application_name="atelier",
            lazy=True,
        )


class JobEngine(JobQueue):
    """DBOS inside this process. One instance at a time: the engine itself is process-wide.

    `executor_id` is the name under which jobs are taken; no two living processes may share one. The queue is looked at
    each `look_seconds`.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        executor_id: str,
        worker_concurrency: int,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        super().__init__(engine)
        self._executor_id, self._worker_concurrency = executor_id, worker_concurrency
        self._look_seconds, self._look = look_seconds, asyncio.Event()
        self._dbos: DBOS | None = None
        self._queue: Queue | None = None
        self._looking: asyncio.Task[None] | None = None
        self._leaving = False
        self._crowded = True
        """More may wait than runs: known after a look. Then nobody passes by the queue, and it is looked at often."""
        self._at_once: dict[str, asyncio.Task[None] | None] = {}
        self._idle: set[Taken] = set()

    async def launch(self, work: Work) -> None:
        """Start running jobs, those that an earlier process left behind first."""
        desk.open(work)
        config: DBOSConfig = {
            "name": "atelier",
            "system_database_engine": self._engine,
            "system_database_url": self._engine.url.render_as_string(hide_password=False),
            "dbos_system_schema": SCHEMA,
            "application_version": SHAPE,
            "executor_id": self._executor_id,
            "serializer": self._serializer,
            "max_executor_threads": _THREADS,
            "use_listen_notify": False,
            "log_level": "WARNING",
        }
        self._dbos = DBOS(config=config)
        DBOS.listen_queues([])
        # On this thread, though it reads the database: the engine runs jobs on the loop of the thread that launches it.
        DBOS.launch()
        _hush(self._dbos)
        self._connect()
        self._queue = await DBOS.register_queue_async(
            QUEUE, worker_concurrency=self._worker_concurrency, on_conflict="always_update"
        )
        self._looking = asyncio.create_task(self._look_again_and_again())

    def reserve(self, row: NewRequest) -> Start | None:
        work = desk.work
        if work is None or self._leaving or self._crowded or self._running() >= self._worker_concurrency:
            return None
        if not work.take_on(row):
            return None
        self._at_once[row.id] = None
        # From here on it can be cancelled, and the reconciler leaves it alone.
        desk.alive.add(row.id)
        return Start(replace(row, state=State.RENDERING), str(uuid4()), self._executor_id)

    def begin(self, start: Start | None) -> None:
        if start is None:
            self._look.set()
            return
        task = asyncio.create_task(self._draw(start), name=f"job {start.row.id}")
        self._at_once[start.row.id] = task

    def forgo(self, start: Start | None) -> None:
        if start is not None and desk.work is not None:
            del self._at_once[start.row.id]
            desk.work.let_go(start.row.id)
            desk.gone(start.row.id)

    def cancel(self, request_id: str) -> None:
        desk.cancel(request_id)

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
        recovered = await asyncio.to_thread(_recover, executor_id)
        self._look.set()
        return recovered

    async def pick_up(self) -> int:
        """Put back into the queue what was begun here and is not at work, such as a job whose commit got no answer.

        How many. Only what is seen so at two calls in a row: between a job's claim and its first line lie moments.
        """
        idle = await asyncio.to_thread(self._in_transaction, self._begun_and_idle)
        lost, self._idle = idle & self._idle, idle
        if not lost:
            return 0
        back = await asyncio.to_thread(
            self._in_transaction, lambda connection: self._rows.put_back(connection, lost)
        )
        _log.warning("jobs that were begun and forgotten are begun again", extra={"jobs": back})
        self._look.set()
        return back

    async def forget_ended(self, before: float) -> int:
        """Take away what the engine keeps of jobs that ended before that instant (Unix seconds); how many."""
        forgotten = 0
        while some := await asyncio.to_thread(
            self._in_transaction, lambda connection: self._rows.forget_ended(connection, before)
        ):
            forgotten += some
        return forgotten

    @property
    def is_launched(self) -> bool:
        return desk.work is not None and not desk.draining

    @property
    def alive(self) -> list[str]:
        """The jobs that this process is working on now."""
        return list(desk.alive)

    def is_alive(self, request_id: str) -> bool:
        """Whether this process is working on the job now."""
        return request_id in desk.alive

    @property
    def running(self) -> int:
        return len(desk.alive)

    async def drain(self, seconds: float) -> int:
        """Start nothing more and wait up to `seconds` for what runs; how many jobs are left for the next start."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        await self._leave_queue()
        # What was taken at the last look is on its way to its first line: it is let in, and nothing after it is.
        await asyncio.sleep(_LAST_ONES_SECONDS)
        desk.draining = True
        _log.info("no more jobs are begun")
        while desk.alive and loop.time() < until:
            desk.one_ended.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(desk.one_ended.wait(), until - loop.time())
        return len(desk.alive)

    def close(self) -> None:
        """Let go of the engine's threads. Only after `drain` said 0: it would cancel the calls that still run."""
        super().close()
        DBOS.destroy()
        desk.work = None

    async def _draw(self, start: Start) -> None:
        """Its failures are the reconciler's to mend: the job's row still says that it was begun here."""
        work = desk.work
        assert work is not None
        ended = False

        def end(connection: Connection) -> None:
            nonlocal ended
            self._rows.end(connection, start.row.id, start.owner)
            ended = True

        try:
            await draw_at_once(work, RequestRow.of(start.row), end)
            if not ended:
                await asyncio.to_thread(self._in_transaction, end)
        except Exception:  # noqa: BLE001 - see above
            _log.exception("a job broke", extra={"request": start.row.id})
        finally:
            del self._at_once[start.row.id]

    async def _look_again_and_again(self) -> None:
        """Until the process leaves. A look that fails is the next one's to repeat: the server may be restarting."""
        often_until = asyncio.get_running_loop().time() + _AFTER_START_SECONDS
        while not self._leaving:
            self._look.clear()
            try:
                await self._take()
            except Exception as error:  # noqa: BLE001 - see above
                _log.warning("the queue could not be looked at", extra={"why": repr(error)})
            often = self._crowded or asyncio.get_running_loop().time() < often_until
            seconds = min(LOOK_OFTEN_SECONDS, self._look_seconds) if often else self._look_seconds
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), seconds)

    async def _take(self) -> None:
        """Begin as many of those that wait as may run."""
        room = self._worker_concurrency - self._running()
        if room > 0:
            taken = await asyncio.to_thread(self._claim, self._running())
            self._crowded = taken >= room
        else:
            self._crowded = await asyncio.to_thread(self._in_transaction, self._rows.any_waiting)

    def _claim(self, running: int) -> int:
        """On a thread. What the engine's own queue thread does at each look, when something waits at all."""
        dbos, queue = self._dbos, self._queue
        assert dbos is not None
        assert queue is not None
        if not self._in_transaction(self._rows.any_waiting):
            return 0
        owner = str(uuid4())
        taken, _ = dbos._sys_db.start_queued_workflows(
            queue, self._executor_id, SHAPE, None, running, owner_xid=owner
        )
        found = {status["workflow_uuid"]: status for status in dbos._sys_db.get_workflow_statuses(taken)}
        for job in taken:
            try:
                execute_dequeued_workflow(dbos, found[job], owner)
            except MaxRecoveryAttemptsExceededError:
                _log.warning("a job died too often", extra={"request": job})
            except Exception:  # noqa: BLE001 - the others must not wait for this one; the reconciler will see it
                _log.exception("a job could not be begun", extra={"request": job})
        return len(taken)

    def _running(self) -> int:
        """Those that wait for their member's turn as well."""
        assert self._dbos is not None
        return self._dbos._active_workflows_set.count_for_queue(QUEUE) + len(self._at_once)

    def _begun_and_idle(self, connection: Connection) -> set[Taken]:
        assert self._dbos is not None
        begun = self._rows.taken_by(connection, self._executor_id)
        at_work = {*self._dbos._active_workflows_set.activeList(), *self._at_once}
        return {job for job in begun if job.id not in at_work}

    def _in_transaction(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)

    async def _leave_queue(self) -> None:
        """Take no more jobs: another process may do them now, while this one would only hold them until its end."""
        self._leaving = True
        self._look.set()
        if self._looking is not None:
            await self._looking
        if self._dbos is not None:
            for stop in self._dbos.background_thread_stop_events:
                stop.set()


def _recover(executor_id: str) -> int:
    return len(DBOS._recover_pending_workflows([executor_id]))


def _hush(dbos: DBOS) -> None:
    """Stop what the engine does each second for queues, delays and deadlines that we do not have."""
    dbos._registry.get_internal_queue()._polling_interval_sec = _RARELY_SECONDS
    dbos._background_jobs_stop_event.set()
