"""`.env.example`, written from the settings' own descriptions: `make env-example`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from pydantic.fields import FieldInfo

from bot.settings import SETTINGS

_HEAD = """\
# The settings of Atelier. Copy this file to .env and fill in what you need; a line left empty says nothing.
# A line with # before its name shows the default: remove the # to say something else.
# The environment wins over .env, and .env over config.json (same names in lower case; api_key is OpenAI's key).
"""


def example() -> str:
    return _HEAD + "".join(f"{line}\n" for name, field in SETTINGS.items() for line in _lines(name, field))


def _lines(name: str, field: FieldInfo) -> Iterator[str]:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    if group := extra.get("group"):
        yield from ("", f"## {group}")
    yield ""
    for text in (field.description, extra.get("where")):
        yield from textwrap.wrap(str(text or ""), 108, initial_indent="# ", subsequent_indent="#   ")
    default = _default(field)
    yield f"#{name}={default}" if default else f"{name}="


def _default(field: FieldInfo) -> str:
    """Empty for what has none, or one that depends on other settings."""
    match field.default:
        case bool() as flag:
            return str(flag).lower()
        case float() as number:
            return f"{number:g}"
        case None | frozenset():
            return ""
        case value:
            return "" if field.default_factory else str(value)


if __name__ == "__main__":
    print(example(), end="")
