"""Reading a request's body: JSON, or a multipart form with `payload_json` and `files[n]`, without copying twice."""

import re
from dataclasses import dataclass, field
from email.message import Message as Headers

import orjson
from aiohttp import web

from bot.playground.cdn import Upload
from bot.playground.errors import ApiError
from bot.playground.jsonic import loads

RECEIVED_MAX = 128 * 1024 * 1024
_FILE_FIELD = re.compile(r"files\[(\d+)\]")


@dataclass(frozen=True)
class Body:
    """`payload` is the JSON, `files` the uploads by the number in their field's name."""

    payload: object = None
    files: dict[int, Upload] = field(default_factory=dict[int, Upload])


async def receive(request: web.Request) -> bytes:
    """The whole body. Raises ApiError 40005 for an absurd one, ConnectionError when the sender goes away."""
    chunks: list[bytes] = []
    size = 0
    async for (
        chunk
    ) in request.content.iter_any():  # joined once: a growing buffer would copy each piece twice
        size += len(chunk)
        if size > RECEIVED_MAX:
            raise ApiError(40005)
        chunks.append(chunk)
    return b"".join(chunks)


def read(raw: bytes, content_type: str) -> Body:
    """Raises ApiError 50109 for anything that is neither JSON nor a proper form."""
    if not raw:
        return Body()
    try:
        if content_type.startswith("multipart/form-data"):
            return _form(raw, content_type)
        return Body(loads(raw))
    except (orjson.JSONDecodeError, ValueError, LookupError) as error:
        raise ApiError(50109) from error


def _form(raw: bytes, content_type: str) -> Body:
    payload: object = None
    files: dict[int, Upload] = {}
    for disposition, kind, data in _parts(raw, _parameter(content_type, "boundary")):
        name = _parameter(disposition, "name")
        if name == "payload_json":
            payload = loads(data)
        elif number := _FILE_FIELD.fullmatch(name):
            files[int(number[1])] = Upload(_parameter(disposition, "filename"), data, kind)
    return Body(payload, files)


def _parts(raw: bytes, boundary: str) -> list[tuple[str, str, bytes]]:
    """Content-Disposition, Content-Type and bytes of each part. Searching for the boundary is all the work there is."""
    mark = b"--" + boundary.encode()
    separator = b"\r\n" + mark
    parts: list[tuple[str, str, bytes]] = []
    start = raw.index(mark) + len(mark)
    while not raw.startswith(b"--", start):
        head_end = raw.index(b"\r\n\r\n", start)
        head = dict(_headers(raw[start:head_end].decode("utf-8", "replace")))
        end = raw.index(separator, head_end + 2)
        data = raw[head_end + 4 : end]
        parts.append((head.get("content-disposition", ""), head.get("content-type", ""), data))
        start = end + len(separator)
    return parts


def _headers(text: str) -> list[tuple[str, str]]:
    lines = [line.partition(":") for line in text.split("\r\n") if ":" in line]
    return [(name.strip().lower(), value.strip()) for name, _, value in lines]


def _parameter(value: str, name: str) -> str:
    headers = Headers()
    headers["Content-Type"] = value if "/" in value.split(";")[0] else f"x/{value}"
    found = headers.get_param(name)
    if isinstance(found, tuple):
        return found[2]
    return str(found) if found is not None else ""
