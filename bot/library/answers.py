"""What became of a request, a part of a list, or a line of the history, as the library gives it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.batches import MODEL, Part, PartState, Progress, prompt_of
from bot.errors import AtelierError, Cancelled, ProviderTimeout, error_from_facts
from bot.images import ImageRequest
from bot.library.results import Artwork, Result

if TYPE_CHECKING:
    from bot.workshop import Made, Workshop
    from storage.rows import RequestRow


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


class Answers:
    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    async def of(self, made: Made) -> Result:
        """With the files of its pictures."""
        base, row = self._shop.base, made.row
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

    async def of_part(self, part: Part, progress: Progress) -> Result:
        if part.request is not None and part.state is PartState.MADE:
            made = await self._shop.look_up(part.request.id)
            row = made.row
            seconds = (row.settled_at or row.updated_at) - row.created_at
            return replace(await self.of(made), seconds=seconds)
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

    async def instead(self, request: ImageRequest, error: AtelierError | TimeoutError) -> Result:
        """A picture that nobody takes for a made one, so that a program which must show something can."""
        from bot.library.fallback import WIDE, draw

        failure = error if isinstance(error, AtelierError) else ProviderTimeout(provider=request.model)
        data = await self._shop.base.pixels.run(draw, request.prompt, failure, self._shop.me.locale)
        shown = Artwork(
            id="", request_id="", data=data, media_type="image/png", width=WIDE, height=WIDE, prompt=request.prompt,
            model="", license="none", is_fallback=True,
        )  # fmt: skip
        return Result(request_id="", prompt=request.prompt, model="", pictures=(shown,), failure=failure)

    async def listed(self, row: RequestRow) -> Listed:
        images = await self._shop.base.images.of_request(row.id)
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
