"""What a picture costs: an upper bound before, the real cost after. All results are integers of micro-dollars.

A price knows nothing of models; who may spend it is the quotas' business.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from bot.sizes import dimensions

Usage = Mapping[str, Any]
"""What a vendor reports of a call, in the vendor's own words."""

_STYLE_TOKENS = 100
"""A style's words are woven in after the estimate."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be priced: `pictures` in `calls` calls, each of which reads the prompt and the `inputs` again."""

    pictures: int
    calls: int = 1
    inputs: int = 0
    prompt: str = ""
    size: str = "auto"
    quality: str | None = None
    previews: int = 0


class Price(Protocol):
    @property
    def free(self) -> bool: ...

    def upper_bound(self, order: Order) -> int:
        """No call costs more than this, as far as the vendor's prices are known."""
        ...

    def tag(self, order: Order) -> int:
        """What the pictures alone cost, for a price tag: without the prompt, inputs and previews."""
        ...

    def real(self, order: Order, usage: Usage) -> int:
        """From what the vendor reports; without a report the table's price stands."""
        ...


@dataclass(frozen=True, kw_only=True)
class PicturePrice:
    """So much a picture: one price, or one for each quality, size or class of size; `""` stands for all others."""

    microusd: Mapping[str, int]
    input_microusd: int = 0

    @property
    def free(self) -> bool:
        return not any(self.microusd.values()) and not self.input_microusd

    def upper_bound(self, order: Order) -> int:
        return self.tag(order) + order.calls * order.inputs * self.input_microusd

    def tag(self, order: Order) -> int:
        return order.pictures * self._each(order)

    def real(self, order: Order, usage: Usage) -> int:
        return self.upper_bound(order)

    def _each(self, order: Order) -> int:
        names = (order.size, order.size.rpartition(" ")[2], order.quality or "", "")
        found = next((self.microusd[name] for name in names if name in self.microusd), None)
        return max(self.microusd.values()) if found is None else found


@dataclass(frozen=True, kw_only=True)
class TimePrice:
    """So much a second of a machine's time; `seconds` is what one picture takes at most, as far as anybody knows."""

    microusd_per_second: Fraction
    seconds: Fraction

    @property
    def free(self) -> bool:
        return not self.microusd_per_second

    def upper_bound(self, order: Order) -> int:
        return self.tag(order)

    def tag(self, order: Order) -> int:
        return math.ceil(order.pictures * self.seconds * self.microusd_per_second)

    def real(self, order: Order, usage: Usage) -> int:
        """`predict_time` is the vendor's own word for the seconds it counts."""
        seconds = usage.get("predict_time")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            return self.upper_bound(order)
        return math.ceil(Fraction(str(seconds)) * self.microusd_per_second)


@dataclass(frozen=True, kw_only=True)
class TokenPrice:
    """Rates are USD per million tokens, which is micro-dollars a token.

    `output_tokens` holds what a picture of a size and quality takes, sizes as written in the vendor's table; turned
    sizes count alike. `input_image_tokens` bounds one input picture, `preview_tokens` one preview,
    `thinking_tokens` what a model writes to itself before each picture.
    """

    text_in: Fraction
    image_in: Fraction
    image_out: Fraction
    text_out: Fraction | None = None
    cached_text_in: Fraction | None = None
    cached_image_in: Fraction | None = None
    output_tokens: Mapping[str, Mapping[str, int]]
    input_image_tokens: int = 0
    preview_tokens: int = 0
    thinking_tokens: int = 0
    _by_area: list[tuple[int, Mapping[str, int]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = [(_area(size), row) for size, row in self.output_tokens.items()]
        object.__setattr__(self, "_by_area", sorted(rows, key=lambda entry: entry[0]))

    @property
    def free(self) -> bool:
        return not (self.text_in or self.image_in or self.image_out)

    def upper_bound(self, order: Order) -> int:
        # A token has two bytes or more in every language that people prompt in; English has four.
        text = math.ceil(len(order.prompt.encode()) / 2) + _STYLE_TOKENS
        previews = order.pictures * order.previews * self.preview_tokens * self.image_out
        read = text * self.text_in + order.inputs * self.input_image_tokens * self.image_in
        thought = order.pictures * self.thinking_tokens * (self.text_out or self.image_out)
        return math.ceil(self._pictures(order) + previews + thought + order.calls * read)

    def tag(self, order: Order) -> int:
        return math.ceil(self._pictures(order))

    def real(self, order: Order, usage: Usage) -> int:
        if not _count(usage, "output_tokens"):
            return self.upper_bound(order)
        details = _part(usage, "input_tokens_details")
        image = _count(details, "image_tokens")
        text = _count(details, "text_tokens") if details else _count(usage, "input_tokens")
        cached = _part(details, "cached_tokens_details")
        total = text * self.text_in + image * self.image_in + self._answer(usage)
        total -= _discount(min(_count(cached, "text_tokens"), text), self.text_in, self.cached_text_in)
        total -= _discount(min(_count(cached, "image_tokens"), image), self.image_in, self.cached_image_in)
        return math.ceil(total)

    def _answer(self, usage: Usage) -> Fraction:
        written = _count(usage, "output_tokens")
        details = _part(usage, "output_tokens_details")
        if self.text_out is None or not details:
            return written * self.image_out
        words = min(_count(details, "text_tokens"), written)
        return words * self.text_out + (written - words) * self.image_out

    def _pictures(self, order: Order) -> Fraction:
        return order.pictures * self._tokens(order.size, order.quality) * self.image_out

    def _tokens(self, size: str, quality: str | None) -> int:
        """The table's own entry, of the size or its class; else the dearest of those up to the next larger one.

        Tables are not in proportion to the area (1024x1024 is dearer than 1920x1080), so nothing is interpolated.
        """
        if (area_class := size.rpartition(" ")[2]) in self.output_tokens:
            return _of_quality(self.output_tokens[area_class], quality)
        shape = dimensions(size)
        if shape is None:
            return max(_of_quality(row, quality) for area, row in self._by_area if area <= 1600 * 1024)
        for written in (f"{shape[0]}x{shape[1]}", f"{shape[1]}x{shape[0]}"):
            if written in self.output_tokens:
                return _of_quality(self.output_tokens[written], quality)
        area, dearest = shape[0] * shape[1], 0
        for row_area, row in self._by_area:
            dearest = max(dearest, _of_quality(row, quality))
            if row_area >= area:
                break
        return dearest


def _of_quality(row: Mapping[str, int], quality: str | None) -> int:
    """`auto`, or a quality that the table does not know, may turn out to be the dearest."""
    return row.get(quality or "", max(row.values()))


def _area(size: str) -> int:
    width, height = dimensions(size) or (0, 0)
    return width * height


def _part(usage: Usage, name: str) -> Usage:
    part = usage.get(name)
    return part if isinstance(part, dict) else {}


def _count(usage: Usage, name: str) -> int:
    count = usage.get(name)
    return max(0, count) if isinstance(count, int) else 0


def _discount(tokens: int, rate: Fraction, cached_rate: Fraction | None) -> Fraction:
    return tokens * (rate - cached_rate) if cached_rate is not None else Fraction(0)
