"""Scripts: what people write before there are pictures, read from the files that they have, and given back enriched.

.json   a list of texts, or of objects with a text and maybe a timestamp; or an object that holds such a list
.srt    subtitles: one segment a cue
.csv    one segment a row; a heading names the columns, else the last one is the text
.txt    one segment a paragraph, a line, or whatever follows a time such as `0:30`
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.errors import BadScript

MAX_BYTES = 1_000_000
MAX_SEGMENTS = 100
"""A longer script would hold its author's turns, and Discord's thread, for hours."""

_TEXT_NAMES = ("text", "prompt", "scene_description", "scene", "description", "caption", "texte")
_TIME_NAMES = ("timestamp", "start", "time", "start_time", "temps", "debut")
_END_NAMES = ("end", "end_time", "fin")
_LIST_NAMES = ("segments", "script", "scenes", "prompts", "items")
_TIME = r"\d{1,3}(?::\d{1,2}){1,2}(?:[.,]\d{1,3})?"
_LEADING_TIME = re.compile(rf"^\s*[\[(]?({_TIME})(?![\d:])[\])]?\s*(?:[-–—:|]\s*)?")
_CUE = re.compile(rf"^\s*({_TIME})\s*-->\s*({_TIME})")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>|\{\\[^}]*\}")
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One part of a script. `timestamp` and `end` stay as they were written; `extra` is what else stood beside it."""

    text: str
    timestamp: str | None = None
    end: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Any]:
        times = {"timestamp": self.timestamp, "end": self.end}
        return {**{name: time for name, time in times.items() if time}, "text": self.text, **self.extra}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Segment:
        known = {name: stored.get(name) for name in ("timestamp", "end")}
        extra = {name: value for name, value in stored.items() if name not in ("text", "timestamp", "end")}
        return cls(text=stored["text"], extra=extra, **known)


def read_script(data: bytes | str, name: str | None = None) -> list[Segment]:
    """The segments in their order. `name` is the file's, whose ending says how to read it; without one it is guessed.

    Raises BadScript, which names the line or the segment.
    """
    return _read(data, name, _from_text)


def read_prompts(data: bytes | str, name: str | None = None) -> list[Segment]:
    """As `read_script`, but a plain text is one prompt a line, whatever it begins with."""
    return _read(data, name, lambda text: [Segment(text=line) for line in text.splitlines()])


def _read(data: bytes | str, name: str | None, plain: Callable[[str], list[Segment]]) -> list[Segment]:
    text = _decoded(data, name)
    ending = (name or "").rpartition(".")[2].lower() if "." in (name or "") else ""
    match ending:
        case "json":
            found = _from_json(text, name)
        case "srt" | "vtt":
            found = _from_subtitles(text, name)
        case "csv" | "tsv":
            found = _from_csv(text)
        case "" | "txt" | "md" | "text":
            found = _guessed(text, name, plain)
        case _:
            raise BadScript(problem="format", name=name, detail=ending)
    segments = [segment for segment in found if segment.text.strip()]
    if not segments:
        raise BadScript(problem="empty", name=name)
    if len(segments) > MAX_SEGMENTS:
        raise BadScript(problem="too_many", name=name, limit=MAX_SEGMENTS, actual=len(segments))
    return [_tidy(segment) for segment in segments]


def _decoded(data: bytes | str, name: str | None) -> str:
    if len(data) > MAX_BYTES:
        raise BadScript(problem="too_large", name=name, limit=MAX_BYTES, actual=len(data))
    if isinstance(data, str):
        return data
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\x00" in data:
        raise BadScript(problem="not_text", name=name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _guessed(text: str, name: str | None, plain: Callable[[str], list[Segment]]) -> list[Segment]:
    begins = text.lstrip()
    if begins[:1] in ("[", "{") and (looks := _json_or_none(begins)) is not None:
        return _from_objects(looks, name)
    if any(_CUE.match(line) for line in text.splitlines()):
        return _from_subtitles(text, name)
    return plain(text)


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _from_json(text: str, name: str | None) -> list[Segment]:
    try:
        return _from_objects(json.loads(text), name)
    except json.JSONDecodeError as error:
        detail = f"{error.lineno}:{error.colno}"
        raise BadScript(problem="json", name=name, line=error.lineno, detail=detail) from error


def _from_objects(held: Any, name: str | None) -> list[Segment]:
    if isinstance(held, Mapping):
        inside: Mapping[str, Any] = held
        held = next((inside[one] for one in _LIST_NAMES if isinstance(inside.get(one), list)), None)
    if not isinstance(held, list):
        raise BadScript(problem="no_list", name=name)
    entries: list[Any] = held
    return [_from_object(entry, number, name) for number, entry in enumerate(entries, 1)]


def _from_object(entry: Any, number: int, name: str | None) -> Segment:
    if isinstance(entry, str):
        return Segment(text=entry)
    if not isinstance(entry, Mapping):
        raise BadScript(problem="no_text", name=name, line=number)
    fields: dict[str, Any] = {str(key): value for key, value in entry.items()}
    text = _taken(fields, _TEXT_NAMES)
    if not isinstance(text, str) or not text.strip():
        raise BadScript(problem="no_text", name=name, line=number)
    timestamp, end = _taken(fields, _TIME_NAMES), _taken(fields, _END_NAMES)
    return Segment(text=text, timestamp=_as_time(timestamp), end=_as_time(end), extra=fields)


def _taken(fields: dict[str, Any], names: Sequence[str]) -> Any:
    """The first of these fields, taken out, whatever case it is written in."""
    for wanted in names:
        for name in fields:
            if name.strip().casefold() == wanted:
                return fields.pop(name)
    return None


def _as_time(value: Any) -> str | None:
    """As written; a bare number is seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        minutes, seconds = divmod(int(value), 60)
        return f"{minutes}:{seconds:02}"
    return str(value).strip() or None if value is not None else None


def _from_subtitles(text: str, name: str | None) -> list[Segment]:
    segments: list[Segment] = []
    times: tuple[str, str] | None = None
    words: list[str] = []
    previous = ""

    def close() -> None:
        if times is not None and words:
            segments.append(Segment(text=" ".join(words), timestamp=times[0], end=times[1]))

    for line in [*text.splitlines(), ""]:
        if cue := _CUE.match(line):
            if words and previous.strip().isdecimal() and words[-1] == previous.strip():
                words.pop()  # the next cue's number, when no empty line stands before it
            close()
            times, words = (cue[1], cue[2]), []
        elif not line.strip():
            close()
            times, words = None, []
        elif times is not None:
            words.append(_TAG.sub("", line).strip())
        previous = line
    if not segments:
        raise BadScript(problem="no_cues", name=name)
    return segments


def _from_csv(text: str) -> list[Segment]:
    first = text.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(map(str.strip, row))]
    if not rows:
        return []
    heading = [cell.strip().casefold() for cell in rows[0]]
    if any(cell in _TEXT_NAMES for cell in heading):
        names = [cell.strip() for cell in rows[0]]
        return [_from_row(dict(zip(names, row, strict=False))) for row in rows[1:]]
    return [
        Segment(text=row[-1], timestamp=row[0].strip() if len(row) > 1 and _is_time(row[0]) else None)
        for row in rows
    ]


def _from_row(fields: dict[str, Any]) -> Segment:
    text = str(_taken(fields, _TEXT_NAMES) or "")
    timestamp, end = _taken(fields, _TIME_NAMES), _taken(fields, _END_NAMES)
    return Segment(text=text, timestamp=_as_time(timestamp), end=_as_time(end), extra=fields)


def _is_time(cell: str) -> bool:
    return re.fullmatch(_TIME, cell.strip()) is not None


def _from_text(text: str) -> list[Segment]:
    lines = text.splitlines()
    if any(_LEADING_TIME.match(line) for line in lines):
        return _timed(lines)
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]
    return [Segment(text=part) for part in (paragraphs if len(paragraphs) > 1 else lines)]


def _timed(lines: Sequence[str]) -> list[Segment]:
    """Each time begins a segment; lines without one go on with the one above."""
    segments: list[Segment] = []
    for line in lines:
        if found := _LEADING_TIME.match(line):
            segments.append(Segment(text=line[found.end() :].strip(), timestamp=found[1]))
        elif segments:
            last = segments.pop()
            segments.append(Segment(text=f"{last.text} {line.strip()}".strip(), timestamp=last.timestamp))
        elif line.strip():
            segments.append(Segment(text=line.strip()))
    return segments


def _tidy(segment: Segment) -> Segment:
    text = " ".join(segment.text.split())
    return Segment(text=text, timestamp=segment.timestamp, end=segment.end, extra=segment.extra)
