"""The soft landing at a limit: the refused wish is kept, and the member may take a cheaper model or ask for more."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from bot.catalog import Catalog
from bot.errors import NotAllowed, NotFound, QuotaExceeded, Refused
from bot.images import ImageRequest, Place, Requester
from bot.quotas import QuotaService
from storage.offers import OfferRepository
from storage.rows import OfferRow
from storage.windows import Window, window_start

_MARK = "|"
"""Between a model and a quality."""


class Offers:
    def __init__(
        self,
        offers: OfferRepository,
        quotas: QuotaService,
        catalog: Catalog,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._offers, self._quotas, self._catalog, self._now = offers, quotas, catalog, now

    async def keep(
        self, refusal: QuotaExceeded, request: ImageRequest, requester: Requester, place: Place
    ) -> None:
        """Keep the wish and write on `refusal` how it can be gone on from. The owner's ceilings know no landing."""
        if refusal.scope in ("owner", "provider"):
            return
        refusal.cheaper = self._cheaper(refusal, request)
        day = await self._quotas.day(place.guild_id)
        row = OfferRow(
            id=secrets.token_hex(8),
            guild_id=place.guild_id,
            user_id=requester.user_id,
            channel_id=place.channel_id,
            locale=requester.locale,
            scope=refusal.scope,
            unit="images" if refusal.unit == "images" else "usd",
            window=refusal.window,
            window_start=window_start(Window(refusal.window), day.local).isoformat(),
            asked=refusal.asked,
            request=request.to_json(),
            cheaper=refusal.cheaper,
            created_at=self._now(),
        )
        await self._offers.add(row)
        refusal.offer = row.id

    async def cheaper(self, offer_id: str, requester: Requester) -> ImageRequest:
        """The kept wish with its cheaper model. Raises NotFound or NotAllowed."""
        row = await self._of(offer_id, requester)
        if row.cheaper is None:
            raise NotFound(what="request", id=offer_id)
        model, _, quality = row.cheaper.partition(_MARK)
        return _with_model(ImageRequest.from_json(row.request), model, quality or None)

    async def ask(self, offer_id: str, requester: Requester) -> OfferRow | None:
        """Note the wish for more; None when it was made before in this window. Raises NotFound or NotAllowed."""
        row = await self._of(offer_id, requester)
        key = ":".join([str(row.guild_id), str(row.user_id), row.unit, row.window, row.window_start])
        return row if await self._offers.ask(offer_id, key) else None

    async def decide(self, offer_id: str, guild_id: int, *, actor_id: int, times: int) -> OfferRow | None:
        """Grant what was asked `times` over (0: deny it). None when somebody decided before. Raises NotFound."""
        row = await self._offers.get(offer_id)
        if row is None or row.guild_id != guild_id:
            raise NotFound(what="request", id=offer_id)
        decided = await self._offers.decide(offer_id, "approved" if times else "denied", actor_id)
        if decided is not None and times:
            amount = granted(decided, times)
            await self._quotas.grant(
                guild_id, decided.user_id, actor_id=actor_id, reference=f"ask:{offer_id}",
                images=amount if decided.unit == "images" else 0, microusd=amount if decided.unit == "usd" else 0,
            )  # fmt: skip
        return decided

    async def _of(self, offer_id: str, requester: Requester) -> OfferRow:
        row = await self._offers.get(offer_id)
        if row is None:
            raise NotFound(what="request", id=offer_id)
        if row.user_id != requester.user_id:
            raise NotAllowed(what="not_yours")
        return row

    def _cheaper(self, refusal: QuotaExceeded, request: ImageRequest) -> str | None:
        """What would still fit, the dearest first, where money is what ran out: a model, or `model|quality`."""
        if refusal.unit != "usd":
            return None
        room = refusal.limit - refusal.used - refusal.reserved
        fitting: list[tuple[int, str]] = []
        for model in self._catalog.models(request.kind):
            for quality in dict.fromkeys((None, *model.qualities[:1])):
                try:
                    wish = self._catalog.check(_with_model(request, model.id, quality))
                except Refused:
                    continue
                price = self._catalog.estimate(wish)
                if price <= room and price < refusal.asked:
                    fitting.append((price, f"{model.id}{_MARK}{quality}" if quality else model.id))
        return max(fitting)[1] if fitting else None


def granted(row: OfferRow, times: int) -> int:
    """In images or micro-dollars. Ten more pictures are ten, whatever was asked; money goes by what was asked."""
    if times <= 1:
        return row.asked
    return times if row.unit == "images" and row.asked <= times else row.asked * times


def _with_model(request: ImageRequest, model: str, quality: str | None) -> ImageRequest:
    """Nothing that was said in the other model's own words."""
    size = request.asked_size or request.size
    return replace(
        request, model=model, size=size, asked_size=None, quality=quality, asked_quality=None, format=None,
        background=None, seed=None, negative=None,
    )  # fmt: skip
