"""What the page is shown: messages with what only a reader's app knows, and the commands that a person is offered."""

from __future__ import annotations

from collections.abc import Iterator

from bot.playground import commands as c
from bot.playground import reach
from bot.playground.errors import NotPossible
from bot.playground.interactions import Cause, Interaction
from bot.playground.jsonic import Json, as_object, objects
from bot.playground.messages import Message
from bot.playground.people import Member, User
from bot.playground.places import Channel

_SHOWN = ("id", "content", "embeds", "components", "attachments")


def message(shown: Message) -> Json:
    whole = shown.to_dict()
    return {
        **{key: whole[key] for key in _SHOWN},
        "place": str(shown.channel.id),
        "at": shown.created,
        "edited": bool(shown.edits),
        "ephemeral": shown.ephemeral,
        "loading": shown.loading,
        "v2": shown.is_v2,
        "author": {"id": str(shown.author.id), "name": shown.author.name, "bot": shown.author.bot},
        "cause": cause(shown.interaction) if shown.interaction else None,
    }


def cause(interaction: Interaction) -> Json:
    """Who did what, for the line above an answer."""
    first = interaction.trigger or interaction
    source = interaction.source or first.source
    return {
        "interaction": str(interaction.id),
        "user": {"id": str(interaction.user.id), "name": interaction.user.name},
        "command": command_name(first.data) if first.cause is Cause.COMMAND else None,
        "menu": first.data.get("type") in (c.USER_MENU, c.MESSAGE_MENU),
        "source": {"id": str(source.id), "text": source.text[:200]} if source else None,
    }


def command_name(data: Json) -> str:
    """`quota show` for what was sent as a subcommand."""
    steps = [str(data.get("name"))]
    options = objects(data.get("options"))
    while options and options[0].get("type") in (c.SUBCOMMAND, c.GROUP):
        steps.append(str(options[0]["name"]))
        options = objects(options[0].get("options"))
    return " ".join(steps)


def offered(place: Channel, who: Member | User) -> Iterator[Json]:
    """Every command and menu entry in this person's list here, in their language; subcommands one by one."""
    guild_id = place.guild.id if place.guild else None
    scopes = [None] if guild_id is None else [guild_id, None]
    for definition in (one for scope in scopes for one in place.sim.commands.all(scope)):
        try:
            reach.check_offered(definition, who, place)
        except NotPossible:
            continue
        yield from _leaves(definition, definition, who.locale, [], [])


def _leaves(definition: Json, here: Json, locale: str, names: list[str], labels: list[str]) -> Iterator[Json]:
    names, labels = [*names, str(here["name"])], [*labels, _in(locale, here, "name")]
    below = [one for one in objects(here.get("options")) if one["type"] in (c.SUBCOMMAND, c.GROUP)]
    if definition["type"] == c.CHAT and below:
        for child in below:
            yield from _leaves(definition, child, locale, names, labels)
        return
    yield {
        "id": definition["id"],
        "kind": definition["type"],
        "name": " ".join(names),
        "label": " ".join(labels),
        "description": _in(locale, here, "description"),
        "options": [_option(locale, one) for one in objects(here.get("options"))],
    }


def _option(locale: str, option: Json) -> Json:
    choices = [
        {"name": _in(locale, one, "name"), "value": one["value"]} for one in objects(option.get("choices"))
    ]
    limits = {
        key: option[key]
        for key in ("min_value", "max_value", "min_length", "max_length", "channel_types")
        if option.get(key) is not None
    }
    return {
        **limits,
        "name": option["name"],
        "label": _in(locale, option, "name"),
        "description": _in(locale, option, "description"),
        "type": option["type"],
        "required": bool(option.get("required")),
        "autocomplete": bool(option.get("autocomplete")),
        "choices": choices,
    }


def _in(locale: str, named: Json, field: str) -> str:
    return str(as_object(named.get(f"{field}_localizations")).get(locale) or named.get(field) or "")
