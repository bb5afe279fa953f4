"""Styles: ten that come with the program, and the owner's."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import InvalidRequest, StartupError
from bot.styles import Styles, with_strength

MISSION = {
    "cinematic", "documentary", "cartoon", "minimalist", "photorealistic", "artistic", "illustration", "3d-render",
    "concept-art", "realistic",
}  # fmt: skip


def test_the_styles_of_the_mission_are_there_in_both_languages() -> None:
    styles = Styles.load()
    assert set(styles.names()) == MISSION
    assert dict(styles.labels("en-US"))["cartoon"] == "Cartoon"
    assert dict(styles.labels("fr"))["cartoon"] == styles.label("cartoon", "fr") == "Dessin animé"
    assert styles.label("a server's own", "fr") == "a server's own"
    assert styles.label(None, "fr") is None


@pytest.mark.parametrize("typed", ["3d-render", "3D Render", "3d_render", "Rendu 3D", "  3D-RENDER "])
def test_a_style_is_known_however_it_is_typed(typed: str) -> None:
    assert Styles.load().check(typed) == "3d-render"


def test_an_unknown_style_is_refused_with_the_list() -> None:
    assert Styles.load().check(None) is None
    with pytest.raises(InvalidRequest) as caught:
        Styles.load().check("baroque")
    assert (caught.value.field, caught.value.problem) == ("style", "unknown")
    assert set(caught.value.allowed or []) == MISSION


def test_a_style_adds_its_words_and_keeps_the_prompt() -> None:
    styles = Styles.load()
    assert styles.apply("a fox.", "cartoon").startswith("a fox. Cartoon: bold outlines")
    assert styles.apply("a fox", None) == styles.apply("a fox", "forgotten") == "a fox"


def test_a_vendors_own_name_stands_only_where_it_means_the_same_and_the_owner_may_change_it(
    tmp_path: Path,
) -> None:
    styles = Styles.load()
    known = {name: styles.preset(name, "stability") for name in styles.names()}
    assert {name: preset for name, preset in known.items() if preset} == {
        "photorealistic": "photographic", "cinematic": "cinematic", "3d-render": "3d-model",
    }  # fmt: skip
    assert styles.preset("cinematic", "openai") is None
    path = tmp_path / "styles.toml"
    path.write_text(
        '[cinematic]\nwords = "Ours."\n[toon]\nwords = "T."\npresets = { stability = "comic-book" }\n'
    )
    ours = Styles.load(path)
    assert (ours.preset("cinematic", "stability"), ours.preset("toon", "stability")) == (None, "comic-book")
    path.write_text('[toon]\nwords = "T."\npresets = "comic-book"\n')
    with pytest.raises(StartupError):
        Styles.load(path)


def test_the_owner_adds_and_changes_styles(tmp_path: Path) -> None:
    path = tmp_path / "styles.toml"
    path.write_text(
        '[pixel]\nenglish = "Pixel art"\nwords = "{prompt}, as pixel art {not a field}"\n[cartoon]\nwords = "Toon."\n',
        encoding="utf-8",
    )
    styles = Styles.load(path)
    assert styles.apply("a {fox}", "pixel") == "a {fox}, as pixel art {not a field}"
    assert styles.apply("a fox", "cartoon") == "a fox. Toon."
    assert dict(styles.labels("fr"))["pixel"] == "Pixel art"


@pytest.mark.parametrize(
    ("text", "words"),
    [("[x", "Expected"), ("[x]\n", "x: words are missing"), ("x = 1\n", "x: must be a table"),
     ("[x]\nwords = 1\n", "x, words: must be a text"), ('[x]\nwords = "y"\ncolor = "z"\n', "'color'")],
)  # fmt: skip
def test_a_fault_in_the_owner_s_file_is_named(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "styles.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StartupError) as caught:
        Styles.load(path)
    assert (caught.value.what, caught.value.where) == ("bad_styles", str(path))
    assert words in (caught.value.hint or "")


def test_strength_is_said_in_words() -> None:
    said = [with_strength("a fox", strength / 10) for strength in range(11)]
    assert all(words.startswith("a fox\n\n") for words in said)
    assert len(set(said)) == 5
    assert with_strength("a fox", None) == "a fox"
