"""The studio: what every door does with a wish for pictures, from the first check to the job that is durable.

    submit   check → price → reserve, write and enqueue in one transaction → show the place in the queue
    repeat   the same wish again, as a new request with a new seed
    cancel   a mark on the row that the running job obeys

Doors (Discord's commands and buttons, the command line, HTTP) build an `ImageRequest` and hand it in; none of them
knows about quotas, jobs or money.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from sqlalchemy import Connection

import storage.rows
from bot import safety
from bot.acks import Acks
from bot.catalog import Catalog
from bot.errors import NotAllowed, NotFound, QueueFull, Stopping
from bot.images import ImageRequest, InputImage, Kind, Place, Requester, new_request_id
from bot.quotas import QuotaService
from bot.styles import Styles
from bot.vault import Vault
from storage.errors import NoRoom, TooManyOpen
from storage.images import ImageRepository
from storage.requests import RequestRepository
from storage.rows import ImageRow, Limit, NewRequest, RequestRow

VARIATION_PROMPT = "A variation of this picture: the same subject and mood, composed anew."
"""What a variation asks of a model that edits when the member adds no words; vendors have no such endpoint any more."""


class Jobs(Protocol):
    """What the studio needs of the engine: the write that makes a job durable, and a word to a running one."""

    def enqueue(self, connection: Connection, request_id: str, member: str) -> None: ...

    def cancel(self, request_id: str) -> None: ...


class Board(Protocol):
    """Where people see a request wait and grow."""

    def begin(self, row: NewRequest) -> None: ...
    async def end(self, request_id: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The event that asked: one event that comes twice is one request. `token` answers it until `token_expires_at`."""

    door: str = "discord"
    interaction_id: int | None = None
    application_id: int | None = None
    token: str | None = None
    token_expires_at: float | None = None
    message_id: int | None = None


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
        open_limit: int | None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._catalog, self._styles, self._quotas = catalog, styles, quotas
        self._requests, self._images = requests, images
        self._jobs, self._board, self._vault, self._acks = jobs, board, vault, acks
        self._open_limit, self._now = open_limit, now
        self._stopping = False

    def prepare(self, request: ImageRequest) -> ImageRequest:
        """The request in its model's own terms, or the refusal that says what cannot be. Touches no database.

        An empty `model` means that nobody named one: the default of the kind is taken.
        """
        prompt = safety.clean(request.prompt) or (VARIATION_PROMPT if request.kind is Kind.VARIATIONS else "")
        model = request.model or self._catalog.default(request.kind).id
        style = self._styles.check(request.style)
        checked = self._catalog.check(replace(request, prompt=prompt, model=model, style=style))
        if checked.seed is None and self._catalog.find(checked.model).seed:
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
        request = self.prepare(request)
        estimate = self._catalog.estimate(request)
        async with self._acks.turn():
            limits = await self._quotas.limits_for(requester, place)
            row = await self._new_row(request, estimate, requester, place, origin, limits)
            # Before the row exists: the job may start, and end, before `accept` has returned to us.
            self._board.begin(row)
            try:
                accepted = await self._accept(row, limits)
            except BaseException:
                await self._board.end(row.id)
                raise
        if accepted.duplicate:
            await self._board.end(row.id)
        return Accepted(
            id=accepted.id, request=request, estimate_microusd=estimate, duplicate=accepted.duplicate
        )

    async def _accept(self, row: NewRequest, limits: Sequence[Limit]) -> storage.rows.Accepted:
        def enqueue(connection: Connection) -> None:
            self._jobs.enqueue(connection, row.id, str(row.user_id))

        try:
            return await self._requests.accept(row, limits, enqueue=enqueue, open_limit=self._open_limit)
        except NoRoom as refusal:
            raise self._quotas.exceeded(refusal) from refusal
        except TooManyOpen as refusal:
            raise QueueFull(limit=refusal.limit, open=refusal.open) from refusal

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

    async def vary(self, image_id: str, requester: Requester, place: Place, origin: Origin) -> Accepted:
        image, row = await self.image_of(image_id, requester)
        wish = ImageRequest(
            kind=Kind.VARIATIONS,
            prompt="",
            model=self._able(row.model, Kind.VARIATIONS),
            inputs=(as_input(image),),
        )
        return await self.submit(wish, requester, place, origin)

    async def edit(
        self, image_id: str, prompt: str, requester: Requester, place: Place, origin: Origin
    ) -> Accepted:
        image, row = await self.image_of(image_id, requester)
        wish = ImageRequest(
            kind=Kind.EDIT, prompt=prompt, model=self._able(row.model, Kind.EDIT), inputs=(as_input(image),)
        )
        return await self.submit(wish, requester, place, origin)

    async def cancel(self, request_id: str, requester: Requester, *, moderator: bool = False) -> None:
        """Ask for a request to end unpaid where that still can be. Raises NotFound, or NotAllowed for a stranger."""
        row = await self._requests.get(request_id)
        if row is None:
            raise NotFound(what="request", id=request_id)
        if row.user_id != requester.user_id and not moderator:
            raise NotAllowed(what="not_yours")
        await self._requests.request_cancel(request_id, self._now())
        self._jobs.cancel(request_id)

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

    def stop(self) -> None:
        """From here on every new wish is refused, kindly; what was accepted goes on."""
        self._stopping = True

    def _able(self, model: str, kind: Kind) -> str:
        """The picture's own model when it can do `kind` today, else nobody's choice."""
        return model if any(entry.id == model for entry in self._catalog.models(kind)) else ""

    async def _new_row(
        self,
        request: ImageRequest,
        estimate: int,
        requester: Requester,
        place: Place,
        origin: Origin,
        limits: Sequence[Limit],
    ) -> NewRequest:
        day = await self._quotas.day(place.guild_id)
        return NewRequest(
            id=new_request_id(),
            interaction_id=origin.interaction_id,
            kind=request.kind.value,
            prompt=request.prompt,
            model=request.model,
            provider=self._catalog.find(request.model).provider,
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
            day=day.local.isoformat(),
            owner_day=day.owner.isoformat(),
            application_id=origin.application_id,
            token=self._vault.seal(origin.token) if origin.token else None,
            token_expires_at=origin.token_expires_at,
            message_id=origin.message_id,
            message_channel_id=place.channel_id,
            file_limit_bytes=place.file_limit_bytes,
            parent_image_id=request.parent_image_id,
            limits=tuple(asdict(limit) for limit in limits),
            counted_channel_id=place.parent_channel_id,
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
