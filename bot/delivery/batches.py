"""A batch in Discord: its card in the channel, its pictures in a thread below, and at the end everything as files.

Each way may be gone through again after a crash: the card and the files have nonces, the thread belongs to the card.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import structlog
from discord import ui

from bot.batch_cards import comparison_card, picture_of, progress_card
from bot.batches import BatchKind, Part, PartState, Progress
from bot.catalog import Catalog
from bot.delivery.address import SAFE_LIMIT_BYTES, Address
from bot.delivery.messenger import DoorShut, Gone, Messenger, TooLarge
from bot.errors import AtelierError
from bot.exports import Illustration, Outcome, Packed, enriched, file_names, packed, script_json
from bot.i18n import Texts, texts_for
from bot.images import ImageRequest, Place
from bot.replies import reply_to
from bot.scripts import Segment
from bot.styles import Styles
from bot.views import Card, CardFile
from bot.wording import alt_text
from storage.batches import BatchRepository, BatchRow
from storage.errors import StorageError
from storage.image_store import ImageStore
from storage.rows import ImageRow, RequestRow

EDIT_EVERY_SECONDS = 3.0
_FILES_A_MESSAGE = 10
_MESSAGE_BYTES = 24 * 1024 * 1024
_THREAD_NAME = 100
_REMEMBERED = 500

_log = structlog.get_logger(__name__)


class Inner(Protocol):
    async def deliver(
        self,
        row: RequestRow,
        images: Sequence[ImageRow],
        failure: AtelierError | None,
        *,
        heading: str | None = None,
    ) -> str | None: ...


class PartDelivery:
    """The delivery of requests, which hands over parts of batches in their own way: only pictures, and none of those
    that are compared; the batch's card says the rest. `bell` is rung for whoever draws that card.
    """

    def __init__(self, inner: Inner, batches: BatchRepository, bell: asyncio.Event) -> None:
        self._inner, self._batches, self._bell = inner, batches, bell

    async def deliver(
        self, row: RequestRow, images: Sequence[ImageRow], failure: AtelierError | None
    ) -> str | None:
        if row.batch_id is None:
            return await self._inner.deliver(row, images, failure)
        self._bell.set()
        batch = await self._batches.get(row.batch_id)
        if not images or (batch is not None and batch.kind == BatchKind.COMPARE):
            return None
        heading = _which(row, batch) if batch else None
        return await self._inner.deliver(row, images, failure, heading=heading)


class BatchStage:
    """Shows batches; raises DoorShut, Gone, TooLarge or Unclear where Discord did not let it."""

    def __init__(
        self,
        messenger: Messenger,
        batches: BatchRepository,
        *,
        store: ImageStore,
        catalog: Catalog,
        styles: Styles,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._messenger, self._batches = messenger, batches
        self._store, self._catalog, self._styles, self._now = store, catalog, styles, now
        self._shown: dict[str, tuple[float, object]] = {}

    async def open(self, progress: Progress) -> bool:
        """The card and its thread, where there are none yet; whether anything was new."""
        row = progress.row
        if row.kind == BatchKind.COMPARE or row.thread_id is not None:
            return False
        address = _address(row)
        if row.message_id is None:
            await self._post(progress, address)
            return True
        await self._batches.place(row.id, thread_id=await self._thread(row, address))
        return True

    async def open_privately(self, progress: Progress) -> tuple[int, int]:
        """The card of a batch that begins now, in its requester's direct messages; the ids of its channel and message.

        Safe to repeat. Before anything is bought: where they let nobody write, this raises DoorShut.
        """
        row = progress.row
        if row.message_id is not None:
            return row.message_channel_id or 0, row.message_id
        begun = replace(progress, row=replace(row, state="running"))
        return await self._post(begun, _address(row))

    async def _post(self, progress: Progress, address: Address) -> tuple[int, int]:
        row, card = progress.row, await self._card(progress)
        if address.private:
            channel, message = await self._messenger.send_direct(address, card, row.id)
        else:
            try:
                channel, message = address.channel_id, await self._messenger.send(address, card, row.id)
            except DoorShut:
                channel, message = await self._messenger.send_direct(address, card, row.id)
        await self._batches.place(row.id, message_id=message, message_channel_id=channel)
        return channel, message

    async def _thread(self, row: BatchRow, address: Address) -> int:
        """In direct messages and inside of threads, or where threads are not allowed, the place itself."""
        place = Place(**row.place)
        if not row.guild_id or place.parent_channel_id is not None or address.channel_id != place.channel_id:
            return address.channel_id
        try:
            return await self._messenger.open_thread(address, row.title[:_THREAD_NAME])
        except DoorShut:
            return address.channel_id

    async def show(self, progress: Progress) -> None:
        """The newest state, at most every few seconds; when it is over, at once."""
        row, last = progress.row, self._shown.get(progress.row.id)
        state = (row.state, row.round, [(part.state, len(part.images)) for part in progress.parts])
        if last is not None and last[1] == state and not progress.is_over:
            return
        if last is not None and not progress.is_over and self._now() - last[0] < EDIT_EVERY_SECONDS:
            return
        try:
            await self._messenger.edit_message(_address(row), await self._card(progress))
        except (DoorShut, Gone) as error:
            # Somebody took the card away; the pictures go where they go.
            _log.info("a batch's card is gone", batch=row.id, why=repr(error))
        self._shown[row.id] = self._now(), state
        while len(self._shown) > _REMEMBERED:
            self._shown.pop(next(iter(self._shown)))

    async def _card(self, progress: Progress) -> Card:
        t = self._texts(progress.row)
        if progress.row.kind != BatchKind.COMPARE:
            return progress_card(t, progress, self._catalog, self._styles)
        files = {
            part.position: await self._file(t, part, image)
            for part in progress.parts
            if (image := picture_of(part)) is not None
        }
        votes = await self._batches.votes(progress.row.id)
        return comparison_card(t, progress, self._catalog, files, votes)

    async def _file(self, t: Texts, part: Part, image: ImageRow) -> CardFile:
        assert part.request is not None
        return CardFile(
            name=picture_name(image),
            data=await self._store.get(image.key),
            description=alt_text(t, ImageRequest.from_json(part.request.request), part.position),
        )

    async def finish(self, progress: Progress) -> None:
        """The last state of the card; then, where something was made, all of it as files, once a round."""
        row = progress.row
        await self.show(progress)
        if row.kind == BatchKind.COMPARE or row.state == "paused" or not progress.of(PartState.MADE):
            return
        t, address = self._texts(row), _address(row, channel_id=row.thread_id)
        for number, card in enumerate(await self.export(t, progress), 1):
            try:
                await self._messenger.send(address, card, f"{row.id}.{row.round}.{number}"[:25])
            except (DoorShut, TooLarge) as error:
                # The button on the card gives the same files to whoever asks.
                _log.info("a batch's files could not be posted", batch=row.id, why=repr(error))

    async def export(self, t: Texts, progress: Progress) -> list[Card]:
        """One message, or several where one cannot hold all: the script enriched, and the pictures, as zip files."""
        done, names = await self._packed(t, progress)
        files = [
            CardFile(
                name=f"{_stem(progress.row)}{f'_{number}' if len(done.files) > 1 else ''}.zip",
                data=data,
                description=t("Pictures and script.json"),
            )
            for number, data in enumerate(done.files, 1)
        ]
        pages = _pages(files)
        made = sum(name is not None for name in names)
        words = [
            "📦 " + t.n("{n} picture and the script, to keep.", "{n} pictures and the script, to keep.", made)
        ]
        if done.left_out:
            listed = ", ".join(f"`{name}`" for name in done.left_out)
            words.append(
                t("Too large for this place, get it with its card’s Original: {names}", names=listed)
            )
        return [_files_card("\n".join(words) if first else "", page) for first, page in _numbered(pages)]

    async def _packed(self, t: Texts, progress: Progress) -> tuple[Packed, list[str | None]]:
        segments = [part.segment for part in progress.parts]
        outcomes = [await self._outcome(t, part) for part in progress.parts]
        names = file_names(segments, outcomes)
        script = script_json(enriched(segments, outcomes, files=names))
        pictures = [
            (name, outcome.data)
            for name, outcome in zip(names, outcomes, strict=True)
            if name and isinstance(outcome, Illustration)
        ]
        limit = progress.place.file_limit_bytes
        if progress.place.private:
            limit = min(limit, SAFE_LIMIT_BYTES)
        return await asyncio.to_thread(packed, {"script.json": script}, pictures, limit), names

    async def _outcome(self, t: Texts, part: Part) -> Outcome:
        image = picture_of(part)
        if image is None:
            return reply_to(part.failure, t) if part.failure else None
        try:
            data = await self._store.get(image.key)
        except StorageError:
            return t("That picture is not there any more.")
        return Illustration(
            data=data, media_type=image.media_type, model=image.model or "", cost_microusd=image.cost_microusd,
            image_id=image.id, width=image.width, height=image.height, seed=image.seed,
            prompt=part.request.prompt if part.request else "",
        )  # fmt: skip

    def _texts(self, row: BatchRow) -> Texts:
        return texts_for(str(row.requester.get("locale", "en-US")))


def _which(row: RequestRow, batch: BatchRow) -> str:
    """`3/12 · 0:30`: which part of the script a picture belongs to."""
    position = row.batch_position or 1
    time = Segment.from_json(batch.segments[position - 1]).timestamp
    return f"{position}/{len(batch.segments)}" + (f" · `{time}`" if time else "")


def picture_name(image: ImageRow) -> str:
    return f"{image.id}.{image.media_type.removeprefix('image/')}"


def _address(row: BatchRow, *, channel_id: int | None = None) -> Address:
    place = Place(**row.place)
    return Address(
        request_id=row.id,
        application_id=0,
        token=None,
        token_expires_at=0.0,
        message_id=row.message_id,
        channel_id=channel_id or row.message_channel_id or place.channel_id,
        guild_id=row.guild_id,
        user_id=row.user_id,
        locale=str(row.requester.get("locale", "en-US")),
        private=place.private,
        spoiler=False,
        file_limit_bytes=place.file_limit_bytes,
    )


def _stem(row: BatchRow) -> str:
    kept = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in row.title.lower())
    return "-".join(part for part in kept.split("-") if part)[:40] or row.id


def _pages(files: Sequence[CardFile]) -> list[list[CardFile]]:
    pages: list[list[CardFile]] = [[]]
    for file in files:
        held = sum(len(one.data) for one in pages[-1])
        if pages[-1] and (held + len(file.data) > _MESSAGE_BYTES or len(pages[-1]) == _FILES_A_MESSAGE):
            pages.append([])
        pages[-1].append(file)
    return pages


def _numbered(pages: Sequence[list[CardFile]]) -> list[tuple[bool, list[CardFile]]]:
    return [(number == 0, page) for number, page in enumerate(pages)]


def _files_card(words: str, files: Sequence[CardFile]) -> Card:
    view = ui.LayoutView(timeout=None)
    if words:
        view.add_item(ui.TextDisplay(words))
    for file in files:
        view.add_item(ui.File[ui.LayoutView](f"attachment://{file.shown_name}"))
    return Card(view=view, files=tuple(files))
