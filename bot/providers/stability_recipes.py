"""Which endpoint and which fields each of Stability's models and tools takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.errors import BadInput, Misconfigured
from bot.images import Kind
from bot.providers.base import Picture, RenderCall
from bot.sizes import AUTO, dimensions
from bot.styles import with_strength

_PROVIDER = "stability"
_FARTHEST = 2000
"""In pixels: how far a picture grows on one side in one go."""

_DEFAULT_STRENGTH = 0.6
_ARROWS = ("->", "→", "=>")


@dataclass(frozen=True)
class Recipe:
    """`takes` names the optional fields; `fixed` what is always sent; `files` the fields of the input pictures.

    `always_strength` is an endpoint that refuses a picture without a number for how far it may be changed;
    `words` stand in for a prompt where one must be sent and none was given.
    """

    path: str
    takes: frozenset[str]
    fixed: Mapping[str, str] = field(default_factory=dict[str, str])
    files: tuple[str, ...] = ()
    always_strength: bool = False
    words: str = ""

    def fields(self, call: RenderCall) -> dict[str, str]:
        """Raises BadInput for words that the tool cannot be told."""
        request = call.request
        words = call.prompt
        if request.kind is Kind.VARIATIONS and "strength" not in self.takes:
            words = with_strength(words, request.strength)
        fields = dict(self.fixed)
        if "search_prompt" in self.takes:
            fields["search_prompt"], words = _replacement(request.prompt)
        if "prompt" in self.takes and words.strip():
            fields["prompt"] = words
        elif self.words:
            fields["prompt"] = self.words
        if call.inputs:
            fields |= self._of_the_picture(call)
        elif "aspect_ratio" in self.takes and request.size != AUTO:
            fields["aspect_ratio"] = request.size
        if request.negative is not None and "negative_prompt" in self.takes:
            fields["negative_prompt"] = request.negative
        if request.seed is not None and "seed" in self.takes:
            fields["seed"] = str(request.seed + call.first - 1)
        if call.preset is not None and "style_preset" in self.takes:
            fields["style_preset"] = call.preset
        if request.format is not None and "output_format" in self.takes:
            fields["output_format"] = request.format
        return fields

    def _of_the_picture(self, call: RenderCall) -> dict[str, str]:
        strength = call.request.strength
        fields: dict[str, str] = {}
        if "mode" in self.takes:
            fields["mode"] = "image-to-image"
        if "strength" in self.takes and (self.always_strength or strength is not None):
            fields["strength"] = str(_DEFAULT_STRENGTH if strength is None else strength)
        if "left" in self.takes:
            fields |= _room(call.inputs[0], call.request.size)
        return fields


def recipe_of(vendor_id: str) -> Recipe:
    if vendor_id not in _RECIPES:
        raise Misconfigured(provider=_PROVIDER, code="model_not_found")
    return _RECIPES[vendor_id]


def _replacement(prompt: str) -> tuple[str, str]:
    """`the cat -> a dog`: what is looked for, and what takes its place."""
    for arrow in _ARROWS:
        old, found, new = prompt.partition(arrow)
        if found and old.strip() and new.strip():
            return old.strip(), new.strip()
    raise BadInput(provider=_PROVIDER, param="prompt", code="no_arrow")


def _room(picture: Picture, size: str) -> dict[str, str]:
    """How far the picture grows on each side to get the shape that was asked for; a quarter all round without one."""
    shape = dimensions(size)
    across, down = picture.width // 4, picture.height // 4
    if shape is not None:
        ratio = shape[0] / shape[1]
        across = max(0, round(picture.height * ratio) - picture.width)
        down = max(0, round(picture.width / ratio) - picture.height) if not across else 0
    if not across and not down:
        across, down = picture.width // 4, picture.height // 4
    edges = {"left": across // 2, "right": across - across // 2, "up": down // 2, "down": down - down // 2}
    return {name: str(min(edge, _FARTHEST)) for name, edge in edges.items() if edge > 0}


_WORDS = frozenset({"prompt", "negative_prompt", "seed", "output_format"})
_STYLED = _WORDS | {"style_preset"}
_SD3 = _STYLED | {"aspect_ratio", "strength", "mode"}


def _sd3(model: str) -> Recipe:
    return Recipe("/generate/sd3", frozenset(_SD3), {"model": model}, files=("image",), always_strength=True)


_RECIPES: dict[str, Recipe] = {
    "core": Recipe("/generate/core", _STYLED | {"aspect_ratio"}),
    "ultra": Recipe(
        "/generate/ultra", _STYLED | {"aspect_ratio", "strength"}, files=("image",), always_strength=True
    ),
    **{name: _sd3(name) for name in ("sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "sd3.5-flash")},
    "inpaint": Recipe("/edit/inpaint", _STYLED, files=("image",)),
    "erase": Recipe("/edit/erase", frozenset({"seed", "output_format"}), files=("image",)),
    "outpaint": Recipe(
        "/edit/outpaint",
        frozenset({"prompt", "seed", "style_preset", "output_format", "left"}),
        files=("image",),
    ),
    "search-and-replace": Recipe("/edit/search-and-replace", _STYLED | {"search_prompt"}, files=("image",)),
    "remove-background": Recipe("/edit/remove-background", frozenset({"output_format"}), files=("image",)),
    "upscale-fast": Recipe("/upscale/fast", frozenset({"output_format"}), files=("image",)),
    "upscale-conservative": Recipe(
        "/upscale/conservative", _WORDS, files=("image",), words="the same picture in finer detail"
    ),
    "style": Recipe("/control/style", _STYLED, files=("image",)),
    "structure": Recipe("/control/structure", _STYLED, files=("image",)),
}
