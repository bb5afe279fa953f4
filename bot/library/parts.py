"""Several wishes under one parent, worked through here: what a killed process had made is found, not bought again."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import hashlib
import json
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.batches import Batches, BatchKind, PartState, Progress
from bot.errands import DOOR
from bot.errors import BadScript, Cancelled, StartupError
from bot.images import ImageRequest
from bot.library.cut_off import CutOff, Retry
from bot.scripts import Segment, read_prompts, read_script
from storage.batches import BatchRepository, BatchRow

if TYPE_CHECKING:
    from bot.workshop import Workshop

Told = Callable[[Progress], None]
"""Told how it stands, each time that something has changed."""

Agree = Callable[[BatchRow], bool]
"""Asked once before anything is drawn; `estimate_microusd` is the upper bound of all parts."""

_PAUSE_SECONDS = 1.0


def batch_id_of(kind: BatchKind, segments: Sequence[Segment], request: ImageRequest, user_id: int) -> str:
    """The same for the same work of the same user, so that doing it again goes on with it."""
    told = [kind.value, [segment.to_json() for segment in segments], request.to_json(), user_id]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).digest()
    return "bat_" + base64.b32encode(digest).decode("ascii")[:13].lower()


async def work_through(
    shop: Workshop,
    kind: BatchKind,
    segments: Sequence[Segment],
    request: ImageRequest,
    *,
    batch_id: str | None = None,
    title: str = "",
    told: Told | None = None,
    agree: Agree | None = None,
    retry: Retry | None = None,
) -> Progress:
    """All parts, a few at a time. With the id of an earlier batch only what is missing of it.

    What a killed process had at a vendor that cannot be asked about it stays out, with Interrupted, unless `retry`
    says otherwise. Raises Cancelled where `agree` does not, and StartupError where another process works on it.
    Cancelling this ends and releases what is under way; the next time goes on from there.
    """
    from bot.workshop import HERE

    rows = BatchRepository(shop.base.database)
    batches = Batches(shop.studio, rows)
    row = await batches.draft(
        kind, segments, request, shop.me, HERE, title=title, door=DOOR, batch_id=batch_id
    )
    with _alone(shop.base.settings.data_dir, row.id):
        progress = await batches.progress(row.id)
        missing = len(progress.of(PartState.MADE)) < len(progress.parts)
        if missing and agree is not None and not agree(row):
            raise Cancelled
        cut_off = CutOff(shop, batches, retry)
        held_back = await cut_off.settle(row.id)
        await batches.confirm(row.id, shop.me)
        if row.state != "draft":
            # One that was killed never said that it stopped: what it left undone is asked for in a new round.
            await rows.move(row.id, "paused", only_from=("running",))
            await batches.resume(row.id, shop.me)
            await cut_off.hold_back(progress, held_back)
        return await _drawn(shop, batches, row.id, told)


async def _drawn(shop: Workshop, batches: Batches, batch_id: str, told: Told | None) -> Progress:
    running: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            progress = await batches.advance(batch_id, at_once=shop.base.settings.member_concurrency)
            if told is not None:
                told(progress)
            if progress.is_over:
                return progress
            for part in progress.of(PartState.OPEN):
                # Also those that were under way in a process that was killed: what it had made is found there.
                if part.request is not None and part.request.id not in running:
                    running[part.request.id] = asyncio.create_task(shop.run(part.request.id))
            under_way = [task for task in running.values() if not task.done()]
            if under_way:
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(_PAUSE_SECONDS)
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)


@contextmanager
def _alone(data_dir: Path, batch_id: str) -> Generator[None]:
    path = data_dir / "batches" / f"{batch_id}.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartupError(what="second_batch", where=batch_id) from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def prompts_of(text: str | Path) -> list[Segment]:
    """One prompt a line, or whatever else a file holds. Raises BadScript."""
    if isinstance(text, str):
        return read_prompts(text)
    return read_prompts(_read(text), text.name)


def segments_of(script: str | Path | Sequence[Any]) -> list[Segment]:
    """A file, or what a JSON file would hold: texts, or objects with a text and a timestamp. Raises BadScript."""
    if isinstance(script, str | Path):
        return read_script(_read(Path(script)), Path(script).name)
    return read_script(json.dumps(list(script)), "script.json")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadScript(problem="no_file", name=path.name) from error
