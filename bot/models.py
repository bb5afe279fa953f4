"""One image model: what it can do and what it costs. Entries come from `catalog.toml` and the owner's own file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.images import ImageRequest, Kind
from bot.prices import Order, Price, Usage
from bot.sizes import Sizes

WITH_INPUTS = frozenset({Kind.EDIT, Kind.VARIATIONS, Kind.UPSCALE, Kind.DESCRIBE})


@dataclass(frozen=True, kw_only=True)
class ImageModel:
    """`id` is `<provider>/<vendor_id>`; the first of `formats` is the default, none of them: as the vendor sends it.

    `qualities` rise; `quality_words` says what `standard`, `high` and `ultra` become here. `images_per_call` is how
    many pictures one call makes (`images_per_edit_call` where pictures are sent along), `max_count` how many one
    request may ask for. `previews` is the most unfinished pictures that the vendor streams. A `tool` does one thing
    and is taken only when it is named. `presets`: it takes its vendor's own names of styles.
    `unverified` names the fields that no source of the vendor's own shows.
    """

    id: str
    provider: str
    vendor_id: str
    name: str
    kinds: frozenset[Kind]
    sizes: Sizes
    price: Price
    aliases: tuple[str, ...] = ()
    max_inputs: int = 0
    mask: bool = False
    mask_required: bool = False
    tool: bool = False
    max_count: int = 10
    images_per_call: int = 1
    images_per_edit_call: int = 1
    qualities: tuple[str, ...] = ()
    quality_words: Mapping[str, str] = field(default_factory=dict[str, str])
    default_quality: str | None = None
    formats: tuple[str, ...] = ()
    backgrounds: tuple[str, ...] = ()
    previews: int = 0
    seed: bool = False
    negative: bool = False
    strength: bool = False
    presets: bool = False
    unverified: tuple[str, ...] = ()
    prompt_limit: int = 4000
    recommended: bool = False
    retires_on: date | None = None
    successor: str | None = None

    @property
    def free(self) -> bool:
        return self.price.free

    def can(self, kind: Kind) -> bool:
        return kind in self.kinds

    def plan(self, request: ImageRequest) -> list[tuple[int, int]]:
        """The calls that make the pictures: (number of the first from 1, how many)."""
        each = self.images_per_edit_call if request.inputs else self.images_per_call
        return [(first, min(each, request.count - first + 1)) for first in range(1, request.count + 1, each)]

    def estimate(self, request: ImageRequest) -> int:
        """An upper bound for the whole request, in micro-dollars."""
        calls = self.plan(request)
        # Previews come only where a call makes a single picture.
        previews = self.previews if all(count == 1 for _, count in calls) else 0
        return self.price.upper_bound(self._order(request, request.count, len(calls), previews))

    def cost(self, request: ImageRequest, usage: Usage, *, pictures: int, prompt: str | None = None) -> int:
        """What one call that made so many pictures really cost, in micro-dollars."""
        return self.price.real(self._order(request, pictures, 1, 0, prompt), usage)

    def price_tag(self, *, size: str | None = None, quality: str | None = None) -> int:
        """Micro-dollars of one picture, without what the prompt or inputs cost."""
        size = size or self.sizes.resolve(None)
        return self.price.tag(Order(pictures=1, size=size, quality=quality or self.default_quality))

    def _order(
        self, request: ImageRequest, pictures: int, calls: int, previews: int, prompt: str | None = None
    ) -> Order:
        return Order(
            pictures=pictures,
            calls=calls,
            inputs=len(request.inputs) + (request.mask is not None),
            prompt=(prompt or request.prompt) + (request.negative or ""),
            size=request.size,
            quality=request.quality,
            previews=previews,
        )
