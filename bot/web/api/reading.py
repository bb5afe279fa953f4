"""Bodies as they come, JSON or multipart, made into the models of `bodies`; what is wrong is said field by field."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
import orjson
from aiohttp import BodyPartReader, web
from pydantic import BaseModel, ValidationError

from bot.errors import BadImage
from bot.i18n import _
from bot.uploads import MAX_INPUT_BYTES
from bot.web.problems import Problem, Words, say
from bot.web.words import PICTURES

_TEXT_BYTES = 200_000
_CHUNK = 1 << 16
_SECONDS = 60.0
"""For a whole body to arrive: a slow client must not hold a place for ever."""

BodyType = TypeVar("BodyType", bound=BaseModel)

_PROBLEMS = {
    "missing": _("{field} is required"),
    "string_too_short": _("{field} is required"),
    "string_too_long": _("{field} is longer than {max_length} characters"),
    "string_type": _("{field} must be a text"),
    "int_type": _("{field} must be a whole number"),
    "int_parsing": _("{field} must be a whole number"),
    "int_from_float": _("{field} must be a whole number"),
    "float_type": _("{field} must be a number"),
    "float_parsing": _("{field} must be a number"),
    "bool_type": _("{field} must be true or false"),
    "bool_parsing": _("{field} must be true or false"),
    "literal_error": _("{field} must be one of {expected}"),
    "string_pattern_mismatch": _("{field} is not of a form that is understood"),
    "extra_forbidden": _("{field} is not a field of this request"),
    "list_type": _("{field} must be a list"),
    "too_short": _("{field} must have between 1 and 20 entries"),
    "too_long": _("{field} must have between 1 and 20 entries"),
    "model_type": _("{field} must be an object"),
}
_RANGES = {"num_images": ("1", "4"), "seed": ("0", "4294967294"), "strength": ("0", "1")}


@dataclass(frozen=True)
class Read:
    """A body as it was sent: `values` are its fields, `files` the bytes of its pictures by name."""

    values: Mapping[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])

    def digest(self, path: str) -> str:
        """Tells one body from another for an idempotency key."""
        made = hashlib.sha256(path.encode())
        made.update(orjson.dumps(self.values, option=orjson.OPT_SORT_KEYS))
        for name in sorted(self.files):
            made.update(name.encode() + hashlib.sha256(self.files[name]).digest())
        return made.hexdigest()


async def read(request: web.Request, *, multipart: bool = False) -> Read:
    """Raises Problem 400, 408, 413 or 415."""
    try:
        async with asyncio.timeout(_SECONDS):
            if request.content_type == "multipart/form-data" and multipart:
                return await _read_parts(request)
            if request.content_type == "application/json":
                return Read(_json(await request.read()))
    except TimeoutError as error:
        raise Problem(408, "request_timeout", say(_("The body took too long to arrive."))) from error
    wanted = "application/json, multipart/form-data" if multipart else "application/json"
    words = say(_("Send the body as {types}."), types=wanted)
    raise Problem(415, "unsupported_media_type", words, headers={"Accept-Post": wanted})


def parsed(model: type[BodyType], values: Mapping[str, Any], *, texts: bool = False) -> BodyType:
    """The body's model; `texts` where every value came as text. Raises Problem 400 with all that is wrong."""
    try:
        return model.model_validate(values, strict=None if texts else True)
    except ValidationError as error:
        raise _refusal(error) from None


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "bad_request", say(_("The body is not JSON."))) from error
    if not isinstance(values, dict):
        raise Problem(400, "bad_request", say(_("The body must be a JSON object.")))
    return values


async def _read_parts(request: web.Request) -> Read:
    values: dict[str, str] = {}
    files: dict[str, bytes] = {}
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or not part.name:
                raise Problem(400, "bad_request", say(_("The multipart body is malformed.")))
            if part.name in PICTURES:
                files[part.name] = await _capped(part, MAX_INPUT_BYTES)
            else:
                values[part.name] = (await _capped(part, _TEXT_BYTES)).decode()
    except (ValueError, AssertionError, aiohttp.ClientPayloadError, UnicodeDecodeError) as error:
        raise Problem(400, "bad_request", say(_("The multipart body is malformed."))) from error
    return Read(values, files)


async def _capped(part: BodyPartReader, limit: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        data += chunk
        if len(data) > limit:
            raise BadImage(problem="too_many_bytes", name=part.name, limit=limit)
    return bytes(data)


def _refusal(error: ValidationError) -> Problem:
    fields = [_field(details) for details in error.errors(include_url=False, include_input=False)]
    first = fields[0][1]
    return Problem(400, "invalid_request", first, fields=fields)


def _field(details: Any) -> tuple[str, Words]:
    name = _name(details["loc"])
    plain = name.rpartition(".")[2]
    context: Mapping[str, Any] = details.get("ctx", {})
    kind = details["type"]
    if kind in ("greater_than_equal", "less_than_equal") and plain in _RANGES:
        low, high = _RANGES[plain]
        return name, say(_("{field} must be between {low} and {high}"), field=name, low=low, high=high)
    words = _PROBLEMS.get(kind, _("{field} cannot be that"))
    known = {key: context[key] for key in ("expected", "max_length") if key in context}
    return name, say(words, field=name, **{"expected": "", "max_length": "", **known})


def _name(place: Sequence[str | int]) -> str:
    """`requests[2].prompt`."""
    name = ""
    for step in place:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else str(step)
    return name or "body"
