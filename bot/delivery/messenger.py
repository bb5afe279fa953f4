"""Putting one card where an address says, by one way at a time. Raises what Discord answered, sorted into few kinds."""

from __future__ import annotations

from typing import cast

import aiohttp
import discord

from bot.delivery.address import Address
from bot.views import Card

_UNKNOWN_CHANNEL, _UNKNOWN_MESSAGE, _UNKNOWN_WEBHOOK = 10003, 10008, 10015
_UNKNOWN_INTERACTION, _INVALID_WEBHOOK_TOKEN = 10062, 50027
_TOO_LARGE, _THREAD_IS_THERE = 40005, 160004


class Gone(Exception):
    """The message was deleted: by its reader's choice or a moderator's, so it is not posted anew in the same place."""


class DoorShut(Exception):
    """This way does not lead there any more: a dead token, a lost permission, a deleted channel, closed messages."""


class TooLarge(Exception):
    """The files are over what the place takes."""


class Unclear(Exception):
    """No usable answer: Discord may or may not have done it. The way may be tried again."""


class Messenger:
    """`client` is logged in; a gateway connection is not needed."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def edit_answer(self, address: Address, card: Card) -> None:
        """Replace the deferred answer by its interaction token. Safe to repeat."""
        if address.token is None:
            raise DoorShut("no token")
        webhook = discord.Webhook.partial(address.application_id, address.token, client=self._client)
        # The route takes the word as well as a number; discord.py types the number only.
        message_id = address.message_id or cast(int, "@original")
        with _Sorted():
            await webhook.edit_message(
                message_id, view=card.view, attachments=[file.open() for file in card.files]
            )

    async def edit_message(self, address: Address, card: Card) -> None:
        """Replace the stored message with the bot's own token. Safe to repeat; never for ephemeral messages."""
        if address.message_id is None:
            raise DoorShut("no message id")
        message = self._channel(address).get_partial_message(address.message_id)
        with _Sorted():
            await message.edit(view=card.view, attachments=[file.open() for file in card.files])

    async def send(self, address: Address, card: Card, nonce: str) -> int:
        """Post into the channel; the message's id. The nonce (at most 25 characters) makes Discord drop a double of the
        last minutes.
        """
        with _Sorted():
            sent = await self._channel(address).send(
                view=card.view,
                files=[file.open() for file in card.files],
                nonce=nonce,
                allowed_mentions=discord.AllowedMentions(users=[discord.Object(address.user_id)]),
            )
        return sent.id

    async def send_direct(self, address: Address, card: Card, nonce: str) -> tuple[int, int]:
        """The ids of the channel and of the message."""
        with _Sorted():
            channel = await self._client.create_dm(discord.Object(address.user_id))
            sent = await channel.send(view=card.view, files=[file.open() for file in card.files], nonce=nonce)
        return channel.id, sent.id

    async def open_thread(self, address: Address, name: str) -> int:
        """A thread under the stored message; its id, which is the message's. Safe to repeat. `name`: 1 to 100."""
        if address.message_id is None:
            raise DoorShut("no message id")
        with _Sorted():
            try:
                message = self._channel(address).get_partial_message(address.message_id)
                return (await message.create_thread(name=name)).id
            except discord.HTTPException as error:
                if error.code == _THREAD_IS_THERE:
                    return address.message_id
                raise

    async def follow_up(
        self, address: Address, card: Card, *, ephemeral: bool, mention: bool = False
    ) -> None:
        """Another message beside the answer, while the token lives. Not safe to repeat: webhooks know no nonce."""
        if address.token is None:
            raise DoorShut("no token")
        webhook = discord.Webhook.partial(address.application_id, address.token, client=self._client)
        # Else discord.py refuses to send what only one person sees.
        webhook.type = discord.WebhookType.application
        users = [discord.Object(address.user_id)] if mention else []
        with _Sorted():
            await webhook.send(
                view=card.view,
                files=[file.open() for file in card.files],
                ephemeral=ephemeral,
                allowed_mentions=discord.AllowedMentions(users=users, everyone=False, roles=False),
            )

    def _channel(self, address: Address) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(address.channel_id, guild_id=address.guild_id or None)


class _Sorted:
    """Turns what discord.py and aiohttp raise into the four kinds above; a malformed form stays what it is: our bug."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        match error:
            case discord.HTTPException(code=code) if code == _UNKNOWN_MESSAGE:
                raise Gone from error
            case discord.HTTPException(status=status, code=code) if status == 413 or code == _TOO_LARGE:
                raise TooLarge from error
            case discord.HTTPException(status=status) if status in (401, 403, 404):
                raise DoorShut(f"{error.status} {error.code}") from error
            case discord.HTTPException(status=status) if status == 429 or status >= 500:
                raise Unclear(f"{error.status} {error.code}") from error
            case aiohttp.ClientError() | TimeoutError() | OSError():
                raise Unclear(repr(error)) from error
            case _:
                return
