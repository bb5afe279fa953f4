"""Files: what was uploaded, kept byte for byte, and signed addresses that expire."""

import hashlib
import hmac
import io
import re
import secrets
import struct
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

from PIL import Image, UnidentifiedImageError

from bot.playground.clock import Clock
from bot.playground.jsonic import Json, present

KEPT_BYTES_MAX = 512 * 1024 * 1024
LINK_SECONDS = 24 * 3600
MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "txt": "text/plain; charset=utf-8",
    "json": "application/json",
    "zip": "application/zip",
}
_LINK = re.compile(r"/(?:ephemeral-)?attachments/\d+/(\d+)/")


@dataclass(frozen=True)
class Upload:
    """A file on its way up, from a bot or from a member."""

    filename: str
    data: bytes = field(repr=False)
    content_type: str | None = None
    description: str | None = None

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(eq=False)
class Attachment:
    """A file that was uploaded. `data` is None when the simulation was told not to keep files."""

    cdn: "Cdn" = field(repr=False)
    id: int
    place_id: int
    filename: str
    size: int
    sha256: str
    content_type: str | None
    width: int | None
    height: int | None
    description: str | None = None
    ephemeral: bool = False
    option: bool = False
    data: bytes | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return self.cdn.sign(self)

    @property
    def is_picture(self) -> bool:
        return self.width is not None

    def to_dict(self) -> Json:
        url = self.url
        return {
            "id": str(self.id),
            "filename": self.filename,
            "size": self.size,
            "url": url,
            "proxy_url": url,
            **present(
                {
                    "content_type": self.content_type,
                    "width": self.width,
                    "height": self.height,
                    "description": self.description,
                    "ephemeral": self.ephemeral or None,
                }
            ),
        }

    def to_media(self) -> Json:
        """As a component shows it once it is resolved."""
        url = self.url
        return {
            "id": str(self.id),
            "url": url,
            "proxy_url": url,
            "width": self.width,
            "height": self.height,
            "content_type": self.content_type,
            "placeholder": None,
            "placeholder_version": 1,
            "loading_state": 2,
            "attachment_id": str(self.id),
            "flags": 0,
        }


class Cdn:
    """Keeps files by id and signs their addresses (`ex` expiry, `is` issue, `hm` signature, as Discord does)."""

    def __init__(self, clock: Clock, *, keep_files: bool) -> None:
        self.base_url = ""
        self.keep_files = keep_files
        self._clock = clock
        self._secret = secrets.token_bytes(16)
        self._files: dict[int, Attachment] = {}
        self._kept: dict[int, Attachment] = {}
        self._kept_bytes = 0

    def store(
        self,
        upload: Upload,
        *,
        id: int,
        place_id: int,
        name: str | None = None,
        description: str | None = None,
        ephemeral: bool = False,
        option: bool = False,
    ) -> Attachment:
        """Keep an upload under `name`; `option` marks what a member gave to a command, which lives apart."""
        width, height = picture_size(upload.data)
        kind = upload.content_type
        if not kind or kind == "application/octet-stream":
            kind = MEDIA_TYPES.get(upload.filename.rpartition(".")[2].lower())
        attachment = Attachment(
            cdn=self,
            id=id,
            place_id=place_id,
            filename=clean_name(name or upload.filename),
            size=len(upload.data),
            sha256=upload.sha256,
            content_type=kind,
            width=width,
            height=height,
            description=description or upload.description,
            data=upload.data if self.keep_files else None,
            ephemeral=ephemeral,
            option=option,
        )
        self._files[id] = attachment
        if attachment.data is not None:
            self._keep(attachment)
        return attachment

    def _keep(self, attachment: Attachment) -> None:
        """Count it in; the oldest lose their bytes when there are too many."""
        self._kept[attachment.id] = attachment
        self._kept_bytes += attachment.size
        while self._kept_bytes > KEPT_BYTES_MAX:
            oldest = self._kept.pop(next(iter(self._kept)))
            oldest.data = None
            self._kept_bytes -= oldest.size

    def forget(self, attachment: Attachment) -> None:
        self._files.pop(attachment.id, None)
        if self._kept.pop(attachment.id, None) is not None:
            self._kept_bytes -= attachment.size

    def sign(self, attachment: Attachment) -> str:
        now = int(self._clock.now())
        path = self._path(attachment)
        expires, issued = f"{now + LINK_SECONDS:x}", f"{now:x}"
        return f"{self.base_url}{path}?ex={expires}&is={issued}&hm={self._seal(path, expires, issued)}&"

    def open(self, attachment_id: int, path: str, query: dict[str, str]) -> Attachment | None:
        """The file behind an address; None when it is gone, expired or tampered with."""
        expires, issued, seal = query.get("ex", ""), query.get("is", ""), query.get("hm", "")
        attachment = self._files.get(attachment_id)
        if attachment is None or path != self._path(attachment):
            return None
        if not hmac.compare_digest(seal.encode(), self._seal(path, expires, issued).encode()):
            return None
        return attachment if int(expires, 16) > self._clock.now() else None

    def behind(self, url: str) -> Attachment | None:
        """The file that one of our own addresses names, however old its signature."""
        found = _LINK.search(url) if url.startswith(self.base_url) else None
        return self._files.get(int(found[1])) if found else None

    def _path(self, attachment: Attachment) -> str:
        folder = "ephemeral-attachments" if attachment.option else "attachments"
        return f"/{folder}/{attachment.place_id}/{attachment.id}/{quote(attachment.filename)}"

    def _seal(self, path: str, expires: str, issued: str) -> str:
        return hmac.new(self._secret, f"{path}|{expires}|{issued}".encode(), hashlib.sha256).hexdigest()


def clean_name(filename: str) -> str:
    """The name as Discord keeps it: no spaces, no brackets, no path."""
    return re.sub(r"[^A-Za-z0-9._-]", "", filename.replace(" ", "_").rpartition("/")[2]) or "file"


def picture_size(data: bytes) -> tuple[int | None, int | None]:
    """Width and height from the header alone; no pixel is decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, struct.error):
        return None, None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None, None
