"""The studio for a process of its own: the command line and the library, with no Discord and no engine.

The same catalogue, ledger, store and log as the bot's, which may run beside it on the same database.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import hashlib
import json
import os
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot import media
from bot.acks import Acks
from bot.delivery.doors import InHand
from bot.drawing import Drawing
from bot.errands import DOOR, Errands, cut_off, release_abandoned
from bot.errors import AtelierError, Broken, NotFound, error_from_facts
from bot.foundation import Foundation, defaults_of, lay
from bot.i18n import terminal_locale
from bot.images import ImageRequest, InputImage, Place, Requester
from bot.onward import as_input
from bot.pools import Pools
from bot.settings import Settings
from bot.studio import Accepted, Origin, Studio
from bot.turns import Turns
from bot.work import StudioWork
from storage.image_store import key_of
from storage.rows import ImageRow, NewRequest, RequestRow

Preview = Callable[[int, bytes], None]
"""Told a picture's number (from 1) and its unfinished bytes."""

Progress = Callable[[int, float], None]
"""Told a picture's number (from 1) and how much of it is drawn, from 0.0 to 1.0, where the vendor says so."""

HERE = Place(guild_id=0, channel_id=0, private=True)


@dataclass(frozen=True, kw_only=True)
class Made:
    """What became of a request; with no pictures there is a failure, with some there may be one for the others."""

    row: RequestRow
    request: ImageRequest
    images: Sequence[ImageRow]
    failure: AtelierError | None
    cached: bool = False


class _Window:
    """Where the one who asked looks on: the board of this door."""

    def __init__(self) -> None:
        self._watchers: dict[str, tuple[Preview | None, Progress | None]] = {}

    def watch(self, request_id: str, preview: Preview | None, progress: Progress | None) -> None:
        self._watchers[request_id] = preview, progress

    def preview(self, request_id: str, number: int, data: bytes) -> None:
        preview, _ = self._watchers.get(request_id, (None, None))
        if preview is not None:
            preview(number, data)

    def wants_previews(self, row: RequestRow) -> bool:
        return self._watchers.get(row.id, (None, None))[0] is not None

    def progress(self, request_id: str, number: int, share: float) -> None:
        _, progress = self._watchers.get(request_id, (None, None))
        if progress is not None:
            progress(number, share)

    def begin(self, row: NewRequest | RequestRow) -> None: ...
    def drawing(self, row: RequestRow) -> None: ...

    async def end(self, request_id: str) -> None:
        self._watchers.pop(request_id, None)


class Workshop:
    def __init__(self, base: Foundation) -> None:
        settings, self._window = base.settings, _Window()
        self.base, self.me, self._errands = base, local_user(), Errands(base.requests)
        self._mine: set[str] = set()
        drawing = Drawing(
            catalog=base.catalog,
            styles=base.styles,
            providers=base.providers,
            store=base.store,
            board=self._window,
            pixels=base.pixels,
            secret=settings.secret(),
            pools=Pools(base.ledger, base.quotas),
            moderator=None if settings.moderation == "off" else base.account,
        )
        self._work = StudioWork(
            catalog=base.catalog,
            drawing=drawing,
            requests=base.requests,
            images=base.images,
            ledger=base.ledger,
            store=base.store,
            board=self._window,
            delivery=InHand(self._mine),
            turns=Turns(settings.queue_concurrency),
        )
        self.studio = Studio(
            catalog=base.catalog,
            styles=base.styles,
            quotas=base.quotas,
            requests=base.requests,
            images=base.images,
            jobs=self._errands,
            board=self._window,
            vault=base.vault,
            acks=Acks(),
            finisher=self._work,
            open_limit=None,
        )

    async def make(
        self,
        request: ImageRequest,
        *,
        preview: Preview | None = None,
        progress: Progress | None = None,
        reuse: bool = False,
        origin: Origin | None = None,
    ) -> Made:
        """Accept and draw it here and now. `reuse` takes the pictures of an equal request, made before, where it may.

        Raises Refused with nothing written. A failure after acceptance is in the result. Cancelling this ends the
        vendor's work and releases what is not made.
        """
        reference = self.reference_of(request)
        if reuse and (made := await self._made_before(reference)) is not None:
            return made
        accepted = await self._submit(request, replace(origin or Origin(door=DOOR), reference=reference))
        self._window.watch(accepted.id, preview, progress)
        await self.run(accepted.id)
        return await self.look_up(accepted.id)

    async def _submit(self, request: ImageRequest, origin: Origin) -> Accepted:
        """As the studio's; cancelled meanwhile, what was accepted all the same is released before it raises."""
        submitting = asyncio.ensure_future(self.studio.submit(request, self.me, HERE, origin))
        try:
            return await asyncio.shield(submitting)
        except asyncio.CancelledError:
            with contextlib.suppress(AtelierError):
                await self.studio.cancel((await submitting).id, self.me)
            raise

    async def run(self, request_id: str) -> None:
        self._mine.add(request_id)
        await self._errands.run(self._work, request_id)

    async def give_up(self, row: RequestRow) -> None:
        """Release what a process that is gone held for this open request."""
        await self._work.finish(row.id, cut_off(row))

    async def look_up(self, request_id: str) -> Made:
        """How a request stands. Raises NotFound."""
        found = await self.base.requests.with_images(request_id)
        if found is None:
            raise NotFound(what="request", id=request_id)
        row, images = found
        failure = error_from_facts(row.failure_kind, row.failure_facts or {}) if row.failure_kind else None
        present = [image for image in images if image.deleted_at is None]
        return Made(
            row=row,
            request=ImageRequest.from_json(row.request),
            images=present,
            failure=failure if present or failure else Broken(),
        )

    async def picture_of(self, id: str) -> InputImage:
        """A picture of ours, or the first of a request's, as an input. Raises NotFound."""
        image = await self.base.images.get(id if id.count("_") > 1 else f"{id}_1")
        if image is None or image.deleted_at is not None:
            raise NotFound(what="image", id=id)
        return as_input(image)

    async def picture(self, data: bytes, name: str | None = None) -> InputImage:
        """A file's bytes as an input: checked, upright, without metadata. Raises BadImage.

        What Atelier itself once wrote is the picture that it was, so that lineage follows it.
        """
        key = await self.base.pixels.run(key_of, data)
        if (ours := await self.base.images.with_content(key, self.me.user_id)) is not None:
            return as_input(ours)
        return await self._kept(await self.base.pixels.run(media.prepare_input, data, name=name))

    async def mask(self, data: bytes, of: InputImage, name: str | None = None) -> InputImage:
        """A mask of exactly the size of `of`. Raises BadImage."""
        size = (of.width, of.height)
        return await self._kept(await self.base.pixels.run(media.prepare_mask, data, size=size, name=name))

    async def _kept(self, clean: media.Prepared) -> InputImage:
        key = await self.base.store.put(clean.data)
        return InputImage(
            key=key,
            media_type=clean.media_type,
            width=clean.width,
            height=clean.height,
            size_bytes=len(clean.data),
        )

    async def _made_before(self, reference: str) -> Made | None:
        """All pictures of an equal request that are still there: one's own, or what everybody may see."""
        for row in await self.base.requests.with_reference(reference, self.me.user_id):
            made = await self.look_up(row.id)
            if made.failure is None and len(made.images) == row.count:
                return replace(made, cached=True)
        return None

    def reference_of(self, request: ImageRequest) -> str:
        """The same for equal wishes: model, all options in the model's own terms, and the content of input pictures.

        A seed counts where it was given: two that were drawn with chance's are equal.
        """
        checked = replace(self.studio.prepare(request), seed=request.seed, asked_size=None, chosen=None)
        told = checked.to_json()
        for picture in (*told.get("inputs", ()), *filter(None, [told.get("mask")])):
            picture.pop("image_id", None)
        written = json.dumps(told, sort_keys=True, ensure_ascii=False).encode()
        return f"equal:{hashlib.sha256(written).hexdigest()[:32]}"

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[Workshop]:
        """Inside, requests can be made; what processes before this one left behind is released.

        Parts of scripts only at the end: until then whoever was killed over them may go on with them.
        """
        async with self._errands.attended():
            await release_abandoned(self.base.requests, self._work, time.time(), parts=False)
            try:
                yield self
            finally:
                await release_abandoned(self.base.requests, self._work, time.time())


@asynccontextmanager
async def open_workshop(settings: Settings) -> AsyncGenerator[Workshop]:
    """Raises StartupError, CatalogError and SettingsError."""
    settings.prepare_data_dir()
    # The limits that the settings give to members do not hold for who runs the program; the owner's ceilings do.
    ceilings = replace(defaults_of(settings), images_per_day=None, microusd_per_month=None)
    async with lay(settings, defaults=ceilings) as base, Workshop(base).at_work() as workshop:
        yield workshop


def local_user() -> Requester:
    """Who runs this process. Their number on this machine and one: far below every id of Discord's."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "local"
    return Requester(user_id=os.getuid() + 1, name=name, is_admin=True, locale=terminal_locale(os.environ))
