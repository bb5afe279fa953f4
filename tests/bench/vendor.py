"""The fake OpenAI as a bench needs it: previews spread over the time of drawing, each as heavy as the picture.

`python -m tests.bench.vendor --weight 1500000 --seconds 2`; prints its address, is asked and reset at `/_control`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import time
from typing import Any

import orjson
import pybase64
from aiohttp import web
from yarl import URL

from tests.bench.processes import listen_to_crowds
from tests.fakes.openai_pictures import picture
from tests.fakes.openai_script import Answer, Call
from tests.fakes.openai_server import FakeOpenAI


class SlowOpenAI(FakeOpenAI):
    """`seconds` pass between a request and its picture, the previews at even distances in between."""

    def __init__(self, *, weight: int, seconds: float) -> None:
        super().__init__(weight=weight, unique=False)
        self._seconds = seconds
        self._bytes_of_previews: dict[int, str] = {}

    async def _whole(
        self, request: web.Request, call: Call, answer: Answer, headers: dict[str, str]
    ) -> web.StreamResponse:
        await asyncio.sleep(self._seconds)
        return await super()._whole(request, call, answer, headers)

    async def _stream(
        self, request: web.Request, call: Call, answer: Answer, headers: dict[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={**headers, "Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        wanted = int(call.fields.get("partial_images", 0))
        for index in range(wanted):
            await asyncio.sleep(self._seconds / (wanted + 1))
            await self._send(response, call, "partial_image", self._preview(index), partial_image_index=index)
        await asyncio.sleep(self._seconds / (wanted + 1))
        made = self._picture(call, answer, f"{call.number}-0")
        await self._send(response, call, "completed", made, usage=self._usage(call, answer, 1))
        call.outcome = "answered"
        await response.write_eof()
        return response

    async def _send(
        self, response: web.StreamResponse, call: Call, what: str, picture: str, **more: Any
    ) -> None:
        kind = f"image_generation.{what}"
        event = {
            "type": kind,
            "b64_json": picture,
            "created_at": int(time.time()),
            **self._frame(call),
            **more,
        }
        await response.write(b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps(event)))

    def _preview(self, index: int) -> str:
        if index not in self._bytes_of_previews:
            data = picture("1024x1024", "png", weight=self._weight, label=f"preview {index}")
            self._bytes_of_previews[index] = pybase64.b64encode_as_string(data)
        return self._bytes_of_previews[index]


async def serve(weight: int, seconds: float) -> None:
    async with SlowOpenAI(weight=weight, seconds=seconds) as vendor:
        listen_to_crowds("127.0.0.1", URL(vendor.url).port or 0)
        print(vendor.url, flush=True)
        for _ in itertools.count():
            await asyncio.sleep(3600)


def main() -> None:
    parser = argparse.ArgumentParser(description="A local stand-in for OpenAI's image API, slow and heavy")
    parser.add_argument("--weight", type=int, default=1_500_000, help="bytes of each picture")
    parser.add_argument("--seconds", type=float, default=2.0, help="from a request to its picture")
    options = parser.parse_args()
    asyncio.run(serve(options.weight, options.seconds))


if __name__ == "__main__":
    main()
