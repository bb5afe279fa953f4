"""Files on their way up to Discord: bytes that we have are sent from where they are, and let go of when they are sent.

A `BytesIO` is copied by aiohttp, and after discord.py has used it, it refers to itself: its megabytes stay until the
garbage collector comes by. In a crowd of two hundred that was a hundred pictures that nobody needed.
"""

from __future__ import annotations

import io
from typing import Any

import discord
from aiohttp import Payload, payload_type
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Order

_CHUNK_BYTES = 256 * 1024
"""Sent without a look at other connections. What the socket does not take is copied, and waited for."""


def upload(data: bytes, name: str, *, description: str | None = None) -> discord.File:
    """`data` as a file of a message; good for one send, as discord.py's own are. A `name` may begin with `SPOILER_`."""
    return discord.File(_Held(data), name, description=description)


class _Held(io.BufferedIOBase):
    def __init__(self, data: bytes) -> None:
        self.data = data
        self._at = 0

    def __setattr__(self, name: str, value: Any) -> None:
        # discord.py puts something else in the place of `close` and then the original back: that is the circle.
        if name != "close":
            super().__setattr__(name, value)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self.data)}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        end = len(self.data) if size is None or size < 0 else self._at + size
        part = self.data[self._at : end]
        self._at += len(part)
        return part


@payload_type(_Held, order=Order.try_first)
class _HeldPayload(Payload):
    _autoclose = True

    def __init__(self, value: _Held, *args: Any, **options: Any) -> None:
        super().__init__(value, *args, **options)
        self._data = value.data
        self._size = len(value.data)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._data.decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return self._data

    async def write(self, writer: AbstractStreamWriter) -> None:
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        whole = memoryview(self._data)[:content_length]
        for start in range(0, len(whole), _CHUNK_BYTES):
            await writer.write(whole[start : start + _CHUNK_BYTES])
