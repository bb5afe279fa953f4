"""Numbers as people type them into a form's fields: pictures, seconds, dollars; an empty field says nothing.

What cannot be used is refused by the field's `label`, which is what they read beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.errors import InvalidRequest

MICRO = 1_000_000
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_DOLLARS = re.compile(r"-?[0-9]{1,12}([.,][0-9]{0,6})?")


def whole(form: Mapping[str, Any], name: str, label: str, *, least: int = 0, most: int) -> int | None:
    """Raises InvalidRequest for what is no whole number, or not from `least` to `most`."""
    typed = text_of(form, name)
    if not typed:
        return None
    if not _WHOLE.fullmatch(typed):
        raise InvalidRequest(field=label, problem="not_a_number", value=typed)
    if not least <= int(typed) <= most:
        raise InvalidRequest(
            field=label, problem="out_of_range", value=typed, allowed=[str(least), str(most)]
        )
    return int(typed)


def dollars(form: Mapping[str, Any], name: str, label: str, *, least: int = 0, most: int) -> int | None:
    """In micro-dollars, typed with a point or a comma; the limits are in dollars. Raises InvalidRequest likewise."""
    typed = text_of(form, name).strip("$ \u00a0\u202f")
    if not typed:
        return None
    if not _DOLLARS.fullmatch(typed):
        raise InvalidRequest(field=label, problem="not_a_number", value=typed)
    amount = Decimal(typed.replace(",", "."))
    if not least <= amount <= most:
        raise InvalidRequest(
            field=label, problem="out_of_range", value=typed, allowed=[str(least), str(most)]
        )
    return int(amount * MICRO)


def text_of(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""
