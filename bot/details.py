"""All that is known of a picture: how it was asked for, what it was made from, what it cost, how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from discord import ui
from discord.utils import escape_markdown

from bot.buttons import ActionButton
from bot.catalog import Catalog
from bot.i18n import Texts
from bot.images import ImageRequest, Requester
from bot.studio import Studio
from bot.styles import Styles
from bot.wording import cut, small, title
from storage.images import ImageRepository
from storage.requests import RequestRepository
from storage.rows import ImageRow, RequestRow

_TOLD_STEPS = 8
"""Of a path: its beginning and the steps nearest to the picture."""

_STEP_LENGTH = 90
_BACK_BUTTONS = 5
_PROMPT_LENGTH = 1800


@dataclass(frozen=True, kw_only=True)
class Step:
    """One picture of a path, and the request that made it; `number` counts from the root, 1."""

    number: int
    image: ImageRow
    row: RequestRow

    @property
    def link(self) -> str | None:
        """Where it was posted; a private answer has no address that anybody could open."""
        if self.row.message_id is None or self.row.private:
            return None
        server = self.row.guild_id or "@me"
        return f"https://discord.com/channels/{server}/{self.row.message_channel_id}/{self.row.message_id}"


@dataclass(frozen=True, kw_only=True)
class Story:
    """`path` runs from the root to the picture itself; `children` is how many pictures were made from it directly."""

    path: Sequence[Step]
    images: Sequence[ImageRow]
    children: int

    @property
    def this(self) -> Step:
        return self.path[-1]


class Lineage:
    def __init__(self, studio: Studio, images: ImageRepository, requests: RequestRepository) -> None:
        self._studio, self._images, self._requests = studio, images, requests

    async def story(self, image_id: str, requester: Requester) -> Story:
        """Raises NotFound. Steps that are somebody else's private pictures are left out of the path."""
        image, _ = await self._studio.image_of(image_id, requester)
        pictures = [*reversed(await self._images.ancestors(image_id)), image]
        rows = await self._requests.by_ids({picture.request_id for picture in pictures})
        path = [
            Step(number=number, image=picture, row=rows[picture.request_id])
            for number, picture in enumerate(pictures, 1)
            if _may_see(rows.get(picture.request_id), requester)
        ]
        return Story(
            path=path,
            images=await self._images.of_request(image.request_id),
            children=len(await self._images.children(image_id)),
        )


def details_view(t: Texts, story: Story, catalog: Catalog, styles: Styles) -> ui.LayoutView:
    """Some 3000 characters at most: a message of this kind holds 4000."""
    row, request = story.this.row, ImageRequest.from_json(story.this.row.request)
    box = ui.Container[ui.LayoutView](accent_color=0x7C5CFF)
    if request.prompt:
        box.add_item(ui.TextDisplay(f"```\n{_in_code(cut(request.prompt, _PROMPT_LENGTH))}\n```"))
    box.add_item(ui.TextDisplay("\n".join(_parameters(t, story, request, catalog, styles))))
    box.add_item(ui.Separator())
    box.add_item(ui.TextDisplay("\n".join([*_money_and_time(t, row), *_path(t, story)])))
    box.add_item(ui.TextDisplay(small(t("Reference {reference}", reference=f"`{row.id}`"))))
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    if row_of_ways := _ways_back(t, story):
        view.add_item(row_of_ways)
    if request.prompt:
        copying = ui.ActionRow[ui.LayoutView]()
        copying.add_item(ActionButton("copy", story.this.image.id, label=t("Prompt to copy"), emoji="📋"))
        view.add_item(copying)
    return view


def _parameters(t: Texts, story: Story, request: ImageRequest, catalog: Catalog, styles: Styles) -> list[str]:
    known = catalog.known(request.model)
    image = story.this.image
    size = f"{image.width}×{image.height}"
    if request.asked_size:
        size += " " + t("(asked: {size})", size=escape_markdown(request.asked_size))
    seeds = ", ".join(str(one.seed) for one in story.images if one.seed is not None)
    told = [
        (t("Model"), f"{escape_markdown(known.name if known else request.model)} `{request.model}`"),
        (t("Drawn by"), f"`{image.model}`" if image.model and image.model != request.model else None),
        (t("Provider"), escape_markdown(catalog.name_of(story.this.row.provider))),
        (t("Size"), size),
        (t("Quality"), request.quality),
        (t("Pictures"), f"{story.this.row.made} / {request.count}" if request.count > 1 else None),
        (t("Style"), escape_markdown(styles.label(request.style, t.locale) or "")),
        (t("Format"), image.media_type.removeprefix("image/")),
        (t("Background"), request.background),
        (t("Seed"), seeds or None),
        (t("Without"), escape_markdown(cut(request.negative, 200)) if request.negative else None),
        (t("Strength"), t.number(request.strength) if request.strength is not None else None),
        (t("Made from"), t.n("{n} picture", "{n} pictures", len(request.inputs)) if request.inputs else None),
        (t("Mask"), t("yes") if request.mask else None),
        (t("The model understood"), escape_markdown(cut(image.revised_prompt or "", 300)) or None),
    ]
    return [f"**{name}** {value}" for name, value in told if value]


def _money_and_time(t: Texts, row: RequestRow) -> list[str]:
    charged = row.charged_microusd or 0
    cost, cost_word, asked_word, time_word = (
        t.money(charged) if charged else t("free"),
        t("Cost"),
        t("Asked"),
        t("Time"),
    )
    asked = f"<t:{int(row.created_at)}:f> (<t:{int(row.created_at)}:R>)"
    lines = [
        f"**{cost_word}** {cost}",
        f"**{asked_word}** {asked} · <@{row.user_id}>",
    ]
    times = {
        t("waited"): row.stages.get("queued"),
        t("drawn in"): _longest(row, "render_"),
        t("delivered in"): row.stages.get("deliver"),
    }
    parts = [f"{name} {t.seconds(stage[1])}" for name, stage in times.items() if stage]
    return [*lines, f"**{time_word}** {' · '.join(parts)}"] if parts else lines


def _longest(row: RequestRow, prefix: str) -> list[float] | None:
    """Pictures of one request are drawn side by side."""
    stages = [stage for name, stage in row.stages.items() if name.startswith(prefix)]
    return max(stages, key=lambda stage: stage[1]) if stages else None


def _path(t: Texts, story: Story) -> list[str]:
    lines: list[str] = []
    if len(story.path) > 1:
        lines.append(t("**The way here**"))
        told = _told(story.path)
        for before, step in zip([None, *told], told, strict=False):
            if before is not None and step.number > before.number + 1:
                lines.append("…")
            lines.append(_step(t, step, is_this=step is story.this))
    if story.children:
        lines.append(t.n("{n} picture was made from it.", "{n} pictures were made from it.", story.children))
    return lines


def _told(path: Sequence[Step]) -> list[Step]:
    return [*path[:1], *path[1:][-(_TOLD_STEPS - 1) :]]


def _step(t: Texts, step: Step, *, is_this: bool) -> str:
    words = title(t, ImageRequest.from_json(step.row.request), length=_STEP_LENGTH)
    if step.image.deleted_at is not None:
        words = f"~~{words}~~"
    this, look = t("this one"), t("look")
    if is_this:
        return f"{step.number}. {words} ← {this}"
    return f"{step.number}. {words}" + (f" · [{look}]({step.link})" if step.link else "")


def _ways_back(t: Texts, story: Story) -> ui.ActionRow[ui.LayoutView] | None:
    """To the pictures of the path that are still there; from each of them one can go on in another direction."""
    there = (
        [step for step in _told(story.path[:-1]) if step.image.deleted_at is None] if story.path[:-1] else []
    )
    row = ui.ActionRow[ui.LayoutView]()
    for step in [*there[:1], *there[1:][-(_BACK_BUTTONS - 1) :]]:
        label = t("Back to {number}", number=step.number)
        row.add_item(ActionButton("back", step.image.id, label=label, emoji="↩️"))
    return row if row.children else None


def _may_see(row: RequestRow | None, requester: Requester) -> bool:
    return row is not None and (not row.private or row.user_id == requester.user_id)


def _in_code(prompt: str) -> str:
    """A code block is shown as it is and is easy to copy; nothing in it may end it."""
    return prompt.replace("```", "`\u200b`\u200b`")
