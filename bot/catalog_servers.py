"""The owner's OpenAI-shaped servers, as a catalogue file names them; their models are entries like all others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from bot.catalog_fields import Entry, Fault, as_names, as_text
from bot.terminal import t

OPTIONAL_FIELDS = frozenset(
    {
        "n",
        "size",
        "quality",
        "background",
        "output_format",
        "safety_identifier",
        "user",
        "stream",
        "partial_images",
        "max_completion_tokens",
    }
)
"""What OpenAI itself accepts beside model, prompt, image and mask; other servers take fewer."""

_FIELDS = ("name", "base_url", "api_key_env", "accepts")
_TAKEN = frozenset({"openai", "gemini", "replicate", "stability", "a1111", "demo"})
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, kw_only=True)
class Server:
    """`api_key_env` names the setting that holds its key; `accepts` what it takes beside model, prompt and pictures."""

    name: str
    base_url: str
    api_key_env: str | None = None
    accepts: frozenset[str] = frozenset({"n", "size"})


class _HasServers(Protocol):
    servers: list[Server]


def servers_of(sources: Iterable[_HasServers]) -> list[Server]:
    """Of two with one name the later file's."""
    return list({server.name: server for source in sources for server in source.servers}.values())


def as_server(entry: Entry) -> Server:
    """Raises Fault."""
    for key in entry:
        if key not in _FIELDS:
            raise Fault(
                t("there is no field {key}; there are {names}", key=repr(key), names=", ".join(_FIELDS))
            )
    name, base_url = as_text(entry.get("name")), as_text(entry.get("base_url"))
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise Fault(
            t("name must be small letters, digits and hyphens, and none of the program's own providers")
        )
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Fault(t("base_url must be an address such as http://127.0.0.1:1234/v1"))
    accepts = as_names(entry.get("accepts", ["n", "size"]))
    for word in accepts:
        if word not in OPTIONAL_FIELDS:
            raise Fault(
                t(
                    "{name} is none of {names}",
                    name=f"accepts: {word!r}",
                    names=", ".join(sorted(OPTIONAL_FIELDS)),
                )
            )
    key = entry.get("api_key_env")
    return Server(
        name=name,
        base_url=base_url.rstrip("/"),
        api_key_env=None if key is None else as_text(key),
        accepts=frozenset(accepts),
    )
