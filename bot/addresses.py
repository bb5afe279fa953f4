"""Addresses that strangers give: fetched only where they lead to the public internet, checked again at each connection.

What counts is the address that a socket connects to. A name is resolved once, every answer must be public, and the
connection goes to what was checked (aiohttp is handed those answers); the socket's own factory looks once more, so that
no other way in the library leads past it. Redirects are followed by hand, each checked like the first address.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

PORTS = {"http": 80, "https": 443}
MAX_REDIRECTS = 3
TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK = 1 << 16
_LONGEST_URL = 2000
_EMBEDDING = tuple(
    ipaddress.ip_network(net)
    for net in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
"""IPv6 with an IPv4 address inside (RFC 4291, 6052, 8215, 3056, 4380): where it leads depends on the network."""

_RELAYS = ipaddress.ip_network("192.88.99.0/24")
"""Anycast of 6to4 relays (RFC 7526): deprecated, and public in no useful sense."""

_log = structlog.get_logger(__name__)


class Forbidden(Exception):
    """The address, or one that it leads to, is none that a stranger may make us connect to."""


class Unreachable(Exception):
    """No usable answer from there; the text is for the log."""


class TooLarge(Exception):
    """More bytes than were allowed."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, and no other address in disguise."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and any(found in net for net in _EMBEDDING):
        return False
    if isinstance(found, ipaddress.IPv4Address) and found in _RELAYS:
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


@dataclass(frozen=True)
class Trusted:
    """Hosts, or `host:port`, that the owner vouches for although they are not public."""

    hosts: frozenset[str] = frozenset()

    def has(self, host: str, port: int) -> bool:
        return host in self.hosts or f"{host}:{port}" in self.hosts


def checked(text: str, trusted: Trusted = Trusted()) -> URL:
    """The address, if its form allows to go there at all. Raises Forbidden; nothing is resolved or connected."""
    if len(text) > _LONGEST_URL or any(letter.isspace() or not letter.isprintable() for letter in text):
        raise Forbidden("form")
    try:
        url = URL(text)
        host, port = url.host, url.port
    except ValueError as error:
        raise Forbidden("form") from error
    if url.scheme not in PORTS or not host or port is None:
        raise Forbidden("scheme")
    if url.user is not None or url.password is not None:
        raise Forbidden("credentials")
    if trusted.has(host, port):
        return url
    if port != PORTS[url.scheme]:
        raise Forbidden("port")
    if _is_literal(host) and not is_public(host):
        raise Forbidden("address")
    return url


def _is_literal(host: str) -> bool:
    """Every spelling that the C library takes for an address: dotted, decimal, octal, hexadecimal, short."""
    if ":" in host:
        return True
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


class _PublicResolver(AbstractResolver):
    """All answers for a name, or none: a name with one private answer among public ones is up to something."""

    def __init__(self, inner: AbstractResolver, trusted: Trusted) -> None:
        self._inner, self._trusted = inner, trusted

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not self._trusted.has(host, port) and not all(is_public(one["host"]) for one in found):
            raise Forbidden("resolves")
        return found

    async def close(self) -> None:
        await self._inner.close()


class Fetcher:
    """A session of its own for strangers' addresses. `resolver` answers for names; the system's by default."""

    def __init__(self, trusted: Collection[str] = (), *, resolver: AbstractResolver | None = None) -> None:
        self._trusted = Trusted(frozenset(trusted))
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    def check(self, text: str) -> URL:
        """The form of an address, before anything is accepted for it. Raises Forbidden."""
        return checked(text, self._trusted)

    async def get(self, text: str, *, max_bytes: int) -> bytes:
        """What is there, after at most three redirects. Raises Forbidden, Unreachable or TooLarge."""
        url = self.check(text)
        for _ in range(MAX_REDIRECTS + 1):
            try:
                async with self._http().get(url, allow_redirects=False) as answer:
                    if answer.status not in _REDIRECTS:
                        return await _read(answer, max_bytes)
                    to = answer.headers.get("Location", "")
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise Unreachable(_why(error)) from error
            url = self._next(url, to)
        raise Unreachable("too many redirects")

    async def post(self, text: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer; redirects are not followed. Raises Forbidden or Unreachable."""
        try:
            async with self._http().post(
                self.check(text), data=body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable(_why(error)) from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _next(self, url: URL, location: str) -> URL:
        try:
            return self.check(str(url.join(URL(location))))
        except ValueError as error:
            raise Forbidden("form") from error

    def _http(self) -> aiohttp.ClientSession:
        """Made when it is first needed; no proxy of the environment, no cookies, no connection kept for the next."""
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=_PublicResolver(self._resolver or ThreadedResolver(), self._trusted),
                use_dns_cache=False,
                force_close=True,
                limit=32,
                socket_factory=self._socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=TIMEOUT,
                trust_env=False,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Atelier", "Accept-Encoding": "identity"},
            )
        return self._session

    def _socket(self, info: Any) -> socket.socket:
        """The last look, at the very address that is about to be connected to."""
        family, kind, proto, _, address = info
        host, port = str(address[0]), int(address[1])
        if not is_public(host) and not self._trusted_address(port):
            _log.warning("a connection to a private address was stopped", port=port)
            raise Forbidden("address")
        made = socket.socket(family, kind, proto)
        made.setblocking(False)
        return made

    def _trusted_address(self, port: int) -> bool:
        """A trusted name may resolve to anything; here only its port is still known."""
        return any(
            host.rpartition(":")[2] == str(port) if ":" in host else port in PORTS.values()
            for host in self._trusted.hosts
        )


async def _read(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """What arrives, whatever its headers say about its size. Nothing is unpacked: pictures come as they are."""
    if answer.status != 200:
        raise Unreachable(f"status {answer.status}")
    data = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        data += chunk
        if len(data) > max_bytes:
            raise TooLarge
    return bytes(data)


def _why(error: Exception) -> str:
    # The message may quote the address, and with it what its query holds.
    return type(error).__name__
