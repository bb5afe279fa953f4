"""Going on from a picture: edits, variations, other words, other models, blends, larger ones.

Each is a new request of whoever presses, on their own quota; what it was made from stays written on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict

from bot.catalog import Catalog
from bot.directions import BLEND
from bot.errors import NotFound
from bot.failover import in_words_of
from bot.images import ImageRequest, InputImage, Kind, Place, Requester
from bot.models import ImageModel
from bot.preferences import Usual, own_model
from bot.studio import Accepted, Origin, Studio, as_input
from storage.privacy import GONE
from storage.rows import RequestRow

_DESCRIBES_A_PICTURE = frozenset({Kind.GENERATE.value, Kind.VARIATIONS.value})
"""The kinds whose prompt says what is to be seen; an edit's says what is to change."""


class _Model(TypedDict):
    model: str
    chosen: bool | None


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who goes on, where the answer goes, the event that asked, and what holds where they say nothing."""

    requester: Requester
    place: Place
    origin: Origin
    usual: Usual = field(default_factory=Usual)


class Onward:
    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def swap(self, request_id: str, model: str, who: Asker) -> Accepted:
        """The same wish on a model that the member chose instead of the one that could not."""
        row = await self._studio.request_of(request_id, who.requester)
        request = ImageRequest.from_json(row.request)
        catalog = await self._studio.catalog_of(who.requester, who.place)
        fitted = in_words_of(catalog, request, catalog.find(model))
        return await self._submit(replace(fitted or replace(request, model=model), chosen=True), who)

    async def change(
        self, request_id: str, prompt: str, size: str | None, quality: str | None, who: Asker
    ) -> Accepted:
        """The same wish in other words; a size and quality of None stay as they were."""
        row = await self._studio.request_of(request_id, who.requester)
        request = ImageRequest.from_json(row.request)
        if size is not None:
            request = replace(request, size=size, asked_size=None)
        if quality is not None:
            request = replace(request, quality=quality, asked_quality=None)
        return await self._submit(replace(request, prompt=prompt, seed=None), who)

    async def edit(
        self,
        prompt: str,
        inputs: Sequence[InputImage],
        who: Asker,
        *,
        size: str | None = None,
        quality: str | None = None,
    ) -> Accepted:
        wish = ImageRequest(
            kind=Kind.EDIT,
            prompt=prompt,
            inputs=tuple(inputs),
            size=size or "auto",
            quality=quality,
            **await self._able(inputs, Kind.EDIT, who),
        )
        return await self._submit(wish, who)

    async def vary(
        self,
        picture: InputImage,
        who: Asker,
        *,
        prompt: str = "",
        direction: str | None = None,
        strength: float | None = None,
    ) -> Accepted:
        """Without words of the member the picture's own say what it is of, where they do."""
        words = prompt or await self._words_of(picture, who.requester)
        wish = ImageRequest(
            kind=Kind.VARIATIONS,
            prompt=words,
            inputs=(picture,),
            direction=direction,
            strength=strength,
            **await self._able((picture,), Kind.VARIATIONS, who),
        )
        return await self._submit(wish, who)

    async def blend(
        self, pictures: Sequence[InputImage], who: Asker, *, prompt: str = "", model: str = "", size: str = ""
    ) -> Accepted:
        wish = ImageRequest(
            kind=Kind.EDIT,
            prompt=prompt,
            model=model,
            size=size or "auto",
            inputs=tuple(pictures),
            direction=BLEND,
        )
        return await self._submit(wish, who)

    async def upscale(
        self, picture: InputImage, who: Asker, *, prompt: str = "", model: str = ""
    ) -> Accepted:
        wish = ImageRequest(
            kind=Kind.UPSCALE,
            prompt=prompt or await self._words_of(picture, who.requester),
            model=model or await self._usual_model(Kind.UPSCALE, who),
            inputs=(picture,),
        )
        return await self._submit(wish, who)

    async def describe(
        self, picture: InputImage, who: Asker, *, prompt: str = "", model: str = ""
    ) -> Accepted:
        """The picture in words; `prompt` says what to look at most."""
        wish = ImageRequest(kind=Kind.DESCRIBE, prompt=prompt, model=model, inputs=(picture,))
        return await self._submit(wish, who)

    async def imagine_told(
        self,
        request_id: str,
        who: Asker,
        *,
        prompt: str = "",
        size: str | None = None,
        quality: str | None = None,
    ) -> Accepted:
        """A picture from the words of a description, or from what a member made of them. Raises NotFound."""
        row = await self._studio.request_of(request_id, who.requester)
        words = prompt or row.told_text
        if not words:
            raise NotFound(what="request", id=request_id)
        wish = ImageRequest(
            kind=Kind.GENERATE,
            prompt=words,
            model=await self._usual_model(Kind.GENERATE, who),
            style=who.usual.style,
            size=size or who.usual.size or "auto",
            quality=quality,
        )
        return await self._submit(wish, who)

    async def input_of(self, image_id: str, requester: Requester) -> InputImage:
        """One of our pictures as an input of the next request. Raises NotFound."""
        image, _ = await self._studio.image_of(image_id, requester)
        return as_input(image)

    async def _submit(self, wish: ImageRequest, who: Asker) -> Accepted:
        return await self._studio.submit(wish, who.requester, who.place, who.origin)

    async def _able(self, inputs: Sequence[InputImage], kind: Kind, who: Asker) -> _Model:
        """The first picture's own model when it can do `kind` today, chosen as it was then; else the member's own
        default, else nobody's choice.
        """
        if inputs[0].image_id is not None:
            _, row = await self._studio.image_of(inputs[0].image_id, who.requester)
            catalog = await self._studio.catalog_of(who.requester, who.place)
            if any(entry.id == row.model for entry in catalog.models(kind)):
                return {"model": row.model, "chosen": ImageRequest.from_json(row.request).chosen}
        usual = await self._usual_model(kind, who)
        return {"model": usual, "chosen": bool(usual)}

    async def _usual_model(self, kind: Kind, who: Asker) -> str:
        """The member's own default where it can do `kind`; empty: as the server has it."""
        catalog = await self._studio.catalog_of(who.requester, who.place)
        return own_model(who.usual.model, catalog.models(kind))

    async def _words_of(self, picture: InputImage, requester: Requester) -> str:
        if picture.image_id is None:
            return ""
        _, row = await self._studio.image_of(picture.image_id, requester)
        return row.prompt if row.kind in _DESCRIBES_A_PICTURE and row.prompt != GONE else ""


def model_for(catalog: Catalog, row: RequestRow, kind: Kind, usual: str | None) -> ImageModel:
    """Who takes a picture's next step: its own model where that can, else the member's `usual` one, else the default.

    Raises NoProvider.
    """
    able = {entry.id: entry for entry in catalog.models(kind)}
    return able.get(row.model) or able.get(usual or "") or catalog.default(kind)
