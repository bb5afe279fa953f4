"""What the library gives back: pictures that know what they are, where they are from and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pybase64

from bot import outputs
from bot.errors import AtelierError, Broken
from bot.exports import LICENSE, Illustration
from bot.i18n import texts_for
from bot.plain import plain_words

MICROUSD = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Artwork:
    """One picture. `data` is the file byte for byte as it was made; `id` finds it again, in Discord as well.

    `made_from` are the ids of the pictures that it was made from, the nearest first. A fallback has no id: it was not
    made by any model, says so in large letters, and `is_fallback` is True.
    """

    id: str
    request_id: str
    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    prompt: str
    model: str
    seed: int | None = None
    cost_microusd: int = 0
    revised_prompt: str | None = None
    made_from: tuple[str, ...] = ()
    license: str = LICENSE
    cached: bool = False
    is_fallback: bool = False
    path: Path | None = None

    @property
    def cost(self) -> float:
        """Dollars."""
        return self.cost_microusd / MICROUSD

    @property
    def ending(self) -> str:
        """`png`, `jpeg` or `webp`."""
        return self.media_type.removeprefix("image/")

    @property
    def b64_json(self) -> str:
        return pybase64.b64encode(self.data).decode("ascii")

    @property
    def data_url(self) -> str:
        return f"data:{self.media_type};base64,{self.b64_json}"

    def save(self, path: str | Path) -> Artwork:
        """Write the file; the same picture with its `path`.

        A folder gets the next `IMG_0001.png`, …; a file name that is taken gets a number. Nothing is ever overwritten.
        Raises OSError.
        """
        wanted = Path(path)
        if wanted.is_dir() or not wanted.suffix:
            return replace(self, path=outputs.save_numbered(wanted, self.data, self.ending))
        return replace(self, path=outputs.save_as(wanted, self.data))

    def facts(self) -> dict[str, Any]:
        """All but the bytes, ready for JSON; money in dollars."""
        known = {
            "id": self.id,
            "path": str(self.path) if self.path else None,
            "media_type": self.media_type,
            "width": self.width,
            "height": self.height,
            "size_bytes": len(self.data),
            "prompt": self.prompt,
            "model": self.model,
            "seed": self.seed,
            "cost": self.cost,
            "license": self.license,
            "revised_prompt": self.revised_prompt,
            "made_from": list(self.made_from) or None,
        }
        marks = {"cached": self.cached, "is_fallback": self.is_fallback}
        return {name: value for name, value in known.items() if value is not None} | {
            name: value for name, value in marks.items() if value
        }


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one wish. `failure` says why some pictures, or all, are missing.

    `seconds` is from asking to having; `cost` what its owner pays for it, in dollars.
    """

    request_id: str
    prompt: str
    model: str
    pictures: tuple[Artwork, ...]
    failure: AtelierError | None = None
    cached: bool = False
    seconds: float = 0.0

    def __iter__(self) -> Iterator[Artwork]:
        return iter(self.pictures)

    def __len__(self) -> int:
        return len(self.pictures)

    def __bool__(self) -> bool:
        return bool(self.pictures)

    @property
    def picture(self) -> Artwork:
        """The first one. Raises the failure where there is none."""
        if self.pictures:
            return self.pictures[0]
        assert self.failure is not None, "a result has pictures or says why not"
        raise self.failure

    @property
    def cost_microusd(self) -> int:
        return sum(picture.cost_microusd for picture in self.pictures)

    @property
    def cost(self) -> float:
        return self.cost_microusd / MICROUSD

    def save(self, path: str | Path) -> Result:
        """As `Artwork.save`, for each."""
        return replace(self, pictures=tuple(picture.save(path) for picture in self.pictures))

    def facts(self) -> dict[str, Any]:
        """All but the bytes, ready for JSON; money in dollars, time in seconds."""
        told: dict[str, Any] = {
            "id": self.request_id,
            "prompt": self.prompt,
            "model": self.model,
            "pictures": [picture.facts() for picture in self.pictures],
            "cost": self.cost,
            "seconds": round(self.seconds, 3),
        }
        if self.cached:
            told["cached"] = True
        if self.failure is not None:
            told["failure"] = {"kind": self.failure.kind, **self.failure.facts()}
        return told


def outcome_of(result: Result) -> Illustration | str:
    """For a script: the first picture, or the words for why there is none."""
    if not result.pictures:
        return plain_words(result.failure or Broken(), texts_for("en"))
    picture = result.pictures[0]
    return Illustration(
        data=picture.data,
        media_type=picture.media_type,
        model=picture.model,
        cost_microusd=picture.cost_microusd,
        image_id=picture.id,
        width=picture.width,
        height=picture.height,
        seed=picture.seed,
        prompt=picture.prompt,
    )
