"""The forms that a setting's text can have, and what it becomes. Messages here never repeat the text."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr

from bot.nights import Night
from bot.terminal import t


def _ids(text: object) -> object:
    if not isinstance(text, str):
        return text
    parts = [part for part in re.split(r"[,\s]+", text) if part]
    if not all(part.isascii() and part.isdigit() and len(part) <= 20 for part in parts):
        raise ValueError(t("must be ids, digits only, with commas between them"))
    return frozenset(int(part) for part in parts)


def _hosts(text: object) -> object:
    if not isinstance(text, str):
        return text
    parts = [part.casefold() for part in re.split(r"[,\s]+", text) if part]
    if not all(re.fullmatch(r"(\[[0-9a-f:.]+\]|[^\s/:@\[\]]+)(:\d{1,5})?", part) for part in parts):
        raise ValueError(
            t("must be names of hosts, such as media.lan or 10.0.0.5:8080, with commas between them")
        )
    return frozenset(parts)


def _origins(text: object) -> object:
    """As browsers send them: scheme, host and a port that is not the usual one."""
    if not isinstance(text, str):
        return text
    origins = frozenset(part.strip().rstrip("/").casefold() for part in text.split(",") if part.strip())
    if not all(re.fullmatch(r"https?://[^/\s@*]+", one) for one in origins):
        raise ValueError(t("must be addresses such as https://site.example, with commas and no path"))
    return origins


def _key(text: object) -> object:
    """A key that would break a header is refused here and not by a vendor's library, which might quote it."""
    if isinstance(text, str) and not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError(t("holds characters that no key has: a space, a line break or an accent"))
    return text


def _token(text: object) -> object:
    return _key(text.removeprefix("Bot ").strip() if isinstance(text, str) else text)


def _address(*schemes: str) -> BeforeValidator:
    def check(text: object) -> object:
        if not isinstance(text, str):
            return text
        try:
            parts = urlsplit(text)
            usable = parts.scheme in schemes and parts.hostname and (parts.port or True)
        except ValueError:
            usable = False
        if not usable or re.search(r"\s", text):
            secure, plain = (f"{name}://" for name in schemes)
            raise ValueError(
                t("must be an address that starts with {secure} or {plain}", secure=secure, plain=plain)
            )
        return text.rstrip("/")

    return BeforeValidator(check)


def _database(text: object) -> object:
    """Any spelling of the two databases becomes the driver that we have."""
    if not isinstance(text, str):
        return text
    scheme, separator, rest = text.partition("://")
    driver = {
        "sqlite": "sqlite+aiosqlite",
        "postgres": "postgresql+asyncpg",
        "postgresql": "postgresql+asyncpg",
    }
    scheme = driver.get(scheme, scheme)
    if not separator or scheme not in driver.values():
        raise ValueError(t("must start with sqlite+aiosqlite:/// or postgresql+asyncpg://"))
    return f"{scheme}://{rest}"


def _place(text: object) -> object:
    return Path(text).absolute().as_uri() if isinstance(text, str) and "://" not in text else text


def _none_when_empty(text: object) -> object:
    return None if text == "" else text


Ids = Annotated[frozenset[int], BeforeValidator(_ids)]
Hosts = Annotated[frozenset[str], BeforeValidator(_hosts)]
Origins = Annotated[frozenset[str], BeforeValidator(_origins)]
Key = Annotated[SecretStr, BeforeValidator(_key)]
LongKey = Annotated[SecretStr, Field(min_length=16), BeforeValidator(_key)]
Token = Annotated[SecretStr, BeforeValidator(_token)]
Url = Annotated[str, _address("https", "http")]
SecretUrl = Annotated[SecretStr, _address("https", "http")]
SocketUrl = Annotated[str, _address("wss", "ws")]
NightTime = Annotated[
    Night, BeforeValidator(lambda text: Night.parse(text) if isinstance(text, str) else text)
]
Usd = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=6)]
Port = Annotated[int, Field(ge=0, le=65535)]
Upper = BeforeValidator(lambda text: text.upper() if isinstance(text, str) else text)
Lower = BeforeValidator(lambda text: text.lower() if isinstance(text, str) else text)
OptionalPort = Annotated[Port | None, BeforeValidator(_none_when_empty)]
DatabaseUrl = Annotated[str, BeforeValidator(_database)]
StoreUrl = Annotated[str, BeforeValidator(_place)]
