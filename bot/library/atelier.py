"""The studio for Python programs: the same models, styles, ledger and log as the bot's, in a program of one's own.

    async with Atelier() as atelier:
        result = await atelier.generate("a fox in the snow", size="16:9")
        result.picture.save("fox.png")

Settings come from where the bot has them (the environment, `.env`, `config.json`), or as arguments of the same names in
lower case. Every method raises what `bot.errors` says: `Refused` before anything was accepted or could cost,
`ProviderError` when the vendor could not. `TimeoutError` is raised by `timeout`, in seconds, which cancels the work.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from bot import exports
from bot.batches import MODEL, BatchKind, Part, PartState, Progress, prompt_of
from bot.errors import (
    AtelierError,
    BadImage,
    Broken,
    Cancelled,
    InvalidRequest,
    NotFound,
    ProviderTimeout,
    error_from_facts,
)
from bot.images import ImageRequest, InputImage, Kind
from bot.library.base64 import decoded
from bot.library.cut_off import Retry
from bot.library.parts import Agree, Told, batch_id_of, segments_of, work_through
from bot.library.results import Artwork, Result, outcome_of
from bot.scripts import Segment
from bot.settings import SETTINGS, load_settings

if TYPE_CHECKING:
    from bot.models import ImageModel
    from bot.usage import Report
    from bot.workshop import Made, Workshop
    from storage.rows import RequestRow

Source = str | Path | bytes | Artwork
"""A picture to start from: a file, its bytes, base64 or a data address, one of our ids (`img_…_1`), or a result's."""

Preview = Callable[[int, bytes], None]
"""Told a picture's number (from 1) and its unfinished bytes, in the loop's thread."""

Share = Callable[[int, float], None]
"""Told a picture's number (from 1) and how much of it is drawn (0.0 to 1.0), where the vendor says so."""

_OURS = re.compile(r"img_[a-z2-7]{13}(_\d+)?")


class Options(TypedDict, total=False):
    """What can be said of every picture; what is left out is the model's own default. As in Discord."""

    model: str
    size: str
    quality: str
    count: int
    format: str
    background: str
    style: str
    seed: int
    negative: str


class Way(TypedDict, total=False):
    """How a call behaves. `timeout` in seconds; `cache` and `fallback` as in `Atelier`."""

    timeout: float | None
    cache: bool | None
    fallback: bool
    preview: Preview | None
    progress: Share | None


class Asked(Options, Way, total=False):
    """Both, for methods that take keywords only."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A line of the history. `cost` in dollars, `asked_at` in Unix seconds; `pictures` are ids for `show`."""

    id: str
    kind: str
    prompt: str
    model: str
    state: str
    cost: float
    asked_at: float
    pictures: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Way:
    timeout: float | None
    cache: bool
    fallback: bool
    preview: Preview | None
    progress: Share | None


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


class Atelier:
    """`timeout` (seconds), `cache` and `fallback` hold for calls that say nothing else.

    `cache` gives the pictures of an equal request (model, all options, content of inputs) again: free and at once,
    marked as `cached`; only one's own or public ones, and not in scripts and lists. None: as CACHE_PICTURES says.
    `fallback` gives a picture that says that there is none, in place of an error; scripts and lists have none.
    Everything else is a setting, such as `data_dir` or `openai_api_key`.
    """

    def __init__(
        self,
        *,
        timeout: float | None = None,
        cache: bool | None = None,
        fallback: bool = False,
        folder: str | Path = ".",
        **settings: object,
    ) -> None:
        unknown = [name for name in settings if name.upper() not in SETTINGS]
        if unknown:
            raise TypeError(f"no such setting: {', '.join(unknown)}; .env.example lists them all")
        said = {name.upper(): str(value) for name, value in settings.items() if value is not None}
        self._settings = load_settings({**os.environ, **said}, Path(folder))
        self._timeout, self._fallback = timeout, fallback
        self._cache = self._settings.cache_pictures if cache is None else cache
        self._stack = AsyncExitStack()
        self._shop: Workshop | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Connect to the database and the store. Raises StartupError."""
        from bot import logs
        from bot.workshop import open_workshop

        logs.lend()
        self._shop = await self._stack.enter_async_context(open_workshop(self._settings))

    async def close(self) -> None:
        """Waits for what still runs."""
        self._shop = None
        await self._stack.aclose()

    @property
    def workshop(self) -> Workshop:
        """What stands behind this; for programs that need more than these methods."""
        if self._shop is None:
            raise RuntimeError("Atelier is used inside of `async with Atelier() as atelier:`")
        return self._shop

    def models(self, kind: Kind | None = None) -> list[ImageModel]:
        """What can be used now, the recommended ones first."""
        return self.workshop.base.catalog.models(kind)

    def styles(self) -> list[str]:
        return self.workshop.base.styles.names()

    async def generate(self, prompt: str, **asked: Unpack[Asked]) -> Result:
        """Pictures from words."""
        return await self._ask(Kind.GENERATE, prompt, asked)

    async def edit(
        self,
        image: Source | Sequence[Source],
        prompt: str,
        *,
        mask: Source | None = None,
        **asked: Unpack[Asked],
    ) -> Result:
        """A picture, or several in one, changed as the words say; with a mask only where it is transparent or white."""
        many = [image] if isinstance(image, str | Path | bytes | Artwork) else image
        inputs = [await self._input(one) for one in many]
        masked = await self._mask(mask, inputs[0]) if mask is not None else None
        return await self._ask(Kind.EDIT, prompt, asked, inputs=tuple(inputs), mask=masked)

    async def variations(
        self, image: Source, prompt: str = "", *, strength: float | None = None, **asked: Unpack[Asked]
    ) -> Result:
        """Up to five others like it; `strength` from 0.0 (keep) to 1.0 (change all)."""
        picture = await self._input(image)
        return await self._ask(Kind.VARIATIONS, prompt, asked, inputs=(picture,), strength=strength)

    async def upscale(self, image: Source, prompt: str = "", **asked: Unpack[Asked]) -> Result:
        """The same picture larger; some models want to be told what it shows."""
        return await self._ask(Kind.UPSCALE, prompt, asked, inputs=(await self._input(image),))

    async def describe(self, image: Source, focus: str = "", **asked: Unpack[Asked]) -> str:
        """A picture in words that could be a prompt; `focus` says what to look at most."""
        way = self._way(asked)
        wish = replace(_wish(Kind.DESCRIBE, focus, asked), inputs=(await self._input(image),))
        async with asyncio.timeout(way.timeout):
            made = await self.workshop.make(wish)
        if not made.row.told_text:
            raise made.failure or Broken()
        return made.row.told_text

    async def scene_variations(
        self, scene: str, num_variations: int = 3, **asked: Unpack[Asked]
    ) -> list[SceneVariation]:
        """The same scene seen in up to five ways, all at once. Raises the first failure, unless `fallback` is on."""
        if not 1 <= num_variations <= len(SCENES):
            raise InvalidRequest(
                field="num_variations", problem="out_of_range", value=str(num_variations),
                allowed=["1", str(len(SCENES))],
            )  # fmt: skip
        style = asked.get("style") or "cinematic"
        prompts = [f"{scene.rstrip(' .,;')}, {way}" for way in SCENES[:num_variations]]
        asked = {**asked, "style": style, "count": 1}
        results = await asyncio.gather(*(self.generate(prompt, **asked) for prompt in prompts))
        return [
            SceneVariation(b64_json=result.picture.b64_json, prompt=prompt, variation_type=way, style=style)
            for prompt, way, result in zip(prompts, SCENES, results, strict=False)
        ]

    async def batch(
        self,
        prompts: Sequence[str],
        *,
        none_for_failures: bool = False,
        told: Told | None = None,
        **asked: Unpack[Asked],
    ) -> list[Result | None]:
        """One wish after the other, a few at a time; what failed has its `failure`, or is None where that is wanted."""
        segments = [Segment(text=prompt) for prompt in prompts]
        results = await self.several(BatchKind.BATCH, segments, again=True, told=told, **asked)
        return [result if result.pictures or not none_for_failures else None for result in results]

    async def compare(
        self, prompt: str, models: Sequence[str], *, agree: Agree | None = None, **asked: Unpack[Asked]
    ) -> list[Result]:
        """The same words drawn by several models, in their order; each with its time and cost."""
        ids = [self.workshop.base.catalog.find(model).id for model in models]
        segments = [Segment(text=prompt, extra={MODEL: model}) for model in ids]
        return await self.several(BatchKind.COMPARE, segments, again=True, agree=agree, **asked)

    async def illustrate(
        self,
        script: str | Path | Sequence[Any],
        *,
        look: str = "",
        again: bool = False,
        retry_cut_off: bool = False,
        told: Told | None = None,
        **asked: Unpack[Asked],
    ) -> list[dict[str, Any]]:
        """Each segment of a script with its `generated_image`: `b64_json`, `source`, `license`, `cost`,
        `relevance_score` and more; None, and an `error`, where there is none.

        `script` is a file (.json, .srt, .txt, .csv) or a list of texts or of objects with `text` and `timestamp`;
        `look` the words that all pictures have in common. The same script with the same options goes on where it
        stopped, and asks only for what is missing; `again` draws all of it anew. What was being drawn when its process
        was killed may have been paid: where the vendor cannot say, only `retry_cut_off` asks for it again. Raises
        BadScript.
        """
        segments = await asyncio.to_thread(segments_of, script)
        results = await self.several(
            BatchKind.ILLUSTRATE,
            segments,
            look=look,
            again=again,
            told=told,
            retry=lambda _count: retry_cut_off,
            **asked,
        )
        return exports.enriched(segments, [outcome_of(result) for result in results])

    async def several(
        self,
        kind: BatchKind,
        segments: Sequence[Segment],
        *,
        look: str = "",
        again: bool = False,
        told: Told | None = None,
        agree: Agree | None = None,
        retry: Retry | None = None,
        **asked: Unpack[Asked],
    ) -> list[Result]:
        """What `batch`, `compare` and `illustrate` are made of: a result for each segment, in their order.

        `agree` is asked once, with the price, before anything is drawn; without its yes Cancelled is raised. `retry` is
        asked whether so many pictures, which a kill cut off at the vendor's, may be bought again.
        """
        wish = _wish(Kind.GENERATE, look, asked)
        same = batch_id_of(kind, segments, wish, self.workshop.me.user_id)
        async with asyncio.timeout(self._way(asked).timeout):
            progress = await work_through(
                self.workshop,
                kind,
                segments,
                wish,
                batch_id=None if again else same,
                told=told,
                agree=agree,
                retry=retry,
            )
        return [await self._part(part, progress) for part in progress.parts]

    async def _part(self, part: Part, progress: Progress) -> Result:
        if part.request is not None and part.state is PartState.MADE:
            made = await self.workshop.look_up(part.request.id)
            row = made.row
            seconds = (row.settled_at or row.updated_at) - row.created_at
            return replace(await self._result(made), seconds=seconds)
        stopped = progress.row
        failure = part.failure or (
            error_from_facts(stopped.failure_kind, stopped.failure_facts or {})
            if stopped.failure_kind
            else Cancelled()
        )
        common = progress.request
        model = str(part.segment.extra.get(MODEL) or common.model)
        return Result(
            request_id=part.request.id if part.request else "",
            prompt=prompt_of(common.prompt, part.segment.text),
            model=model,
            pictures=(),
            failure=failure,
        )

    async def history(self, limit: int = 20, *, everybody: bool = False) -> list[Listed]:
        """What this user of the machine asked for, newest first; or everybody, Discord's members included."""
        requests = self.workshop.base.requests
        rows = await (
            requests.newest(limit=limit)
            if everybody
            else requests.of_user(self.workshop.me.user_id, limit=limit)
        )
        return [await self._listed(row) for row in rows]

    async def usage(self, span: str = "month", *, guild_id: int = 0) -> Report:
        """What was drawn within a day, week, month or year, and what it cost; in a server, or (0) in none."""
        from bot.usage import Usage
        from storage.usage import UsageRepository

        base = self.workshop.base
        return await Usage(UsageRepository(base.database), base.quotas, base.catalog, base.pixels).report(
            guild_id, span
        )

    async def show(self, id: str) -> Result:
        """A request, or one picture, by its id: any that this database holds. Raises NotFound."""
        request_id, _, number = id.removeprefix("img_").partition("_")
        result = await self._result(await self.workshop.look_up(f"img_{request_id}"))
        if not number:
            return result
        found = tuple(picture for picture in result.pictures if picture.id == id)
        if not found:
            raise NotFound(what="image", id=id)
        return replace(result, pictures=found)

    async def _ask(
        self,
        kind: Kind,
        prompt: str,
        asked: Asked,
        *,
        inputs: tuple[InputImage, ...] = (),
        mask: InputImage | None = None,
        strength: float | None = None,
    ) -> Result:
        way = self._way(asked)
        request = replace(_wish(kind, prompt, asked), inputs=inputs, mask=mask, strength=strength)
        started = time.monotonic()
        try:
            result = await self._made(request, way)
            if not result.pictures:
                result.picture  # noqa: B018 - raises the failure
        except (AtelierError, TimeoutError) as error:
            if not way.fallback:
                raise
            result = await self._instead(request, error)
        return replace(result, seconds=time.monotonic() - started)

    def _way(self, asked: Asked) -> _Way:
        return _Way(
            timeout=asked.get("timeout", self._timeout),
            cache=self._cache if (said := asked.get("cache")) is None else said,
            fallback=asked.get("fallback", self._fallback),
            preview=asked.get("preview"),
            progress=asked.get("progress"),
        )

    async def _made(self, request: ImageRequest, way: _Way) -> Result:
        async with asyncio.timeout(way.timeout):
            made = await self.workshop.make(
                request, preview=way.preview, progress=way.progress, reuse=way.cache
            )
            return await self._result(made)

    async def _instead(self, request: ImageRequest, error: AtelierError | TimeoutError) -> Result:
        """A picture that nobody takes for a made one, so that a program which must show something can."""
        from bot.library.fallback import WIDE, draw

        failure = error if isinstance(error, AtelierError) else ProviderTimeout(provider=request.model)
        data = await self.workshop.base.pixels.run(draw, request.prompt, failure)
        shown = Artwork(
            id="", request_id="", data=data, media_type="image/png", width=WIDE, height=WIDE, prompt=request.prompt,
            model="", license="none", is_fallback=True,
        )  # fmt: skip
        return Result(request_id="", prompt=request.prompt, model="", pictures=(shown,), failure=failure)

    async def _result(self, made: Made) -> Result:
        base, row = self.workshop.base, made.row
        pictures: list[Artwork] = []
        for image in made.images:
            ancestors = await base.images.ancestors(image.id)
            pictures.append(
                Artwork(
                    id=image.id,
                    request_id=row.id,
                    data=await base.store.get(image.key),
                    media_type=image.media_type,
                    width=image.width,
                    height=image.height,
                    prompt=row.prompt,
                    model=image.model or row.model,
                    seed=image.seed,
                    cost_microusd=0 if made.cached else image.cost_microusd,
                    revised_prompt=image.revised_prompt,
                    made_from=tuple(ancestor.id for ancestor in ancestors),
                    cached=made.cached,
                )
            )
        return Result(
            request_id=row.id, prompt=row.prompt, model=row.model, pictures=tuple(pictures), failure=made.failure,
            cached=made.cached,
        )  # fmt: skip

    async def _listed(self, row: RequestRow) -> Listed:
        images = await self.workshop.base.images.of_request(row.id)
        return Listed(
            id=row.id,
            kind=row.kind,
            prompt=row.prompt,
            model=row.model,
            state=row.state,
            cost=(row.cost_microusd or 0) / 1_000_000,
            asked_at=row.created_at,
            pictures=tuple(image.id for image in images if image.deleted_at is None),
        )

    async def _input(self, source: Source) -> InputImage:
        """Raises BadImage, or NotFound for an id of ours that is not there."""
        found = await self._found(source)
        if found is not None:
            return found
        data, name = await self._read(source)
        return await self.workshop.picture(data, name)

    async def _mask(self, source: Source, of: InputImage) -> InputImage:
        data, name = await self._read(source)
        return await self.workshop.mask(data, of, name)

    async def _found(self, source: Source) -> InputImage | None:
        """A picture of ours, so that lineage follows the link."""
        named = source.id if isinstance(source, Artwork) else source
        if isinstance(named, str) and _OURS.fullmatch(named):
            return await self.workshop.picture_of(named)
        return None

    async def _read(self, source: Source) -> tuple[bytes, str | None]:
        if isinstance(source, Artwork):
            return source.data, None
        if isinstance(source, bytes):
            return source, None
        if isinstance(source, str) and (data := decoded(source)) is not None:
            return data, None
        path = Path(source)
        try:
            return await asyncio.to_thread(path.read_bytes), path.name
        except (OSError, ValueError) as error:
            raise BadImage(problem="no_file", name=path.name[:100]) from error


def _wish(kind: Kind, prompt: str, asked: Asked) -> ImageRequest:
    return ImageRequest(
        kind=kind,
        prompt=prompt,
        model=asked.get("model") or "",
        count=asked.get("count", 1),
        size=asked.get("size") or "auto",
        quality=asked.get("quality"),
        format=asked.get("format"),
        background=asked.get("background"),
        style=asked.get("style"),
        seed=asked.get("seed"),
        negative=asked.get("negative"),
    )
