"""A modal as a member sees it, and what filling it in sends back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.playground.cdn import Upload
from bot.playground.components import SELECTS, Kind, with_ids
from bot.playground.errors import NotPossible
from bot.playground.jsonic import Json, as_int, as_list, as_object, objects

if TYPE_CHECKING:
    from bot.playground.interactions import Interaction

Value = object
Resolve = Callable[[Kind, object], str]
"""Turns a chosen user, role, channel or file into the id that is sent, and notes it among the resolved."""

_ENTITY_SELECTS = SELECTS - {Kind.STRING_SELECT}


@dataclass(frozen=True)
class Field:
    """One input. `options` are (label, value); `prefilled` is what is there before the member types."""

    label: str
    description: str
    custom_id: str
    kind: Kind
    component: Json = field(repr=False)

    @property
    def required(self) -> bool:
        if self.kind == Kind.CHECKBOX:
            return False
        return self.component.get("required") is not False

    @property
    def options(self) -> list[tuple[str, str]]:
        return [
            (str(one.get("label")), str(one.get("value"))) for one in objects(self.component.get("options"))
        ]

    @property
    def prefilled(self) -> Value:
        on = [one.get("value") for one in objects(self.component.get("options")) if one.get("default")]
        match self.kind:
            case Kind.TEXT_INPUT:
                return self.component.get("value") or ""
            case Kind.CHECKBOX:
                return bool(self.component.get("default"))
            case Kind.RADIO_GROUP:
                return on[0] if on else None
            case kind if kind in _ENTITY_SELECTS:
                return [str(one.get("id")) for one in objects(self.component.get("default_values"))]
            case _:
                return on


class Modal:
    """An opened modal. Submit it with `discord.submit(member, modal, {label or custom_id: value})`."""

    def __init__(self, interaction: Interaction, data: Json) -> None:
        self.interaction = interaction
        self.custom_id = str(data.get("custom_id"))
        self.title = str(data.get("title"))
        self.components = with_ids(objects(data.get("components")))
        self.fields = list(_fields(self.components))

    @property
    def text(self) -> str:
        """All that can be read in it."""
        shown = [str(one["content"]) for one in self.components if one.get("type") == Kind.TEXT_DISPLAY]
        labels = [part for one in self.fields for part in (one.label, one.description) if part]
        return "\n".join([self.title, *shown, *labels])

    def field(self, name: str) -> Field:
        """By custom id or label. Raises LookupError."""
        for one in self.fields:
            if name in (one.custom_id, one.label):
                return one
        raise LookupError(f"no field {name!r} among {[one.label for one in self.fields]}")

    def filled(self, values: Mapping[str, Value], resolve: Resolve, *, force: bool = False) -> list[Json]:
        """The components of the submission. Raises NotPossible for what the member's client would not send."""
        given = {self.field(name).custom_id: value for name, value in values.items()}
        sent: list[Json] = []
        for component in self.components:
            shell: Json = {"type": component["type"], "id": component["id"]}
            match component["type"]:
                case Kind.LABEL:
                    field = self.field(str(as_object(component.get("component")).get("custom_id")))
                    sent.append({**shell, "component": _answer(field, given, resolve, force=force)})
                case Kind.ACTION_ROW:
                    inner = objects(component.get("components"))
                    fields = [self.field(str(one.get("custom_id"))) for one in inner]
                    answers = [_answer(field, given, resolve, force=force) for field in fields]
                    sent.append({**shell, "components": answers})
                case _:
                    sent.append(shell)
        return sent

    def to_dict(self) -> Json:
        return {"custom_id": self.custom_id, "title": self.title, "components": self.components}


def _fields(components: list[Json]) -> list[Field]:
    found: list[Field] = []
    for component in components:
        inner = as_object(component.get("component"))
        rows = objects(component.get("components"))
        if inner:
            found.append(_field(inner, str(component.get("label")), component.get("description") or ""))
        found += [_field(row, str(row.get("label") or ""), "") for row in rows]
    return found


def _field(component: Json, label: str, description: str) -> Field:
    return Field(label, description, str(component.get("custom_id")), Kind(component["type"]), component)


def _answer(field: Field, given: dict[str, Value], resolve: Resolve, *, force: bool) -> Json:
    value = given.get(field.custom_id, field.prefilled)
    shell: Json = {"type": int(field.kind), "id": field.component["id"], "custom_id": field.custom_id}
    match field.kind:
        case Kind.TEXT_INPUT:
            text = str(value)
            if not force:
                _check_text(field, text)
            return {**shell, "value": text}
        case Kind.CHECKBOX:
            return {**shell, "value": bool(value)}
        case Kind.RADIO_GROUP:
            chosen = None if value is None else _option(field, value, force=force)
            if chosen is None and field.required and not force:
                raise NotPossible(f"{field.label!r} needs a choice")
            return {**shell, "value": chosen}
        case _:
            chosen_values = [_chosen(field, one, resolve, force=force) for one in _many(value)]
            if not force:
                _check_count(field, len(chosen_values))
            return {**shell, "values": chosen_values}


def _many(value: Value) -> Sequence[object]:
    if isinstance(value, (list, tuple)):
        return as_list(list(value))
    return [] if value is None else [value]


def _chosen(field: Field, value: object, resolve: Resolve, *, force: bool) -> str:
    if field.kind in _ENTITY_SELECTS or field.kind == Kind.FILE_UPLOAD:
        if field.kind == Kind.FILE_UPLOAD and not isinstance(value, Upload):
            raise TypeError(f"{field.label!r} takes Upload objects")
        return resolve(field.kind, value)
    return _option(field, value, force=force)


def _option(field: Field, value: object, *, force: bool) -> str:
    for label, own in field.options:
        if value in (own, label):
            return own
    if force:
        return str(value)
    raise NotPossible(f"{field.label!r} offers {[label for label, _ in field.options]}, not {value!r}")


def _check_text(field: Field, text: str) -> None:
    least = as_int(field.component.get("min_length")) or 0
    most = as_int(field.component.get("max_length")) or 4000
    if not text and not field.required:
        return
    if not text.strip():
        raise NotPossible(f"{field.label!r} is required")
    if not least <= len(text) <= most:
        raise NotPossible(f"{field.label!r} takes {least} to {most} characters, not {len(text)}")


def _check_count(field: Field, count: int) -> None:
    own = as_int(field.component.get("min_values"))
    least = 1 if own is None else own
    default_most = len(field.options) if field.kind == Kind.CHECKBOX_GROUP else 1
    most = as_int(field.component.get("max_values")) or default_most
    if count == 0 and not field.required:
        return
    if not least <= count <= most:
        raise NotPossible(f"{field.label!r} takes {least} to {most} values, not {count}")
