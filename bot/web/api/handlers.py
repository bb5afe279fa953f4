"""What each operation of the HTTP API does, once its caller is known."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from bot.addresses import Forbidden
from bot.delivery.webhook import HTTP
from bot.errors import AtelierError, NotFound, error_from_facts
from bot.i18n import _
from bot.images import ImageRequest
from bot.model_list import shelves
from bot.preferences import own_model
from bot.studio import Accepted, Origin
from bot.web.api import answers
from bot.web.api.bodies import (
    BatchAnswer,
    BatchBody,
    EditBody,
    GenerateBody,
    ImageAnswer,
    ImageBody,
    JobAnswer,
    ProviderEntry,
    ProvidersAnswer,
    RefusedAnswer,
    VariationsBody,
    as_json,
)
from bot.web.api.callers import Caller
from bot.web.api.parts import Parts
from bot.web.api.reading import Read, parsed, read
from bot.web.api.wishes import Wish, forbidden, kind_of, sync_wish, wish_of
from bot.web.languages import texts_of
from bot.web.problems import Problem, json_answer, problem_of, say
from storage.errors import ImageMissing
from storage.rows import ImageRow, RequestRow

WAIT_SECONDS = 120.0
"""How long `POST /api/generate/image` waits before it says where to look."""

IDEMPOTENCY_KEY = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")
_HEARTBEAT_SECONDS = 15.0
_MOST_FOLLOWERS = 500
_JOB_ID = re.compile(r"img_[a-z2-7]{13}")
_FILE = re.compile(r"image_([1-9]\d{0,3})\.(?:png|jpg|jpeg|webp|gif|bin)")
_POLL_AGAIN = {"Retry-After": "2"}


async def generate(parts: Parts, caller: Caller, request: web.Request) -> web.StreamResponse:
    sent = await read(request)
    return await _submit(parts, caller, request, parsed(GenerateBody, sent.values), sent)


async def edit(parts: Parts, caller: Caller, request: web.Request) -> web.StreamResponse:
    async with parts.receiving.place(caller.key_id):
        sent = await read(request, multipart=True)
    body = parsed(EditBody, sent.values, texts=request.content_type != "application/json")
    return await _submit(parts, caller, request, body, sent)


async def variations(parts: Parts, caller: Caller, request: web.Request) -> web.StreamResponse:
    async with parts.receiving.place(caller.key_id):
        sent = await read(request, multipart=True)
    body = parsed(VariationsBody, sent.values, texts=request.content_type != "application/json")
    return await _submit(parts, caller, request, body, sent)


async def batch(parts: Parts, caller: Caller, request: web.Request) -> web.StreamResponse:
    sent = await read(request)
    body = parsed(BatchBody, sent.values)
    t, key = texts_of(request), _idempotency_key(request)
    jobs: list[JobAnswer | RefusedAnswer] = []
    for number, one in enumerate(body.requests):
        try:
            digest = Read(one.model_dump(mode="json")).digest(request.path)
            keyed = key and f"{key}\n{number}"
            accepted, _ = await _accept(parts, caller, one, {}, keyed, digest, base=base_of(request, parts))
            jobs.append(answers.accepted(accepted, t))
        except (AtelierError, Problem) as error:
            problem = error if isinstance(error, Problem) else problem_of(error)
            if problem.status >= 500 or problem.code == "idempotency_conflict":
                raise
            words = [said(t) for _, said in problem.fields] or [problem.words(t)]
            jobs.append(
                RefusedAnswer(status="REFUSED", code=problem.code, message=problem.words(t), errors=words)
            )
    return json_answer(as_json(BatchAnswer(jobs=jobs)), status=202)


async def image(parts: Parts, caller: Caller, request: web.Request) -> web.StreamResponse:
    sent = await read(request)
    body = parsed(ImageBody, sent.values)
    digest, base = sent.digest(request.path), base_of(request, parts)
    request_id, _ = await _accept(
        parts, caller, sync_wish(body), {}, _idempotency_key(request), digest, base=base
    )
    t = texts_of(request)
    row = await _ended(parts, request_id)
    if row is None:
        where = {"Location": f"/api/images/status/{request_id}", **_POLL_AGAIN}
        return json_answer(as_json(answers.accepted(request_id, t)), status=202, headers=where)
    made = await parts.services.requests.with_images(request_id)
    images = [one for one in made[1] if one.deleted_at is None] if made else []
    if not images:
        raise problem_of(error_from_facts(row.failure_kind or "internal", row.failure_facts or {}))
    drawn = images[0]
    told = ImageAnswer(
        job_id=row.id,
        url=parts.links.url(drawn, base),
        local_path=f".{parts.links.path(drawn)}",
        prompt=row.prompt,
        provider=(drawn.model or row.model).partition("/")[0],
        model=drawn.model or row.model,
        cost=round((row.charged_microusd or 0) / 1_000_000, 6),
    )
    return json_answer(as_json(told))


async def status(parts: Parts, caller: Caller, request: web.Request) -> web.StreamResponse:
    row, images = await _own(parts, caller, request)
    return json_answer(as_json(answers.status_of(row, len(images), texts_of(request), time.time())))


async def result(parts: Parts, caller: Caller, request: web.Request) -> web.StreamResponse:
    row, images = await _own(parts, caller, request)
    told = answers.result_of(
        row, images, texts_of(request), parts.links, time.time(), base_of(request, parts)
    )
    if told.status in answers.ENDED:
        return json_answer(as_json(told))
    return json_answer(as_json(told), status=202, headers=_POLL_AGAIN)


async def cancel(parts: Parts, caller: Caller, request: web.Request) -> web.StreamResponse:
    row, _ = await _own(parts, caller, request)
    await parts.services.studio.cancel(row.id, caller.requester)
    row, images = await _own(parts, caller, request)
    return json_answer(as_json(answers.status_of(row, len(images), texts_of(request), time.time())))


async def events(parts: Parts, caller: Caller, request: web.Request) -> web.StreamResponse:
    """`event: status` with the status as JSON, each time that it changes, until the job has ended."""
    row, images = await _own(parts, caller, request)
    if parts.watcher.watching >= _MOST_FOLLOWERS:
        raise Problem(
            503, "busy", say(_("Too many are listening. Ask for the status instead.")), headers=_POLL_AGAIN
        )
    t = texts_of(request)
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    told = answers.status_of(row, len(images), t, time.time())
    await _send(response, as_json(told))
    if told.status in answers.ENDED:
        return response
    last, quiet_since = told, time.monotonic()
    async for seen, made in parts.watcher.follow(row.id):
        told = answers.status_of(seen, made, t, time.time())
        if (told.status, told.progress) != (last.status, last.progress):
            await _send(response, as_json(told))
            last, quiet_since = told, time.monotonic()
        elif time.monotonic() - quiet_since > _HEARTBEAT_SECONDS:
            await response.write(b": still here\n\n")
            quiet_since = time.monotonic()
        if told.status in answers.ENDED:
            break
    return response


async def providers(parts: Parts, caller: Caller, _request: web.Request) -> web.StreamResponse:
    catalog = await parts.services.admin.house.catalog(caller.requester, caller.place)
    entries = [
        ProviderEntry(
            provider=shelf.provider,
            name=shelf.name,
            status=shelf.health.status,
            setting=shelf.setting if shelf.provider not in catalog.providers else None,
            models=[listed.model.id for listed in shelf.models],
        )
        for shelf in shelves(catalog, parts.services.providers)
    ]
    return json_answer(as_json(ProvidersAnswer(providers=entries)))


async def picture(parts: Parts, request: web.Request) -> web.StreamResponse:
    """By a signature that holds, else by the key whose job it was."""
    request_id, found = request.match_info["job_id"], _FILE.fullmatch(request.match_info["name"])
    number = int(found[1]) if found else 0
    query = request.query
    if not parts.links.holds(request_id, number, query.get("expires", ""), query.get("signature", "")):
        caller = await parts.callers.of(request, "read")
        await _own(parts, caller, request)
    drawn = await parts.services.admin.images.get(f"{request_id}_{number}")
    if drawn is None or drawn.deleted_at is not None:
        raise NotFound(what="image", id=request_id)
    return await _bytes(parts, request, drawn)


async def _bytes(parts: Parts, request: web.Request, drawn: ImageRow) -> web.StreamResponse:
    headers = {
        "ETag": f'"{drawn.key}"',
        "Cache-Control": "private, max-age=3600",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    try:
        data = await parts.services.store.get(drawn.key)
    except ImageMissing as error:
        raise NotFound(what="image", id=drawn.id) from error
    return web.Response(body=data, content_type=drawn.media_type, headers=headers)


def base_of(request: web.Request, parts: Parts) -> str:
    """The address for links: the owner's where set, else the one under which the client came."""
    return parts.links.public or f"{request.scheme}://{request.host}"


async def _submit(
    parts: Parts, caller: Caller, request: web.Request, body: Wish, sent: Read
) -> web.StreamResponse:
    key, digest = _idempotency_key(request), sent.digest(request.path)
    request_id, replayed = await _accept(
        parts, caller, body, sent.files, key, digest, base=base_of(request, parts)
    )
    headers = {"Location": f"/api/images/status/{request_id}"}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return json_answer(as_json(answers.accepted(request_id, texts_of(request))), status=202, headers=headers)


async def _accept(
    parts: Parts,
    caller: Caller,
    body: Wish,
    files: Mapping[str, bytes],
    key: str | None,
    digest: str,
    *,
    base: str,
) -> tuple[str, bool]:
    """The job's id, and whether it was accepted by an earlier call with the same idempotency key.

    `base` is the address under which the client came: its webhook says where the pictures are in the same words.
    """
    event = _event_id(caller, key) if key else None
    if event is not None and (first := await parts.services.requests.by_interaction(event)):
        return _same(first, caller, digest), True
    if body.webhook_url is not None:
        try:
            parts.fetcher.check(body.webhook_url)
        except Forbidden as error:
            raise forbidden("webhook_url") from error
    house = parts.services.admin.house
    catalog = await house.catalog(caller.requester, caller.place)
    unnamed = ImageRequest(kind=kind_of(body, files), prompt="", model="")
    chosen = (await parts.services.preferences.fresh(caller.requester.user_id)).model
    own = own_model(chosen, catalog.models(unnamed.kind))
    default = own or await house.default_model(unnamed, caller.place, catalog)
    wish = await wish_of(parts, caller, catalog, body, files, default, own=bool(own))
    client: dict[str, Any] = {"key": caller.key_id, "digest": digest}
    if body.webhook_url is not None:
        client |= {"webhook": body.webhook_url, "progress": body.webhook_progress, "base": base}
    origin = Origin(door=HTTP, interaction_id=event, client=client)
    accepted: Accepted = await parts.services.studio.submit(wish, caller.requester, caller.place, origin)
    if accepted.duplicate:
        first = await parts.services.requests.get(accepted.id)
        if first is not None:
            _same(first, caller, digest)
    return accepted.id, accepted.duplicate


def _idempotency_key(request: web.Request) -> str | None:
    """Raises Problem where it is none that the document allows."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        words = say(_("{field} must be 1 to 255 visible ASCII characters"), field="Idempotency-Key")
        raise Problem(400, "invalid_request", words, fields=[("Idempotency-Key", words)])
    return key


def _event_id(caller: Caller, key: str) -> int:
    """A number below zero, which no interaction of Discord has: one event that comes twice is one request."""
    digest = hashlib.sha256(f"{caller.key_id}\n{key}".encode()).digest()
    return -1 - int.from_bytes(digest[:8]) % 2**63


def _same(first: RequestRow, caller: Caller, digest: str) -> str:
    if (first.client or {}).get("digest") != digest or first.user_id != caller.requester.user_id:
        words = say(_("This Idempotency-Key was used for another request."))
        raise Problem(409, "idempotency_conflict", words)
    return first.id


async def _own(parts: Parts, caller: Caller, request: web.Request) -> tuple[RequestRow, list[ImageRow]]:
    """The caller's job that the path names. Raises NotFound: somebody else's is not there."""
    request_id = request.match_info["job_id"]
    found = await parts.services.requests.with_images(request_id) if _JOB_ID.fullmatch(request_id) else None
    if found is None or found[0].door != HTTP or found[0].user_id != caller.requester.user_id:
        raise NotFound(what="request", id=request_id[:40])
    return found


async def _ended(parts: Parts, request_id: str) -> RequestRow | None:
    """The row once its job has ended; None when that takes longer than a client should wait."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            async for row, made in parts.watcher.follow(request_id):
                if answers.status_word(row, made, time.time()) in answers.ENDED:
                    return row
    except TimeoutError:
        return None
    return None


async def _send(response: web.StreamResponse, told: dict[str, Any]) -> None:
    await response.write(b"event: status\ndata: " + orjson.dumps(told) + b"\n\n")
