"""As much of the S3 API as an image store uses, on a local socket: put, get, head, delete, list."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from aiohttp import web


class BucketServer:
    """`refuses` makes it answer everything with that status."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.puts = 0
        self.refuses: int | None = None
        self.app = web.Application(client_max_size=2**26)
        self.app.router.add_route("*", "/{bucket}{key:.*}", self._answer)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.refuses is not None:
            return web.Response(status=self.refuses, text="<Error><Code>Refused</Code></Error>")
        assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256")
        key = request.match_info["key"].lstrip("/")
        match request.method:
            case "PUT":
                self.puts += 1
                self.objects[key] = (await request.read(), datetime.now(UTC))
                return web.Response(headers={"ETag": '"1"'})
            case "POST" if "delete" in request.query:
                return self._delete(re.findall("<Key>(.*?)</Key>", await request.text()))
            case _ if "list-type" in request.query:
                return self._list(request.query.get("prefix", ""))
            case _:
                return self._object(key)

    def _delete(self, keys: list[str]) -> web.Response:
        for key in keys:
            self.objects.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return web.Response(text=f"<DeleteResult>{deleted}</DeleteResult>", content_type="application/xml")

    def _object(self, key: str) -> web.Response:
        if key not in self.objects:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        data, at = self.objects[key]
        headers = {"ETag": '"1"', "Last-Modified": format_datetime(at, usegmt=True)}
        return web.Response(body=data, headers=headers)

    def _list(self, prefix: str) -> web.Response:
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{at:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>&quot;{hashlib.md5(data).hexdigest()}&quot;</ETag><Size>{len(data)}</Size></Contents>"
            for key, (data, at) in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        text = f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
        return web.Response(text=text, content_type="application/xml")
