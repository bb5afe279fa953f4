"""What goes up to Discord: whole, more than once where it must, and out of memory when it is sent."""

import gc
import hashlib
import weakref

import aiohttp
import discord
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.outgoing import upload

_PICTURE = bytes(range(256)) * 4096  # 1 MiB: several chunks, and a last one


async def _sent(*files: discord.File) -> list[tuple[str | None, int, str]]:
    """Name, bytes and hash of each part that a server received."""
    received: list[tuple[str | None, int, str]] = []

    async def receive(request: web.Request) -> web.Response:
        reader = await request.multipart()
        while isinstance(part := await reader.next(), aiohttp.BodyPartReader):
            data = bytes(await part.read())
            received.append((part.filename, len(data), hashlib.sha256(data).hexdigest()))
        return web.Response()

    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/", receive)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        for attempt in range(2):
            form = aiohttp.FormData(quote_fields=False)
            for number, file in enumerate(files):
                file.reset(seek=attempt)
                form.add_field(f"files[{number}]", file.fp, filename=file.filename, content_type="image/png")
            async with session.post(server.make_url("/"), data=form) as answer:
                assert answer.status == 200
    return received


async def test_a_picture_arrives_whole_each_time_it_is_tried() -> None:
    odd = _PICTURE[:-7]
    received = await _sent(upload(_PICTURE, "one.png"), upload(odd, "SPOILER_two.png"))
    once = [
        ("one.png", len(_PICTURE), hashlib.sha256(_PICTURE).hexdigest()),
        ("SPOILER_two.png", len(odd), hashlib.sha256(odd).hexdigest()),
    ]
    assert received == [*once, *once]


async def test_what_was_sent_is_gone_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        file = upload(_PICTURE, "one.png", description="a picture")
        held = weakref.ref(file.fp)
        await _sent(file)
        file.close()
        assert file.description == "a picture"
        del file
        assert held() is None
    finally:
        gc.enable()


def test_it_reads_as_files_do() -> None:
    file = upload(b"0123456789", "digits.txt").fp
    assert (file.read(3), file.tell()) == (b"012", 3)
    assert file.seek(-2, 2) == 8
    assert (file.read(), file.read()) == (b"89", b"")
    assert file.seek(0) == 0
    assert file.read(-1) == b"0123456789"
