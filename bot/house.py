"""The rules of the house: whether this member, here, may ask for this, and what the server adds to the wish.

Checked by the studio for every door. How much somebody may draw is `quotas`; here is who, where, and with what.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from bot.budget import BudgetWatch
from bot.catalog import Catalog
from bot.errors import Blocked, ModelNotHere, NotAllowed, PriceTooHigh, QuotaExceeded
from bot.images import ImageRequest, Place, Requester
from bot.keys import OwnKeys
from bot.offers import Offers
from bot.quotas import QuotaService
from bot.servers import Server, Servers


class House:
    def __init__(
        self,
        servers: Servers,
        quotas: QuotaService,
        catalog: Catalog,
        *,
        keys: OwnKeys,
        offers: Offers,
        budget: BudgetWatch,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._servers, self._quotas, self._catalog, self._now = servers, quotas, catalog, now
        self._keys, self._offers, self._budget = keys, offers, budget

    async def welcome(self, request: ImageRequest, requester: Requester, place: Place) -> ImageRequest:
        """The wish with the server's own style woven in. Raises Blocked or NotAllowed("channel" or "role")."""
        server = await self._servers.of(place.guild_id)
        block = server.blocks.get(requester.user_id)
        if block is not None and (block.until is None or block.until > self._now()):
            raise Blocked(reason=block.reason, until=None if block.until is None else int(block.until))
        allowed = server.settings.channels
        # Over HTTP there is no channel: that key was made for the whole server.
        if allowed and place.channel_id and not {place.channel_id, place.parent_channel_id} & set(allowed):
            raise NotAllowed(what="channel")
        if not (_may_draw(requester, server) or self._servers.is_owner(requester.user_id)):
            raise NotAllowed(what="role")
        return _styled(request, server)

    async def catalog(self, requester: Requester, place: Place) -> Catalog:
        """What this member can draw with here: the owner's providers and those that a key was brought for."""
        return self._catalog.with_keys_of(await self._keys.brought(requester.user_id, place.guild_id))

    def remembered_catalog(self, user_id: int, guild_id: int) -> Catalog:
        """As `catalog`, from memory: for lists that are offered while somebody types."""
        return self._catalog.with_keys_of(self._keys.remembered(user_id, guild_id))

    async def default_model(self, request: ImageRequest, place: Place, catalog: Catalog) -> str | None:
        """The server's default where it can do what is asked; None: the bot's own."""
        chosen = (await self._servers.of(place.guild_id)).settings.default_model
        usable = {model.id for model in catalog.models(request.kind)}
        if chosen in usable:
            return chosen
        allowed = (await self._servers.of(place.guild_id)).settings.models
        if allowed and catalog.default(request.kind).id not in allowed:
            return next((model for model in allowed if model in usable), None)
        return None

    async def admit(
        self, request: ImageRequest, requester: Requester, place: Place, estimate: int, catalog: Catalog
    ) -> str | None:
        """Whose key pays a checked request whose upper bound is `estimate` micro-dollars; None: the owner's.

        Raises ModelNotHere or PriceTooHigh.
        """
        allowed = (await self._servers.of(place.guild_id)).settings.models
        if allowed and request.model not in allowed:
            usable = {model.id for model in catalog.models(request.kind)}
            raise ModelNotHere(model=request.model, allowed=[model for model in allowed if model in usable])
        ceiling = await self._quotas.price_ceiling(requester, place)
        each = -(-estimate // request.count)
        if ceiling is not None and each > ceiling.amount:
            cheaper = [
                model.id for model in catalog.models(request.kind) if model.price_tag() <= ceiling.amount
            ]
            raise PriceTooHigh(limit=ceiling.amount, asked=each, cheaper=cheaper[:5])
        provider = catalog.find(request.model).provider
        return await self._keys.payer(provider, requester.user_id, place.guild_id)

    async def refused(
        self, refusal: QuotaExceeded, request: ImageRequest, requester: Requester, place: Place
    ) -> None:
        """A limit had no room: what the member can do now, and a word to the admins when it was the server's."""
        if place.channel_id:
            await self._offers.keep(refusal, request, requester, place)
        if refusal.scope == "server":
            await self._budget.used_up(place.guild_id, refusal.unit, refusal.window)


def _may_draw(requester: Requester, server: Server) -> bool:
    wanted = {*server.settings.drawing_roles, *server.settings.admin_roles}
    return (
        not server.settings.drawing_roles or requester.is_admin or not wanted.isdisjoint(requester.role_ids)
    )


def _styled(request: ImageRequest, server: Server) -> ImageRequest:
    """A style of the server is words only: woven in here, so that the job needs to know nothing of servers."""
    wanted = (request.style or "").strip().casefold()
    for name, words in server.settings.styles.items():
        if name.casefold() == wanted:
            return replace(request, prompt=f"{request.prompt.rstrip(' .,;')}. {words}", style=None)
    return request
