"""Whether a model can do what a request asks, and the request in the model's own terms.

Raises `InvalidRequest` with one of these problems: `empty`, `too_long`, `missing` (an input picture), `unknown` (a
word that nothing here understands), `unsupported` (this model cannot), `needs_format`, `out_of_range`, `too_many`; and
`BadImage` for a mask that is not of its picture's size.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from bot.errors import BadImage, InvalidRequest
from bot.images import ImageRequest, Kind
from bot.models import WITH_INPUTS, ImageModel
from bot.sizes import AUTO, understand

MAX_SEED = 4_294_967_294
"""The largest that every vendor with seeds takes."""

FORMATS = ("png", "jpeg", "webp")
SEE_THROUGH = ("png", "webp")
QUALITY_WORDS = ("standard", "high", "ultra")
"""The words that mean something on every model; each model's entry says what."""

_OLD_QUALITY_WORDS = {"hd": "high", "best": "ultra"}
_NEGATIVE_LIMIT = 2000


def checked(request: ImageRequest, model: ImageModel) -> ImageRequest:
    _check_kind(request, model)
    _check_prompt(request, model)
    _check_inputs(request, model)
    _check_switches(request, model)
    if not 1 <= request.count <= model.max_count:
        _refuse(model, "count", "out_of_range", request.count, "1", str(model.max_count))
    background = _background(request, model)
    size, asked_size = _size(request, model)
    quality, asked_quality = _quality(request, model)
    return replace(
        request,
        model=model.id,
        size=size,
        asked_size=asked_size,
        quality=quality,
        asked_quality=asked_quality,
        background=background,
        format=_format(request, model, see_through=background == "transparent"),
    )


def _refuse(model: ImageModel, field: str, problem: str, value: object = None, *allowed: str) -> NoReturn:
    raise InvalidRequest(
        field=field,
        problem=problem,
        value=None if value is None else str(value),
        allowed=list(allowed) or None,
        model=model.name,
    )


def _check_kind(request: ImageRequest, model: ImageModel) -> None:
    if not model.can(request.kind):
        _refuse(model, "kind", "unsupported", request.kind.value, *sorted(kind.value for kind in model.kinds))


def _check_prompt(request: ImageRequest, model: ImageModel) -> None:
    said = request.prompt.strip() or request.direction
    if not said and request.kind in (Kind.GENERATE, Kind.EDIT):
        _refuse(model, "prompt", "empty")
    if len(request.prompt) > model.prompt_limit:
        _refuse(model, "prompt", "too_long", len(request.prompt), str(model.prompt_limit))


def _check_inputs(request: ImageRequest, model: ImageModel) -> None:
    if request.kind in WITH_INPUTS and not request.inputs:
        _refuse(model, "image", "missing", None, "image")
    if request.kind is Kind.GENERATE and request.inputs:
        _refuse(model, "image", "unsupported", request.kind.value)
    if len(request.inputs) > model.max_inputs:
        _refuse(model, "image", "too_many", len(request.inputs), str(model.max_inputs))
    if request.mask is None:
        if model.mask_required and request.kind is Kind.EDIT:
            _refuse(model, "mask", "missing")
        return
    if not model.mask or request.kind is not Kind.EDIT:
        _refuse(model, "mask", "unsupported")
    first = request.inputs[0]
    if (request.mask.width, request.mask.height) != (first.width, first.height):
        raise BadImage(problem="mask_size")


def _check_switches(request: ImageRequest, model: ImageModel) -> None:
    if request.seed is not None:
        if not model.seed:
            _refuse(model, "seed", "unsupported")
        if not 0 <= request.seed <= MAX_SEED:
            _refuse(model, "seed", "out_of_range", request.seed, "0", str(MAX_SEED))
    if request.negative is not None:
        if not model.negative:
            _refuse(model, "negative", "unsupported")
        if len(request.negative) > _NEGATIVE_LIMIT:
            _refuse(model, "negative", "too_long", len(request.negative), str(_NEGATIVE_LIMIT))
    if request.strength is not None:
        # Variations take it on every model: those that lack the field are told in words.
        if not model.strength and request.kind is not Kind.VARIATIONS:
            _refuse(model, "strength", "unsupported")
        if not 0.0 <= request.strength <= 1.0:
            _refuse(model, "strength", "out_of_range", request.strength, "0.0", "1.0")


def _size(request: ImageRequest, model: ImageModel) -> tuple[str, str | None]:
    """The model's size, and what was typed where that is not the same."""
    typed = request.asked_size or request.size
    if request.kind is Kind.DESCRIBE or (request.kind is Kind.UPSCALE and typed == AUTO):
        # As large as the model makes it of this picture: no size of the list is meant.
        return AUTO, None
    try:
        asked = understand(typed)
    except ValueError:
        _refuse(model, "size", "unknown", typed, *model.sizes.offered)
    if asked is None and AUTO not in model.sizes.offered and request.inputs:
        first = request.inputs[0]
        return model.sizes.resolve(understand(f"{first.width}x{first.height}")), None
    size = model.sizes.resolve(asked)
    same = asked is None or "".join(typed.split()).casefold() == "".join(size.split()).casefold()
    return size, None if same else " ".join(typed.split())


def _quality(request: ImageRequest, model: ImageModel) -> tuple[str | None, str | None]:
    """The model's quality, and the word that was said where that is not the same.

    What means something on every model is never refused: a model takes its nearest, one without qualities draws as well
    as it can. What was said before holds as long as it still means the quality that is asked for.
    """
    before = request.asked_quality
    if before is not None and request.quality in (None, _meant(before, model)):
        return _meant(before, model), before
    if request.quality is None:
        return model.default_quality, None
    word = request.quality.strip().casefold()
    word = _OLD_QUALITY_WORDS.get(word, word)
    if word in model.qualities:
        return word, None
    if word in QUALITY_WORDS:
        return _meant(word, model), None if word == "standard" else word
    if not model.qualities:
        _refuse(model, "quality", "unsupported")
    words = [name for name in QUALITY_WORDS if name in model.quality_words and name not in model.qualities]
    return _refuse(model, "quality", "unsupported", request.quality, *model.qualities, *words)


def _meant(word: str, model: ImageModel) -> str | None:
    """One of the words that mean something everywhere, in the model's own; None where it has no qualities."""
    if word in model.qualities or not model.qualities:
        return word if model.qualities else None
    best = [name for name in model.qualities if name != AUTO][-1]
    return model.quality_words.get(word, model.default_quality if word == "standard" else best)


def _background(request: ImageRequest, model: ImageModel) -> str | None:
    if request.background is None:
        return None
    word = request.background.strip().casefold()
    if word not in model.backgrounds:
        _refuse(model, "background", "unsupported", request.background, *model.backgrounds)
    return word


def _format(request: ImageRequest, model: ImageModel, *, see_through: bool) -> str | None:
    """A model that sends what it likes gives any format: the studio converts."""
    choices = model.formats or FORMATS
    if request.format is None:
        if see_through:
            return next((name for name in choices if name in SEE_THROUGH), None)
        return model.formats[0] if model.formats else None
    word = request.format.strip().casefold().removeprefix(".")
    word = {"jpg": "jpeg"}.get(word, word)
    if word not in choices:
        _refuse(model, "format", "unsupported", request.format, *choices)
    if see_through and word not in SEE_THROUGH:
        _refuse(model, "background", "needs_format", word, *(name for name in choices if name in SEE_THROUGH))
    return word
