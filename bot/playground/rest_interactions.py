"""Interactions over REST: the first answer, @original, follow-ups."""

from __future__ import annotations

from bot.playground import compose
from bot.playground.call import NOTHING, Call, Reply, Route
from bot.playground.errors import ApiError, InvalidForm
from bot.playground.forms import Modal
from bot.playground.interactions import USER_INSTALL_FOLLOWUPS, Answer, Cause, Interaction
from bot.playground.jsonic import Json, as_int, objects, present
from bot.playground.messages import COMMAND_ANSWER, EPHEMERAL, LOADING, MENU_ANSWER, REPLY, Message
from bot.playground.permissions import Permission
from bot.playground.rules import modal_faults

ALLOWED: dict[Cause, frozenset[Answer]] = {
    Cause.COMMAND: frozenset({Answer.MESSAGE, Answer.DEFERRED, Answer.MODAL}),
    Cause.AUTOCOMPLETE: frozenset({Answer.CHOICES}),
    Cause.COMPONENT: frozenset(
        {Answer.MESSAGE, Answer.DEFERRED, Answer.DEFERRED_UPDATE, Answer.UPDATE, Answer.MODAL}
    ),
    Cause.MODAL_SUBMIT: frozenset({Answer.MESSAGE, Answer.DEFERRED, Answer.DEFERRED_UPDATE, Answer.UPDATE}),
}
NEED_A_SOURCE = frozenset({Answer.DEFERRED_UPDATE, Answer.UPDATE})


def answer(call: Call) -> Reply:
    """POST callback: the one first answer."""
    interaction = call.sim.interactions.get(call.number("interaction_id"))
    if interaction is None or interaction.token != call.path["interaction_token"]:
        raise ApiError(10062)
    interaction.check_answerable()
    kind = _kind(interaction, call.payload)
    _perform(call, interaction, kind)
    interaction.acknowledge(kind)
    interaction.tell()
    if call.query.get("with_response") not in ("1", "true", "True"):
        return NOTHING
    return Reply(_callback_response(interaction, kind))


def _kind(interaction: Interaction, payload: Json) -> Answer:
    number = as_int(payload.get("type")) or 0
    known = number in Answer.__members__.values()
    if not known or Answer(number) not in ALLOWED[interaction.cause]:
        raise InvalidForm(
            [("type", f"{number} is no answer to a {interaction.cause.name.lower()} interaction")]
        )
    kind = Answer(number)
    if kind in NEED_A_SOURCE and interaction.source is None:
        raise InvalidForm([("type", "There is no message to update")])
    return kind


def _perform(call: Call, interaction: Interaction, kind: Answer) -> None:
    data: Json = call.payload.get("data") or {}
    wants_ephemeral = bool((as_int(data.get("flags")) or 0) & EPHEMERAL)
    match kind:
        case Answer.MESSAGE:
            interaction.ephemeral = wants_ephemeral
            interaction.original = _create(call, interaction, data, ephemeral=wants_ephemeral)
        case Answer.DEFERRED:
            if (as_int(data.get("flags")) or 0) & ~EPHEMERAL:
                raise InvalidForm([("data.flags", "Only EPHEMERAL may be set on a deferred answer")])
            interaction.ephemeral = wants_ephemeral
            interaction.original = _thinking(interaction)
        case Answer.DEFERRED_UPDATE:
            interaction.original = interaction.source
        case Answer.UPDATE:
            interaction.original = interaction.source
            _edit(call, _living(interaction), data)
        case Answer.CHOICES:
            interaction.choices = objects(data.get("choices"))
        case Answer.MODAL:
            if faults := modal_faults(data):
                raise InvalidForm([(f"data.{where}", what) for where, what in faults])
            interaction.opened = Modal(interaction, data)


def _thinking(interaction: Interaction) -> Message:
    sim = interaction.sim
    message = Message(
        id=sim.ids.next(),
        channel=interaction.channel,
        author=sim.bot,
        created=sim.clock.now(),
        flags=LOADING | (EPHEMERAL if interaction.ephemeral else 0),
        type=_message_type(interaction),
        interaction=interaction,
        reader=interaction.user if interaction.ephemeral else None,
    )
    sim.show(message)
    return message


def _message_type(interaction: Interaction) -> int:
    if interaction.cause != Cause.COMMAND:
        return 0
    return COMMAND_ANSWER if interaction.data.get("type") == 1 else MENU_ANSWER


def _create(
    call: Call, interaction: Interaction, data: Json, *, ephemeral: bool, followup: bool = False
) -> Message:
    _check_may_attach(call, interaction.channel.bot_permissions, interaction)
    kind = REPLY if followup else _message_type(interaction)
    return compose.create(
        call.sim,
        interaction.channel,
        data,
        call.files,
        interaction=interaction,
        ephemeral=ephemeral,
        kind=kind,
    )


def _edit(call: Call, message: Message, data: Json) -> Message:
    if message.interaction is not None:
        _check_may_attach(call, message.channel.bot_permissions, message.interaction)
    return (compose.fill if message.loading else compose.edit)(call.sim, message, data, call.files)


def _check_may_attach(call: Call, have: int, interaction: Interaction) -> None:
    """Where the bot is a member its permission to attach files counts for its answers, too."""
    if call.files and not interaction.user_installed and not have & Permission.ATTACH_FILES:
        raise ApiError(50013)


def _callback_response(interaction: Interaction, kind: Answer) -> Json:
    message = interaction.original
    about: Json = {
        "id": str(interaction.id),
        "type": int(interaction.cause),
        "response_message_id": str(message.id) if message else None,
        "response_message_loading": message.loading if message else None,
        "response_message_ephemeral": message.ephemeral if message else None,
        "channel_id": str(interaction.channel.id),
        "guild_id": str(interaction.channel.guild.id) if interaction.channel.guild else None,
    }
    response: Json = {"interaction": present(about)}
    if message is not None and kind in (Answer.MESSAGE, Answer.UPDATE):
        response["resource"] = {"type": int(kind), "message": message.to_dict()}
    return response


def _interaction(call: Call) -> Interaction:
    if call.number("webhook_id") != call.sim.application_id:
        raise ApiError(10015)
    interaction = call.sim.by_token.get(call.path["webhook_token"])
    if interaction is None:
        raise ApiError(10015)
    interaction.check_token()
    if interaction.channel.deleted:
        raise ApiError(10003)
    return interaction


def _living(interaction: Interaction) -> Message:
    if interaction.message is None:
        raise ApiError(10008)
    return interaction.message


def _named(call: Call) -> Message:
    """The message in the path, if it came from this interaction."""
    interaction = _interaction(call)
    number = call.number("message_id")
    for message in [*interaction.followups, *([interaction.original] if interaction.original else [])]:
        if message.id == number and not message.deleted:
            return message
    raise ApiError(10008)


def get_original(call: Call) -> Reply:
    return Reply(_living(_interaction(call)).to_dict())


def edit_original(call: Call) -> Reply:
    return Reply(_edit(call, _living(_interaction(call)), call.payload).to_dict())


def delete_original(call: Call) -> Reply:
    call.sim.delete(_living(_interaction(call)))
    return NOTHING


def get_message(call: Call) -> Reply:
    return Reply(_named(call).to_dict())


def edit_message(call: Call) -> Reply:
    return Reply(_edit(call, _named(call), call.payload).to_dict())


def delete_message(call: Call) -> Reply:
    call.sim.delete(_named(call))
    return NOTHING


def follow_up(call: Call) -> Reply:
    """POST to the webhook. Right after a defer it fills the waiting message instead of making a new one."""
    interaction = _interaction(call)
    original = interaction.message
    if original is not None and original.loading:
        return Reply(_edit(call, original, call.payload).to_dict())
    if interaction.user_installed and len(interaction.followups) >= USER_INSTALL_FOLLOWUPS:
        raise ApiError(40094)
    ephemeral = bool((as_int(call.payload.get("flags")) or 0) & EPHEMERAL)
    message = _create(call, interaction, call.payload, ephemeral=ephemeral, followup=original is not None)
    interaction.followups.append(message)
    interaction.tell()
    return Reply(message.to_dict())


_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
ROUTES = [
    Route("POST", "/interactions/{interaction_id}/{interaction_token}/callback", answer, by_token=True),
    Route("POST", _WEBHOOK, follow_up, by_token=True),
    Route("GET", f"{_WEBHOOK}/messages/@original", get_original, by_token=True),
    Route("PATCH", f"{_WEBHOOK}/messages/@original", edit_original, by_token=True),
    Route("DELETE", f"{_WEBHOOK}/messages/@original", delete_original, by_token=True),
    Route("GET", f"{_WEBHOOK}/messages/{{message_id}}", get_message, by_token=True),
    Route("PATCH", f"{_WEBHOOK}/messages/{{message_id}}", edit_message, by_token=True),
    Route("DELETE", f"{_WEBHOOK}/messages/{{message_id}}", delete_message, by_token=True),
]
