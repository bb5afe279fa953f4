"""What there is to draw with, as facts: each model with what it can do, what it costs and how its provider is doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.breaker import Health
from bot.catalog import Catalog
from bot.images import Kind
from bot.models import ImageModel

NO_KEY = "no_key"


class Watched(Protocol):
    def health(self) -> Health: ...


@dataclass(frozen=True, kw_only=True)
class Listed:
    """`retires_on` is the last day's morning; a `low` and a `high` price in micro-dollars, alike where there is one."""

    model: ImageModel
    retires_on: date | None
    low: int
    high: int


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A provider's models. `health.status` is `no_key` where its owner has not set it up: `setting` is what lacks."""

    provider: str
    name: str
    health: Health
    setting: str | None
    models: list[Listed]


def shelves(catalog: Catalog, providers: Mapping[str, Watched]) -> list[Shelf]:
    """The configured providers in their order, then those that lack a key. The demo only while it draws."""
    models = {model.provider: [] for model in catalog.all_models()}
    for model in catalog.all_models():
        if not catalog.gone(model):
            models[model.provider].append(_listed(catalog, model))
    order = [*catalog.providers, *(name for name in models if name not in catalog.providers)]
    return [
        Shelf(
            provider=name,
            name=catalog.name_of(name),
            health=_health(catalog, providers, name),
            setting=catalog.setting_of(name),
            models=models.get(name, []),
        )
        for name in order
        if name != "demo" or name in catalog.providers
    ]


def abilities(model: ImageModel) -> list[str]:
    """Words of the program, in a fixed order; the edge translates them."""
    told = {
        "generate": model.can(Kind.GENERATE),
        "edit": model.can(Kind.EDIT) and not model.tool,
        "tool": model.tool,
        "mask": model.mask,
        "upscale": model.can(Kind.UPSCALE),
        "describe": model.can(Kind.DESCRIBE),
        "transparent": "transparent" in model.backgrounds,
        "previews": model.previews > 0,
        "seed": model.seed,
        "negative": model.negative,
    }
    return [word for word, can in told.items() if can]


def _listed(catalog: Catalog, model: ImageModel) -> Listed:
    size = model.sizes.resolve(None)
    tags = [
        model.price_tag(size=offered, quality=quality)
        for offered in (size, *model.sizes.offered)
        for quality in model.qualities or (None,)
    ]
    return Listed(model=model, retires_on=catalog.end_of(model), low=min(tags), high=max(tags))


def _health(catalog: Catalog, providers: Mapping[str, Watched], name: str) -> Health:
    if name not in catalog.providers:
        return Health(status=NO_KEY)
    provider = providers.get(name)
    return provider.health() if provider is not None else Health(status="ready")
