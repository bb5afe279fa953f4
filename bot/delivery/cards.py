"""A request's card from what is stored of it: for its delivery, and whenever somebody wants to see it again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot import media
from bot.catalog import Catalog
from bot.errors import AtelierError
from bot.failover import helps_elsewhere, in_words_of, others
from bot.i18n import Texts, texts_for
from bot.images import ImageRequest, Kind
from bot.marks import command_link
from bot.replies import partly, reply_to, try_again
from bot.styles import Styles
from bot.views import Card, CardFile, Figures, failed_card, finished_card, told_card
from bot.wording import alt_text, cut
from storage.image_store import ImageStore
from storage.rows import ImageRow, RequestRow

_REQUEST_LIMIT_BYTES = 24 * 1024 * 1024
"""All files of one message; Discord's page says 25 MiB for the whole request, form included."""


class CardMaker:
    """`pages` is whether there are pages in a browser that a card's button may lead to."""

    def __init__(
        self,
        store: ImageStore,
        catalog: Catalog,
        styles: Styles,
        pixels: media.Pixels,
        *,
        pages: bool = False,
    ) -> None:
        self._store, self._catalog, self._styles = store, catalog, styles
        self._pixels, self._pages = pixels, pages

    async def files(
        self, row: RequestRow, images: Sequence[ImageRow], limit: int
    ) -> list[tuple[int, CardFile]]:
        """The pictures' own bytes, or a smaller format of those that this place would refuse."""
        t = texts_for(row.locale)
        request = ImageRequest.from_json(row.request)
        blobs = await asyncio.gather(*(self._store.get(image.key) for image in images))
        files = [
            (
                image.number,
                CardFile(
                    name=f"{image.id}.{image.media_type.removeprefix('image/')}",
                    data=data,
                    description=alt_text(t, request, image.number),
                    spoiler=row.spoiler,
                ),
            )
            for image, data in zip(images, blobs, strict=True)
        ]
        each = min(limit, _REQUEST_LIMIT_BYTES // max(1, len(files)))
        crowded = sum(len(file.data) for _, file in files) > _REQUEST_LIMIT_BYTES
        if crowded or any(len(file.data) > limit for _, file in files):
            return await self.smaller(files, each if crowded else limit)
        return files

    async def smaller(self, files: Sequence[tuple[int, CardFile]], limit: int) -> list[tuple[int, CardFile]]:
        shrunk: list[tuple[int, CardFile]] = []
        for number, file in files:
            if len(file.data) > limit:
                data, media_type = await self._pixels.run(media.shrink_to, file.data, limit)
                stem = file.name.rpartition(".")[0]
                file = CardFile(
                    name=f"{stem}.{media_type.removeprefix('image/')}", data=data,
                    description=file.description, spoiler=file.spoiler,
                )  # fmt: skip
            shrunk.append((number, file))
        return shrunk

    async def described_files(self, row: RequestRow, limit: int) -> list[tuple[int, CardFile]]:
        """The picture that was put into words, as far as it may go up here."""
        picture = ImageRequest.from_json(row.request).inputs[0]
        data, media_type = await self._store.get(picture.key), picture.media_type
        if len(data) > limit:
            data, media_type = await self._pixels.run(media.shrink_to, data, limit)
        name = f"described.{media_type.removeprefix('image/')}"
        words = cut(row.told_text, 1024)
        return [(1, CardFile(name=name, data=data, description=words, spoiler=row.spoiler))]

    def card(
        self,
        row: RequestRow,
        images: Sequence[ImageRow],
        files: Sequence[tuple[int, CardFile]],
        *,
        failure: AtelierError | None = None,
        left: str | None = None,
        mention: int | None = None,
        seconds: float,
        heading: str | None = None,
    ) -> Card:
        """The finished card, or the failed one where there are no pictures; it took `seconds`."""
        t = texts_for(row.locale)
        request = ImageRequest.from_json(row.request)
        if row.told:
            charged = row.charged_microusd or 0
            return told_card(
                t, row.id, row.told_text, files, self._name(row.model),
                charged_microusd=charged, seconds=seconds, left=left, mention=mention,
            )  # fmt: skip
        if not images:
            return self._failed(t, request, row.id, failure, mention)
        notes: list[str] = []
        if failure is not None:
            notes.append(partly(t, len(images), row.count, failure))
        makers = list(dict.fromkeys(image.model or row.model for image in images))
        drew = ", ".join(self._name(model) for model in makers)
        if makers != [row.model]:
            asked = self._name(row.model)
            notes.append(t("{model} could not draw just now, so {other} did.", model=asked, other=drew))
            maker = self._catalog.known(makers[0])
            request = (in_words_of(self._catalog, request, maker) if maker else None) or request
        figures = Figures(
            model_name=drew,
            dimensions=[(image.width, image.height) for image in images],
            seeds=[image.seed for image in images],
            charged_microusd=row.charged_microusd or 0,
            seconds=seconds,
            left=left,
            style=self._styles.label(request.style, t.locale),
        )
        return finished_card(
            t,
            request,
            row.id,
            files,
            figures,
            notes=notes,
            mention=mention,
            heading=heading,
            can_upscale=bool(self._catalog.models(Kind.UPSCALE)),
            can_paint=self._pages and bool(self._catalog.models(Kind.EDIT)),
        )

    def _failed(
        self,
        t: Texts,
        request: ImageRequest,
        request_id: str,
        failure: AtelierError | None,
        mention: int | None,
    ) -> Card:
        words, again = reply_to(failure or AtelierError(), t), try_again(failure)
        if helps_elsewhere(failure):
            words += " " + t("Who can draw: {models}.", models=command_link("models"))
        swap = self._swap(request, failure)
        return failed_card(t, request, request_id, words, again=again, mention=mention, swap=swap)

    def _swap(self, request: ImageRequest, failure: AtelierError | None) -> tuple[str, str] | None:
        """Another provider's model for a wish whose own could not: the member decides."""
        if not helps_elsewhere(failure):
            return None
        avoid = {request.model.partition("/")[0]}
        found = next(iter(others(self._catalog, request, avoid=avoid)), None)
        return (found.model, self._name(found.model)) if found else None

    def _name(self, model: str) -> str:
        known = self._catalog.known(model)
        return known.name if known else model


def seconds_of(row: RequestRow) -> float:
    """From the wish to the hand-over, for a card that is shown again."""
    return (row.delivered_at or row.settled_at or row.updated_at) - row.created_at
