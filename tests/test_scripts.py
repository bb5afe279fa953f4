"""Scripts as people have them, and what goes home to them."""

from __future__ import annotations

import base64
import io
import json
import zipfile

import pytest

from bot.errors import BadScript
from bot.exports import Illustration, enriched, file_names, packed, script_json
from bot.i18n import LOCALES, texts_for
from bot.replies import reply_to
from bot.scripts import MAX_SEGMENTS, Segment, read_prompts, read_script

MISSION = [
    {"timestamp": "0:00", "text": "Introduction scene with host in modern studio"},
    {"timestamp": "0:30", "text": "Historical coffee plantation in 19th century Ethiopia"},
    {"timestamp": "1:00", "text": "Modern coffee roasting factory with industrial equipment"},
]
SUBTITLES = """1
00:00:01,000 --> 00:00:04,500
<i>A harbour</i> at dawn,
fog on the water

2
00:00:05,000 --> 00:00:09,000
Gulls over the mast
"""


def told(segments: list[Segment]) -> list[tuple[str | None, str]]:
    return [(segment.timestamp, segment.text) for segment in segments]


THE_SAME = [(one["timestamp"], one["text"]) for one in MISSION]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps(MISSION)),
        ("a.json", json.dumps({"title": "Coffee", "segments": MISSION})),
        ("pasted", json.dumps(MISSION)),
        ("a.csv", "timestamp,text\n" + "\n".join(f'{time},"{text}"' for time, text in THE_SAME)),
        ("a.csv", "Time;Text;Note\r\n" + "\r\n".join(f"{time};{text};x" for time, text in THE_SAME)),
        ("a.csv", "\n".join(f"{time}\t{text}" for time, text in THE_SAME)),
        ("a.txt", "\n".join(f"{time} {text}" for time, text in THE_SAME)),
        ("a.txt", "\n".join(f"[{time}] - {text}" for time, text in THE_SAME)),
        ("a.txt", "\n\n".join(f"{time}\n{text}" for time, text in THE_SAME)),
    ],
)
def test_the_same_script_in_each_form(name: str, text: str) -> None:
    assert told(read_script(text.encode(), name)) == THE_SAME


def test_subtitles_keep_both_times_and_lose_their_marks() -> None:
    for text in (SUBTITLES, SUBTITLES.replace("\n\n", "\n"), SUBTITLES.replace("\n", "\r\n")):
        first, second = read_script(text.encode(), "a.srt")
        assert (first.timestamp, first.end) == ("00:00:01,000", "00:00:04,500")
        assert first.text == "A harbour at dawn, fog on the water"
        assert second.text == "Gulls over the mast"


def test_plain_text_is_read_by_paragraph_or_line_and_prompts_by_line_alone() -> None:
    assert [one.text for one in read_script("a fox\na crow")] == ["a fox", "a crow"]
    assert [one.text for one in read_script("a fox\nin the snow\n\na crow")] == [
        "a fox in the snow",
        "a crow",
    ]
    assert told(read_prompts("12:30 at the station\n\na crow")) == [
        (None, "12:30 at the station"),
        (None, "a crow"),
    ]


def test_what_else_a_segment_has_comes_back_and_old_encodings_are_read() -> None:
    (segment,) = read_script(json.dumps([{"start": 75, "scene": "a fox", "speaker": "Ada"}]), "a.json")
    assert segment.to_json() == {"timestamp": "1:15", "text": "a fox", "speaker": "Ada"}
    assert Segment.from_json(segment.to_json()) == segment
    assert read_script("été".encode("cp1252"), "a.txt")[0].text == "été"
    assert read_script("été".encode("utf-16"), "a.txt")[0].text == "été"
    assert read_script("été".encode("utf-8-sig"), "a.txt")[0].text == "été"


@pytest.mark.parametrize(
    ("name", "data", "problem", "line"),
    [
        ("a.pdf", b"%PDF", "format", None),
        ("a.json", b'[{"text": "a"},\n{"text" "b"}]', "json", 2),
        ("a.json", b'{"name": "x"}', "no_list", None),
        ("a.json", b'["a fox", {"text": "  "}]', "no_text", 2),
        ("a.json", b'["a fox", 7]', "no_text", 2),
        ("a.srt", b"just words", "no_cues", None),
        ("a.txt", b" \n ", "empty", None),
        ("a.csv", b"", "empty", None),
        ("a.txt", b"\x00\x01", "not_text", None),
        ("a.txt", b"x" * 1_000_001, "too_large", None),
        ("a.txt", b"x\n" * (MAX_SEGMENTS + 1), "too_many", None),
    ],
)
def test_what_cannot_be_read_is_told_in_words(name: str, data: bytes, problem: str, line: int | None) -> None:
    with pytest.raises(BadScript) as caught:
        read_script(data, name)
    assert (caught.value.problem, caught.value.line) == (problem, line)
    words = [reply_to(caught.value, texts_for(locale)) for locale in LOCALES]
    assert len(set(words)) == len(LOCALES)
    assert all(name in one for one in words)


def a_picture(data: bytes = b"\x89PNG 1") -> Illustration:
    return Illustration(
        data=data, media_type="image/png", model="demo/sketch", cost_microusd=40_000, image_id="img_1_1", width=4,
        height=4, prompt="ink. a fox",
    )  # fmt: skip


def test_the_enriched_script_has_the_shape_that_programs_know() -> None:
    segments = read_script(json.dumps(MISSION), "a.json")
    entries = enriched(segments, [a_picture(), "The vendor refused.", None])
    assert [entry["timestamp"] for entry in entries] == ["0:00", "0:30", "1:00"]
    shown = entries[0]["generated_image"]
    assert base64.b64decode(shown["b64_json"]) == a_picture().data
    assert (shown["source"], shown["license"], shown["cost"], shown["relevance_score"]) == (
        "demo/sketch",
        "ai-generated",
        0.04,
        1.0,
    )
    assert (entries[1]["generated_image"], entries[1]["error"]) == (None, "The vendor refused.")
    assert "error" not in entries[2]
    assert json.loads(script_json(entries)) == entries


def test_zips_stay_below_the_limit_and_hold_each_picture_once() -> None:
    segments = read_script(json.dumps(MISSION), "a.json")
    outcomes = [a_picture(b"a" * 5000), a_picture(b"b" * 5000), a_picture(b"c" * 50_000)]
    names = file_names(segments, outcomes)
    assert names == ["01_0-00.png", "02_0-30.png", "03_1-00.png"]
    entries = script_json(enriched(segments, outcomes, files=names))
    pictures = [(name or "", outcome.data) for name, outcome in zip(names, outcomes, strict=True)]
    done = packed({"script.json": entries}, pictures, 12_000)
    assert all(len(one) <= 12_000 for one in done.files)
    inside = [name for one in done.files for name in zipfile.ZipFile(io.BytesIO(one)).namelist()]
    assert inside == ["script.json", "01_0-00.png", "02_0-30.png"]
    assert done.left_out == ["03_1-00.png"]
    script = json.loads(zipfile.ZipFile(io.BytesIO(done.files[0])).read("script.json"))
    assert script[0]["generated_image"]["file"] == "01_0-00.png"
    assert "b64_json" not in script[0]["generated_image"]
