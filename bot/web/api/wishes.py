"""A body of the API as an `ImageRequest`: the mission's words in the studio's own, pictures fetched or received."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.addresses import Forbidden, TooLarge, Unreachable
from bot.catalog import Catalog
from bot.checks import FORMATS
from bot.errors import BadImage, InvalidRequest, NoProvider
from bot.i18n import _
from bot.images import ImageRequest, InputImage, Kind
from bot.models import ImageModel
from bot.uploads import MAX_INPUT_BYTES
from bot.web.api.bodies import EditBody, GenerateBody, ImageBody, VariationsBody
from bot.web.api.callers import Caller
from bot.web.api.parts import Parts
from bot.web.problems import Problem, say

Wish = GenerateBody | EditBody | VariationsBody

_MISSION_QUALITIES = frozenset({"standard", "high", "ultra"})


async def wish_of(
    parts: Parts,
    caller: Caller,
    catalog: Catalog,
    body: Wish,
    files: Mapping[str, bytes],
    default_model: str | None,
    *,
    own: bool,
) -> ImageRequest:
    """What the studio is asked for; it checks the rest. Raises what is wrong with the model or the pictures.

    `catalog` is what the caller can draw with; `default_model` the member's `own` or the server's, if there is one.
    """
    kind = kind_of(body, files)
    model = _model(catalog, body.model, body.provider, kind, default_model)
    request = ImageRequest(
        kind=kind,
        prompt=body.prompt,
        model=model.id,
        count=body.num_images,
        size=body.size,
        quality=_quality(body.quality, model),
        style=body.style or None,
        seed=body.seed,
        negative=body.negative_prompt or None,
        strength=body.strength if isinstance(body, VariationsBody) else None,
        chosen=own or body.model is not None or body.provider is not None,
    )
    request = _formatted(request, body.format, model)
    inputs, mask = await _pictures(parts, caller, body, files)
    return replace(request, inputs=inputs, mask=mask)


def sync_wish(body: ImageBody) -> GenerateBody:
    return GenerateBody(
        prompt=body.prompt, provider=body.provider, style=body.style, size=body.size, quality=None
    )


def kind_of(body: Wish, files: Mapping[str, bytes]) -> Kind:
    """What is asked for. Raises Problem where its picture is missing, or given twice."""
    if isinstance(body, GenerateBody):
        return Kind.GENERATE if body.input_image_url is None else Kind.EDIT
    if body.input_image_url is None and "image" not in files:
        raise Problem(
            400,
            "invalid_request",
            say(_("image is required")),
            fields=[("image", say(_("image is required")))],
        )
    if body.input_image_url is not None and "image" in files:
        raise InvalidRequest(field="image, input_image_url", problem="only_one")
    return Kind.EDIT if isinstance(body, EditBody) else Kind.VARIATIONS


def _model(
    catalog: Catalog, name: str | None, provider: str | None, kind: Kind, default_model: str | None
) -> ImageModel:
    if name is not None:
        model = catalog.find(name)
        if provider is not None and model.provider != provider.strip().casefold():
            raise InvalidRequest(
                field="provider", problem="unknown", value=provider, allowed=[model.provider]
            )
        return model
    if provider is None:
        return catalog.find(default_model) if default_model else catalog.default(kind)
    wanted = provider.strip().casefold()
    usable = [model for model in catalog.models(kind) if model.provider == wanted]
    if usable:
        return next((model for model in usable if not model.tool), usable[0])
    known = {model.provider for model in catalog.all_models()}
    if wanted in known and wanted not in catalog.providers:
        raise NoProvider(provider=wanted, setting=catalog.setting_of(wanted))
    raise InvalidRequest(field="provider", problem="unknown", value=provider, allowed=list(catalog.providers))


def _quality(word: str | None, model: ImageModel) -> str | None:
    """The mission's three words and `auto` are always understood: a model without such a choice chooses itself."""
    known = word in model.qualities or word in model.quality_words
    if not known and (word == "auto" or (word in _MISSION_QUALITIES and not model.qualities)):
        return None
    return word


def _formatted(request: ImageRequest, asked: str | None, model: ImageModel) -> ImageRequest:
    """Asked of the model where it has that format, converted afterwards where it has others only."""
    if asked is None:
        return replace(request, format="png") if "png" in model.formats else request
    word = asked.lower()
    if not model.formats or word in model.formats or word not in FORMATS:
        return replace(request, format=word)
    return replace(request, convert_to=word)


async def _pictures(
    parts: Parts, caller: Caller, body: Wish, files: Mapping[str, bytes]
) -> tuple[tuple[InputImage, ...], InputImage | None]:
    if body.input_image_url is None and not files:
        return (), None
    uploads = parts.services.uploads
    async with parts.receiving.place(caller.key_id):
        name = "image" if "image" in files else "input_image_url"
        data = files.get("image") or await _fetched(parts, body.input_image_url or "")
        picture = await uploads.picture_of(data, name)
        mask = await uploads.mask_of(files["mask"], "mask", picture) if "mask" in files else None
    return (picture,), mask


async def _fetched(parts: Parts, address: str) -> bytes:
    try:
        return await parts.fetcher.get(address, max_bytes=MAX_INPUT_BYTES)
    except Forbidden as error:
        raise forbidden("input_image_url") from error
    except Unreachable as error:
        raise BadImage(problem="unreachable") from error
    except TooLarge as error:
        raise BadImage(problem="too_many_bytes", limit=MAX_INPUT_BYTES) from error


def forbidden(field: str) -> Problem:
    """An address of a kind that is never gone to."""
    words = say(_("{field} must be a public http or https address on its usual port"), field=field)
    return Problem(400, "invalid_request", words, fields=[(field, words)])
