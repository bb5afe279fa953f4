"""What a job does: make the pictures, settle the money, hand over the result. Each part may run again after a crash."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog

from bot.catalog import Catalog
from bot.delivery import LATER
from bot.drawing import Begun, Drawing, Drawn
from bot.errors import (
    AtelierError,
    Broken,
    Cancelled,
    Parked,
    PolicyRefusal,
    ProviderError,
    error_from_facts,
)
from bot.estimates import Estimates
from bot.images import GeneratedImage, ImageRequest, Kind, State, image_id
from bot.patience import patiently
from bot.turns import Turns
from storage.image_store import ImageStore
from storage.images import ImageRepository
from storage.ledger import Ledger
from storage.requests import Also, RequestRepository
from storage.rows import End, ImageRow, NewRequest, PictureCharge, Rendered, RequestRow

_log = structlog.get_logger(__name__)

ENDED = frozenset(
    {State.DELIVERED, State.UNDELIVERED, State.FAILED, State.REFUSED, State.CANCELLED, State.PARKED}
)


class Board(Protocol):
    def begin(self, row: RequestRow) -> None: ...
    def drawing(self, row: RequestRow) -> None: ...
    async def end(self, request_id: str) -> None: ...


class Budget(Protocol):
    """Who watches what a server has spent. Never raises."""

    async def after(self, row: RequestRow) -> None: ...


class Delivery(Protocol):
    async def deliver(
        self, row: RequestRow, images: Sequence[ImageRow], failure: AtelierError | None
    ) -> str | None:
        """Hand over the result; None when it arrived, LATER to try again, else why it could not be (it is kept)."""
        ...


class News(Protocol):
    """Who tells programs that a job goes on. Never raises."""

    async def drawing(self, row: RequestRow, made: int) -> None: ...


@dataclass
class _Job:
    row: RequestRow
    images: list[ImageRow]
    calls: int = 0
    """How many vendor calls it takes; with a single one, its pictures and their settlement are one transaction."""


class StudioWork:
    def __init__(
        self,
        *,
        catalog: Catalog,
        drawing: Drawing,
        requests: RequestRepository,
        images: ImageRepository,
        ledger: Ledger,
        store: ImageStore,
        board: Board,
        delivery: Delivery,
        turns: Turns,
        estimates: Estimates | None = None,
        budget: Budget | None = None,
        news: News | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._catalog, self._drawing = catalog, drawing
        self._requests, self._images, self._ledger, self._store = requests, images, ledger, store
        self._board, self._delivery, self._now = board, delivery, now
        self._budget, self._estimates, self._news = budget, estimates, news
        self._turns = turns
        self._jobs: dict[str, _Job] = {}
        self._taken_on: dict[str, int] = {}

    @asynccontextmanager
    async def turn(self, request_id: str) -> AsyncGenerator[None]:
        job = await self._load(request_id)
        if job is None:
            yield
            return
        if self._turns.must_wait(job.row.user_id):
            # Read again when it is this job's turn: by then it may have been cancelled.
            self._jobs.pop(request_id)
        async with self._turns.of(job.row.user_id):
            yield

    async def plan(self, request_id: str) -> Sequence[tuple[int, int]]:
        job = await self._load(request_id)
        if job is None or State(job.row.state) in ENDED or job.row.cancel_requested_at is not None:
            return []
        now = self._now()
        if not await self._requests.begin(request_id, now, now - job.row.created_at):
            return []
        self._board.begin(job.row)
        self._board.drawing(job.row)
        await self._tell(job)
        calls = self._catalog.plan(ImageRequest.from_json(job.row.request))
        job.calls = len(calls)
        return calls

    def take_on(self, row: NewRequest) -> bool:
        """Only what is one vendor call that the vendor does not name: nothing of it is worth a checkpoint."""
        if not self._drawing.is_one_call(row) or not self._turns.take(row.user_id):
            return False
        self._taken_on[row.id] = row.user_id
        return True

    def let_go(self, request_id: str) -> None:
        self._jobs.pop(request_id, None)
        self._turns.leave(self._taken_on.pop(request_id))

    async def draw(self, row: RequestRow) -> list[str]:
        job = self._jobs[row.id] = _Job(row, [], calls=1)
        self._board.drawing(row)
        await self._tell(job)
        started = self._now()
        drawn = await self._drawing.draw(job.row, 1, job.row.count)
        if isinstance(drawn, Begun):
            # Only after a failover. Its new vendor's name for the work has no checkpoint: a crash looks for it there.
            drawn = await self._drawing.collect(job.row, 1, job.row.count, drawn)
        held = [drawn]
        del drawn
        return await self._keep(job, 1, started, held)

    async def render(self, request_id: str, first: int, count: int) -> list[str] | Begun:
        """One vendor call. The picture's row is written right after its file: it is what stops a second purchase."""
        job = self._jobs.get(request_id)
        if job is None:
            raise Broken
        if job.row.kind == Kind.DESCRIBE:
            return await self._describe(job)
        made = [image.id for image in job.images if first <= image.number < first + count]
        if made:
            return made
        started = self._now()
        drawn = await self._drawing.draw(job.row, first, count, again=job.row.state == State.RENDERING)
        if isinstance(drawn, Begun):
            return drawn
        held = [drawn]
        del drawn
        return await self._keep(job, first, started, held)

    async def collect(self, request_id: str, first: int, count: int, begun: Begun) -> list[str]:
        job = self._jobs.get(request_id)
        if job is None:
            raise Broken
        made = [image.id for image in job.images if first <= image.number < first + count]
        if made:
            return made
        started, again = self._now(), job.row.state == State.RENDERING
        held = [await self._drawing.collect(job.row, first, count, begun, again=again)]
        return await self._keep(job, first, started, held)

    async def _describe(self, job: _Job) -> list[str]:
        """Words instead of pictures: written on the row as soon as they are there. They count as one picture."""
        request_id = job.row.id
        if job.row.told is None:
            started = self._now()
            description = await self._drawing.describe(job.row)
            told = {"text": description.text, "cost_microusd": description.cost_microusd}
            stages = {"render_1": (started, self._now() - started)}
            await patiently(
                lambda: self._requests.note_told(
                    request_id, told, stages=stages, vendor_id=description.request_id
                ),
                request=request_id,
                what="noting words",
            )
            job.row = replace(job.row, told=told)
        return [image_id(request_id, 1)]

    async def _keep(self, job: _Job, first: int, started: float, held: list[Drawn]) -> list[str]:
        """Store the files, then write their rows.

        `held` is emptied before the second: bytes that are in the store already must not wait with the rows in memory.
        """
        stored, vendor_id = self._now(), held[0].rendering.request_id
        if self._estimates is not None:
            self._estimates.note(job.row.model, stored - started)
        # Paid for by now: a database that restarts or a full disk is waited for.
        rows = await patiently(
            lambda: self._files(job.row, first, held[0]), request=job.row.id, what="keeping pictures"
        )
        held.clear()
        stages = {
            f"render_{first}": (started, stored - started),
            f"store_{first}": (stored, self._now() - stored),
        }
        rendered = Rendered(images=rows, stages=stages, vendor_id=vendor_id)
        await _to_the_end(self._note(job, rendered))
        await self._tell(job)
        return [picture.id for picture in rows]

    async def _tell(self, job: _Job) -> None:
        if self._news is not None:
            await self._news.drawing(job.row, len(job.images))

    async def _note(self, job: _Job, rendered: Rendered) -> None:
        if job.calls != 1:
            await patiently(
                lambda: self._images.add_rendered(job.row.id, rendered),
                request=job.row.id,
                what="noting pictures",
            )
            job.images.extend(rendered.images)
            return
        before = job.row
        job.row, _ = await patiently(
            lambda: self._settle(before, rendered.images, None, rendered),
            request=job.row.id,
            what="noting and settling pictures",
        )
        job.images.extend(rendered.images)

    async def finish(self, request_id: str, failure: AtelierError | None, also: Also | None = None) -> None:
        job = await self._load(request_id)
        self._jobs.pop(request_id, None)
        if job is None:
            return
        row, images = job.row, sorted(job.images, key=lambda image: image.number)
        if row.settled_at is None:
            unsettled, told = row, failure
            row, failure = await patiently(
                lambda: self._settle(unsettled, images, told), request=request_id, what="settling"
            )
        elif row.failure_kind:
            failure = error_from_facts(row.failure_kind, row.failure_facts or {})
        if self._budget is not None and images and row.delivered_at is None:
            await self._budget.after(row)
        await self._board.end(request_id)
        if row.delivered_at is not None or State(row.state) is State.UNDELIVERED:
            return
        started = self._now()
        problem = await self._delivery.deliver(row, images, failure)
        ended = self._now()
        if problem == LATER and (images or row.told):
            # Stays `rendered`: the reconciler comes by each minute.
            _log.warning("delivery is put off", request=request_id)
            return
        await patiently(
            lambda: self._note_delivery(request_id, problem, ended, ended - started, also),
            request=request_id,
            what="noting the delivery",
        )
        _log.info(
            "request ended",
            request=request_id, images=len(images), provider=row.provider, undelivered=problem,
            failure=failure.kind if failure else None, seconds=round(ended - row.created_at, 3),
        )  # fmt: skip

    async def _note_delivery(
        self, request_id: str, problem: str | None, ended: float, seconds: float, also: Also | None
    ) -> None:
        if problem is None:
            await self._requests.mark_delivered(request_id, ended, seconds=seconds, also=also)
        else:
            await self._requests.mark_undelivered(request_id, ended, problem, seconds=seconds, also=also)

    async def _load(self, request_id: str) -> _Job | None:
        """The job's row and pictures: read once at its start, kept until it is finished."""
        if request_id not in self._jobs:
            found = await self._requests.with_images(request_id)
            if found is None:
                return None
            self._jobs[request_id] = _Job(*found)
        return self._jobs[request_id]

    async def _files(self, row: RequestRow, first: int, drawn: Drawn) -> list[ImageRow]:
        """Write the files; the rows for them. The call's cost is spread over its pictures so that the parts add up."""
        rendering = drawn.rendering
        keys = await asyncio.gather(*(self._store.put(image.data) for image in rendering.images))
        each, rest = divmod(rendering.cost_microusd, len(rendering.images))
        return [
            self._row(row, first + offset, image, key, each + (rest if offset == 0 else 0), drawn.model)
            for offset, (image, key) in enumerate(zip(rendering.images, keys, strict=True))
        ]

    def _row(
        self, row: RequestRow, number: int, image: GeneratedImage, key: str, cost: int, model: str
    ) -> ImageRow:
        return ImageRow(
            id=image_id(row.id, number), request_id=row.id, number=number, key=key, media_type=image.media_type,
            width=image.width, height=image.height, size_bytes=len(image.data), seed=image.seed,
            revised_prompt=image.revised_prompt, cost_microusd=cost, parent_image_id=row.parent_image_id,
            created_at=self._now(), deleted_at=None, model=model,
        )  # fmt: skip

    async def _settle(
        self,
        row: RequestRow,
        images: Sequence[ImageRow],
        failure: AtelierError | None,
        rendered: Rendered | None = None,
    ) -> tuple[RequestRow, AtelierError | None]:
        """Charge each picture at most its share of the estimate, release the rest, and write down how it ended."""
        if not images and not row.told and failure is None:
            failure = Cancelled() if row.cancel_requested_at is not None else Broken()
        now, end = self._now(), _end(bool(images or row.told), failure)
        charges = charges_for(row, images)
        settled = await self._ledger.settle(row.id, charges, now, end=end, rendered=rendered)
        if settled is None:
            # Somebody else (the reconciler, another process) was faster: what they wrote is the truth.
            return await self._requests.get(row.id) or row, failure
        return replace(
            row, state=end.state, settled_at=now, charged_microusd=settled.charged_microusd
        ), failure


async def _to_the_end(noting: Coroutine[Any, Any, None]) -> None:
    """What was paid for is written down whoever cancels meanwhile: a wish to cancel comes too late by then."""
    task = asyncio.ensure_future(noting)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task


def charges_for(row: RequestRow, images: Sequence[ImageRow]) -> list[PictureCharge]:
    """Each picture that came out: a member pays at most its share of the estimate, its maker's pool what it cost."""
    if row.told:
        cost = int(row.told["cost_microusd"])
        member = min(cost, row.estimate_microusd)
        return [PictureCharge(image_id=image_id(row.id, 1), member_microusd=member, pool_microusd=cost)]
    share, rest = divmod(row.estimate_microusd, row.count)
    return [
        PictureCharge(
            image_id=image.id,
            member_microusd=min(image.cost_microusd, share + (rest if image.number == 1 else 0)),
            pool_microusd=image.cost_microusd,
            provider=image.model.partition("/")[0] if image.model else None,
        )
        for image in images
    ]


def _end(made: bool, failure: AtelierError | None) -> End:
    if failure is None:
        return End(state=State.RENDERED)
    return End(
        state=_state_after(made, failure),
        failure_kind=failure.kind,
        failure_facts=failure.facts(),
        raw_error_code=failure.code if isinstance(failure, ProviderError) else None,
    )


def _state_after(made: bool, failure: AtelierError | None) -> State:
    if made:
        return State.RENDERED
    if isinstance(failure, PolicyRefusal):
        return State.REFUSED
    if isinstance(failure, Parked):
        return State.PARKED
    return State.CANCELLED if isinstance(failure, Cancelled) else State.FAILED
