"""A picture put into words by a language model behind OpenAI's chat completions, which many other servers speak too."""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Any

from bot.errors import PolicyRefusal
from bot.providers.base import MOST_WORDS, Description, RenderCall, describe_words, described
from bot.providers.openai_answers import Json

CHAT_LIMIT = 1024 * 1024
"""In bytes of an answer in words."""


def chat_fields(call: RenderCall, locale: str, accepts: Collection[str]) -> dict[str, Any]:
    picture = call.inputs[0]
    address = f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"
    content = [
        {"type": "text", "text": describe_words(call, locale)},
        {"type": "image_url", "image_url": {"url": address}},
    ]
    optional = {"max_completion_tokens": MOST_WORDS, "safety_identifier": call.requester}
    return {
        "model": call.model.vendor_id,
        "messages": [{"role": "user", "content": content}],
        **{name: value for name, value in optional.items() if value is not None and name in accepts},
    }


def chat_description(call: RenderCall, answer: Json, request_id: str | None) -> Description:
    """Raises PolicyRefusal where the model would not, NoPicture where it said nothing."""
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    if message.get("refusal") or choice.get("finish_reason") == "content_filter":
        raise PolicyRefusal(
            provider=call.model.provider,
            code="refusal",
            request_id=request_id,
            may_be_paid=True,
            detail=str(message.get("refusal") or "")[:500] or None,
        )
    return described(call, message.get("content"), _usage(answer), request_id=request_id)


def _usage(answer: Json) -> dict[str, Any]:
    """In the words of `bot.prices`, which are those of the image API; empty where the server counts nothing."""
    told = answer.get("usage")
    told = told if isinstance(told, dict) else {}
    read, written = told.get("prompt_tokens"), told.get("completion_tokens")
    if not isinstance(read, int) or not isinstance(written, int):
        return {}
    return {"input_tokens": read, "output_tokens": written}
