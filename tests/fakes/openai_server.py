"""A local server that speaks OpenAI's image API, checks what it is sent, and fails as it is told.

In a test: `async with FakeOpenAI() as vendor`, then `vendor.answers(status=429, code="rate_limit_exceeded")` for the
next call. For other processes: `python -m tests.fakes.openai_server --port 9100`, scripted by POST to `/_control`.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import hashlib
import itertools
import time
from collections import deque
from types import TracebackType
from typing import Any, Self

import orjson
import pybase64
from aiohttp import BodyPartReader, web

from tests.fakes.openai_pictures import picture
from tests.fakes.openai_rules import Rules, Upload
from tests.fakes.openai_script import Answer, Call, error_body, noted, told

MODELS = (
    "gpt-image-2.6-flare", "gpt-image-2.6-sunburst", "gpt-image-2.5-flare", "gpt-image-2.5-sunburst", "gpt-image-2",
    "gpt-image-1.5", "gpt-image-1-mini",
)  # fmt: skip
_OUTPUT_TOKENS = {"low": 196, "medium": 439, "high": 1756, "xhigh": 3122, "max": 7024, "auto": 1756}


class FakeOpenAI:
    """`url` goes into OPENAI_BASE_URL. `weight` and `latency_seconds` hold for answers that say nothing else."""

    def __init__(
        self,
        *,
        port: int = 0,
        key: str | None = None,
        weight: int = 0,
        latency_seconds: float = 0.0,
        unique: bool = True,
    ) -> None:
        self._port, self._key, self._unique = port, key, unique
        self._weight, self._latency = weight, latency_seconds
        self._rules = Rules()
        self._next: deque[Answer] = deque()
        self._always = Answer()
        self._of: dict[str, Answer] = {}
        self._released = asyncio.Event()
        self._cached: dict[tuple[str, str, int], tuple[str, str]] = {}
        self._runner: web.AppRunner | None = None
        self._arrived = asyncio.Condition()
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.forbidden: set[str] = set()
        self.judged: list[Any] = []
        self.shutdown_dates: dict[str, str] = {}
        self.open = self.peak = 0
        self.halfway = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/v1/images/generations", self._generations)
        app.router.add_post("/v1/images/edits", self._edits)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/moderations", self._moderations)
        app.router.add_get("/files/{name}", self._file)
        app.router.add_get("/_control", self._report)
        app.router.add_post("/_control", self._script)
        app.router.add_route("*", "/{rest:.*}", self._unknown)
        # Only so is a handler told that its client went away.
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def answers(self, *, times: int = 1, **how: Any) -> None:
        """The next call, or the next few, are answered so."""
        self._next.extend([Answer(**how)] * times)

    def always(self, **how: Any) -> None:
        """Every call for which nothing else was said."""
        self._always = Answer(**how)

    def answers_of(self, words: str, **how: Any) -> None:
        """Every call whose prompt holds these words, whatever else was said; without anything as all others again."""
        if how:
            self._of[words] = Answer(**how)
        else:
            self._of.pop(words)

    def release(self) -> None:
        """Lets go what `hold` keeps, now and later."""
        self._released.set()

    async def arrived(self, count: int) -> None:
        """Returns when so many calls have come in."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.calls) >= count)

    async def ended(self, count: int) -> None:
        """Returns when so many calls have ended, one way or another."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: sum(call.outcome != "open" for call in self.calls) >= count)

    async def _generations(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self._note(self._rules.faults_of_generation(body))
        return await self._respond(request, body, [])

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self._note(self._rules.faults_of_chat(body))
        return await self._respond(request, body, [])

    async def _edits(self, request: web.Request) -> web.StreamResponse:
        fields: dict[str, str] = {}
        uploads: list[Upload] = []
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            data = bytes(await part.read())
            if part.filename is None and not part.headers.get("Content-Type", "").startswith("image/"):
                fields[part.name or ""] = data.decode()
            else:
                uploads.append(
                    Upload(part.name or "", part.filename, part.headers.get("Content-Type", ""), data)
                )
        self._note(self._rules.faults_of_edit(fields, uploads))
        typed = {**fields, "n": int(fields.get("n", "1")), "stream": fields.get("stream") == "true"}
        return await self._respond(request, typed, uploads)

    def _note(self, faults: list[str]) -> None:
        self.violations += faults

    async def _respond(
        self, request: web.Request, fields: dict[str, Any], uploads: list[Upload]
    ) -> web.StreamResponse:
        call = Call(
            number=len(self.calls) + 1,
            path=request.path,
            fields=fields,
            files=[noted(upload) for upload in uploads],
            authorization=request.headers.get("Authorization", ""),
            at=time.time(),
        )
        asked = str(fields.get("prompt", ""))
        special = next((answer for words, answer in self._of.items() if words in asked), None)
        answer = special or (self._next.popleft() if self._next else self._always)
        async with self._arrived:
            self.calls.append(call)
            self._arrived.notify_all()
        self.open += 1
        self.peak = max(self.peak, self.open)
        try:
            return await self._answered(request, call, answer)
        except (asyncio.CancelledError, ConnectionError):
            call.outcome = "abandoned"
            raise
        finally:
            self.open -= 1
            call.ended = time.time()
            if call.outcome == "open":
                call.outcome = "abandoned"
            async with self._arrived:
                self._arrived.notify_all()

    async def _answered(self, request: web.Request, call: Call, answer: Answer) -> web.StreamResponse:
        await asyncio.sleep(answer.latency_seconds or self._latency)
        if answer.hold:
            await self._released.wait()
        if answer.drop == "before":
            return _dropped(request, call, web.Response())
        headers = {"x-request-id": f"req_{call.number}", **answer.headers}
        refusal = self._refusal(request, answer)
        if refusal is not None:
            call.outcome = "refused"
            status, body, kind = refusal
            return web.Response(status=status, body=body.encode(), headers={**headers, "Content-Type": kind})
        if answer.huge_bytes:
            return await self._huge(request, call, answer, headers)
        if call.fields.get("stream") and not answer.ignore_stream:
            return await self._stream(request, call, answer, headers)
        return await self._whole(request, call, answer, headers)

    def _refusal(self, request: web.Request, answer: Answer) -> tuple[int, str, str] | None:
        if self._key is not None and request.headers.get("Authorization") != f"Bearer {self._key}":
            shown = request.headers.get("Authorization", "").removeprefix("Bearer ")[:8]
            message = (
                f"Incorrect API key provided: {shown}****abcd. You can find your API key at the platform."
            )
            return 401, error_body(Answer(code="invalid_api_key", message=message)), "application/json"
        if answer.html is not None:
            return answer.status, answer.html, "text/html"
        if answer.body is not None:
            return answer.status, answer.body, "application/json"
        return (answer.status, error_body(answer), "application/json") if answer.status != 200 else None

    async def _whole(
        self, request: web.Request, call: Call, answer: Answer, headers: dict[str, str]
    ) -> web.StreamResponse:
        count = call.fields.get("n", 1) if answer.count is None else answer.count
        entries = [self._entry(call, answer, number) for number in range(count)]
        whole = self._frame(call) | {"created": int(time.time()), "data": entries}
        if call.path.endswith("/chat/completions"):
            whole = told(call, answer)
        elif not answer.no_usage:
            whole["usage"] = self._usage(call, answer, count)
        body = orjson.dumps(whole)
        response = web.StreamResponse(headers={**headers, "Content-Type": "application/json"})
        response.content_length = len(body)
        await response.prepare(request)
        if answer.drop == "headers":
            return _dropped(request, call, response)
        half = len(body) // 2
        if answer.drop == "half":
            await response.write(body[:half])
            return _dropped(request, call, response)
        if answer.hold_half:
            await response.write(body[:half])
            self.halfway.set()
            await self._released.wait()
            body = body[half:]
        await response.write(body)
        await response.write_eof()
        call.outcome = "answered"
        return response

    async def _stream(
        self, request: web.Request, call: Call, answer: Answer, headers: dict[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={**headers, "Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        wanted = int(call.fields.get("partial_images", 0))
        family = "image_edit" if call.path.endswith("edits") else "image_generation"
        for index in range(wanted if answer.partials is None else answer.partials):
            event = self._frame(call) | {
                "type": f"{family}.partial_image",
                "b64_json": self._picture(call, answer, f"partial-{call.number}-{index}", small=True),
                "partial_image_index": index,
                "created_at": int(time.time()),
            }
            await _send(response, event)
        if answer.hold_half:
            await self._released.wait()
        if answer.stream_error:
            error = {
                "type": "image_generation_user_error",
                "code": answer.stream_error,
                "message": answer.message,
            }
            await _send(response, {"type": "error", "error": error})
            call.outcome = "refused"
        elif answer.drop == "half":
            await response.write(b'event: x\ndata: {"type":"image_generation.completed","b64_json":"AAAA')
            return _dropped(request, call, response)
        elif not answer.stream_cut:
            event = self._frame(call) | {
                "type": f"{family}.completed",
                "b64_json": self._picture(call, answer, f"{call.number}-0"),
                "created_at": int(time.time()),
                "usage": self._usage(call, answer, 1),
            }
            await _send(response, event)
            call.outcome = "answered"
        await response.write_eof()
        return response

    async def _huge(
        self, request: web.Request, call: Call, answer: Answer, headers: dict[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            status=answer.status, headers={**headers, "Content-Type": "application/json"}
        )
        await response.prepare(request)
        await response.write(b'{"created":1,"data":[{"b64_json":"')
        block = b"A" * 65_536
        for _ in range(answer.huge_bytes // len(block)):
            await response.write(block)
        await response.write(b'"}]}')
        await response.write_eof()
        call.outcome = "answered"
        return response

    def _entry(self, call: Call, answer: Answer, number: int) -> dict[str, Any]:
        if answer.url is not None:
            name = f"{call.number}-{number}.{self._frame(call)['output_format']}"
            here = self.url.removesuffix("/v1")
            self._picture(call, answer, f"{call.number}-{number}")
            return {
                "url": f"{here}/files/{name}?size={self._frame(call)['size']}"
                if answer.url == "here"
                else answer.url
            }
        return {"b64_json": self._picture(call, answer, f"{call.number}-{number}")}

    def _picture(self, call: Call, answer: Answer, label: str, *, small: bool = False) -> str:
        """In base64; what is delivered for good is noted by its sha256."""
        if answer.data is not None:
            return answer.data
        frame = self._frame(call)
        weight = 0 if small else self._weight if answer.weight is None else answer.weight
        key = (frame["size"], frame["output_format"], weight)
        if self._unique or small or key not in self._cached:
            data = picture(
                frame["size"], frame["output_format"], weight=weight, label=label if self._unique else ""
            )
            made = pybase64.b64encode_as_string(data), hashlib.sha256(data).hexdigest()
            if not small:
                self._cached = {key: made}
        else:
            made = self._cached[key]
        if not small:
            call.pictures.append(made[1])
        return made[0]

    def _frame(self, call: Call) -> dict[str, Any]:
        """What answers and events repeat of the request; `auto` has become something by then."""
        asked = {name: call.fields.get(name) for name in ("size", "quality", "background", "output_format")}
        return {
            "size": asked["size"] if asked["size"] not in (None, "auto") else "1024x1024",
            "quality": asked["quality"] if asked["quality"] not in (None, "auto") else "high",
            "background": asked["background"] if asked["background"] not in (None, "auto") else "opaque",
            "output_format": asked["output_format"] or "png",
        }

    def _usage(self, call: Call, answer: Answer, count: int) -> dict[str, Any]:
        if answer.usage is not None:
            return answer.usage
        text, image = 1 + len(call.fields.get("prompt", "")) // 4, 300 * len(call.files)
        each = answer.output_tokens or _OUTPUT_TOKENS.get(str(call.fields.get("quality")), 439)
        return {
            "input_tokens": text + image,
            "input_tokens_details": {"text_tokens": text, "image_tokens": image},
            "output_tokens": each * count,
            "total_tokens": text + image + each * count,
        }

    async def _models(self, request: web.Request) -> web.Response:
        if self._key is not None and request.headers.get("Authorization") != f"Bearer {self._key}":
            return web.json_response({"error": {"message": "Incorrect API key provided"}}, status=401)
        entries = [
            {"id": name, "object": "model", "created": 1, "owned_by": "openai"}
            | ({"shutdown_date": self.shutdown_dates[name]} if name in self.shutdown_dates else {})
            for name in MODELS
        ]
        return web.json_response({"object": "list", "data": entries})

    async def _moderations(self, request: web.Request) -> web.Response:
        """Flags texts with a word of `forbidden` in them, and every picture while that holds `pictures`."""
        body = await request.json()
        self._note(self._rules.faults_of_moderation(body))
        self.judged.append(body["input"])
        told = orjson.dumps(body["input"]).decode()
        flagged = any(word in told for word in self.forbidden) or (
            "pictures" in self.forbidden and "image_url" in told
        )
        result = {
            "flagged": flagged,
            "categories": {"violence": flagged, "sexual": False},
            "category_scores": {"violence": 0.9 if flagged else 0.01, "sexual": 0.0},
        }
        return web.json_response({"id": "modr-1", "model": body.get("model"), "results": [result]})

    async def _file(self, request: web.Request) -> web.Response:
        label, _, kind = request.match_info["name"].partition(".")
        data = picture(request.query.get("size", ""), kind, weight=self._weight, label=label)
        return web.Response(body=data, content_type=f"image/{kind}")

    async def _unknown(self, request: web.Request) -> web.Response:
        self.violations.append(f"{request.method} {request.path}: there is no such endpoint")
        return web.json_response(
            {
                "error": {
                    "message": f"Invalid URL ({request.method} {request.path})",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": None,
                }
            },
            status=404,
        )

    async def _report(self, request: web.Request) -> web.Response:
        calls = [dataclasses.asdict(call) for call in self.calls]
        cpu = time.process_time()
        return web.json_response(
            {
                "calls": calls,
                "violations": self.violations,
                "open": self.open,
                "peak": self.peak,
                "cpu_seconds": cpu,
            }
        )

    async def _script(self, request: web.Request) -> web.Response:
        """`{"answers": [{…}], "always": {…}, "release": true, "reset": true, "latency_seconds": 2, "weight": 99}`."""
        script = await request.json()
        if script.get("reset"):
            self.calls, self.violations, self.peak = [], [], 0
            self._next.clear()
            self._always, self._released = Answer(), asyncio.Event()
        for how in script.get("answers", []):
            self.answers(**how)
        if "always" in script:
            self.always(**script["always"])
        self._latency = script.get("latency_seconds", self._latency)
        self._weight = script.get("weight", self._weight)
        if script.get("release"):
            self.release()
        return web.json_response({"queued": len(self._next)})


def _dropped(request: web.Request, call: Call, response: web.StreamResponse) -> web.StreamResponse:
    call.outcome = "dropped"
    if request.transport is not None:
        # What was written before goes out first; then the client finds the line dead.
        request.transport.close()
    return response


async def _send(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(b"event: %b\ndata: %b\n\n" % (event["type"].encode(), orjson.dumps(event)))


async def _serve(options: argparse.Namespace) -> None:
    async with FakeOpenAI(
        port=options.port, weight=options.weight, latency_seconds=options.latency, unique=options.unique
    ) as vendor:
        print(f"listening on {vendor.url}", flush=True)
        for _ in itertools.count():
            await asyncio.sleep(3600)


def main() -> None:
    parser = argparse.ArgumentParser(description="A local stand-in for OpenAI's image API")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--weight", type=int, default=0, help="bytes of each picture, at least")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--unique", action="store_true", help="each picture differs, at some cost")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
