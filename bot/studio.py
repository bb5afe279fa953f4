"""The studio: what every door does with a wish for pictures, from the first check to the job that is durable.

    submit   check → price → reserve, write and enqueue in one transaction → show the place in the queue
    repeat   the same wish again, as a new request with a new seed
    cancel   a mark on the row that the running job obeys

Doors (Discord's commands and buttons, the command line, HTTP) build an `ImageRequest` and hand it in; none of them
knows about quotas, jobs or money.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import storage.rows
from bot import safety
from bot.acks import Acks
from bot.catalog import Catalog
from bot.directions import FREE
from bot.errors import (
    AtelierError,
    Cancelled,
    CoolingDown,
    NotAllowed,
    NotFound,
    QueueFull,
    QuotaExceeded,
    Stopping,
)
from bot.house import House
from bot.images import ImageRequest, InputImage, Kind, Place, Requester, State, new_request_id
from bot.quotas import QuotaService
from bot.styles import Styles
from bot.vault import Vault
from storage.engine_rows import NewJob
from storage.errors import NoRoom, TooManyOpen, TooSoon
from storage.images import ImageRepository
from storage.requests import RequestRepository
from storage.rows import ImageRow, Limit, NewRequest, Pace, RequestRow

if TYPE_CHECKING:
    from bot.jobs import Start  # the engine takes most of a second to import

_NOT_BEGUN = frozenset({State.ACCEPTED, State.QUEUED})


class Jobs(Protocol):
    """What the studio needs of the engine: the write that makes a job durable, and a word to a running one.

    Around the write stands a place here, where there is one, in which the job begins at once.
    """

    def reserve(self, row: NewRequest) -> Start | None: ...

    def job(self, request_id: str, start: Start | None) -> NewJob | None: ...

    def begin(self, start: Start | None) -> None: ...

    def forgo(self, start: Start | None) -> None: ...

    def cancel(self, request_id: str) -> None: ...


class Board(Protocol):
    """Where people see a request wait and grow."""

    def begin(self, row: NewRequest) -> None: ...
    async def end(self, request_id: str) -> None: ...


class Finisher(Protocol):
    """Who settles, releases and tells when a request ends before its job began."""

    async def finish(self, request_id: str, failure: AtelierError | None) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The event that asked: one event that comes twice is one request. `token` answers it until `token_expires_at`.

    `part` is a part of a batch instead: its id, the position (from 1) and the round. `reference` is a name
    under which the asker finds the request again.
    `client` is what the HTTP API has to remember about its caller.
    """

    door: str = "discord"
    interaction_id: int | None = None
    application_id: int | None = None
    token: str | None = None
    token_expires_at: float | None = None
    message_id: int | None = None
    part: tuple[str, int, int] | None = None
    reference: str | None = None
    client: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Under what a request is accepted. `payer` is whose key pays: `guild:ID`, `user:ID`, None for the owner's."""

    provider: str
    limits: Sequence[Limit]
    pace: Pace | None = None
    payer: str | None = None


@dataclass(frozen=True, kw_only=True)
class Accepted:
    id: str
    request: ImageRequest
    estimate_microusd: int
    duplicate: bool = False


class Studio:
    def __init__(
        self,
        *,
        catalog: Catalog,
        styles: Styles,
        quotas: QuotaService,
        requests: RequestRepository,
        images: ImageRepository,
        jobs: Jobs,
        board: Board,
        vault: Vault,
        acks: Acks,
        finisher: Finisher,
        open_limit: int | None,
        open_limit_overall: int | None = None,
        house: House | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._catalog, self._styles, self._quotas = catalog, styles, quotas
        self._requests, self._images = requests, images
        self._jobs, self._board, self._vault, self._acks = jobs, board, vault, acks
        self._finisher, self._open_limit, self._now = finisher, open_limit, now
        self._open_limit_overall = open_limit_overall
        self._house = house
        self._stopping = False

    def prepare(
        self, request: ImageRequest, default_model: str | None = None, catalog: Catalog | None = None
    ) -> ImageRequest:
        """The request in its model's own terms, or the refusal that says what cannot be. Touches no database.

        An empty `model` means that nobody named one: `default_model`, or the default of the kind, is taken.
        """
        prompt, negative = safety.clean(request.prompt), safety.clean(request.negative or "") or None
        direction = request.direction or (FREE if request.kind is Kind.VARIATIONS else None)
        catalog = catalog or self._catalog
        model = request.model or default_model or catalog.default(request.kind).id
        style = self._styles.check(request.style)
        chosen = bool(request.model) if request.chosen is None else request.chosen
        checked = catalog.check(
            replace(
                request,
                prompt=prompt,
                negative=negative,
                model=model,
                style=style,
                chosen=chosen,
                direction=direction,
            )
        )
        if checked.seed is None and catalog.find(checked.model).seed:
            # Chosen here rather than by the vendor: the card can state it, and the same words with it draw the same.
            checked = replace(checked, seed=secrets.randbelow(2**31))
        return checked

    async def submit(
        self, request: ImageRequest, requester: Requester, place: Place, origin: Origin
    ) -> Accepted:
        """Accept the request for good, or raise `Refused` with nothing written.

        From the moment this returns the pictures will be made, or everything reserved is released and the member told.
        """
        if self._stopping:
            raise Stopping
        async with self._acks.turn():
            catalog = await self.catalog_of(requester, place)
            request, estimate = await self.quote(request, requester, place)
            await self._check_backlog()
            terms = await self._terms(request, requester, place, estimate, catalog)
            row = await self._new_row(request, estimate, requester, place, origin, terms)
            # Before the row exists: the job may start, and end, before `accept` has returned to us.
            self._board.begin(row)
            try:
                accepted = await self._accept(row, terms)
            except QuotaExceeded as refusal:
                await self._board.end(row.id)
                if self._house is not None:
                    await self._house.refused(refusal, request, requester, place)
                raise
            except BaseException:
                await self._board.end(row.id)
                raise
        if accepted.duplicate:
            await self._board.end(row.id)
        return Accepted(
            id=accepted.id, request=request, estimate_microusd=estimate, duplicate=accepted.duplicate
        )

    async def quote(
        self, request: ImageRequest, requester: Requester, place: Place
    ) -> tuple[ImageRequest, int]:
        """The request as it would be accepted here, and its upper bound in micro-dollars. Raises `Refused`."""
        default_model, catalog = None, await self.catalog_of(requester, place)
        if self._house is not None:
            request = await self._house.welcome(request, requester, place)
            default_model = await self._house.default_model(request, place, catalog)
        request = self.prepare(request, default_model, catalog)
        return request, catalog.estimate(request)

    async def _check_backlog(self) -> None:
        """Few are let in past the limit: those that were counted here at the same moment, on a few processes."""
        if self._open_limit_overall is None:
            return
        waiting = await self._requests.count_all_open()
        if waiting >= self._open_limit_overall:
            raise QueueFull(limit=self._open_limit_overall, open=waiting, everybody=True)

    async def catalog_of(self, requester: Requester, place: Place) -> Catalog:
        """What this person can draw with here: their own keys and the server's count."""
        return self._catalog if self._house is None else await self._house.catalog(requester, place)

    async def _terms(
        self, request: ImageRequest, requester: Requester, place: Place, estimate: int, catalog: Catalog
    ) -> Terms:
        """Who pays, and within which limits. Raises what the rules of the house raise."""
        provider = catalog.find(request.model).provider
        payer = None
        if self._house is not None:
            payer = await self._house.admit(request, requester, place, estimate, catalog)
        limits = await self._quotas.limits_for(requester, place, provider=provider, payer=payer)
        pace = await self._quotas.pace_for(requester, place)
        return Terms(provider=provider, limits=limits, pace=pace, payer=payer)

    async def _written(self, row: NewRequest, terms: Terms) -> storage.rows.Accepted:
        start = self._jobs.reserve(row)
        if start is not None:
            row = start.row
        try:
            job = self._jobs.job(row.id, start)
            accepted = await self._requests.accept(
                row, terms.limits, job=job, open_limit=self._open_limit, pace=terms.pace
            )
        except BaseException:
            self._jobs.forgo(start)
            raise
        if accepted.duplicate:
            self._jobs.forgo(start)
        else:
            self._jobs.begin(start)
        return accepted

    async def _accept(self, row: NewRequest, terms: Terms) -> storage.rows.Accepted:
        try:
            return await self._written(row, terms)
        except NoRoom as refusal:
            raise self._quotas.exceeded(refusal) from refusal
        except TooManyOpen as refusal:
            raise QueueFull(limit=refusal.limit, open=refusal.open) from refusal
        except TooSoon as refusal:
            raise CoolingDown(seconds=refusal.seconds, ready_at=int(refusal.ready_at) + 1) from refusal

    async def request_of(self, request_id: str, requester: Requester) -> RequestRow:
        """A request that this person may go on from: a public one, or their own. Raises NotFound."""
        row = await self._requests.get(request_id)
        if row is None or (row.private and row.user_id != requester.user_id):
            raise NotFound(what="request", id=request_id)
        return row

    async def image_of(self, image_id: str, requester: Requester) -> tuple[ImageRow, RequestRow]:
        """A picture that this person may go on from, and the request that made it. Raises NotFound."""
        image = await self._images.get(image_id)
        if image is None or image.deleted_at is not None:
            raise NotFound(what="image", id=image_id)
        return image, await self.request_of(image.request_id, requester)

    async def pictures_of(self, request_id: str, requester: Requester) -> tuple[ImageRequest, list[ImageRow]]:
        """What was asked for and the pictures of it that are still there. Raises NotFound."""
        row = await self.request_of(request_id, requester)
        images = await self._images.of_request(request_id)
        return ImageRequest.from_json(row.request), [image for image in images if image.deleted_at is None]

    async def repeat(self, request_id: str, requester: Requester, place: Place, origin: Origin) -> Accepted:
        row = await self.request_of(request_id, requester)
        return await self.submit(
            replace(ImageRequest.from_json(row.request), seed=None), requester, place, origin
        )

    async def cancel(self, request_id: str, requester: Requester, *, moderator: bool = False) -> None:
        """Ask for a request to end unpaid where that still can be. Raises NotFound, or NotAllowed for a stranger."""
        row = await self._requests.get(request_id)
        if row is None:
            raise NotFound(what="request", id=request_id)
        if row.user_id != requester.user_id and not moderator:
            raise NotAllowed(what="not_yours")
        await self._end_early(row)

    async def cancel_all(self, requester: Requester) -> int:
        """Cancel what this member has waiting or running; how many."""
        rows = await self._requests.open_of_user(requester.user_id)
        await asyncio.gather(*(self._end_early(row) for row in rows))
        return len(rows)

    async def _end_early(self, row: RequestRow) -> None:
        """After the mark no job begins this request any more, so one that waits is released here and now."""
        if not await self._requests.request_cancel(row.id, self._now()):
            return
        self._jobs.cancel(row.id)
        marked = await self._requests.get(row.id)
        if marked is not None and marked.state in _NOT_BEGUN:
            await self._finisher.finish(row.id, Cancelled())

    async def delete(self, request_id: str, requester: Requester, *, moderator: bool = False) -> None:
        """Take a request's pictures out of every list. Raises NotFound, or NotAllowed for a stranger.

        The ledger keeps what they cost; the bytes go when nothing else shows the same picture.
        """
        row = await self._requests.get(request_id)
        if row is None:
            raise NotFound(what="request", id=request_id)
        if row.user_id != requester.user_id and not moderator:
            raise NotAllowed(what="not_yours")
        images = await self._images.of_request(request_id)
        await self._images.mark_deleted([image.id for image in images], self._now())

    async def delete_picture(self, image_id: str, requester: Requester) -> None:
        """One of a request's pictures, by its owner. Raises NotFound, or NotAllowed for a stranger."""
        image, row = await self.image_of(image_id, requester)
        if row.user_id != requester.user_id:
            raise NotAllowed(what="not_yours")
        await self._images.mark_deleted([image.id], self._now())

    def stop(self) -> None:
        """From here on every new wish is refused, kindly; what was accepted goes on."""
        self._stopping = True

    async def _new_row(
        self,
        request: ImageRequest,
        estimate: int,
        requester: Requester,
        place: Place,
        origin: Origin,
        terms: Terms,
    ) -> NewRequest:
        day = await self._quotas.day(place.guild_id)
        own_key, own_money = terms.payer is not None, (terms.payer or "").startswith("user:")
        batch_id, position, number = origin.part or (None, None, None)
        return NewRequest(
            id=new_request_id(),
            interaction_id=origin.interaction_id,
            kind=request.kind.value,
            prompt=request.prompt,
            model=request.model,
            provider=terms.provider,
            request=request.to_json(),
            user_id=requester.user_id,
            user_name=requester.name,
            guild_id=place.guild_id,
            channel_id=place.channel_id,
            locale=requester.locale,
            private=place.private,
            spoiler=place.spoiler,
            door=origin.door,
            count=request.count,
            estimate_microusd=estimate,
            # An empty date lies in no window: what somebody's own key pays is nobody else's account.
            day="" if own_money else day.local.isoformat(),
            owner_day="" if own_key else day.owner.isoformat(),
            payer=terms.payer,
            application_id=origin.application_id,
            token=self._vault.seal(origin.token) if origin.token else None,
            token_expires_at=origin.token_expires_at,
            message_id=origin.message_id,
            message_channel_id=place.channel_id,
            file_limit_bytes=place.file_limit_bytes,
            parent_image_id=request.parent_image_id,
            reference=origin.reference,
            limits=tuple(asdict(limit) for limit in terms.limits),
            counted_channel_id=place.parent_channel_id,
            batch_id=batch_id,
            batch_position=position,
            batch_round=number,
            listed=place.listed and not place.private,
            client=origin.client,
            created_at=self._now(),
        )


def as_input(image: ImageRow) -> InputImage:
    """One of our pictures as an input of the next request: the link that lineage follows."""
    return InputImage(
        key=image.key,
        media_type=image.media_type,
        width=image.width,
        height=image.height,
        size_bytes=image.size_bytes,
        image_id=image.id,
    )
