"""How one job runs: as a workflow of the engine (DBOS), or without it in the process that accepted it.

The request's row is the truth for people; the engine's checkpoints are the truth for execution. A workflow's only
argument is the request's id, nothing checkpointed holds bytes or tokens, and only vendor calls are steps: settling and
delivering are idempotent by the row, so a checkpoint for them would cost and protect nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Generator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Protocol, TypedDict

from dbos import DBOS

from bot.drawing import Begun
from bot.errors import AtelierError, Broken, Cancelled, error_from_facts
from bot.patience import patiently
from storage.requests import Also
from storage.rows import NewRequest, RequestRow

WORKFLOW = "image_request"
_RECOVERY_ATTEMPTS = 3

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

    async def finish(self, request_id: str, failure: AtelierError | None, also: Also | None = None) -> None:
        """Settle what was made, release the rest, tell the requester; `also` goes with the last thing written."""
        ...

    def take_on(self, row: NewRequest) -> bool:
        """Whether the job can be done by `draw` from the moment of its acceptance; it has its member's turn then."""
        ...

    def let_go(self, request_id: str) -> None:
        """The end of what `take_on` began, drawn or not."""
        ...

    async def draw(self, row: RequestRow) -> list[str]:
        """All pictures of a request that was taken on. Raises AtelierError."""
        ...


class Desk:
    """What the workflow functions, which the engine finds by name, need of the running program."""

    def __init__(self) -> None:
        self.work: Work | None = None
        self.draining = False
        self.calls: dict[str, set[asyncio.Task[Any]]] = {}
        self.cancelled: set[str] = set()
        self.alive: set[str] = set()
        self.one_ended = asyncio.Event()

    def open(self, work: Work) -> None:
        self.work, self.draining = work, False
        self.one_ended = asyncio.Event()  # of the loop that runs now

    @contextmanager
    def at_work(self, request_id: str) -> Generator[None]:
        self.alive.add(request_id)
        try:
            yield
        finally:
            self.gone(request_id)

    def gone(self, request_id: str) -> None:
        self.alive.discard(request_id)
        self.one_ended.set()
        self.cancelled.discard(request_id)

    def cancel(self, request_id: str) -> None:
        """Abandon the vendor calls that run here; the job then ends through settle and deliver like any other."""
        if request_id in self.alive:
            self.cancelled.add(request_id)
        for call in self.calls.get(request_id, set()):
            call.cancel()


desk = Desk()


@DBOS.workflow(name=WORKFLOW, max_recovery_attempts=_RECOVERY_ATTEMPTS)
async def _image_request(request_id: str) -> None:
    work = desk.work
    if work is None or desk.draining:
        # Started by the queue while the process is on its way out: left pending, the next start recovers it.
        await asyncio.Event().wait()
        raise AssertionError("unreachable")
    async with work.turn(request_id):
        if desk.draining:
            await asyncio.Event().wait()
        with desk.at_work(request_id):
            await _in_steps(work, request_id)


async def draw_at_once(work: Work, row: RequestRow, also: Also) -> None:
    """A job of one vendor call, in the process that accepted it. Nothing is checkpointed; `also` ends the job.

    A checkpoint would protect nothing that the picture's row, written with its settlement, does not. When this process
    dies before the end, the engine finds the job as one that was begun here, and runs it as a workflow.
    """
    try:
        outcome = await _called(row.id, 1, work.draw(row))
        await work.finish(row.id, _failure([outcome]), also)
    finally:
        work.let_go(row.id)
        desk.gone(row.id)


async def _in_steps(work: Work, request_id: str) -> None:
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
    await work.finish(request_id, _failure(outcomes))


@DBOS.step(name="render")
async def _render(request_id: str, first: int, count: int) -> Outcome:
    """One vendor call, or its beginning."""
    work = desk.work
    assert work is not None
    return await _called(request_id, first, work.render(request_id, first, count))


@DBOS.step(name="collect")
async def _collect(request_id: str, first: int, count: int, job_id: str, model: str) -> Outcome:
    work = desk.work
    assert work is not None
    return await _called(request_id, first, work.collect(request_id, first, count, Begun(job_id, model)))


async def _as_is(outcome: Outcome) -> Outcome:
    return outcome


async def _called(
    request_id: str, first: int, work: Coroutine[Any, Any, list[str]] | Coroutine[Any, Any, list[str] | Begun]
) -> Outcome:
    """Failures are values, not exceptions: the checkpoint then holds facts and never a traceback."""
    call: asyncio.Task[Any] = asyncio.create_task(work, name=f"render {request_id} {first}")
    desk.calls.setdefault(request_id, set()).add(call)
    try:
        if request_id in desk.cancelled:
            call.cancel()
        made: list[str] | Begun = await call
        return {"begun": [made.job_id, made.model]} if isinstance(made, Begun) else {"images": made}
    except asyncio.CancelledError:
        if request_id not in desk.cancelled:
            raise
        return _failed(Cancelled())
    except AtelierError as error:
        return _failed(error)
    except Exception:  # noqa: BLE001 - the job must end in words and a release, whatever broke
        _log.exception("a render step broke", extra={"request": request_id, "first": first})
        return _failed(Broken())
    finally:
        desk.calls[request_id].discard(call)
        if not desk.calls[request_id]:
            del desk.calls[request_id]


def _failed(error: AtelierError) -> Outcome:
    return {"failure": [error.kind, error.facts()]}


def _failure(outcomes: Sequence[Outcome]) -> AtelierError | None:
    """The first of them; one is enough to tell."""
    return next((error_from_facts(*outcome["failure"]) for outcome in outcomes if "failure" in outcome), None)
