"""Pictures that members attach: fetched with a cap, checked and cleaned off the loop, put into the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import aiohttp

from bot import media
from bot.errors import BadImage, BadScript
from bot.images import InputImage
from bot.scripts import MAX_BYTES
from storage.image_store import ImageStore

MAX_INPUT_BYTES = 25_000_000
"""Below every vendor's own limit (OpenAI 50 MB, Stability 10 MiB after shrinking there) and kind to memory."""

_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
_CHUNK = 1 << 16


class File(Protocol):
    """What there is to fetch: an attachment, or something like one. `size` is what is said of it, in bytes."""

    @property
    def filename(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def url(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Found:
    """A file that Discord told of in an event. `size` is 0 where it did not say."""

    filename: str
    url: str
    size: int = 0


class Uploads:
    def __init__(self, http: aiohttp.ClientSession, store: ImageStore, pixels: media.Pixels) -> None:
        self._http, self._store, self._pixels = http, store, pixels

    async def picture(self, attachment: File) -> InputImage:
        """The attachment as an input, upright and without metadata. Raises BadImage."""
        return await self.picture_of(await self._fetch(attachment), attachment.filename)

    async def picture_of(self, data: bytes, name: str) -> InputImage:
        """The same of bytes that are here already."""
        clean = await self._pixels.run(media.prepare_input, data, name=name)
        return await self._kept(clean)

    async def mask(self, attachment: File, of: InputImage) -> InputImage:
        """The attachment as a mask of exactly the size of `of`. Raises BadImage."""
        return await self.mask_of(await self._fetch(attachment), attachment.filename, of)

    async def mask_of(self, data: bytes, name: str, of: InputImage) -> InputImage:
        clean = await self._pixels.run(media.prepare_mask, data, size=(of.width, of.height), name=name)
        return await self._kept(clean)

    async def text(self, attachment: File) -> bytes:
        """A script's bytes. Raises BadScript."""
        too_large = BadScript(
            problem="too_large", name=attachment.filename, limit=MAX_BYTES, actual=attachment.size
        )
        if attachment.size > MAX_BYTES:
            raise too_large
        try:
            return await self._fetch(attachment)
        except BadImage as error:
            raise BadScript(problem="unreachable", name=attachment.filename) from error

    async def _kept(self, clean: media.Prepared) -> InputImage:
        key = await self._store.put(clean.data)
        return InputImage(
            key=key,
            media_type=clean.media_type,
            width=clean.width,
            height=clean.height,
            size_bytes=len(clean.data),
        )

    async def _fetch(self, attachment: File) -> bytes:
        """The file's name, type and declared size prove nothing: the cap holds on what really arrives."""
        too_large = BadImage(
            problem="too_many_bytes", name=attachment.filename, limit=MAX_INPUT_BYTES, actual=attachment.size
        )
        if attachment.size > MAX_INPUT_BYTES:
            raise too_large
        data = bytearray()
        try:
            async with self._http.get(attachment.url, timeout=_TIMEOUT, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise BadImage(problem="unreachable", name=attachment.filename)
                async for chunk in answer.content.iter_chunked(_CHUNK):
                    data += chunk
                    if len(data) > MAX_INPUT_BYTES:
                        raise too_large
        except (aiohttp.ClientError, TimeoutError) as error:
            raise BadImage(problem="unreachable", name=attachment.filename) from error
        return bytes(data)
