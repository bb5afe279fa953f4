"""What goes home with its author: a script enriched by its pictures, as JSON and as zip files that a place accepts."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.scripts import Segment

LICENSE = "ai-generated"
"""The mission's word for pictures that a model made: none of stock agencies' rights are on them."""

MADE_FOR_IT = 1.0
"""How well a picture fits its segment: it was made from these very words, where a search would guess."""

_MICRO = 1_000_000
_OVERHEAD_BYTES = 1024


@dataclass(frozen=True, kw_only=True)
class Illustration:
    """What became of one segment: a picture and where it is from; `data` is the file byte for byte."""

    data: bytes = field(repr=False)
    media_type: str
    model: str
    cost_microusd: int
    image_id: str
    width: int
    height: int
    seed: int | None = None
    prompt: str = ""

    @property
    def ending(self) -> str:
        return self.media_type.removeprefix("image/")


Outcome = Illustration | str | None
"""A picture, the words for why there is none, or nothing yet."""


def enriched(
    segments: Sequence[Segment], outcomes: Sequence[Outcome], *, files: Sequence[str | None] | None = None
) -> list[dict[str, Any]]:
    """Each segment with its `generated_image`, None where there is none (then `error` says why, if it failed).

    The picture itself is in `b64_json`, or, with `files`, only the name of its file is in `file`.
    """
    names = files or [None] * len(segments)
    return [
        _enriched(segment, outcome, name)
        for segment, outcome, name in zip(segments, outcomes, names, strict=True)
    ]


def _enriched(segment: Segment, outcome: Outcome, file: str | None) -> dict[str, Any]:
    entry = segment.to_json()
    if not isinstance(outcome, Illustration):
        return {**entry, "generated_image": None, **({"error": outcome} if outcome else {})}
    shown: dict[str, Any] = (
        {"file": file} if file else {"b64_json": base64.b64encode(outcome.data).decode("ascii")}
    )
    shown |= {
        "source": outcome.model,
        "license": LICENSE,
        "cost": outcome.cost_microusd / _MICRO,
        "relevance_score": MADE_FOR_IT,
        "id": outcome.image_id,
        "width": outcome.width,
        "height": outcome.height,
        "prompt": outcome.prompt,
    }
    if outcome.seed is not None:
        shown["seed"] = outcome.seed
    return {**entry, "generated_image": shown}


def file_names(segments: Sequence[Segment], outcomes: Sequence[Outcome]) -> list[str | None]:
    """`03_1-20.png`: in the script's order in every file manager, and fit for every file system."""
    digits = max(2, len(str(len(segments))))
    return [
        f"{number:0{digits}}{_stem(segment)}.{outcome.ending}" if isinstance(outcome, Illustration) else None
        for number, (segment, outcome) in enumerate(zip(segments, outcomes, strict=True), 1)
    ]


def _stem(segment: Segment) -> str:
    time = re.sub(r"[^0-9]+", "-", segment.timestamp or "").strip("-")
    return f"_{time}" if time else ""


def script_json(entries: Sequence[Mapping[str, Any]]) -> bytes:
    return json.dumps(list(entries), ensure_ascii=False, indent=2).encode()


@dataclass(frozen=True)
class Packed:
    """Zip files, each below the limit, and the names of pictures that alone are over it."""

    files: list[bytes]
    left_out: list[str]


def packed(first: Mapping[str, bytes], pictures: Sequence[tuple[str, bytes]], limit_bytes: int) -> Packed:
    """`first` is in the first zip; pictures keep their order and are not compressed a second time."""
    left_out = [name for name, data in pictures if len(data) + _OVERHEAD_BYTES > limit_bytes]
    fitting = [(name, data) for name, data in pictures if name not in left_out]
    return Packed(files=list(_zips([*first.items(), *fitting], limit_bytes)), left_out=left_out)


def _zips(entries: Sequence[tuple[str, bytes]], limit_bytes: int) -> Iterator[bytes]:
    waiting: list[tuple[str, bytes]] = []
    size = 0
    for name, data in entries:
        if waiting and size + len(data) + _OVERHEAD_BYTES > limit_bytes:
            yield _zip(waiting)
            waiting, size = [], 0
        waiting.append((name, data))
        size += len(data) + _OVERHEAD_BYTES
    if waiting:
        yield _zip(waiting)


def _zip(entries: Sequence[tuple[str, bytes]]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return held.getvalue()
