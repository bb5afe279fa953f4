"""The application commands that the bot has synced, and Discord's rules for them."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator

from bot.playground.errors import ApiError, InvalidForm
from bot.playground.jsonic import Json, as_list, as_object, objects
from bot.playground.rules import Faults

CHAT, USER_MENU, MESSAGE_MENU, ENTRY_POINT = 1, 2, 3, 4
MOST_OF_A_KIND = {CHAT: 100, USER_MENU: 15, MESSAGE_MENU: 15, ENTRY_POINT: 1}
SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)
TOTAL_MAX = 8000
OPTIONS_MAX = 25
LOCALES = frozenset(
    {
        "ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr",
        "he", "hi", "hr", "hu", "id", "it", "ja", "ko", "lt", "nl", "no", "pl",
        "pt-BR", "ro", "ru", "sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW",
    }
)  # fmt: skip


class Commands:
    """By scope: None is global, else a server's id. Ids survive a sync as long as the name does."""

    def __init__(self, next_id: Callable[[], int], application_id: int) -> None:
        self._next_id = next_id
        self._application_id = application_id
        self._scopes: dict[int | None, list[Json]] = {}
        self.syncs = 0

    def to_dict(self) -> Json:
        return {"syncs": self.syncs}

    def __iter__(self) -> Iterator[Json]:
        """The global ones."""
        return iter(self.all())

    def all(self, guild_id: int | None = None) -> list[Json]:
        return self._scopes.get(guild_id, [])

    def replace(self, guild_id: int | None, definitions: list[Json]) -> list[Json]:
        """A bulk PUT: what is not in it is gone."""
        _refuse(command_faults(definitions))
        self.syncs += 1
        self._scopes[guild_id] = [self._stored(guild_id, definition) for definition in definitions]
        return self._scopes[guild_id]

    def upsert(self, guild_id: int | None, definition: Json) -> tuple[Json, bool]:
        """The stored command, and whether it is new."""
        old = self._same(guild_id, definition)
        others = [command for command in self.all(guild_id) if command is not old]
        _refuse(command_faults([*others, definition]))
        stored = self._stored(guild_id, definition)
        self._scopes[guild_id] = [*others, stored]
        return stored, old is None

    def change(self, guild_id: int | None, command_id: int, fields: Json) -> Json:
        old = self.get(guild_id, command_id)
        return self.upsert(guild_id, {**old, **fields})[0]

    def delete(self, guild_id: int | None, command_id: int) -> None:
        self.all(guild_id).remove(self.get(guild_id, command_id))

    def get(self, guild_id: int | None, command_id: int) -> Json:
        for command in self.all(guild_id):
            if command["id"] == str(command_id):
                return command
        raise ApiError(10063)

    def find(self, name: str, kind: int, guild_id: int | None) -> Json | None:
        """The command that a member of this server (None: in a direct message) sees under `name`."""
        scopes = [guild_id, None] if guild_id is not None else [None]
        for scope in scopes:
            for command in self.all(scope):
                if command["name"] == name and command["type"] == kind:
                    return command
        return None

    def _same(self, guild_id: int | None, definition: Json) -> Json | None:
        kind = definition.get("type") or CHAT
        same = (c for c in self.all(guild_id) if c["name"] == definition["name"] and c["type"] == kind)
        return next(same, None)

    def _stored(self, guild_id: int | None, definition: Json) -> Json:
        old = self._same(guild_id, definition)
        permissions = definition.get("default_member_permissions")
        stored: Json = {
            "id": old["id"] if old else str(self._next_id()),
            "application_id": str(self._application_id),
            "version": str(self._next_id()),
            "type": definition.get("type") or CHAT,
            "name": definition["name"],
            "name_localizations": definition.get("name_localizations"),
            "description": definition.get("description") or "",
            "description_localizations": definition.get("description_localizations"),
            "default_member_permissions": None if permissions is None else str(permissions),
            "nsfw": bool(definition.get("nsfw")),
            "options": objects(definition.get("options")),
        }
        if guild_id is not None:
            return {**stored, "guild_id": str(guild_id)}
        stored["dm_permission"] = definition.get("dm_permission") is not False
        stored["contexts"] = definition.get("contexts")
        stored["integration_types"] = definition.get("integration_types") or [0]
        return stored


def _refuse(faults: Faults) -> None:
    if faults:
        raise InvalidForm(faults)


def command_faults(commands: list[Json]) -> Faults:
    """What is wrong with these commands as the whole of a scope."""
    faults: Faults = []
    kinds = Counter(command.get("type") or CHAT for command in commands)
    for kind, count in kinds.items():
        if count > MOST_OF_A_KIND.get(kind, 0):
            raise ApiError(30032)
    named = Counter((command.get("type") or CHAT, command.get("name")) for command in commands)
    for (_, name), count in named.items():
        if count > 1:
            faults.append(("", f"Application command names must be unique: {name}"))
    for index, command in enumerate(commands):
        faults += [(f"{index}{at}", what) for at, what in _command_faults(command)]
    return faults


def _command_faults(command: Json) -> Faults:
    kind = command.get("type") or CHAT
    faults = _locale_faults(command)
    if kind == CHAT:
        faults += _name_faults(command)
        if not command.get("description"):
            faults.append((".description", "This field is required"))
        faults += _option_list_faults(objects(command.get("options")), depth=0)
    elif kind in (USER_MENU, MESSAGE_MENU):
        for field in ("description", "options"):
            if command.get(field):
                faults.append((f".{field}", "Context menu commands cannot have it"))
    length = sum(_lengths(command))
    if length > TOTAL_MAX:
        faults.append(("", f"Command exceeds maximum size ({TOTAL_MAX}): {length}"))
    return faults


def _name_faults(named: Json) -> Faults:
    faults: Faults = []
    names = {"": named.get("name", "")} | as_object(named.get("name_localizations"))
    for locale, name in names.items():
        text = str(name)
        letters = all(c in "-_'" or unicodedata.category(c)[0] in "LNM" for c in text)
        if not 1 <= len(text) <= 32 or not letters or text != text.lower():
            where = f".name_localizations.{locale}" if locale else ".name"
            faults.append((where, f"Command name is invalid: {text!r}"))
    return faults


def _locale_faults(named: Json) -> Faults:
    faults: Faults = []
    for field in ("name_localizations", "description_localizations"):
        for locale in as_object(named.get(field)):
            if locale not in LOCALES:
                faults.append((f".{field}.{locale}", f"Value must be one of {sorted(LOCALES)}"))
    return faults


def _option_list_faults(options: list[Json], *, depth: int) -> Faults:
    faults: Faults = []
    if len(options) > OPTIONS_MAX:
        faults.append((".options", f"Must be {OPTIONS_MAX} or fewer in length."))
    nested = [option.get("type") in (SUBCOMMAND, GROUP) for option in options]
    if any(nested) and not all(nested):
        faults.append(
            (".options", "Sub-command and sub-command group option types are mutually exclusive to others")
        )
    names = Counter(option.get("name") for option in options)
    for locale in LOCALES:
        names += (
            Counter(as_object(o.get("name_localizations")).get(locale) or o.get("name") for o in options)
            - names
        )
    faults += [(".options", f"Option names must be unique: {name}") for name, n in names.items() if n > 1]
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        faults.append((".options", "Required options must be placed before non-required options"))
    for index, option in enumerate(options):
        faults += [(f".options.{index}{at}", what) for at, what in _option_faults(option, depth=depth)]
    return faults


def _option_faults(option: Json, *, depth: int) -> Faults:
    faults = _name_faults(option) + _locale_faults(option)
    kind = option.get("type")
    if (kind == GROUP and depth > 0) or (kind == SUBCOMMAND and depth > 1):
        faults.append((".type", "Nested too deeply"))
    if kind in (SUBCOMMAND, GROUP):
        children = objects(option.get("options"))
        if kind == GROUP and any(child.get("type") != SUBCOMMAND for child in children):
            faults.append((".options", "A group holds sub-commands only"))
        return faults + _option_list_faults(children, depth=depth + 1 if kind == GROUP else 2)
    choices = objects(option.get("choices"))
    if choices and option.get("autocomplete"):
        faults.append((".autocomplete", "Choices and autocomplete are mutually exclusive"))
    repeated = [name for name, n in Counter(str(c.get("name")) for c in choices).items() if n > 1]
    if repeated:
        faults.append((".choices", f"Choice names must be unique: {repeated[0]}"))
    if any(len(str(choice.get("value"))) > 100 for choice in choices):
        faults.append((".choices", "A choice's value has at most 100 characters"))
    for low, high in (("min_value", "max_value"), ("min_length", "max_length")):
        least, most = option.get(low), option.get(high)
        if least is not None and most is not None and least > most:
            faults.append((f".{low}", f"{low} is greater than {high}"))
    return faults


def _lengths(named: Json) -> Iterator[int]:
    """Of names, descriptions and values, each with its longest translation."""
    for field in ("name", "description"):
        texts = [named.get(field) or "", *as_object(named.get(f"{field}_localizations")).values()]
        yield max(len(str(text)) for text in texts)
    for choice in objects(named.get("choices")):
        texts = [choice.get("name") or "", *as_object(choice.get("name_localizations")).values()]
        yield max(len(str(text)) for text in texts)
        yield len(str(choice.get("value")))
    for option in as_list(named.get("options")):
        yield from _lengths(as_object(option))
