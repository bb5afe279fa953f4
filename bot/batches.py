"""Batches: several wishes under one parent, priced first, then asked for as turns come free.

    draft ──▶ running ──▶ done         every part has ended; `resume` asks once more for those that failed
                │  ▲
                │  └───── paused       a limit, or a rule of the house, has stopped it: `resume` when there is room
                └───────▶ cancelled    by its owner or a moderator: what was made is kept, `resume` goes on

Whoever works on a batch (the bot's foreman, a command line) calls `advance` until it says that it is over. Each call
does only what is missing, and each part is one request for each round, so that a kill between any two lines buys
nothing twice.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from bot.errors import (
    AtelierError,
    Blocked,
    Broken,
    CoolingDown,
    NotAllowed,
    NotFound,
    QueueFull,
    QuotaExceeded,
    Refused,
    Stopping,
    error_from_facts,
)
from bot.images import ImageRequest, Place, Requester, State
from bot.scripts import Segment
from bot.studio import Origin, Studio
from storage.batches import BatchRepository, BatchRow
from storage.rows import ImageRow, RequestRow

MODEL = "model"
"""The field of a segment that names another model than the batch's: how a comparison asks several the same."""

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_OPEN = frozenset({State.ACCEPTED, State.QUEUED, State.RENDERING})
_TITLE = 80


class BatchKind(StrEnum):
    BATCH = "batch"
    ILLUSTRATE = "illustrate"
    COMPARE = "compare"


class PartState(StrEnum):
    WAITING = "waiting"
    OPEN = "open"
    MADE = "made"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One segment and what became of it; `request` is the newest that was accepted for it."""

    position: int
    segment: Segment
    state: PartState
    request: RequestRow | None = None
    images: Sequence[ImageRow] = ()
    failure: AtelierError | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    row: BatchRow
    parts: Sequence[Part]

    def of(self, state: PartState) -> list[Part]:
        return [part for part in self.parts if part.state is state]

    @property
    def is_over(self) -> bool:
        """Nothing is under way, and nothing will be without somebody's doing."""
        return self.row.state != "running" and not self.of(PartState.OPEN)

    @property
    def charged_microusd(self) -> int:
        return sum(part.request.charged_microusd or 0 for part in self.parts if part.request)

    @property
    def place(self) -> Place:
        """Where it was asked for; a private one is shown to its requester alone, in their direct messages."""
        return Place(**self.row.place)

    @property
    def request(self) -> ImageRequest:
        return ImageRequest.from_json(self.row.request)


def new_batch_id() -> str:
    """`bat_` and 13 base32 characters, as requests have them."""
    return "bat_" + "".join(secrets.choice(_BASE32) for _ in range(13))


def prompt_of(look: str, text: str) -> str:
    """One look for all parts stands before what each of them shows."""
    return f"{look.strip().rstrip('.,;:')}. {text}" if look.strip() else text


class Batches:
    """`bell` is rung when there is something to do for whoever works on batches in this process."""

    def __init__(
        self,
        studio: Studio,
        batches: BatchRepository,
        *,
        bell: asyncio.Event | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._studio, self._batches, self._now = studio, batches, now
        self._bell = bell or asyncio.Event()

    async def draft(
        self,
        kind: BatchKind,
        segments: Sequence[Segment],
        request: ImageRequest,
        requester: Requester,
        place: Place,
        *,
        title: str = "",
        door: str = "discord",
        interaction_id: int | None = None,
        batch_id: str | None = None,
    ) -> BatchRow:
        """Write down what is wished for, with its price; nothing is reserved yet. `request.prompt` is the common look.

        `estimate_microusd` of the result is the upper bound of all parts. Raises what the first impossible part is
        refused with.
        """
        shared, estimate = await self._priced(segments, request, requester, place)
        now = self._now()
        row = BatchRow(
            id=batch_id or new_batch_id(),
            interaction_id=interaction_id,
            kind=kind.value,
            title=" ".join((title or segments[0].text).split())[:_TITLE],
            user_id=requester.user_id,
            guild_id=place.guild_id,
            channel_id=place.channel_id,
            door=door,
            requester=asdict(requester),
            place=asdict(place),
            request=shared.to_json(),
            segments=[segment.to_json() for segment in segments],
            estimate_microusd=estimate,
            created_at=now,
            updated_at=now,
        )
        return await self._batches.add(row)

    async def _priced(
        self, segments: Sequence[Segment], request: ImageRequest, requester: Requester, place: Place
    ) -> tuple[ImageRequest, int]:
        """The common request, its model and seed fixed so that price and look hold; and what all parts cost at most."""
        total, fixed = 0, request
        for segment in segments:
            checked, estimate = await self._studio.quote(_child(fixed, segment), requester, place)
            total += estimate
            if MODEL not in segment.extra:
                fixed = replace(
                    fixed, model=checked.model, chosen=checked.chosen, size=checked.size,
                    asked_size=checked.asked_size, quality=checked.quality, seed=checked.seed,
                )  # fmt: skip
        return fixed, total

    async def confirm(self, batch_id: str, requester: Requester) -> BatchRow:
        """Begin, once. Raises NotFound, or NotAllowed for anybody but its owner."""
        row = await self._owned(batch_id, requester)
        await self._batches.move(row.id, "running", only_from=("draft",))
        self._bell.set()
        return await self.get(batch_id)

    async def cancel(self, batch_id: str, requester: Requester, *, moderator: bool = False) -> None:
        """Ask for nothing more and end what is under way; what was made is kept. Raises as `confirm`."""
        await self._owned(batch_id, requester, moderator=moderator)
        await self._batches.move(batch_id, "cancelled", only_from=("draft", "running", "paused"))
        await self._cancel_open(await self.progress(batch_id), requester)
        self._bell.set()

    async def resume(self, batch_id: str, requester: Requester) -> bool:
        """Ask once more for what is missing; False when nothing is, or it is under way. Raises as `confirm`."""
        await self._owned(batch_id, requester)
        progress = await self.progress(batch_id)
        if len(progress.of(PartState.MADE)) == len(progress.parts):
            return False
        again = await self._batches.next_round(batch_id)
        self._bell.set()
        return again

    async def get(self, batch_id: str) -> BatchRow:
        row = await self._batches.get(batch_id)
        if row is None:
            raise NotFound(what="batch", id=batch_id)
        return row

    async def progress(self, batch_id: str) -> Progress:
        """How each part stands. Raises NotFound."""
        row = await self.get(batch_id)
        asked, made = await self._batches.parts(batch_id)
        return Progress(row=row, parts=_parts(row, asked, made))

    async def shown_to(self, batch_id: str, requester: Requester) -> Progress:
        """As `progress`, for somebody who may look: a private one is its owner's. Raises NotFound."""
        progress = await self.progress(batch_id)
        if progress.place.private and progress.row.user_id != requester.user_id:
            raise NotFound(what="batch", id=batch_id)
        return progress

    async def advance(self, batch_id: str, *, at_once: int) -> Progress:
        """Ask for as many waiting parts as keep `at_once` under way; how it stands then. Raises NotFound."""
        progress = await self.progress(batch_id)
        if progress.row.state == "cancelled":
            # Also those that were just being accepted while somebody cancelled.
            await self._cancel_open(progress, Requester(**_requester(progress.row)))
            return progress
        if progress.row.state != "running":
            return progress
        under_way = len(progress.of(PartState.OPEN))
        waiting = progress.of(PartState.WAITING)
        for part in waiting[: max(0, at_once - under_way)]:
            if not await self._ask(progress.row, part, under_way):
                break
            under_way += 1
        progress = await self.progress(batch_id)
        if not progress.of(PartState.WAITING) and not progress.of(PartState.OPEN):
            await self._batches.move(batch_id, "done", only_from=("running",))
            return await self.progress(batch_id)
        return progress

    async def _ask(self, row: BatchRow, part: Part, under_way: int) -> bool:
        """Whether to ask for the next one as well."""
        request = _child(ImageRequest.from_json(row.request), part.segment)
        origin = Origin(door=row.door, part=(row.id, part.position, row.round))
        try:
            await self._studio.submit(request, Requester(**_requester(row)), _place(row), origin)
        except (QueueFull, CoolingDown, Stopping):
            return False
        except (QuotaExceeded, Blocked, NotAllowed) as refusal:
            # What is reserved for parts under way may yet be given back.
            if not under_way:
                facts = {"failure_kind": refusal.kind, "failure_facts": refusal.facts()}
                await self._batches.move(row.id, "paused", only_from=("running",), **facts)
            return False
        except Refused as refusal:
            await self._batches.refuse(row.id, part.position, refusal.kind, refusal.facts())
        return True

    async def _cancel_open(self, progress: Progress, requester: Requester) -> None:
        for part in progress.of(PartState.OPEN):
            if part.request is not None and part.request.cancel_requested_at is None:
                await self._studio.cancel(part.request.id, requester, moderator=True)

    async def _owned(self, batch_id: str, requester: Requester, *, moderator: bool = False) -> BatchRow:
        row = await self.get(batch_id)
        if row.user_id != requester.user_id and not moderator:
            raise NotAllowed(what="not_yours")
        return row


def _child(common: ImageRequest, segment: Segment) -> ImageRequest:
    model = segment.extra.get(MODEL)
    named = {"model": model, "chosen": True, "seed": None} if isinstance(model, str) and model else {}
    return replace(common, prompt=prompt_of(common.prompt, segment.text), **named)


def _requester(row: BatchRow) -> dict[str, Any]:
    return {**row.requester, "role_ids": tuple(row.requester.get("role_ids", ()))}


def _place(row: BatchRow) -> Place:
    """Where the pictures go: the batch's own thread once there is one, whose parent's share pays.

    Private ones go to their requester whatever the place, which pays and whose rules hold.
    """
    place = Place(**row.place)
    if place.private or row.thread_id is None or row.thread_id == place.channel_id:
        return place
    return replace(
        place, channel_id=row.thread_id, parent_channel_id=place.parent_channel_id or place.channel_id
    )


def _parts(row: BatchRow, asked: Sequence[RequestRow], made: Sequence[ImageRow]) -> list[Part]:
    pictures: dict[str, list[ImageRow]] = {}
    for image in made:
        pictures.setdefault(image.request_id, []).append(image)
    newest: dict[int, RequestRow] = {}
    for request in asked:
        position = request.batch_position or 0
        known = newest.get(position)
        # A later round asks only for what was not made; a picture that is there outweighs whatever came after it.
        if known is None or not pictures.get(known.id):
            newest[position] = request
    return [
        _part(row, position, Segment.from_json(stored), newest.get(position), pictures)
        for position, stored in enumerate(row.segments, 1)
    ]


def _part(
    row: BatchRow,
    position: int,
    segment: Segment,
    request: RequestRow | None,
    pictures: Mapping[str, Sequence[ImageRow]],
) -> Part:
    found = pictures.get(request.id, ()) if request else ()
    state, failure = PartState.WAITING, None
    refused = row.refusals.get(str(position))
    if request is not None and State(request.state) in _OPEN:
        state = PartState.OPEN
    elif found or (request is not None and request.made):
        state = PartState.MADE
    elif refused:
        state, failure = PartState.FAILED, error_from_facts(*refused)
    elif request is not None and request.batch_round == row.round:
        kind, facts = request.failure_kind, request.failure_facts or {}
        state, failure = PartState.FAILED, error_from_facts(kind, facts) if kind else Broken()
    return Part(
        position=position, segment=segment, state=state, request=request, images=found, failure=failure
    )
