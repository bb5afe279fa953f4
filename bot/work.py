"""What a job does: make the pictures, settle the money, hand over the result. Each part may run again after a crash."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from bot import safety
from bot.catalog import Catalog
from bot.delivery import LATER
from bot.errors import (
    AtelierError,
    Broken,
    Cancelled,
    Misconfigured,
    NoPicture,
    NotFound,
    Parked,
    PolicyRefusal,
    ProviderError,
    error_from_facts,
)
from bot.images import GeneratedImage, ImageRequest, InputImage, State, image_id
from bot.providers.base import Picture, Provider, RenderCall, Rendering
from bot.styles import Styles
from storage.errors import ImageMissing
from storage.image_store import ImageStore
from storage.images import ImageRepository
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import End, ImageRow, PictureCharge, RequestRow

_log = structlog.get_logger(__name__)

ENDED = frozenset(
    {State.DELIVERED, State.UNDELIVERED, State.FAILED, State.REFUSED, State.CANCELLED, State.PARKED}
)


class Board(Protocol):
    def begin(self, row: RequestRow) -> None: ...
    def drawing(self, request_id: str) -> None: ...
    def preview(self, request_id: str, number: int, data: bytes) -> None: ...
    def wants_previews(self, request_id: str) -> bool: ...
    async def end(self, request_id: str) -> None: ...


class Delivery(Protocol):
    async def deliver(
        self, row: RequestRow, images: Sequence[ImageRow], failure: AtelierError | None
    ) -> str | None:
        """Hand over the result; None when it arrived, LATER to try again, else why it could not be (it is kept)."""
        ...


@dataclass
class _Job:
    row: RequestRow
    images: list[ImageRow]


class StudioWork:
    def __init__(
        self,
        *,
        catalog: Catalog,
        styles: Styles,
        providers: Mapping[str, Provider],
        requests: RequestRepository,
        images: ImageRepository,
        ledger: Ledger,
        store: ImageStore,
        board: Board,
        delivery: Delivery,
        secret: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._catalog, self._styles, self._providers = catalog, styles, providers
        self._requests, self._images, self._ledger, self._store = requests, images, ledger, store
        self._board, self._delivery, self._secret, self._now = board, delivery, secret, now
        self._jobs: dict[str, _Job] = {}

    async def plan(self, request_id: str) -> Sequence[tuple[int, int]]:
        job = await self._load(request_id)
        if job is None or State(job.row.state) in ENDED or job.row.cancel_requested_at is not None:
            return []
        now = self._now()
        if not await self._requests.begin(request_id, now, now - job.row.created_at):
            return []
        self._board.begin(job.row)
        self._board.drawing(request_id)
        return self._catalog.plan(ImageRequest.from_json(job.row.request))

    async def render(self, request_id: str, first: int, count: int) -> list[str]:
        """One vendor call. The picture's row is written right after its file: it is what stops a second purchase."""
        job = self._jobs.get(request_id)
        if job is None:
            raise Broken
        made = [image.id for image in job.images if first <= image.number < first + count]
        if made:
            return made
        started = self._now()
        rendering = await self._call(job.row, first, count)
        stored = self._now()
        rows = await self._files(job.row, first, rendering)
        stages = {
            f"render_{first}": (started, stored - started),
            f"store_{first}": (stored, self._now() - stored),
        }
        await self._images.add_rendered(request_id, rows, stages=stages, vendor_id=rendering.request_id)
        job.images.extend(rows)
        return [picture.id for picture in rows]

    async def finish(self, request_id: str, failure: AtelierError | None) -> None:
        job = await self._load(request_id)
        self._jobs.pop(request_id, None)
        if job is None:
            return
        row, images = job.row, sorted(job.images, key=lambda image: image.number)
        if row.settled_at is None:
            row, failure = await self._settle(row, images, failure)
        elif row.failure_kind:
            failure = error_from_facts(row.failure_kind, row.failure_facts or {})
        await self._board.end(request_id)
        if row.delivered_at is not None or State(row.state) is State.UNDELIVERED:
            return
        started = self._now()
        problem = await self._delivery.deliver(row, images, failure)
        ended = self._now()
        if problem == LATER and images:
            # Stays `rendered`: the reconciler comes by each minute.
            _log.warning("delivery is put off", request=request_id)
            return
        if problem is None:
            await self._requests.mark_delivered(request_id, ended, seconds=ended - started)
        else:
            await self._requests.mark_undelivered(request_id, ended, problem, seconds=ended - started)
        _log.info(
            "request ended",
            request=request_id, images=len(images), provider=row.provider, undelivered=problem,
            failure=failure.kind if failure else None, seconds=round(ended - row.created_at, 3),
        )  # fmt: skip

    async def _load(self, request_id: str) -> _Job | None:
        """The job's row and pictures: read once at its start, kept until it is finished."""
        if request_id not in self._jobs:
            found = await self._requests.with_images(request_id)
            if found is None:
                return None
            self._jobs[request_id] = _Job(*found)
        return self._jobs[request_id]

    async def _call(self, row: RequestRow, first: int, count: int) -> Rendering:
        request = ImageRequest.from_json(row.request)
        # A request that was accepted with this model is served with it, whatever the catalogue says by now.
        model = self._catalog.known(request.model)
        provider = self._providers.get(row.provider)
        if model is None or provider is None:
            raise Misconfigured(provider=row.provider, code="no_model" if model is None else "no_key")
        inputs = await asyncio.gather(*(self._picture(picture) for picture in request.inputs))
        call = RenderCall(
            request=request,
            model=model,
            prompt=self._styles.apply(request.prompt, request.style),
            first=first,
            count=count,
            inputs=tuple(inputs),
            mask=await self._picture(request.mask) if request.mask else None,
            previews=model.previews if count == 1 and self._board.wants_previews(row.id) else 0,
            requester=safety.requester_hash(self._secret, row.user_id),
        )
        rendering = await provider.render(
            call, lambda number, data: self._board.preview(row.id, number, data)
        )
        if not rendering.images:
            raise NoPicture(provider=model.provider, request_id=rendering.request_id, may_be_paid=True)
        return rendering

    async def _picture(self, stored: InputImage) -> Picture:
        try:
            data = await self._store.get(stored.key)
        except ImageMissing as error:
            raise NotFound(what="image", id=stored.image_id) from error
        return Picture(data=data, media_type=stored.media_type, width=stored.width, height=stored.height)

    async def _files(self, row: RequestRow, first: int, rendering: Rendering) -> list[ImageRow]:
        """Write the files; the rows for them. The call's cost is spread over its pictures so that the parts add up."""
        keys = await asyncio.gather(*(self._store.put(image.data) for image in rendering.images))
        each, rest = divmod(rendering.cost_microusd, len(rendering.images))
        return [
            self._row(row, first + offset, image, key, each + (rest if offset == 0 else 0))
            for offset, (image, key) in enumerate(zip(rendering.images, keys, strict=True))
        ]

    def _row(self, row: RequestRow, number: int, image: GeneratedImage, key: str, cost: int) -> ImageRow:
        return ImageRow(
            id=image_id(row.id, number), request_id=row.id, number=number, key=key, media_type=image.media_type,
            width=image.width, height=image.height, size_bytes=len(image.data), seed=image.seed,
            revised_prompt=image.revised_prompt, cost_microusd=cost, parent_image_id=row.parent_image_id,
            created_at=self._now(), deleted_at=None,
        )  # fmt: skip

    async def _settle(
        self, row: RequestRow, images: Sequence[ImageRow], failure: AtelierError | None
    ) -> tuple[RequestRow, AtelierError | None]:
        """Charge each picture at most its share of the estimate, release the rest, and write down how it ended."""
        if not images and failure is None:
            failure = Cancelled() if row.cancel_requested_at is not None else Broken()
        share, rest = divmod(row.estimate_microusd, row.count)
        charges = [
            PictureCharge(
                image_id=image.id,
                member_microusd=min(image.cost_microusd, share + (rest if image.number == 1 else 0)),
                pool_microusd=image.cost_microusd,
            )
            for image in images
        ]
        now, end = self._now(), _end(images, failure)
        settled = await self._ledger.settle(row.id, charges, now, end=end)
        if settled is None:
            # Somebody else (the reconciler, another process) was faster: what they wrote is the truth.
            return await self._requests.get(row.id) or row, failure
        return replace(
            row, state=end.state, settled_at=now, charged_microusd=settled.charged_microusd
        ), failure


def _end(images: Sequence[ImageRow], failure: AtelierError | None) -> End:
    if failure is None:
        return End(state=State.RENDERED)
    return End(
        state=_state_after(images, failure),
        failure_kind=failure.kind,
        failure_facts=failure.facts(),
        raw_error_code=failure.code if isinstance(failure, ProviderError) else None,
    )


def _state_after(images: Sequence[ImageRow], failure: AtelierError | None) -> State:
    if images:
        return State.RENDERED
    if isinstance(failure, PolicyRefusal):
        return State.REFUSED
    if isinstance(failure, Parked):
        return State.PARKED
    return State.CANCELLED if isinstance(failure, Cancelled) else State.FAILED
