"""Checks what the bot sends against Discord's official interface description, shipped as document.json.

A bot and a simulation by the same authors agree on each other's errors; the document knows better than both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from bot.playground.jsonic import Json, as_list, as_object, loads
from bot.playground.record import RequestRecord

HERE = "urn:discord"
VALUE_SHOWN = 120

# The document is a preview and lags behind. What follows is known to be accepted by Discord although the document,
# read to the letter, says otherwise. Each line has its reason; nothing else is tolerated.
EXTRA_FIELDS: dict[str, set[str]] = {
    # An attachment that is kept on an edit is sent back by discord.py as it was received; Discord reads the id.
    "MessageAttachmentRequest": {"proxy_url", "size", "url", "height", "width", "content_type", "spoiler"},
    # `tts` goes with every message that discord.py sends; webhooks have always taken and ignored it on edits.
    "IncomingWebhookUpdateRequestPartial": {"tts", "nonce", "enforce_nonce"},
    "IncomingWebhookUpdateForInteractionCallbackRequestPartial": {"tts", "poll"},
    "MessageEditRequestPartial": {"tts", "nonce", "enforce_nonce"},
    # Documented for commands since 2022 (age gate), absent from this schema.
    "ApplicationCommandUpdateRequest": {"nsfw"},
    "ApplicationCommandCreateRequest": {"nsfw"},
    "ApplicationCommandPatchRequestPartial": {"nsfw"},
    # Documented on 2026-08-05 for file inputs, newer than the document.
    "ApplicationCommandAttachmentOption": {"file_types"},
    "FileUploadComponentForModalRequest": {"file_types"},
    # A partial emoji names whether it moves; Discord sends the field itself.
    "ComponentEmojiForRequest": {"animated"},
    # discord.py writes an embed's flags, and the proxies of an embed that it received; Discord makes its own.
    "RichEmbed": {"flags"},
    "RichEmbedImage": {"proxy_url", "flags", "content_type"},
    "RichEmbedThumbnail": {"proxy_url", "flags", "content_type"},
    "RichEmbedAuthor": {"proxy_icon_url"},
    "RichEmbedFooter": {"proxy_icon_url"},
    # A media item that was received and is sent back whole: Discord reads the address.
    "UnfurledMediaRequest": {
        "proxy_url", "height", "width", "content_type", "loading_state", "placeholder", "flags", "id",
        "attachment_id", "placeholder_version",
    },
    "UnfurledMediaRequestWithAttachmentReferenceRequired": {
        "proxy_url", "height", "width", "content_type", "loading_state", "placeholder", "flags", "id",
        "attachment_id", "placeholder_version",
    },
    # discord.py writes the name and size of a received file component back.
    "FileComponentForMessageRequest": {"name", "size"},
}  # fmt: skip


@dataclass(frozen=True)
class Deviation:
    """The bot sent something that the document does not allow. `fatal` is what Discord would answer 400 to."""

    method: str
    route: str
    where: str
    what: str
    value: str = ""
    fatal: bool = True

    def to_dict(self) -> Json:
        return {
            "method": self.method,
            "route": self.route,
            "where": self.where,
            "what": self.what,
            "value": self.value,
        }

    def __str__(self) -> str:
        shown = f" in {self.value}" if self.value else ""
        return f"{self.method} {self.route}: {self.where or 'body'}: {self.what}{shown}"


class Document:
    """The description, with the tolerated differences applied. Validators are made when first needed."""

    def __init__(self, description: Json) -> None:
        self._paths = as_object(description.get("paths"))
        schemas = as_object(as_object(description.get("components")).get("schemas"))
        self._registry = jsonschema_rs.Registry([(HERE, {"components": {"schemas": _tolerant(schemas)}})])
        self._validators: dict[tuple[str, str], jsonschema_rs.Validator | None] = {}

    def knows(self, method: str, route: str) -> bool:
        return method.lower() in as_object(self._paths.get(route))

    def check(self, record: RequestRecord) -> list[Deviation]:
        """Where `record` is not what the document says; empty when all is well."""
        if not self.knows(record.method, record.route):
            return [Deviation(record.method, record.route, "path", "is not served, or not in the document")]
        found = [
            Deviation(record.method, record.route, f"query.{name}", "is not a known parameter", fatal=False)
            for name in record.query
            if name not in self._query_names(record)
        ]
        validator = self._validator(record)
        if validator is None:
            if record.body:
                found.append(
                    Deviation(record.method, record.route, "", "has a body, the document knows none")
                )
            return found
        if not validator.is_valid(record.body):
            found += [self._deviation(record, error) for error in _leaves(validator.iter_errors(record.body))]
        return found

    def _operation(self, record: RequestRecord) -> Json:
        return as_object(as_object(self._paths.get(record.route)).get(record.method.lower()))

    def _query_names(self, record: RequestRecord) -> set[str]:
        parameters = as_list(self._operation(record).get("parameters"))
        return {str(one.get("name")) for one in parameters if one.get("in") == "query"}

    def _validator(self, record: RequestRecord) -> jsonschema_rs.Validator | None:
        key = (record.method, record.route)
        if key not in self._validators:
            content = as_object(as_object(self._operation(record).get("requestBody")).get("content"))
            schema = as_object(content.get("application/json") or content.get("multipart/form-data")).get(
                "schema"
            )
            self._validators[key] = (
                jsonschema_rs.validator_for(_strict(schema), registry=self._registry) if schema else None
            )
        return self._validators[key]

    @staticmethod
    def _deviation(record: RequestRecord, error: _Leaf) -> Deviation:
        shown = repr(error.value)
        shown = shown if len(shown) <= VALUE_SHOWN else f"{shown[:VALUE_SHOWN]}…"
        return Deviation(
            record.method, record.route, error.where, error.what, shown, fatal=not error.extra_field
        )


@cache
def official() -> Document:
    return Document(description())


def description() -> Json:
    """The shipped cut as data."""
    return loads((Path(__file__).parent / "document.json").read_bytes())


@dataclass(frozen=True)
class _Leaf:
    where: str
    what: str
    value: object
    extra_field: bool


def _leaves(errors: Iterator[jsonschema_rs.ValidationError]) -> list[_Leaf]:
    """The errors that a reader can act on: of a choice between shapes, those of the shape that was meant."""
    found: list[_Leaf] = []
    for error in errors:
        branches: list[list[jsonschema_rs.ValidationError]] | None = getattr(error.kind, "context", None)
        if not branches:
            extra = error.kind.name == "additionalProperties"
            found.append(_Leaf(_path(error), _wording(error), error.instance, extra))
            continue
        meant = min(branches, key=lambda branch: (_foreign(error, branch), len(branch)))
        kind = as_object(error.instance).get("type")
        if kind is not None and _foreign(error, meant):
            found.append(
                _Leaf(
                    f"{_path(error)}.type".lstrip("."), "no shape that fits here has this type", kind, False
                )
            )
        else:
            found += _leaves(iter(meant))
    return found


def _foreign(choice: jsonschema_rs.ValidationError, branch: list[jsonschema_rs.ValidationError]) -> bool:
    """Whether `branch` is another shape altogether: of another JSON type, or with another `type` inside."""
    here = _path(choice)
    return any(
        (error.kind.name == "type" and _path(error) == here) or _path(error) == f"{here}.type".lstrip(".")
        for error in branch
    )


def _path(error: jsonschema_rs.ValidationError) -> str:
    return ".".join(str(step) for step in error.instance_path)


def _wording(error: jsonschema_rs.ValidationError) -> str:
    """The message without the value, which may be long and is shown beside it."""
    text = error.message
    value = error.instance
    if isinstance(value, (dict, list, str)) and error.kind.name not in ("additionalProperties", "required"):
        for verb in (" is ", " has ", " does ", " was "):
            head, found, tail = text.rpartition(verb)
            if found and head:
                return f"{verb.strip()} {tail}"
    return text


def _tolerant(schemas: Json) -> Json:
    ready = {name: _strict(schema, EXTRA_FIELDS.get(name, set())) for name, schema in schemas.items()}
    # Ids may be written as numbers: discord.py does so for attachments, Discord reads both.
    ready["SnowflakeType"] = {"type": ["string", "integer"], "pattern": "^(0|[1-9][0-9]*)$"}
    for name in ("ApplicationCommandUpdateRequest", "ApplicationCommandCreateRequest"):
        # Documented as a string of bits, described as a number: Discord takes both.
        if name in ready:
            ready[name]["properties"]["default_member_permissions"] = {"type": ["integer", "string", "null"]}
    return ready


def _strict(schema: Any, extra: set[str] | None = None) -> Any:
    """With absolute references, and without unknown fields: Discord ignores those, so a typo would stay unseen."""
    if isinstance(schema, list):
        return [_strict(one) for one in as_list(schema)]
    if not isinstance(schema, dict):
        return schema
    own: Json = {}
    for key, value in as_object(schema).items():
        if key == "$ref":
            own[key] = f"{HERE}{value}"
        elif key == "properties":
            own[key] = {name: _strict(one) for name, one in as_object(value).items()}
        else:
            own[key] = _strict(value)
    if "properties" in own and "additionalProperties" not in own:
        own["properties"] |= dict.fromkeys(extra or set(), True)
        own["additionalProperties"] = False
    return own
