"""The fields of a catalogue's entries: what each must look like, and what it becomes. Files are next door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from bot.checks import FORMATS
from bot.images import Kind
from bot.prices import PicturePrice, Price, TimePrice, TokenPrice
from bot.sizes import AUTO, FreeSizes, ListedSizes, RatioSizes, Sizes, understand
from bot.terminal import t

Entry = dict[str, Any]


class Fault(ValueError):
    """What is wrong with the value of one field."""


def as_table(value: Any) -> Entry:
    if not isinstance(value, dict):
        raise Fault(t("must be a table"))
    return value


def as_tables(value: Any) -> list[Entry]:
    if not isinstance(value, list):
        raise Fault(t("must be a list of tables, written [[…]]"))
    return [as_table(entry) for entry in value]


def as_text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Fault(t("must be a text"))
    return value


def as_names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Fault(t("must be a list of texts"))
    return tuple(as_text(name) for name in value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Fault(t("must be true or false"))
    return value


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Fault(t("must be a whole number from {low} to {high}", low=low, high=high))
        return value

    return read


def _among(*allowed: str) -> Callable[[Any], tuple[str, ...]]:
    def read(value: Any) -> tuple[str, ...]:
        names = as_names(value)
        for name in names:
            if name not in allowed:
                raise Fault(t("{name} is none of {names}", name=repr(name), names=", ".join(allowed)))
        return names

    return read


def _day(value: Any) -> date:
    if type(value) is not date:
        raise Fault(t("must be a day, written 2026-12-01 without quotes"))
    return value


def _kinds(value: Any) -> frozenset[Kind]:
    kinds = {Kind(name) for name in _among(*(kind.value for kind in Kind))(value)}
    # Variations are a feature of ours, made of an edit: no vendor has an endpoint for them any more.
    return frozenset(kinds | {Kind.VARIATIONS} if Kind.EDIT in kinds else kinds)


def _words(value: Any) -> Mapping[str, str]:
    return {as_text(word): as_text(meant) for word, meant in as_table(value).items()}


def _size_names(value: Any) -> tuple[str, ...]:
    names = as_names(value)
    for name in names:
        try:
            understand(name)
        except ValueError:
            raise Fault(t("{name} is no size", name=repr(name))) from None
    if not names:
        raise Fault(t("must not be empty"))
    return names


def _sizes(value: Any) -> Sizes:
    table = dict(as_table(value))
    if "list" in table:
        return ListedSizes(_size_names(_only(table, "list")["list"]))
    if "ratios" in table:
        _only(table, "ratios", "classes")
        return RatioSizes(
            _size_names(table["ratios"]), _among("512", "1K", "2K", "4K")(table.get("classes", []))
        )
    _only(table, *(item.name for item in fields(FreeSizes)))
    positive = _whole(1, 10**9)
    edges = {name: positive(table.get(name)) for name in ("multiple", "min_pixels", "max_pixels", "longest")}
    free = FreeSizes(
        **edges,
        max_ratio=float(_amount(table.get("max_ratio"))),
        suggested=_size_names(table.get("suggested")),
    )
    for name in free.suggested:
        if name != AUTO and not free.allows(*(int(edge) for edge in name.split("x"))):
            raise Fault(t("{name} breaks the rules given beside it", name=repr(name)))
    return free


def _price(value: Any) -> Price:
    table = dict(as_table(value))
    if "usd" in table or "credits" in table:
        _only(table, "usd", "credits", "credit_usd", "input_usd")
        each = table.get("usd", table.get("credits"))
        unit = _amount(table.get("credit_usd", 1)) if "credits" in table else Fraction(1)
        prices = each if isinstance(each, dict) else {"": each}
        return PicturePrice(
            microusd={name: _microusd(_amount(amount) * unit) for name, amount in prices.items()},
            input_microusd=_microusd(_amount(table.get("input_usd", 0))),
        )
    if "usd_per_second" in table:
        _only(table, "usd_per_second", "seconds")
        return TimePrice(
            microusd_per_second=_amount(table["usd_per_second"]) * 1_000_000,
            seconds=_amount(table.get("seconds")),
        )
    _only(table, *(item.name for item in fields(TokenPrice) if item.init))
    if not table.keys() >= {"text_in", "image_in", "image_out", "output_tokens"}:
        raise Fault(
            t(
                "needs usd, or credits, or usd_per_second, or the rates text_in, image_in, image_out with output_tokens"
            )
        )
    count = _whole(0, 10**6)
    return TokenPrice(
        text_in=_amount(table["text_in"]),
        image_in=_amount(table["image_in"]),
        image_out=_amount(table["image_out"]),
        text_out=_maybe_amount(table.get("text_out")),
        cached_text_in=_maybe_amount(table.get("cached_text_in")),
        cached_image_in=_maybe_amount(table.get("cached_image_in")),
        output_tokens=_token_table(table["output_tokens"]),
        input_image_tokens=count(table.get("input_image_tokens", 0)),
        preview_tokens=count(table.get("preview_tokens", 0)),
        thinking_tokens=count(table.get("thinking_tokens", 0)),
    )


def _maybe_amount(value: Any) -> Fraction | None:
    return None if value is None else _amount(value)


def _token_table(value: Any) -> Mapping[str, Mapping[str, int]]:
    count = _whole(1, 10**6)
    table = {
        size: {word: count(n) for word, n in as_table(row).items()} for size, row in as_table(value).items()
    }
    _size_names(list(table))
    return table


def _only(table: Entry, *known: str) -> Entry:
    for name in table:
        if name not in known:
            raise Fault(
                t("there is no {name} in it; there are {names}", name=repr(name), names=", ".join(known))
            )
    return table


def _amount(value: Any) -> Fraction:
    if not isinstance(value, int | Decimal) or isinstance(value, bool) or value < 0:
        raise Fault(t("must be a number of 0 or more"))
    return Fraction(value)


def _microusd(usd: Fraction) -> int:
    return round(usd * 1_000_000)


FIELDS: dict[str, Callable[[Any], Any]] = {
    "name": as_text,
    "aliases": as_names,
    "kinds": _kinds,
    "sizes": _sizes,
    "price": _price,
    "max_inputs": _whole(0, 64),
    "mask": _flag,
    "mask_required": _flag,
    "tool": _flag,
    "max_count": _whole(1, 10),
    "images_per_call": _whole(1, 10),
    "images_per_edit_call": _whole(1, 10),
    "qualities": as_names,
    "quality_words": _words,
    "default_quality": as_text,
    "formats": _among(*FORMATS),
    "backgrounds": _among("transparent", "opaque", "auto"),
    "previews": _whole(0, 3),
    "seed": _flag,
    "negative": _flag,
    "strength": _flag,
    "presets": _flag,
    "unverified": _among("price", "name", "sizes"),
    "prompt_limit": _whole(1, 100_000),
    "recommended": _flag,
    "retires_on": _day,
    "successor": as_text,
}
