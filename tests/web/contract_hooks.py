"""What schemathesis cannot know of the document's own formats; it imports this where SCHEMATHESIS_HOOKS names it."""

from __future__ import annotations

import io
import os
from typing import Any

import schemathesis
from hypothesis import strategies
from PIL import Image

_VISIBLE = strategies.characters(categories=("L", "N", "P", "S"))


def _white() -> bytes:
    """A picture, and a mask that marks all of it. Schemathesis' own pictures have one pixel as well, a black one."""
    sink = io.BytesIO()
    Image.new("RGB", (1, 1), "white").save(sink, "PNG")
    return sink.getvalue()


_WHITE = _white()

schemathesis.openapi.format(
    "visible-text",
    strategies.builds(
        "{}{}".format, _VISIBLE, strategies.text(_VISIBLE | strategies.just(" "), max_size=200)
    ),
)
# A picture that is there, on a host that the settings trust: other addresses would be looked up and asked.
schemathesis.openapi.format("uri", strategies.just(os.environ["CONTRACT_PICTURE"]))
schemathesis.openapi.media_type("image/png", strategies.just(_WHITE))


@schemathesis.hook
def before_call(_context: Any, case: Any, _options: dict[str, Any]) -> None:
    """Only where it uses its own samples: what it has drawn by chance it judges by what it has drawn."""
    body = case.body
    if not isinstance(body, dict) or case.meta.phase.name.value not in ("examples", "coverage"):
        return
    if _is_picture(body.get("mask")) and _is_picture(body.get("image")):
        body["mask"] = _WHITE
    if body.get("prompt") == "" and "image" in body and case.meta.generation.mode.is_positive:
        # Its example of a form with files has empty texts, whatever their shortest length is.
        body["prompt"] = "a form"


def _is_picture(value: object) -> bool:
    data = getattr(value, "data", value)
    try:
        return isinstance(data, bytes) and Image.open(io.BytesIO(data)).size == (1, 1)
    except OSError:
        return False
