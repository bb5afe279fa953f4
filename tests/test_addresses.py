"""Addresses of strangers: hostile ones, hostile redirects, and names that change their mind; none gets a connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from bot.addresses import Fetcher, Forbidden, TooLarge, Unreachable, is_public

PUBLIC = "93.184.215.14"
HOSTILE = """
http://127.0.0.1/
http://127.0.0.1:80/
http://127.1/
http://127.0.1/
http://0/
http://0.0.0.0/
http://2130706433/
http://0x7f000001/
http://0x7f.0.0.1/
http://0177.0.0.1/
http://017700000001/
http://10.0.0.1/
http://10.1/
http://172.16.0.1/
http://172.31.255.255/
http://192.168.1.1/
http://169.254.169.254/latest/meta-data/
http://169.254.170.2/v2/credentials
http://100.64.0.1/
http://198.18.0.1/
http://192.0.2.1/
http://192.88.99.1/
http://224.0.0.1/
http://240.0.0.1/
http://255.255.255.255/
http://[::1]/
http://[::]/
http://[::ffff:127.0.0.1]/
http://[::ffff:7f00:1]/
http://[::127.0.0.1]/
http://[0:0:0:0:0:ffff:a9fe:a9fe]/
http://[64:ff9b::7f00:1]/
http://[64:ff9b:1::a00:1]/
http://[2002:7f00:1::]/
http://[2001:0:53aa:64c::]/
http://[fe80::1]/
http://[fe80::1%25eth0]/
http://[fc00::1]/
http://[fd00:ec2::254]/
http://[ff02::1]/
http://localhost/
http://LOCALHOST./
http://loop.example/
http://mixed.example/
http://user@public.example/
http://user:pass@public.example/
http://127.0.0.1@public.example/
http://public.example@127.0.0.1/
http://public.example:8080/
http://public.example:22/
https://public.example:80/
http://public.example:0/
http://public.example:99999/
ftp://public.example/
file:///etc/passwd
file://localhost/etc/passwd
gopher://public.example/
data:image/png;base64,AAAA
javascript:alert(1)
unix:///var/run/docker.sock
http:///path
http://
//public.example/
public.example
http://pub lic.example/
http://public.example/\r\nX: y
http://１２７.０.０.１/
http://⑯⑨.②⑤④.⑯⑨.②⑤④/
""".strip().split("\n")


@dataclass
class Names(AbstractResolver):
    """Says what it was told to, one answer after the other; the last one for ever."""

    answers: dict[str, list[Sequence[str]]]
    asked: list[str] = field(default_factory=list[str])

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        known = self.answers.get(host.casefold().rstrip("."))
        if known is None:
            raise OSError("no such name")
        found = known.pop(0) if len(known) > 1 else known[0]
        return [
            {
                "hostname": host, "host": address, "port": port, "proto": 0, "flags": 0,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
            }
            for address in found
        ]  # fmt: skip

    async def close(self) -> None: ...


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that a socket was connected to. Public ones are sent to nowhere: tests stay on this machine."""
    seen: list[Any] = []

    async def connect(self: Any, sock: socket.socket, address: Any) -> None:
        seen.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", connect)
    return seen


def names() -> Names:
    return Names(
        {
            "localhost": [["127.0.0.1"]],
            "loop.example": [["127.0.0.1"]],
            "mixed.example": [[PUBLIC, "10.0.0.1"]],
            "public.example": [[PUBLIC]],
            "rebinding.example": [[PUBLIC], ["127.0.0.1"]],
        }
    )


@pytest.mark.parametrize("url", HOSTILE)
async def test_a_hostile_address_gets_no_connection(url: str, connected: list[Any]) -> None:
    fetcher = Fetcher(resolver=names())
    with pytest.raises((Forbidden, Unreachable)):
        await fetcher.get(url, max_bytes=1000)
    with pytest.raises((Forbidden, Unreachable)):
        await fetcher.post(url, b"{}", {})
    assert not connected
    await fetcher.close()


def test_there_are_at_least_forty_of_them() -> None:
    print(f"{len({*HOSTILE})} hostile addresses")
    assert len({*HOSTILE}) >= 40


async def test_a_name_that_changes_its_mind_is_connected_to_as_it_was_checked(connected: list[Any]) -> None:
    resolver = names()
    fetcher = Fetcher(resolver=resolver)
    with pytest.raises(Unreachable):
        await fetcher.get("http://rebinding.example/", max_bytes=1000)
    assert connected == [PUBLIC]
    assert resolver.asked == ["rebinding.example"]
    with pytest.raises(Forbidden):
        await fetcher.get("http://rebinding.example/", max_bytes=1000)
    assert connected == [PUBLIC]
    await fetcher.close()


async def test_the_last_look_is_at_the_address_itself(connected: list[Any]) -> None:
    """Even where a resolver gets past the check, as a bug of ours or of the library would."""
    fetcher = Fetcher(resolver=names())
    session = fetcher._http()
    assert session.connector is not None
    session.connector._resolver = names()  # type: ignore[attr-defined]
    with pytest.raises(Forbidden):
        await fetcher.get("http://loop.example/", max_bytes=1000)
    assert not connected
    await fetcher.close()


@pytest.fixture
async def site() -> AsyncIterator[TestServer]:
    """A trusted host of this machine whose pages redirect."""

    async def to(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": request.query["to"]})

    async def big(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * 5000)

    async def loop(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"/loop/{int(request.match_info['n']) + 1}")

    async def hops(request: web.Request) -> web.Response:
        left = int(request.match_info["n"])
        if not left:
            return web.Response(body=b"here")
        raise web.HTTPTemporaryRedirect(f"/hops/{left - 1}")

    app = web.Application()
    app.add_routes(
        [web.get("/to", to), web.get("/big", big), web.get("/loop/{n}", loop), web.get("/hops/{n}", hops)]
    )
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1/", "http://169.254.169.254/", "http://[::ffff:127.0.0.1]/", "file:///etc/passwd",
        "http://2130706433/", "http://user:pw@public.example/", "http://loop.example/", "//127.0.0.1/", "http://[::1/",
    ],
)  # fmt: skip
async def test_a_redirect_is_checked_like_the_first_address(to: str, site: TestServer) -> None:
    fetcher = Fetcher([f"127.0.0.1:{site.port}"], resolver=names())
    with pytest.raises(Forbidden):
        await fetcher.get(str(site.make_url("/to").with_query(to=to)), max_bytes=1000)
    await fetcher.close()


async def test_three_redirects_are_followed_and_no_more_and_bytes_are_capped(site: TestServer) -> None:
    fetcher = Fetcher([f"127.0.0.1:{site.port}"])
    assert await fetcher.get(str(site.make_url("/hops/3")), max_bytes=1000) == b"here"
    with pytest.raises(Unreachable):
        await fetcher.get(str(site.make_url("/hops/4")), max_bytes=1000)
    with pytest.raises(Unreachable):
        await fetcher.get(str(site.make_url("/loop/0")), max_bytes=1000)
    assert len(await fetcher.get(str(site.make_url("/big")), max_bytes=5000)) == 5000
    with pytest.raises(TooLarge):
        await fetcher.get(str(site.make_url("/big")), max_bytes=4999)
    with pytest.raises(Unreachable):
        await fetcher.get(str(site.make_url("/nothing")), max_bytes=1000)
    await fetcher.close()


def test_public_addresses_are_public() -> None:
    assert all(is_public(one) for one in (PUBLIC, "1.1.1.1", "2606:4700:4700::1111"))
