"""The ways in which one scene is shown anew."""

from __future__ import annotations

from typing import TypedDict


class SceneVariation(TypedDict):
    """One of a scene's variations, in the form that the module before this one gave."""

    b64_json: str
    prompt: str
    variation_type: str
    style: str


SCENES = (
    "close-up perspective, detailed",
    "wide angle view, establishing shot",
    "dramatic lighting, high contrast",
    "different time of day, atmospheric",
    "alternative composition, unusual point of view",
)
"""The ways in which a scene is shown anew, in their order; their number is the most that can be asked for."""
