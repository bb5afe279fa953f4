"""What clients are told of a job: rows in the words of the mission, in the reader's language."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.errors import AtelierError, error_from_facts
from bot.i18n import Texts, _
from bot.images import State
from bot.replies import partly
from bot.web.api.bodies import JobAnswer, Metadata, Picture, ResultAnswer, Status, StatusAnswer
from bot.web.links import Links
from bot.web.words import plain, words_of
from storage.rows import ImageRow, RequestRow

ENDED: frozenset[Status] = frozenset({"COMPLETED", "FAILED", "CANCELLED"})

_NEW_SECONDS = 1.0
"""So long after its beginning a job reads its input and opens its calls: then it counts as being drawn."""

_USUAL_SECONDS = 20.0
_LETTERS_A_TOKEN = 4
_STATES: dict[str, Status] = {
    State.ACCEPTED: "PENDING",
    State.QUEUED: "PENDING",
    State.DELIVERED: "COMPLETED",
    State.UNDELIVERED: "COMPLETED",
    # Nothing has to be handed over to a client who comes for it: what is settled is complete.
    State.RENDERED: "COMPLETED",
    State.FAILED: "FAILED",
    State.REFUSED: "FAILED",
    State.PARKED: "FAILED",
    State.CANCELLED: "CANCELLED",
}
_MESSAGES: dict[Status, str] = {
    "PENDING": _("Waiting for its turn"),
    "INITIALIZING": _("Getting the model ready"),
    "GENERATING": _("Drawing…"),
    "SAVING": _("Saving the pictures"),
    "FAILED": _("The generation failed"),
    "CANCELLED": _("Cancelled"),
}


def status_word(row: RequestRow, made: int, now: float) -> Status:
    """`made` is how many of its pictures are there."""
    word = _STATES.get(row.state)
    if word is not None:
        return word
    if made >= row.count:
        return "SAVING"
    return "INITIALIZING" if not made and now - _began(row) < _NEW_SECONDS else "GENERATING"


def progress(row: RequestRow, made: int, now: float) -> int:
    """Percent: pictures that are there, and an estimate of the next that comes near it and never arrives."""
    match status_word(row, made, now):
        case "PENDING" | "CANCELLED" | "FAILED":
            return 0
        case "INITIALIZING":
            return 5
        case "SAVING":
            return 95
        case "COMPLETED":
            return 100
        case _:
            share = 1 - math.exp(-max(0.0, now - _began(row)) / (_USUAL_SECONDS * (made + 1)))
            return 10 + int(80 * (made + share) / row.count)


def accepted(request_id: str, t: Texts) -> JobAnswer:
    return JobAnswer(job_id=request_id, status="PENDING", message=t("The job was created"))


def status_of(row: RequestRow, made: int, t: Texts, now: float) -> StatusAnswer:
    word = status_word(row, made, now)
    return StatusAnswer(
        job_id=row.id,
        status=word,
        message=_message(row, word, made, t),
        progress=progress(row, made, now),
        created_at=instant(row.created_at),
        updated_at=instant(row.updated_at),
        errors=failures(row, made, t),
    )


def result_of(
    row: RequestRow, images: Sequence[ImageRow], t: Texts, links: Links, now: float, base: str | None = None
) -> ResultAnswer:
    """Pictures that were deleted meanwhile are left out. `base` is the address under which the client came."""
    status = status_of(row, len(images), t, now)
    if status.status != "COMPLETED":
        return ResultAnswer(**status.model_dump())
    shown = [image for image in images if image.deleted_at is None]
    return ResultAnswer(
        job_id=row.id,
        status="COMPLETED",
        message=status.message,
        images=[picture_of(row, image, links, base) for image in shown],
        metadata=metadata_of(row, images),
        errors=status.errors,
    )


def picture_of(row: RequestRow, image: ImageRow, links: Links, base: str | None = None) -> Picture:
    return Picture(
        file_path=f".{links.path(image)}",
        url=links.url(image, base),
        description=row.prompt,
        format=image.media_type.removeprefix("image/").upper(),
        size_bytes=image.size_bytes,
        dimensions=f"{image.width}x{image.height}",
    )


def metadata_of(row: RequestRow, images: Sequence[ImageRow]) -> Metadata:
    models = list(dict.fromkeys(image.model or row.model for image in images))
    return Metadata(
        model_name=", ".join(models) or row.model,
        version="latest",
        generation_time_seconds=round(row.drawing_seconds, 3),
        input_tokens=math.ceil(len(row.prompt) / _LETTERS_A_TOKEN),
        output_size_bytes=sum(image.size_bytes for image in images),
        timestamp=instant(row.settled_at or row.updated_at),
    )


def failures(row: RequestRow, made: int, t: Texts) -> list[str] | None:
    """Why pictures are missing; None where none is, or the job goes on."""
    if row.failure_kind is None:
        return None
    return [_failure(row, made, t)]


def instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _failure(row: RequestRow, made: int, t: Texts) -> str:
    error: AtelierError = error_from_facts(row.failure_kind or "", row.failure_facts or {})
    return plain(partly(t, made, row.count, error)) if made else words_of(error, t)


def _message(row: RequestRow, word: Status, made: int, t: Texts) -> str:
    if word == "COMPLETED":
        return t.n("{n} picture was made", "{n} pictures were made", made)
    if word == "FAILED" and row.failure_kind is not None:
        return f"{t('The generation failed')}: {_failure(row, made, t)}"
    return t(_MESSAGES[word])


def _began(row: RequestRow) -> float:
    """The end of its wait, Unix seconds."""
    started, waited = row.stages.get("queued", (row.updated_at, 0.0))
    return started + waited
