"""JSON values: the one name for them, and careful reading of what a stranger sent."""

from typing import Any, cast

import orjson

Json = dict[str, Any]


def dumps(value: object) -> bytes:
    return orjson.dumps(value)


def loads(text: bytes | str) -> Any:
    return orjson.loads(text)


def as_object(value: object) -> Json:
    """`value` when it is a JSON object, else an empty one."""
    return cast("Json", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def objects(value: object) -> list[Json]:
    """The JSON objects of a list; anything else in it is left out."""
    return [cast("Json", item) for item in as_list(value) if isinstance(item, dict)]


def as_int(value: object) -> int | None:
    """A number, or an id that was written as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return None


def present(fields: Json) -> Json:
    """`fields` without those that are None: Discord leaves out what does not apply."""
    return {key: value for key, value in fields.items() if value is not None}
