"""A request as its page shows it: how it stands, its pictures, what it cost, what went wrong."""

from __future__ import annotations

from typing import Any

from bot.errors import error_from_facts
from bot.images import ImageRequest, State
from bot.state_words import state_words
from bot.web.pages.site import Visit, words_for
from storage.rows import ImageRow, RequestRow

_RUNNING = frozenset({State.ACCEPTED, State.QUEUED, State.RENDERING, State.RENDERED})


def is_running(row: RequestRow) -> bool:
    return row.state in _RUNNING


def standing_words(visit: Visit, row: RequestRow) -> str:
    if row.cancel_requested_at is not None and is_running(row):
        return visit.t("Cancelling…")
    return state_words(visit.t, row.state)


def waits(row: RequestRow) -> bool:
    """For its turn."""
    return row.state in (State.ACCEPTED, State.QUEUED)


def growing_words(visit: Visit, row: RequestRow, place: int, percent: int | None) -> str:
    """As the card in Discord says it, while it is not ready: with how many are ahead, or how much of it is done."""
    t = visit.t
    if row.cancel_requested_at is None and waits(row):
        return t("In the queue, {place} ahead", place=place) if place else t("Next in the queue")
    if row.cancel_requested_at is None and row.state == State.RENDERING and percent is not None:
        return t("Drawing, {percent} % done", percent=percent)
    return standing_words(visit, row)


def picture_facts(visit: Visit, image: ImageRow, request: RequestRow | None = None) -> dict[str, Any]:
    """One picture for a template; `alt` is what somebody hears who does not see it."""
    catalog = visit.site.parts.catalog
    model = catalog.known(image.model or (request.model if request else ""))
    return {
        "id": image.id,
        "page": f"/pictures/{image.id}",
        "file": f"/files/{image.id}",
        "save": f"/files/{image.id}?save",
        "thumb": f"/thumbs/{image.id}",
        "width": image.width,
        "height": image.height,
        "alt": request.prompt[:300] if request else visit.t("Picture {id}", id=image.id),
        "model": model.name if model else image.model or "",
        "cost": image.cost_microusd,
        "actions": [found for act in visit.site.acts if (found := act(visit, image.id))],
        "seed": image.seed,
    }


async def card_of(visit: Visit, row: RequestRow) -> dict[str, Any]:
    """What `_card.html` shows."""
    catalog = visit.site.parts.catalog
    images = [one for one in await visit.site.parts.images.of_request(row.id) if one.deleted_at is None]
    asked = ImageRequest.from_json(row.request)
    model = catalog.known(row.model)
    failure = error_from_facts(row.failure_kind, row.failure_facts or {}) if row.failure_kind else None
    return {
        "id": row.id,
        "page": f"/requests/{row.id}",
        "running": is_running(row),
        "state": row.state,
        "words": standing_words(visit, row),
        "prompt": row.prompt,
        "model": model.name if model else row.model,
        "style": visit.site.parts.styles.label(asked.style, visit.t.locale),
        "size": asked.size,
        "quality": asked.quality,
        "made_at": row.created_at,
        "seconds": row.drawing_seconds or None,
        "price": _price(visit, row),
        "mine": row.user_id == visit.person.user_id,
        "failure": words_for(failure, visit.t) if failure else None,
        "pictures": [picture_facts(visit, image, row) for image in images],
        "again": again_query(asked, private=row.private),
    }


def _price(visit: Visit, row: RequestRow) -> str:
    """What it cost; while it is drawn, what it may cost at most; nothing said where nothing was paid."""
    t = visit.t
    if row.charged_microusd is None:
        return (
            t("at most {price}", price=t.money(row.estimate_microusd)) if row.estimate_microusd else t("free")
        )
    if row.charged_microusd:
        return t.money(row.charged_microusd)
    return "" if row.failure_kind else t("free")


def again_query(asked: ImageRequest, *, private: bool) -> dict[str, str]:
    """The form's fields that ask for the same again, for the same eyes."""
    said = {
        "prompt": asked.prompt,
        "model": asked.model if asked.chosen else "",
        "style": asked.style,
        "size": asked.size if asked.size != "auto" else "",
        "quality": asked.quality,
        "count": str(asked.count) if asked.count != 1 else "",
        "negative": asked.negative,
        "background": asked.background,
        "private": "1" if private else "",
    }
    return {name: value for name, value in said.items() if value}
