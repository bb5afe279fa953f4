"""Channels over REST: messages with their nonces, threads, typing, and the permissions that all of it needs."""

from __future__ import annotations

from bot.playground import compose
from bot.playground.call import NOTHING, Call, Reply, Route
from bot.playground.errors import ApiError
from bot.playground.jsonic import as_int
from bot.playground.messages import Message
from bot.playground.permissions import Permission
from bot.playground.places import PRIVATE_THREAD, Channel

NONCE_SECONDS = 5 * 60
OLD_EDIT_SECONDS = 3600
OLD_EDITS_MAX = 30


def send(call: Call) -> Reply:
    """POST a message. With `enforce_nonce` the same nonce gives the first message again."""
    channel = _writable(call)
    if call.files and channel.guild and not channel.bot_permissions & Permission.ATTACH_FILES:
        raise ApiError(50013)
    nonce = call.payload.get("nonce")
    if nonce is not None and call.payload.get("enforce_nonce"):
        first = call.sim.nonces.get((channel.id, str(nonce)))
        if first is not None and call.sim.clock.now() - first.created < NONCE_SECONDS:
            return Reply(first.to_dict())
    message = compose.create(call.sim, channel, call.payload, call.files)
    if nonce is not None:
        _remember(call, channel, str(nonce), message)
    return Reply(message.to_dict())


def _remember(call: Call, channel: Channel, nonce: str, message: Message) -> None:
    nonces = call.sim.nonces
    nonces[channel.id, nonce] = message
    while nonces and call.sim.clock.now() - next(iter(nonces.values())).created > NONCE_SECONDS:
        del nonces[next(iter(nonces))]


def _writable(call: Call) -> Channel:
    channel = call.channel()
    if channel.guild is None:
        _check_direct(channel, call)
        return channel
    channel = call.channel(
        Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    )
    if channel.archived:
        channel.archived = False  # a message wakes an archived thread that is not locked
        call.sim.channel_changed(channel)
    return channel


def _check_direct(channel: Channel, call: Call) -> None:
    person = channel.recipients[0]
    if not any(guild.me and person.id in guild.members for guild in call.sim.guilds.values()):
        raise ApiError(50278)
    if not person.dms_open:
        raise ApiError(50007)


def _visible(call: Call) -> Channel:
    return call.channel(Permission.READ_MESSAGE_HISTORY)


def get_message(call: Call) -> Reply:
    return Reply(call.message(_visible(call)).to_dict())


def list_messages(call: Call) -> Reply:
    """Newest first, as Discord lists them."""
    limit = min(as_int(call.query.get("limit")) or 50, 100)
    messages = _visible(call).messages
    if before := as_int(call.query.get("before")):
        messages = [message for message in messages if message.id < before]
    if after := as_int(call.query.get("after")):
        return Reply([m.to_dict() for m in reversed([m for m in messages if m.id > after][:limit])])
    if around := as_int(call.query.get("around")):
        messages = sorted(messages, key=lambda m: abs(m.id - around))[:limit]
        messages.sort(key=lambda m: m.id)
    return Reply([message.to_dict() for message in reversed(messages[-limit:])])


def edit_message(call: Call) -> Reply:
    channel = call.channel()
    message = call.message(channel)
    if message.author is not call.sim.bot:
        raise ApiError(50005)
    if call.files and channel.guild and not channel.bot_permissions & Permission.ATTACH_FILES:
        raise ApiError(50013)
    if call.sim.clock.now() - message.created > OLD_EDIT_SECONDS:
        late = [at for at in message.edits if at - message.created > OLD_EDIT_SECONDS]
        if len(late) >= OLD_EDITS_MAX:
            raise ApiError(30046)
    return Reply(compose.edit(call.sim, message, call.payload, call.files).to_dict())


def delete_message(call: Call) -> Reply:
    channel = call.channel()
    message = call.message(channel)
    if message.author is not call.sim.bot and not channel.bot_permissions & Permission.MANAGE_MESSAGES:
        raise ApiError(50003 if channel.guild is None else 50013)
    call.sim.delete(message)
    return NOTHING


def get_channel(call: Call) -> Reply:
    return Reply(call.channel().to_dict())


def change_channel(call: Call) -> Reply:
    channel = call.channel()
    own_thread = channel.is_thread and channel.owner_id == call.sim.bot.id
    if not own_thread:
        channel = call.channel(Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS)
    channel.name = call.payload.get("name") or channel.name
    channel.nsfw = bool(call.payload.get("nsfw", channel.nsfw))
    channel.archived = bool(call.payload.get("archived", channel.archived))
    call.sim.channel_changed(channel)
    return Reply(channel.to_dict())


def delete_channel(call: Call) -> Reply:
    channel = call.channel()
    if channel.guild is not None:
        channel = call.channel(Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS)
    channel.delete()
    return Reply(channel.to_dict())


def thread_from_message(call: Call) -> Reply:
    channel = call.channel(Permission.CREATE_PUBLIC_THREADS)
    message = call.message(channel)
    if message.id in call.sim.channels:
        raise ApiError(160004)
    name = str(call.payload["name"])
    thread = call.sim.add_thread(channel, name, owner_id=call.sim.bot.id, id=message.id)
    return Reply(thread.to_dict(), 201)


def thread(call: Call) -> Reply:
    private = call.payload.get("type", PRIVATE_THREAD) == PRIVATE_THREAD
    channel = call.channel(Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS)
    opened = call.sim.add_thread(
        channel, str(call.payload["name"]), owner_id=call.sim.bot.id, private=private
    )
    return Reply(opened.to_dict(), 201)


def typing(call: Call) -> Reply:
    _writable(call)
    return NOTHING


_CHANNEL = "/channels/{channel_id}"
ROUTES = [
    Route("GET", _CHANNEL, get_channel),
    Route("PATCH", _CHANNEL, change_channel),
    Route("DELETE", _CHANNEL, delete_channel),
    Route("POST", f"{_CHANNEL}/messages", send),
    Route("GET", f"{_CHANNEL}/messages", list_messages),
    Route("GET", f"{_CHANNEL}/messages/{{message_id}}", get_message),
    Route("PATCH", f"{_CHANNEL}/messages/{{message_id}}", edit_message),
    Route("DELETE", f"{_CHANNEL}/messages/{{message_id}}", delete_message),
    Route("POST", f"{_CHANNEL}/messages/{{message_id}}/threads", thread_from_message),
    Route("POST", f"{_CHANNEL}/threads", thread),
    Route("POST", f"{_CHANNEL}/typing", typing),
]
