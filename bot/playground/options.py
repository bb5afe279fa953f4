"""What a member fills into a slash command, turned into what Discord sends: typed options and what they refer to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bot.playground import commands as c
from bot.playground.cdn import Upload
from bot.playground.components import Kind
from bot.playground.errors import NotPossible
from bot.playground.jsonic import Json, as_int, objects
from bot.playground.people import Member, Role, User
from bot.playground.places import Channel

if TYPE_CHECKING:
    from bot.playground.messages import Message
    from bot.playground.simulation import Simulation

STRING_MAX = 6000
INTEGER_MAX = 2**53


class Resolved:
    """Collects the users, roles, channels, files and messages that an interaction speaks of."""

    def __init__(self, sim: Simulation, channel: Channel, *, force: bool = False) -> None:
        self._sim = sim
        self._channel = channel
        self._force = force
        self._found: dict[str, Json] = {}

    def to_dict(self) -> Json:
        return dict(self._found)

    def add(self, thing: object) -> str:
        """The id of a user, role, channel or file, after noting what it is."""
        match thing:
            case Member() | User():
                return self.person(thing)
            case Role():
                return self._note("roles", thing.id, thing.to_dict())
            case Channel():
                # Who chooses a channel here may do there what they may here: the list shows permissions by member.
                return self._note(
                    "channels", thing.id, {**thing.to_dict(), "permissions": str(thing.bot_permissions)}
                )
            case Upload():
                return self.file(thing)
            case int() | str() if self._force:
                return str(thing)
            case _:
                raise TypeError(f"{thing!r} is no user, role, channel or file")

    def person(self, who: Member | User) -> str:
        user = who.user if isinstance(who, Member) else who
        guild = self._channel.guild
        if guild and user.id in guild.members:
            member = guild.members[user.id]
            permissions = {"permissions": str(self._channel.permissions_of(member))}
            self._note("members", user.id, {**member.to_dict(with_user=False), **permissions})
        return self._note("users", user.id, user.to_dict())

    def file(self, upload: Upload) -> str:
        if len(upload.data) > self._channel.upload_limit and not self._force:
            raise NotPossible(f"{upload.filename} is larger than {self._channel.upload_limit} bytes")
        stored = self._sim.cdn.store(
            upload, id=self._sim.ids.next(), place_id=self._sim.application_id, ephemeral=True, option=True
        )
        return self._note("attachments", stored.id, stored.to_dict())

    def message(self, message: Message) -> str:
        return self._note("messages", message.id, message.to_dict())

    def for_component(self, kind: Kind, thing: object) -> str:
        """The same for a select menu or an upload of a modal; a default value is an id already."""
        return thing if isinstance(thing, str) and kind != Kind.FILE_UPLOAD else self.add(thing)

    def _note(self, group: str, number: int, data: Json) -> str:
        self._found.setdefault(group, {})[str(number)] = data
        return str(number)


def descend(command: Json, path: list[str]) -> tuple[list[Json], list[Json]]:
    """The groups and subcommands that `path` names below `command`, and the options of the last. Raises NotPossible."""
    steps: list[Json] = []
    options = objects(command.get("options"))
    for name in path:
        found = next(
            (o for o in options if o.get("name") == name and o.get("type") in (c.SUBCOMMAND, c.GROUP)), None
        )
        if found is None:
            raise NotPossible(f"/{command['name']} has no {name!r} among {[o.get('name') for o in options]}")
        steps.append(found)
        options = objects(found.get("options"))
    if any(option.get("type") in (c.SUBCOMMAND, c.GROUP) for option in options):
        raise NotPossible(
            f"/{command['name']} cannot be called without one of {[o.get('name') for o in options]}"
        )
    return steps, options


def nested(steps: list[Json], filled: list[Json]) -> list[Json]:
    """`filled` inside the groups and subcommands that lead to it."""
    inner = filled
    for step in reversed(steps):
        inner = [{"name": step["name"], "type": step["type"], "options": inner}]
    return inner


def fill(
    options: list[Json], values: Mapping[str, object], resolved: Resolved, *, force: bool = False
) -> list[Json]:
    """The options as sent. Raises NotPossible for what a member's client would not send, unless `force`."""
    known = {str(option["name"]): option for option in options}
    if unknown := [name for name in values if name not in known]:
        raise NotPossible(f"no option {unknown[0]!r} among {list(known)}")
    if not force:
        missing = [
            name for name, option in known.items() if option.get("required") and values.get(name) is None
        ]
        if missing:
            raise NotPossible(f"{missing[0]!r} is required")
    filled: list[Json] = []
    for name, value in values.items():
        if value is not None:
            option = known[name]
            sent = _sent(option, value, resolved, force=force)
            filled.append({"name": name, "type": option["type"], "value": sent})
    return filled


def _sent(option: Json, value: object, resolved: Resolved, *, force: bool) -> object:
    match option["type"]:
        case c.USER | c.ROLE | c.CHANNEL | c.MENTIONABLE | c.ATTACHMENT:
            return resolved.add(value)
        case c.STRING | c.INTEGER | c.NUMBER:
            choices = objects(option.get("choices"))
            for choice in choices:
                if value in (choice.get("value"), choice.get("name")):
                    return choice.get("value")
            if not force:
                if choices:
                    raise NotPossible(
                        f"{option['name']!r} offers {[o.get('name') for o in choices]}, not {value!r}"
                    )
                _check_value(option, value)
            return value
        case c.BOOLEAN if not isinstance(value, bool) and not force:
            raise NotPossible(f"{option['name']!r} is yes or no, not {value!r}")
        case _:
            return value


def _check_value(option: Json, value: object) -> None:
    name, kind = option["name"], option["type"]
    if kind == c.STRING:
        least = as_int(option.get("min_length")) or 0
        most = as_int(option.get("max_length"))
        most = STRING_MAX if most is None else most
        if not isinstance(value, str) or not least <= len(value) <= most or not value:
            raise NotPossible(f"{name!r} takes text of {least} to {most} characters")
        return
    if isinstance(value, bool) or not isinstance(value, int if kind == c.INTEGER else (int, float)):
        raise NotPossible(f"{name!r} takes a number, not {value!r}")
    low, high = option.get("min_value"), option.get("max_value")
    low = -INTEGER_MAX if low is None else low
    high = INTEGER_MAX if high is None else high
    if not low <= value <= high:
        raise NotPossible(f"{name!r} takes {low} to {high}, not {value}")
