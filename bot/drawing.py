"""One vendor call of a request: pictures read, words woven, the provider asked; elsewhere when it cannot.

A model that a member named is never swapped. Storing, paying and delivering what comes back is `bot.work`'s.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from bot import media, safety
from bot.catalog import Catalog
from bot.directions import directed
from bot.errors import AtelierError, Misconfigured, NoPicture, NotFound, ProviderError
from bot.failover import may_go_elsewhere, others
from bot.images import GeneratedImage, ImageRequest, InputImage, Kind
from bot.models import ImageModel
from bot.providers.base import (
    Description,
    Picture,
    Provider,
    RenderCall,
    Rendering,
    Resumable,
    begin_whole,
    describer,
    resumable,
)
from bot.styles import Styles
from storage.errors import ImageMissing
from storage.image_store import ImageStore
from storage.rows import NewRequest, RequestRow

_ASK_AGAIN_AFTER_SECONDS = (1.0, 5.0, 20.0, 60.0)
"""Between the tries to learn what was ordered before a crash: an order that stands is worth a wait."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Begun:
    """The vendor works on it under that id, whatever becomes of us; `model` is who was asked in the end."""

    job_id: str
    model: str


@dataclass(frozen=True)
class Drawn:
    rendering: Rendering
    model: str


class Board(Protocol):
    def preview(self, request_id: str, number: int, data: bytes) -> None: ...
    def progress(self, request_id: str, number: int, share: float) -> None: ...
    def wants_previews(self, row: RequestRow) -> bool: ...


class Keys(Protocol):
    """Who knows the providers of those who pay with a key of their own."""

    async def provider(self, payer: str, name: str) -> Provider: ...


class Pools(Protocol):
    async def take(self, row: RequestRow, provider: str, *, first: int, images: int, microusd: int) -> bool:
        """Whether this provider's pool has room for that part of the request; it holds it then."""
        ...

    async def holder(self, row: RequestRow, first: int) -> str | None:
        """The provider whose pool took the part from number `first` on, if one did."""
        ...


class Moderator(Protocol):
    async def check(self, call: RenderCall) -> None:
        """Raises PolicyRefusal."""
        ...


Allowed = Callable[[int], Awaitable[Collection[str]]]
"""The models that a server's admins allow, by its id; none: all of them."""


class Drawing:
    def __init__(
        self,
        *,
        catalog: Catalog,
        styles: Styles,
        providers: Mapping[str, Provider],
        store: ImageStore,
        board: Board,
        pixels: media.Pixels,
        secret: str,
        pools: Pools,
        keys: Keys | None = None,
        allowed: Allowed | None = None,
        moderator: Moderator | None = None,
    ) -> None:
        self._catalog, self._styles, self._providers = catalog, styles, providers
        self._store, self._board, self._pixels, self._secret = store, board, pixels, secret
        self._keys, self._allowed, self._moderator = keys, allowed, moderator
        self._pools = pools

    def is_one_call(self, row: NewRequest) -> bool:
        """Whether one call of the owner's own provider draws all of it, and nothing finds that call again by a name."""
        provider = self._providers.get(row.provider)
        if (
            row.kind == Kind.DESCRIBE
            or row.payer is not None
            or provider is None
            or resumable(provider) is not None
        ):
            return False
        model = self._catalog.known(row.model)
        return model is not None and len(model.plan(ImageRequest.from_json(row.request))) == 1

    async def draw(self, row: RequestRow, first: int, count: int, *, again: bool = False) -> Drawn | Begun:
        """One vendor call, to its end or, where the vendor names its work, to the name. Raises AtelierError.

        `again`: a process that is gone had begun it. Where that one had gone elsewhere it goes on there, and does not
        ask the first provider, who may be well by now: the other may be drawing it.
        """
        request = ImageRequest.from_json(row.request)
        asked, provider = request, row.provider
        if again and (went := await self._where_it_went(row, request, first, count)) is not None:
            asked, provider = went
        try:
            return await self._begin(row, asked, provider, first, count, again=again)
        except AtelierError as error:
            return await self._elsewhere(
                row, request, {row.provider, provider}, first, count, error, again=again
            )

    async def collect(
        self, row: RequestRow, first: int, count: int, begun: Begun, *, again: bool = False
    ) -> Drawn:
        """What was begun; drawn elsewhere where that failed and cost nothing. `again` as in `draw`."""
        request = ImageRequest.from_json(row.request)
        model = self._model(begun.model)
        asked = request if model.id == request.model else replace(request, model=model.id)
        call = await self._call(row, asked, model, first, count)
        provider = resumable(await self._provider(row, model.provider))
        if provider is None:
            raise Misconfigured(provider=model.provider, code="no_key")
        try:
            rendering = await provider.collect(call, begun.job_id, self._preview(row))
        except asyncio.CancelledError:
            await asyncio.shield(provider.cancel(begun.job_id))
            raise
        except AtelierError as error:
            tried = {row.provider, model.provider}
            drawn = await self._elsewhere(row, request, tried, first, count, error, again=again)
            if isinstance(drawn, Begun):
                # Its own step has passed; from here it is waited for without a checkpoint.
                return await self.collect(row, first, count, drawn, again=again)
            return drawn
        return Drawn(await self._finished(rendering, call), model.id)

    async def describe(self, row: RequestRow) -> Description:
        """The picture of a request of kind `describe` in words, in its requester's language. Raises AtelierError."""
        request = ImageRequest.from_json(row.request)
        teller = describer(await self._provider(row, row.provider))
        call = await self._call(row, request, self._model(request.model), 1, 1)
        if self._moderator is not None:
            await self._moderator.check(call)
        return await teller.describe(call, row.locale)

    async def _elsewhere(
        self,
        row: RequestRow,
        request: ImageRequest,
        tried: set[str],
        first: int,
        count: int,
        error: AtelierError,
        *,
        again: bool,
    ) -> Drawn | Begun:
        """By the next provider that can do it within what was reserved, with room in its pool; else raises `error`."""
        if not _may_be_swapped(row, request) or not may_go_elsewhere(error):
            raise error
        for candidate, provider, most in await self._candidates(row, request, tried, first, count):
            if not await self._pools.take(row, provider, first=first, images=count, microusd=most):
                continue
            _log.info("drawing elsewhere", request=row.id, why=str(error), model=candidate.model)
            try:
                return await self._begin(row, candidate, provider, first, count, again=again)
            except AtelierError as other:
                if not may_go_elsewhere(other):
                    raise other from error
        raise error

    async def _where_it_went(
        self, row: RequestRow, request: ImageRequest, first: int, count: int
    ) -> tuple[ImageRequest, str] | None:
        """Who was asked last instead of the request's own provider, and in which words: its pool holds the part."""
        if not _may_be_swapped(row, request) or (there := await self._pools.holder(row, first)) is None:
            return None
        candidates = await self._candidates(row, request, {row.provider}, first, count)
        return next(((asked, name) for asked, name, _ in candidates if name == there), None)

    async def _candidates(
        self, row: RequestRow, request: ImageRequest, avoid: Collection[str], first: int, count: int
    ) -> list[tuple[ImageRequest, str, int]]:
        """The part in the words of each other provider that can do it for its share: wish, provider, micro-dollars."""
        among = await self._allowed(row.guild_id) if self._allowed is not None else ()
        part, share = replace(request, count=count), share_of(row, first, count)
        found: list[tuple[ImageRequest, str, int]] = []
        for fitted in others(self._catalog, part, avoid=avoid, ceiling_microusd=share, among=among):
            model = self._model(fitted.model)
            seed = _seed_of(row) if model.seed and fitted.seed is None else fitted.seed
            asked = replace(fitted, count=request.count, seed=seed)
            found.append((asked, model.provider, self._catalog.estimate(fitted)))
        return found

    async def _begin(
        self,
        row: RequestRow,
        request: ImageRequest,
        provider_name: str,
        first: int,
        count: int,
        *,
        again: bool,
    ) -> Drawn | Begun:
        # A request that was accepted with this model is served with it, whatever the catalogue says by now.
        model = self._model(request.model)
        provider = await self._provider(row, provider_name)
        call = await self._call(row, request, model, first, count)
        if self._moderator is not None:
            await self._moderator.check(call)
        parts = _parts(call)
        named = resumable(provider)
        if named is not None and len(parts) == 1:
            # A process that died may have ordered it, and not have lived to note the name; of a batch's part it may
            # have been released since, and this is the next round's request for the same.
            may_be_ordered = again or (row.batch_round or 1) > 1
            found = await self._ordered_before(named, call) if may_be_ordered else None
            return Begun(found or await begin_whole(named, call), model.id)
        renderings = await asyncio.gather(*(self._rendered(row, provider, part) for part in parts))
        return Drawn(_together(renderings), model.id)

    async def _ordered_before(self, vendor: Resumable, call: RenderCall) -> str | None:
        """Raises the vendor's last error when it could not be asked: a new order could be the second one."""
        for pause in (*_ASK_AGAIN_AFTER_SECONDS, None):
            try:
                return await vendor.find(call)
            except ProviderError as error:
                if pause is None:
                    error.may_be_paid = True
                    raise
                _log.warning("the vendor could not be asked what was ordered", why=str(error), again_in=pause)
            await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def _rendered(self, row: RequestRow, provider: Provider, call: RenderCall) -> Rendering:
        return await self._finished(await provider.render(call, self._preview(row)), call)

    async def _finished(self, rendering: Rendering, call: RenderCall) -> Rendering:
        """In the format that was asked for, where the vendor sends what it likes."""
        if not rendering.images:
            raise NoPicture(provider=call.model.provider, request_id=rendering.request_id, may_be_paid=True)
        wanted = call.request.convert_to or (None if call.model.formats else call.request.format)
        if wanted is None:
            return rendering
        images = await asyncio.gather(*(self._converted(image, wanted) for image in rendering.images))
        return replace(rendering, images=tuple(images))

    async def _converted(self, image: GeneratedImage, wanted: str) -> GeneratedImage:
        if image.media_type == f"image/{wanted}":
            return image
        data = await self._pixels.run(media.convert, image.data, wanted)
        return replace(image, data=data, media_type=f"image/{wanted}")

    async def _call(
        self, row: RequestRow, request: ImageRequest, model: ImageModel, first: int, count: int
    ) -> RenderCall:
        inputs = await asyncio.gather(*(self._picture(picture) for picture in request.inputs))
        preset = self._styles.preset(request.style, model.provider) if model.presets else None
        words = directed(request.prompt, request.direction)
        return RenderCall(
            request=request,
            model=model,
            prompt=words if preset else self._styles.apply(words, request.style),
            preset=preset,
            first=first,
            count=count,
            inputs=tuple(inputs),
            mask=await self._picture(request.mask) if request.mask else None,
            progress=lambda number, share: self._board.progress(row.id, number, share),
            previews=model.previews if count == 1 and self._board.wants_previews(row) else 0,
            requester=safety.requester_hash(self._secret, row.user_id),
        )

    async def _picture(self, stored: InputImage) -> Picture:
        try:
            data = await self._store.get(stored.key)
        except ImageMissing as error:
            raise NotFound(what="image", id=stored.image_id) from error
        return Picture(data=data, media_type=stored.media_type, width=stored.width, height=stored.height)

    def _model(self, model_id: str) -> ImageModel:
        model = self._catalog.known(model_id)
        if model is None:
            raise Misconfigured(provider=model_id.partition("/")[0], code="no_model")
        return model

    async def _provider(self, row: RequestRow, name: str) -> Provider:
        if row.payer is not None and self._keys is not None:
            return await self._keys.provider(row.payer, name)
        provider = self._providers.get(name)
        if provider is None:
            raise Misconfigured(provider=name, code="no_key")
        return provider

    def _preview(self, row: RequestRow) -> Callable[[int, bytes], None]:
        return lambda number, data: self._board.preview(row.id, number, data)


def share_of(row: RequestRow, first: int, count: int) -> int:
    """In micro-dollars: what was reserved for the pictures from number `first` on; all shares add up to the whole."""
    before, after = first - 1, first - 1 + count
    return row.estimate_microusd * after // row.count - row.estimate_microusd * before // row.count


def _parts(call: RenderCall) -> list[RenderCall]:
    """As many calls as the model needs: it may make fewer at once than the one that the request was planned for."""
    plan = call.model.plan(replace(call.request, count=call.count))
    if len(plan) == 1:
        return [call]
    return [replace(call, first=call.first + offset - 1, count=count) for offset, count in plan]


def _may_be_swapped(row: RequestRow, request: ImageRequest) -> bool:
    """Not a model that somebody chose, and not on somebody's own key."""
    return request.chosen is False and row.payer is None


def _seed_of(row: RequestRow) -> int:
    """The same in each attempt and nobody else's: by it an order that was not noted is found again."""
    return int.from_bytes(hashlib.sha256(row.id.encode()).digest()[:4]) >> 1


def _together(renderings: list[Rendering]) -> Rendering:
    if len(renderings) == 1:
        return renderings[0]
    return Rendering(
        images=tuple(image for rendering in renderings for image in rendering.images),
        cost_microusd=sum(rendering.cost_microusd for rendering in renderings),
        request_id=renderings[0].request_id,
    )
