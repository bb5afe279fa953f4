"""Making and changing messages from what a bot sent: files in, rules checked, mentions read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.playground.cdn import Attachment, Upload, clean_name
from bot.playground.components import text_of, with_ids
from bot.playground.errors import ApiError, InvalidForm
from bot.playground.jsonic import Json, as_int, as_list, as_object, objects
from bot.playground.messages import EPHEMERAL, LOADING, QUIET, REPLY, SUPPRESS_EMBEDS, V2, Message
from bot.playground.people import User
from bot.playground.rules import FILE_MAX_IN_REQUEST, FILES_MAX, message_faults

if TYPE_CHECKING:
    from bot.playground.interactions import Interaction
    from bot.playground.places import Channel
    from bot.playground.simulation import Simulation

Files = dict[int, Upload]
SETTABLE = SUPPRESS_EMBEDS | EPHEMERAL | QUIET | V2
_USER_MENTION = re.compile(r"<@!?(\d+)>")
_ROLE_MENTION = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")


def create(
    sim: Simulation,
    channel: Channel,
    payload: Json,
    files: Files,
    *,
    interaction: Interaction | None = None,
    ephemeral: bool = False,
    kind: int = 0,
) -> Message:
    """A new message of the bot. Raises ApiError for whatever Discord would refuse."""
    check_sizes(channel, files)
    flags = (as_int(payload.get("flags")) or 0) & SETTABLE & ~EPHEMERAL
    flags |= EPHEMERAL if ephemeral else 0
    attachments = _attachments(sim, channel, payload, files, kept=[], ephemeral=ephemeral)
    content, embeds, components = _body(payload, attachments, v2=bool(flags & V2))
    _refuse_empty(content, embeds, components, attachments, payload, v2=bool(flags & V2))
    reference = as_object(payload.get("message_reference"))
    message = Message(
        id=sim.ids.next(),
        channel=channel,
        author=sim.bot,
        created=sim.clock.now(),
        content=content,
        flags=flags,
        type=REPLY if reference else kind,
        embeds=embeds,
        components=components,
        attachments=attachments,
        interaction=interaction,
        reader=interaction.user if interaction and ephemeral else None,
        reference={**reference, "channel_id": str(channel.id)} if reference else None,
        nonce=payload.get("nonce"),
    )
    _mention(sim, message, payload, by_interaction=interaction is not None)
    sim.show(message)
    return message


def edit(sim: Simulation, message: Message, payload: Json, files: Files) -> Message:
    """Change `message` as a PATCH says: fields that are absent stay. Raises ApiError."""
    check_sizes(message.channel, files)
    wanted = as_int(payload.get("flags")) or 0
    v2 = message.is_v2 or bool(wanted & V2)
    kept = _kept(message, payload)
    if len(kept) + len(files) > FILES_MAX:
        raise InvalidForm([("attachments", f"Must be {FILES_MAX} or fewer in length.")])
    attachments = _attachments(sim, message.channel, payload, files, kept=kept, ephemeral=message.ephemeral)
    merged: Json = {"content": message.content, "embeds": message.embeds, "components": message.components}
    merged |= {key: value for key, value in payload.items() if key in merged}
    content, embeds, components = _body(merged, attachments, v2=v2)
    _refuse_empty(content, embeds, components, attachments, payload, v2=v2)
    for gone in [one for one in message.attachments if one not in attachments]:
        sim.cdn.forget(gone)
    message.content, message.embeds, message.components = content, embeds, components
    message.attachments = attachments
    if "flags" in payload:
        message.flags = message.flags & ~SUPPRESS_EMBEDS | wanted & SUPPRESS_EMBEDS
    message.flags = (message.flags | (V2 if v2 else 0)) & ~LOADING
    if payload.get("embeds"):
        message.flags &= ~SUPPRESS_EMBEDS
    message.edits.append(sim.clock.now())
    sim.changed(message)
    return message


def fill(sim: Simulation, message: Message, payload: Json, files: Files) -> Message:
    """Put the answer into the message that says "thinking": it counts as new, not as edited."""
    edit(sim, message, payload, files)
    message.edits.clear()
    _mention(sim, message, payload, by_interaction=True)
    return message


def check_sizes(channel: Channel, files: Files) -> None:
    """40005 for a file over the place's limit or a request over Discord's."""
    if len(files) > FILES_MAX:
        raise InvalidForm([("attachments", f"Must be {FILES_MAX} or fewer in length.")])
    sizes = [len(upload.data) for upload in files.values()]
    if any(size > channel.upload_limit for size in sizes) or sum(sizes) > FILE_MAX_IN_REQUEST:
        raise ApiError(40005)


def _kept(message: Message, payload: Json) -> list[Attachment]:
    """The attachments that stay: all, or those that the new list names (with their new descriptions)."""
    if payload.get("attachments") is None:
        return [] if "attachments" in payload else list(message.attachments)
    own = {attachment.id: attachment for attachment in message.attachments}
    kept: list[Attachment] = []
    for entry in objects(payload.get("attachments")):
        attachment = own.get(as_int(entry.get("id")) or -1)
        if attachment is not None:
            if "description" in entry:
                attachment.description = entry["description"]
            kept.append(attachment)
    return kept


def _attachments(
    sim: Simulation, channel: Channel, payload: Json, files: Files, *, kept: list[Attachment], ephemeral: bool
) -> list[Attachment]:
    listed = {as_int(entry.get("id")): entry for entry in objects(payload.get("attachments"))}
    known = {attachment.id for attachment in kept} | set(files)
    unknown = [number for number in listed if number not in known]
    if unknown:
        raise InvalidForm(
            [("attachments", f"{unknown[0]} is neither a file of this request nor of the message")]
        )
    added: list[Attachment] = []
    for number, upload in sorted(files.items()):
        entry = listed.get(number, {})
        stored = sim.cdn.store(
            upload,
            id=sim.ids.next(),
            place_id=channel.id,
            name=entry.get("filename"),
            description=entry.get("description"),
            ephemeral=ephemeral,
        )
        added.append(stored)
    return kept + added


def _body(payload: Json, attachments: list[Attachment], *, v2: bool) -> tuple[str, list[Json], list[Json]]:
    names = {attachment.filename for attachment in attachments}
    faults = message_faults(payload, v2=v2, has_file=lambda name: name in names or clean_name(name) in names)
    if faults:
        raise InvalidForm(faults)
    components = objects(payload.get("components"))
    return str(payload.get("content") or ""), objects(payload.get("embeds")), with_ids(components)


def _refuse_empty(
    content: str,
    embeds: Sequence[Json],
    components: Sequence[Json],
    attachments: Sequence[Attachment],
    payload: Json,
    *,
    v2: bool,
) -> None:
    if v2 and not components:
        raise ApiError(50006)
    if not (
        content or embeds or components or attachments or payload.get("poll") or payload.get("sticker_ids")
    ):
        raise ApiError(50006)


def _mention(sim: Simulation, message: Message, payload: Json, *, by_interaction: bool) -> None:
    """Whom the message pings. Interactions parse only users by default, other messages everything."""
    text = "\n".join([message.content, *text_of(message.components)])
    allowed = payload.get("allowed_mentions")
    default = ["users"] if by_interaction else ["users", "roles", "everyone"]
    rules = as_object(allowed) if allowed is not None else {"parse": default}
    parse = as_list(rules.get("parse"))
    users = set(_USER_MENTION.findall(text))
    roles = set(_ROLE_MENTION.findall(text))
    pinged = set(users) if "users" in parse else users & {str(one) for one in as_list(rules.get("users"))}
    pinged |= roles if "roles" in parse else roles & {str(one) for one in as_list(rules.get("roles"))}
    if "everyone" in parse and _EVERYONE.search(text):
        pinged.add("everyone")
    message.pings = frozenset(pinged)
    found: list[User | None] = [sim.users.get(int(one)) for one in sorted(users)]
    message.mentions = [user for user in found if user is not None]
