"""What the bot asked for: one record for each request, without file bytes."""

from dataclasses import dataclass, field
from typing import Any

from bot.playground.jsonic import Json


@dataclass(frozen=True)
class SentFile:
    """A file part of a multipart request."""

    field: str
    filename: str
    size: int
    sha256: str

    def to_dict(self) -> Json:
        return {"field": self.field, "filename": self.filename, "size": self.size, "sha256": self.sha256}


@dataclass(eq=False)
class RequestRecord:
    """`route` is the path's template as the official document names it; `seconds` how long the answer took."""

    method: str
    path: str
    route: str
    at: float
    query: dict[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    files: tuple[SentFile, ...] = ()
    status: int = 0
    code: int | None = None
    fault: str | None = None
    deviations: tuple[str, ...] = ()
    seconds: float = 0.0

    def to_dict(self) -> Json:
        return {
            "method": self.method,
            "path": self.path,
            "route": self.route,
            "at": self.at,
            "query": self.query,
            "body": self.body,
            "files": [one.to_dict() for one in self.files],
            "status": self.status,
            "code": self.code,
            "fault": self.fault,
            "deviations": list(self.deviations),
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        return f"{self.method} {self.route} -> {self.status}{f' ({self.code})' if self.code else ''}"
