"""The two JSON edits that we do in place, in each dialect's words: no row is read in order to be written back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, cast, func, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import Text

from storage.database import json_text


def merged(dialect: str, column: Column[Any], entries: Mapping[str, Any]) -> ColumnElement[Any]:
    """The object in `column` with `entries` set in it."""
    if dialect == "postgresql":
        return column.op("||")(cast(literal(json_text(entries), Text), JSONB))
    return func.json_patch(column, json_text(entries))


def appended(dialect: str, column: Column[Any], value: Any) -> ColumnElement[Any]:
    """The array in `column` with `value` at its end."""
    if dialect == "postgresql":
        return column.op("||")(cast(literal(json_text([value]), Text), JSONB))
    return func.json_insert(column, "$[#]", func.json(json_text(value)))
