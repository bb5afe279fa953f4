"""Fetches a picture that a vendor answered with an address: capped, and never from inside the owner's network.

The vendor's own host is exempt, because the owner set it: a server at home answers with addresses at home.
"""

from __future__ import annotations

import ipaddress
import socket
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

_REDIRECTS = 3
_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10)


class Forbidden(Exception):
    """The address is not on the public internet, or no web address at all."""


class Undelivered(Exception):
    """Nothing usable came from the address."""


class Downloads:
    """`home` is the host whose addresses are trusted."""

    def __init__(self, *, home: str | None) -> None:
        self._home = home.casefold() if home else None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def fetch(self, url: str, limit: int) -> bytes:
        """The bytes behind the address. Raises Forbidden or Undelivered."""
        for _ in range(_REDIRECTS + 1):
            self._check(url)
            try:
                async with self._opened().get(url, allow_redirects=False) as answer:
                    if answer.status in (301, 302, 303, 307, 308) and "location" in answer.headers:
                        url = urljoin(url, answer.headers["location"])
                        continue
                    if answer.status != 200:
                        raise Undelivered(f"status {answer.status}")
                    return await _capped(answer, limit)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise Undelivered(type(error).__name__) from error
        raise Undelivered("too many redirects")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(resolver=_PublicResolver(self._home), use_dns_cache=False)
            self._session = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT, trust_env=False)
        return self._session

    def _check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError as error:
            raise Forbidden("no address") from error
        if parts.scheme not in ("http", "https") or not host or parts.username is not None:
            raise Forbidden("no web address")
        if host == self._home:
            return
        # Numbers do not pass through the resolver; names are checked there, on the address that is connected to.
        if _is_number(host) and not is_public(host):
            raise Forbidden("not a public address")


class _PublicResolver(AbstractResolver):
    def __init__(self, home: str | None) -> None:
        self._home, self._inner = home, DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if host.casefold() != self._home and not all(is_public(entry["host"]) for entry in found):
            raise OSError(None, "not a public address")
        return found

    async def close(self) -> None:
        await self._inner.close()


def is_public(address: str) -> bool:
    """Whether a numeric address is one of the public internet, also where an IPv6 address carries an IPv4 one."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(number, ipaddress.IPv6Address):
        carried = number.ipv4_mapped or number.sixtofour or (number.teredo[1] if number.teredo else None)
        if number in _NAT64:
            carried = ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
        if carried is not None:
            return carried.is_global and not carried.is_multicast
    return number.is_global and not number.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _is_number(host: str) -> bool:
    """Also the old ways to write one: a single number, octal or hexadecimal parts."""
    if ":" in host:
        return True
    return all(part.isdigit() or part.startswith(("0x", "0X")) for part in host.rstrip(".").split("."))


async def _capped(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_any():
        size += len(chunk)
        if size > limit:
            raise Undelivered("too large")
        parts.append(chunk)
    return b"".join(parts)
