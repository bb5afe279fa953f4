"""Handing a result over in Discord: the whole chain from the answer's token to "kept, and you are told".

    answer by token -> the same message by its id -> a new message in the channel -> a direct message -> kept

A private result skips the middle: it goes to its requester or stays in the store, never into a channel. Each way is
tried again where Discord gave no usable answer and trying again cannot show the picture twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from bot.delivery import LATER
from bot.delivery.address import Address, address_of
from bot.delivery.cards import CardMaker
from bot.delivery.messenger import DoorShut, Gone, Messenger, TooLarge, Unclear
from bot.errors import AtelierError
from bot.i18n import texts_for
from bot.preferences import PreferenceBook
from bot.quotas import QuotaService
from bot.replies import left_line
from bot.vault import Vault
from bot.views import Card, CardFile, text_card
from storage.errors import StorageError
from storage.rows import ImageRow, NewRequest, RequestRow

PING_AFTER_SECONDS = 60.0
"""Whoever waited longer has looked away: an edit alone would not call them back."""

_TRIES = 4
_AT_ONCE = 16
_FIRST_WAIT_SECONDS = 1.0
_TOKEN_MARGIN_SECONDS = 5.0

Way = Callable[[Address, Card], Awaitable[object]]

_log = structlog.get_logger(__name__)


class DiscordDelivery:
    def __init__(
        self,
        messenger: Messenger,
        *,
        vault: Vault,
        cards: CardMaker,
        quotas: QuotaService,
        preferences: PreferenceBook,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._messenger, self._vault, self._cards, self._quotas = messenger, vault, cards, quotas
        self._preferences = preferences
        self._now, self._sleep = now, sleep
        self._hands = asyncio.Semaphore(_AT_ONCE)

    def address(self, row: NewRequest | RequestRow) -> Address:
        return address_of(row, self._vault)

    async def deliver(
        self,
        row: RequestRow,
        images: Sequence[ImageRow],
        failure: AtelierError | None,
        *,
        heading: str | None = None,
    ) -> str | None:
        """None when somebody can see it, LATER when that is worth another round, else why not, for the row.

        `heading` stands over the words of a finished card.

        Never raises for Discord's doing.
        """
        if row.door != "discord" and (row.private or not row.channel_id):
            # Whoever asked by another door looks there.
            return None
        # Each holds its pictures twice, as they are and as a form: without a bound a crowd's would fill the memory.
        async with self._hands:
            return await self._deliver(row, images, failure, heading)

    async def _deliver(
        self,
        row: RequestRow,
        images: Sequence[ImageRow],
        failure: AtelierError | None,
        heading: str | None,
    ) -> str | None:
        address = self.address(row)
        try:
            limit = address.file_limit_bytes
            files = (
                await self._cards.described_files(row, limit)
                if row.told
                else await self._cards.files(row, images, limit)
            )
        except StorageError as error:
            _log.exception("the pictures of a request cannot be read", request=row.id)
            return str(error)
        made = bool(images or row.told)
        left = await self._left(row) if made else None

        async def card(mention: int | None, shown: Sequence[tuple[int, CardFile]]) -> Card:
            seconds = self._now() - row.created_at
            # The batch's own card calls its owner, once for all parts.
            called = None if row.batch_id else mention
            return self._cards.card(
                row,
                images,
                shown,
                failure=failure,
                left=left,
                mention=called,
                seconds=seconds,
                heading=heading,
            )

        problem = await self._chain(address, files, card)
        if problem is None and made and row.batch_id is None and await self._wants_ping(row):
            await self._ping(address)
        return problem

    async def _wants_ping(self, row: RequestRow) -> bool:
        wish = (await self._preferences.fresh(row.user_id)).ping
        late = self._now() - row.created_at > PING_AFTER_SECONDS
        return wish == "always" or (late and wish != "never")

    async def _chain(
        self,
        address: Address,
        files: Sequence[tuple[int, CardFile]],
        card: Callable[[int | None, Sequence[tuple[int, CardFile]]], Awaitable[Card]],
    ) -> str | None:
        problem, unclear = "unreachable", False
        for name, is_new, way in self._ways(address):
            if is_new and unclear:
                # An edit may have arrived without our hearing of it: a new message could show the picture twice.
                return LATER
            mention = address.user_id if name == "channel" else None
            try:
                await self._try(way, address, files, lambda shown, whom=mention: card(whom, shown))
                return None
            except Gone:
                return await self._hand_over_privately(address, await card(None, files))
            except (DoorShut, Unclear, TooLarge) as error:
                unclear = unclear or isinstance(error, Unclear)
                problem = f"{name}: {error}"
                _log.info("delivery goes another way", request=address.request_id, way=name, why=str(error))
            except Exception:  # noqa: BLE001 - see below
                # A form that Discord refuses is our bug; the other ways would meet the same refusal but cost nothing.
                _log.exception("delivery broke", request=address.request_id, way=name)
                problem = f"{name}: broken"
        return LATER if unclear else problem

    def _ways(self, address: Address) -> list[tuple[str, bool, Way]]:
        """(name, whether it makes a new message, how), in the order in which they are tried."""
        nonce, messenger = address.request_id, self._messenger
        ways: list[tuple[str, bool, Way]] = []
        if address.token is not None and self._now() < address.token_expires_at - _TOKEN_MARGIN_SECONDS:
            ways.append(("answer", False, messenger.edit_answer))
        if not address.private:
            ways.append(("message", False, messenger.edit_message))
            ways.append(("channel", True, lambda to, what: messenger.send(to, what, nonce)))
        ways.append(("direct", True, lambda to, what: messenger.send_direct(to, what, nonce)))
        return ways

    async def _try(
        self,
        way: Way,
        address: Address,
        files: Sequence[tuple[int, CardFile]],
        card: Callable[[Sequence[tuple[int, CardFile]]], Awaitable[Card]],
    ) -> None:
        wait = _FIRST_WAIT_SECONDS
        for attempt in range(1, _TRIES + 1):
            try:
                await way(address, await card(files))
                return
            except TooLarge:
                smaller = await self._cards.smaller(files, address.file_limit_bytes // 2)
                if smaller == list(files):
                    raise
                files = smaller
            except Unclear:
                if attempt == _TRIES:
                    raise
                await self._sleep(wait)
                wait *= 3
        raise TooLarge("still too large after shrinking")

    async def _left(self, row: RequestRow) -> str | None:
        standing = await self._quotas.left_of(row)
        return left_line(texts_for(row.locale), standing)

    async def _ping(self, address: Address) -> None:
        """Best effort, and once: it comes after the result is in place and is not tried again."""
        t = texts_for(address.locale)
        words = text_card(t("<@{user}> your picture is ready.", user=address.user_id))
        try:
            await self._messenger.follow_up(address, words, ephemeral=address.private, mention=True)
        except (DoorShut, Gone, TooLarge, Unclear) as error:
            _log.info("no ping", request=address.request_id, why=str(error))

    async def _hand_over_privately(self, address: Address, card: Card) -> str | None:
        """The waiting message was deleted, so nothing is posted in its place: the requester alone gets the result."""
        try:
            await self._messenger.follow_up(address, card, ephemeral=True)
        except (DoorShut, Gone, TooLarge, Unclear):
            try:
                await self._messenger.send_direct(address, card, address.request_id)
            except (DoorShut, Gone, TooLarge, Unclear) as error:
                return f"message_deleted: {error}"
        return None
