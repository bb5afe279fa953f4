"""Requests that were tried several times and died each time: listed for admins, asked again or closed by them."""

from __future__ import annotations

from bot.errors import NotFound
from bot.images import ImageRequest, Place, Requester, State
from bot.studio import Accepted, Origin, Studio
from storage.requests import RequestRepository
from storage.rows import RequestRow
from storage.users import UserRepository


class Parked:
    def __init__(self, requests: RequestRepository, users: UserRepository, studio: Studio) -> None:
        self._requests, self._users, self._studio = requests, users, studio

    async def list(self, guild_id: int | None = None, *, limit: int = 25) -> list[RequestRow]:
        """Newest first; of one server, or of all."""
        return await self._requests.in_state(State.PARKED, guild_id=guild_id, limit=limit)

    async def retry(self, request_id: str) -> Accepted:
        """Ask again for its member, whose quota pays as it did; the result replaces the message that told of the end.

        Raises NotFound, or what any acceptance raises: then it stays parked.
        """
        row = await self._found(request_id)
        user = await self._users.get(row.user_id)
        requester = Requester(
            user_id=row.user_id, name=user.name if user else str(row.user_id), locale=row.locale
        )
        place = Place(
            guild_id=row.guild_id,
            channel_id=row.channel_id,
            locale=row.locale,
            private=row.private,
            spoiler=row.spoiler,
        )
        # The interaction is long dead: delivery goes by the message's id, or to the member alone if it was private.
        origin = Origin(
            door=row.door, application_id=row.application_id, message_id=row.message_id, client=row.client
        )
        accepted = await self._studio.submit(ImageRequest.from_json(row.request), requester, place, origin)
        await self._requests.set_state(request_id, State.FAILED, only_from=(State.PARKED,))
        return accepted

    async def close(self, request_id: str) -> None:
        """Set it aside for good. It was released when it was parked, and its member told. Raises NotFound."""
        await self._found(request_id)
        await self._requests.set_state(request_id, State.FAILED, only_from=(State.PARKED,))

    async def _found(self, request_id: str) -> RequestRow:
        row = await self._requests.get(request_id)
        if row is None or row.state != State.PARKED:
            raise NotFound(what="request", id=request_id)
        return row
