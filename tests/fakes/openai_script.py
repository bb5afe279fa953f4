"""What a fake OpenAI is told to answer, and what it notes of each call."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.openai_rules import Upload


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How one call is answered. Without anything: what was asked for, at once.

    `drop` closes the connection `before` the answer, after its `headers`, or in the `half` of its body; `hold` waits
    for `vendor.release()`, `hold_half` in the middle of the body. `count` is how many pictures come whatever was asked
    for, `partials` how many previews. `weight` pads each picture to so many bytes, `data` replaces it.
    """

    status: int = 200
    code: str | None = None
    type: str | None = None
    message: str = "no"
    param: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    html: str | None = None
    body: str | None = None
    latency_seconds: float = 0.0
    hold: bool = False
    hold_half: bool = False
    drop: str = ""
    count: int | None = None
    partials: int | None = None
    ignore_stream: bool = False
    stream_error: str | None = None
    stream_cut: bool = False
    url: str | None = None
    data: str | None = None
    usage: dict[str, Any] | None = None
    no_usage: bool = False
    output_tokens: int | None = None
    weight: int | None = None
    huge_bytes: int = 0


@dataclass(kw_only=True)
class Call:
    """One request as it came; `outcome` is answered, refused, dropped or abandoned (the client went away)."""

    number: int
    path: str
    fields: dict[str, Any]
    files: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    authorization: str = ""
    at: float = 0.0
    ended: float = 0.0
    outcome: str = "open"
    pictures: list[str] = field(default_factory=list[str])


def noted(upload: Upload) -> dict[str, Any]:
    return {
        "field": upload.field,
        "name": upload.name,
        "media_type": upload.media_type,
        "bytes": len(upload.data),
        "sha256": hashlib.sha256(upload.data).hexdigest(),
    }


def error_body(answer: Answer) -> str:
    said = {
        "message": answer.message,
        "type": answer.type or "invalid_request_error",
        "param": answer.param,
        "code": answer.code,
    }
    return json.dumps({"error": said})


SAID = "A fox in deep snow, low winter sun, soft blue shadows, telephoto photograph."


def told(call: Call, answer: Answer) -> dict[str, Any]:
    """A chat's answer: what a language model sees in the picture; `count=0` says nothing, `data` something else."""
    text = "" if answer.count == 0 else answer.data or SAID
    return {
        "id": f"chatcmpl-{call.number}",
        "object": "chat.completion",
        "created": 0,
        "model": call.fields["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960},
    }
