"""The job engine on a real database: what begins with its acceptance, what takes the queue, what was lost between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bot.drawing import Begun
from bot.errors import AtelierError, Cancelled, PolicyRefusal
from bot.jobs import JobEngine, JobQueue, Start
from storage.database import Database, open_database
from storage.engine_rows import write_job
from storage.requests import Also
from storage.rows import NewRequest, RequestRow
from tests.storage.builders import new_request

DAY = 86_400.0


class OnlyNotes:
    """Work that draws nothing: it notes what was asked of it, and waits where `gate` is closed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.drawn: list[str] = []
        self.ended: dict[str, AtelierError | None] = {}
        self.taken_on: set[str] = set()
        self.gate, self.moved = asyncio.Event(), asyncio.Condition()
        self.gate.set()
        self.at_once, self.fails, self.ends_jobs = True, False, True

    @asynccontextmanager
    async def turn(self, request_id: str) -> AsyncGenerator[None]:
        yield

    async def plan(self, request_id: str) -> Sequence[tuple[int, int]]:
        return [] if request_id in self.ended else [(1, 1)]

    async def render(self, request_id: str, first: int, count: int) -> list[str] | Begun:
        return await self._draw(request_id)

    async def collect(self, request_id: str, first: int, count: int, begun: Begun) -> list[str]:
        raise AssertionError("nothing is begun here")

    async def finish(self, request_id: str, failure: AtelierError | None, also: Also | None = None) -> None:
        if also is not None and self.ends_jobs:
            await self._database.write(also)
        async with self.moved:
            self.ended[request_id] = failure
            self.moved.notify_all()

    def take_on(self, row: NewRequest) -> bool:
        if self.at_once:
            self.taken_on.add(row.id)
        return self.at_once

    def let_go(self, request_id: str) -> None:
        self.taken_on.remove(request_id)

    async def draw(self, row: RequestRow) -> list[str]:
        assert row.state == "rendering"
        return await self._draw(row.id)

    async def has_ended(self, *request_ids: str) -> None:
        async with asyncio.timeout(20), self.moved:
            await self.moved.wait_for(lambda: self.ended.keys() >= set(request_ids))

    async def has_begun(self, request_id: str) -> None:
        async with asyncio.timeout(20), self.moved:
            await self.moved.wait_for(lambda: request_id in self.drawn)

    async def _draw(self, request_id: str) -> list[str]:
        async with self.moved:
            self.drawn.append(request_id)
            self.moved.notify_all()
        await self.gate.wait()
        if self.fails:
            raise PolicyRefusal(provider="demo")
        return [f"{request_id}_1"]


class Running:
    def __init__(self, database: Database, engine: JobEngine, work: OnlyNotes) -> None:
        self.database, self.engine, self.work = database, engine, work

    async def write(self, number: int, start: Start | None = None) -> str:
        """The job alone, as an acceptance writes it."""
        job = new_request(number).id
        await self.database.write(lambda connection: write_job(connection, self.engine.job(job, start)))
        return job

    async def accept(self, number: int) -> str:
        start = self.engine.reserve(new_request(number))
        job = await self.write(number, start)
        self.engine.begin(start)
        return job

    async def looked(self) -> None:
        """Once the engine has looked at its queue a first time, jobs may begin at once."""
        async with asyncio.timeout(10):
            while self.engine._crowded:  # noqa: ASYNC110 - the engine tells nobody
                await asyncio.sleep(0.01)

    async def rows(self) -> dict[str, str]:
        """The engine's rows and their states."""

        def read(connection: Connection) -> dict[str, str]:
            found = connection.execute(text("SELECT workflow_uuid, status FROM workflow_status"))
            return {str(job): str(status) for job, status in found}

        return await self.database.read(read)

    async def has(self, rows: dict[str, str]) -> None:
        async with asyncio.timeout(10):
            while await self.rows() != rows:  # noqa: ASYNC110 - nor does the database
                await asyncio.sleep(0.02)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running]:
    async with open_database(f"sqlite:///{tmp_path / 'jobs.db'}") as database:
        engine = JobEngine(database.sync_engine(), executor_id="local", worker_concurrency=2)
        work = OnlyNotes(database)
        await engine.launch(work)
        try:
            yield Running(database, engine, work)
        finally:
            work.gate.set()
            await engine.drain(5)
            engine.close()


async def test_a_job_begins_with_its_acceptance_and_leaves_nothing_of_the_engines_behind(
    running: Running,
) -> None:
    await running.looked()
    job = await running.accept(1)
    await running.work.has_ended(job)
    await running.has({})
    assert running.work.drawn == [job]
    assert not running.work.taken_on
    assert not running.engine.alive

    running.work.fails = True
    refused = await running.accept(2)
    await running.work.has_ended(refused)
    assert isinstance(running.work.ended[refused], PolicyRefusal)
    # Also where the last thing that was written was not the end of the job, as when a delivery is put off.
    running.work.ends_jobs = False
    await running.work.has_ended(await running.accept(3))
    await running.has({})
    inputs = "SELECT count(*) FROM workflow_input"
    assert await running.database.read(lambda connection: connection.scalar(text(inputs))) == 0


async def test_what_cannot_begin_at_once_takes_the_queue_and_the_place_is_not_held(running: Running) -> None:
    await running.looked()
    running.work.gate.clear()
    first, second, third = [await running.accept(number) for number in (1, 2, 3)]
    assert set(running.engine.alive) == {first, second}
    assert await running.rows() == {first: "PENDING", second: "PENDING", third: "ENQUEUED"}
    running.work.gate.set()
    await running.work.has_ended(first, second, third)
    # The third ran as a workflow: the engine remembers it until housekeeping.
    await running.has({third: "SUCCESS"})
    assert await running.engine.forget_ended(time.time() - DAY) == 0
    assert await running.engine.forget_ended(time.time() + DAY) == 1
    assert await running.rows() == {}


async def test_a_refusal_gives_the_place_back(running: Running) -> None:
    await running.looked()
    starts = [running.engine.reserve(new_request(number)) for number in (1, 2, 3)]
    assert [start is not None for start in starts] == [True, True, False]
    running.engine.forgo(starts[0])
    running.engine.forgo(starts[2])
    assert running.engine.alive == [new_request(2).id]
    starts[0] = running.engine.reserve(new_request(4))
    assert starts[0] is not None
    running.engine.forgo(starts[0])
    running.engine.forgo(starts[1])
    assert not running.engine.alive


async def test_a_cancelled_job_ends_as_cancelled(running: Running) -> None:
    await running.looked()
    running.work.gate.clear()
    start = running.engine.reserve(new_request(1))
    job = await running.write(1, start)
    # Between its commit and its first line: not too early.
    running.engine.cancel(job)
    running.engine.begin(start)
    other = await running.accept(2)
    await running.work.has_begun(other)
    running.engine.cancel(other)
    await running.work.has_ended(job, other)
    assert isinstance(running.work.ended[job], Cancelled)
    assert isinstance(running.work.ended[other], Cancelled)
    await running.has({})


async def test_a_job_whose_acceptance_was_not_heard_of_is_begun_by_the_second_look(running: Running) -> None:
    await running.looked()
    running.work.gate.clear()
    start = running.engine.reserve(new_request(1))
    lost = await running.write(1, start)
    running.engine.forgo(start)
    at_work = await running.accept(2)
    assert await running.engine.pick_up() == 0
    assert await running.engine.pick_up() == 1
    assert await running.engine.pick_up() == 0
    running.work.gate.set()
    await running.work.has_ended(lost, at_work)
    assert sorted(running.work.drawn) == sorted([lost, at_work])


async def test_what_a_dead_process_had_begun_goes_on_after_the_next_start(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'jobs.db'}") as database:
        queue, row = JobQueue(database.sync_engine()), new_request(1)
        await asyncio.to_thread(queue.open)
        dead, waits = Start(row, "owner", "local"), new_request(2).id
        await database.write(lambda connection: write_job(connection, queue.job(row.id, dead)))
        await database.write(lambda connection: write_job(connection, queue.job(waits)))
        engine = JobEngine(database.sync_engine(), executor_id="local", worker_concurrency=2)
        work = OnlyNotes(database)
        await engine.launch(work)
        await work.has_ended(row.id, waits)
        assert sorted(work.drawn) == sorted([row.id, waits])
        # The dead one's word about its job comes too late to count.
        owned = engine._rows.end
        await database.write(lambda connection: owned(connection, row.id, "owner"))
        assert set(await engine.statuses([row.id, waits])) == {row.id, waits}
        assert await engine.drain(5) == 0
        engine.close()
