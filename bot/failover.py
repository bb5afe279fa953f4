"""Which model could do a request that its own cannot do now. Nobody's choice is swapped here: see `bot.drawing`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bot.catalog import Catalog
from bot.errors import (
    AtelierError,
    Misconfigured,
    OutOfCredit,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    Refused,
)
from bot.images import ImageRequest, Kind
from bot.models import ImageModel

_DEMO = "demo"
_ELSEWHERE = (ProviderUnavailable, ProviderTimeout, RateLimited, OutOfCredit, Misconfigured)


def may_go_elsewhere(error: AtelierError | None) -> bool:
    """Whether it was the provider, not the wish, that failed, and nothing can have been paid for it."""
    return isinstance(error, _ELSEWHERE) and not error.may_be_paid


def helps_elsewhere(error: AtelierError | None) -> bool:
    """Whether a member could be offered another model: what was lost on the way is theirs to try again."""
    return isinstance(error, ProviderError) and isinstance(error, _ELSEWHERE)


def others(
    catalog: Catalog,
    request: ImageRequest,
    *,
    avoid: Collection[str],
    ceiling_microusd: int | None = None,
    among: Collection[str] | None = None,
) -> list[ImageRequest]:
    """The same wish in the words of other providers' models, the preferred first: one model of each provider.

    `ceiling_microusd` bounds the whole request, `among` names the only models that a server allows. Never the demo,
    and a tool only where tools are what does it.
    """
    found: dict[str, ImageRequest] = {}
    for model in catalog.models(request.kind):
        if model.provider in avoid or model.provider in found or model.provider == _DEMO:
            continue
        if model.tool and request.kind is not Kind.UPSCALE:
            continue
        if among and model.id not in among:
            continue
        fitted = in_words_of(catalog, request, model)
        if fitted is None:
            continue
        if ceiling_microusd is None or catalog.estimate(fitted) <= ceiling_microusd:
            found[model.provider] = fitted
    return list(found.values())


def in_words_of(catalog: Catalog, request: ImageRequest, model: ImageModel) -> ImageRequest | None:
    """None where the model cannot do it. Its quality is the model's own: the other's words mean nothing to it."""
    try:
        return catalog.check(
            replace(
                request,
                model=model.id,
                size=request.asked_size or request.size,
                asked_size=None,
                # Only what means something everywhere.
                quality=request.asked_quality,
                asked_quality=None,
                # A seed draws the same picture on the same model only.
                seed=request.seed if model.seed else None,
                background=request.background if request.background == "transparent" else None,
            )
        )
    except Refused:
        return None
