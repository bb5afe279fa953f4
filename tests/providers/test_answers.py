"""The readers of raw answers, fed byte by byte, and the guard on addresses."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.downloads import Downloads, Forbidden, Undelivered, is_public
from bot.providers.openai_answers import Reader, TooLarge, Unreadable, picture_bytes

STREAM = (
    b': hello\n\nevent: a\ndata: {"type": "a", "b64_json": "' + b"A" * 500 + b'"}\n\n'
    b'event: b\r\ndata:{"type": "b"}\r\n\r\n'
    b'data: {"type":\ndata:  "c"}\n\ndata: [DONE]\n\ndata: {"type": "d"}'
)


async def in_pieces(text: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    edges = sorted({0, len(text), *(cut for cut in cuts if 0 < cut < len(text))})
    for start, end in itertools.pairwise(edges):
        yield text[start:end]


async def kinds_of(text: bytes, cuts: list[int]) -> list[str]:
    reader = Reader(places=1, stall_seconds=5)
    return [event["type"] async for event in reader.events(in_pieces(text, cuts), 10_000)]


@given(st.lists(st.integers(1, len(STREAM) - 1), max_size=40))
async def test_events_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    assert await kinds_of(STREAM, cuts) == ["a", "b", "c", "d"]


async def test_events_are_read_byte_by_byte() -> None:
    assert await kinds_of(STREAM, list(range(len(STREAM)))) == ["a", "b", "c", "d"]


async def test_an_event_may_not_be_larger_than_its_limit() -> None:
    reader = Reader(places=1, stall_seconds=5)
    with pytest.raises(TooLarge):
        _ = [event async for event in reader.events(in_pieces(STREAM, [100, 200, 300, 400]), 250)]


async def test_nothing_of_a_preview_stays_in_memory_while_the_vendor_draws_on() -> None:
    """Sixty-four streams wait at a time, each for minutes, and a preview is megabytes in three forms."""
    size, kept = 8_000_000, list[int]()

    async def vendor() -> AsyncIterator[bytes]:
        yield b'data: {"type": "a", "b64_json": "'
        for _ in range(8):
            yield b"A" * (size // 8)
        yield b'"}\n\n'
        kept.append(tracemalloc.get_traced_memory()[0])
        yield b'data: {"type": "b"}\n\n'

    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        async for event in Reader(places=1, stall_seconds=5).events(vendor(), 2 * size):
            if event["type"] == "a":
                assert len(event["b64_json"]) == size
            del event
    finally:
        tracemalloc.stop()
    assert len(kept) == 1
    assert kept[0] - before < size // 4


async def test_a_body_may_not_be_larger_than_its_limit() -> None:
    reader = Reader(places=1, stall_seconds=5)
    with pytest.raises(TooLarge):
        await reader.whole(in_pieces(b'{"a": 1}', [3]), 7)
    assert await reader.whole(in_pieces(b'{"a": 1}', [3]), 8) == {"a": 1}


def test_base64_is_read_with_and_without_the_prefix_of_an_address() -> None:
    assert picture_bytes("aGk=") == picture_bytes("data:image/png;base64,aGk=") == b"hi"
    with pytest.raises(Unreadable):
        picture_bytes("aG k=")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "::",
        "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "nonsense",
    ],
)  # fmt: skip
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_outside_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/a", "http://127.0.0.1/", "http://0x7f000001/", "http://017700000001/", "http://127.1/",
        "http://user@example.com/", "http://[::ffff:127.0.0.1]/", "http://", "http://[broken/",
    ],
)  # fmt: skip
async def test_addresses_that_no_picture_should_have_are_refused(url: str) -> None:
    async with Downloads(home="vendor.example") as downloads:
        with pytest.raises(Forbidden):
            await downloads.fetch(url, 10)


async def test_a_name_that_leads_inside_is_refused_where_it_is_resolved(unused_tcp_port: int) -> None:
    async with Downloads(home="vendor.example") as downloads:
        with pytest.raises(Undelivered):
            await downloads.fetch(f"http://localhost:{unused_tcp_port}/a.png", 10)
