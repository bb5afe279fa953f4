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
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from bot import exports
from bot.batches import MODEL, BatchKind
from bot.errors import (
    AtelierError,
    Broken,
    InvalidRequest,
    NotFound,
)
from bot.images import ImageRequest, InputImage, Kind
from bot.library.answers import Answers, Listed
from bot.library.calls import Asked, Manner, wish_of
from bot.library.cut_off import Retry
from bot.library.parts import Agree, Told, batch_id_of, segments_of, work_through
from bot.library.results import Artwork, Result, outcome_of
from bot.library.scenes import SCENES, SceneVariation
from bot.library.sources import Source, Sources
from bot.scripts import Segment
from bot.settings import SETTINGS, load_settings

if TYPE_CHECKING:
    from bot.models import ImageModel
    from bot.usage import Report
    from bot.workshop import Workshop


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
        sources = Sources(self.workshop)
        inputs = [await sources.picture(one) for one in many]
        masked = await sources.mask(mask, inputs[0]) if mask is not None else None
        return await self._ask(Kind.EDIT, prompt, asked, inputs=tuple(inputs), mask=masked)

    async def variations(
        self, image: Source, prompt: str = "", *, strength: float | None = None, **asked: Unpack[Asked]
    ) -> Result:
        """Up to five others like it; `strength` from 0.0 (keep) to 1.0 (change all)."""
        picture = await Sources(self.workshop).picture(image)
        return await self._ask(Kind.VARIATIONS, prompt, asked, inputs=(picture,), strength=strength)

    async def upscale(self, image: Source, prompt: str = "", **asked: Unpack[Asked]) -> Result:
        """The same picture larger; some models want to be told what it shows."""
        return await self._ask(
            Kind.UPSCALE, prompt, asked, inputs=(await Sources(self.workshop).picture(image),)
        )

    async def describe(self, image: Source, focus: str = "", **asked: Unpack[Asked]) -> str:
        """A picture in words that could be a prompt; `focus` says what to look at most."""
        way = self._way(asked)
        wish = replace(
            wish_of(Kind.DESCRIBE, focus, asked), inputs=(await Sources(self.workshop).picture(image),)
        )
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
        wish = wish_of(Kind.GENERATE, look, asked)
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
        return [await Answers(self.workshop).of_part(part, progress) for part in progress.parts]

    async def history(self, limit: int = 20, *, everybody: bool = False) -> list[Listed]:
        """What this user of the machine asked for, newest first; or everybody, Discord's members included."""
        requests = self.workshop.base.requests
        rows = await (
            requests.newest(limit=limit)
            if everybody
            else requests.of_user(self.workshop.me.user_id, limit=limit)
        )
        return [await Answers(self.workshop).listed(row) for row in rows]

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
        result = await Answers(self.workshop).of(await self.workshop.look_up(f"img_{request_id}"))
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
        request = replace(wish_of(kind, prompt, asked), inputs=inputs, mask=mask, strength=strength)
        started = time.monotonic()
        try:
            result = await self._made(request, way)
            if not result.pictures:
                result.picture  # noqa: B018 - raises the failure
        except (AtelierError, TimeoutError) as error:
            if not way.fallback:
                raise
            result = await Answers(self.workshop).instead(request, error)
        return replace(result, seconds=time.monotonic() - started)

    def _way(self, asked: Asked) -> Manner:
        return Manner(
            timeout=asked.get("timeout", self._timeout),
            cache=self._cache if (said := asked.get("cache")) is None else said,
            fallback=asked.get("fallback", self._fallback),
            preview=asked.get("preview"),
            progress=asked.get("progress"),
        )

    async def _made(self, request: ImageRequest, way: Manner) -> Result:
        async with asyncio.timeout(way.timeout):
            made = await self.workshop.make(
                request, preview=way.preview, progress=way.progress, reuse=way.cache
            )
            return await Answers(self.workshop).of(made)
