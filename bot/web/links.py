"""Addresses of pictures: signed, good for a day, usable by whoever has one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable

from storage.rows import ImageRow

GOOD_FOR_SECONDS = 86_400
_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}


class Links:
    """`public` is the address that the owner gave the web side, `base` where it listens; no slash at their ends."""

    def __init__(
        self, secret: str, base: str, *, public: str | None = None, now: Callable[[], float] = time.time
    ) -> None:
        self._key = hashlib.sha256(f"atelier/picture-link:{secret}".encode()).digest()
        self.public, self._base, self._now = public, public or base, now

    def path(self, image: ImageRow) -> str:
        return f"/generated_images/{image.request_id}/image_{image.number}.{extension(image.media_type)}"

    def url(self, image: ImageRow, base: str | None = None) -> str:
        """The whole address, signed until a day from now."""
        expires = int(self._now()) + GOOD_FOR_SECONDS
        signature = self._signature(image.request_id, image.number, expires)
        return f"{base or self._base}{self.path(image)}?expires={expires}&signature={signature}"

    def holds(self, request_id: str, number: int, expires: str, signature: str) -> bool:
        """Whether the signature is ours and its time has not come."""
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
            return False
        expected = self._signature(request_id, number, int(expires))
        return hmac.compare_digest(expected.encode(), signature.encode()) and int(expires) > self._now()

    def _signature(self, request_id: str, number: int, expires: int) -> str:
        text = f"{request_id}/{number}/{expires}".encode()
        return base64.urlsafe_b64encode(hmac.new(self._key, text, hashlib.sha256).digest()[:24]).decode()


def extension(media_type: str) -> str:
    return _EXTENSIONS.get(media_type, "bin")
