"""Fits a call into the inputs that a Replicate model says it has: the names differ from maker to maker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.errors import BadInput
from bot.images import Kind
from bot.providers.base import RenderCall
from bot.sizes import AUTO, dimensions
from bot.styles import with_strength

_PROVIDER = "replicate"
_IMAGES = ("image", "input_image", "image_input", "input_images", "image_prompt", "init_image", "redux_image")
_STRENGTHS = ("prompt_strength", "strength", "image_prompt_strength")
_COUNTS = ("num_outputs", "num_images", "number_of_images")
_FORMATS = {"jpeg": ("jpg", "jpeg"), "png": ("png",), "webp": ("webp",)}


class ModelInputs:
    """`schema` is the OpenAPI document of a model; anything else is a model that tells nothing of itself."""

    def __init__(self, schema: object) -> None:
        self._schemas = _table(_table(_table(schema).get("components")).get("schemas"))
        self._fields = _table(_table(self._schemas.get("Input")).get("properties"))

    def fit(self, call: RenderCall, pictures: Sequence[str]) -> dict[str, Any]:
        """Raises BadInput for a wish that cannot be left out and that the model has no field for."""
        request, model = call.request, call.model
        words, strength = call.prompt, self._first(_STRENGTHS)
        fields: dict[str, Any] = {}
        if request.strength is not None and pictures:
            if strength:
                fields[strength] = request.strength
            elif request.kind is Kind.VARIATIONS:
                words = with_strength(words, request.strength)
        # A model that only enlarges reads none.
        if words.strip() and (request.kind is not Kind.UPSCALE or "prompt" in self._fields):
            fields["prompt"] = words
        if request.negative is not None:
            fields[self._must("negative_prompt")] = request.negative
        if request.seed is not None and "seed" in self._fields:
            fields["seed"] = request.seed + call.first - 1
        if count := self._first(_COUNTS):
            fields[count] = call.count
        if pictures:
            field = self._must(*_IMAGES)
            fields[field] = list(pictures) if self._is_list(field) else pictures[0]
        fields |= self._size(request.size)
        if request.format and (word := self._format(request.format)):
            fields["output_format"] = word
        if request.quality and model.qualities and "quality" in self._fields:
            fields["quality"] = request.quality
        return fields

    def masked(self, mask: str) -> dict[str, Any]:
        return {self._must("mask", "mask_image"): mask}

    def _size(self, size: str) -> dict[str, Any]:
        if size == AUTO:
            return {}
        ratio, _, area = size.partition(" ")
        if ":" in ratio and "aspect_ratio" in self._fields:
            allowed = self._allowed("aspect_ratio")
            fields = {} if allowed and ratio not in allowed else {"aspect_ratio": ratio}
            return fields | ({"resolution": area} if area in self._allowed("resolution") else {})
        shape = dimensions(size)
        if shape is None or not {"width", "height"} <= self._fields.keys():
            return {}
        return {"width": shape[0], "height": shape[1]}

    def _format(self, wanted: str) -> str | None:
        if "output_format" not in self._fields:
            return None
        allowed = self._allowed("output_format")
        return next((word for word in _FORMATS.get(wanted, ()) if not allowed or word in allowed), None)

    def _first(self, names: Sequence[str]) -> str | None:
        return next((name for name in names if name in self._fields), None)

    def _must(self, *names: str) -> str:
        found = self._first(names)
        if found is None:
            raise BadInput(provider=_PROVIDER, param=names[0], code="no_such_input")
        return found

    def _is_list(self, name: str) -> bool:
        return _table(self._fields.get(name)).get("type") == "array"

    def _allowed(self, name: str) -> list[Any]:
        """The words of an enumeration, wherever the document keeps them; empty where anything goes."""
        field = _table(self._fields.get(name))
        for part in (field, *(_table(entry) for entry in field.get("allOf", ()))):
            if isinstance(part.get("enum"), list):
                return part["enum"]
            named = _table(self._schemas.get(str(part.get("$ref", "")).rpartition("/")[2]))
            if isinstance(named.get("enum"), list):
                return named["enum"]
        return []


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
