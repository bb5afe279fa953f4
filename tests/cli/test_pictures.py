"""The verbs that make pictures, with the demo: files, numbers, words, exit codes."""

from __future__ import annotations

import io
import json
import shlex
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

from bot.media import inspect
from tests.cli.conftest import Run


def test_imagine_numbers_files_and_never_writes_over_one(atelier: Run, here: Path) -> None:
    first = atelier("imagine", "a fox")
    assert (first.code, first.out) == (0, "IMG_0001.png\n")
    assert first.err.startswith("1024×1024 · demo/studio · seed ")
    (here / "IMG_0007.jpeg").write_bytes(b"somebody's")
    second = atelier("imagine", "two foxes", "--count", "2", "--latest", "newest.png", "--quiet")
    assert (second.code, second.lines, second.err) == (0, ["IMG_0008.png", "IMG_0009.png"], "")
    assert (here / "newest.png").read_bytes() == (here / "IMG_0009.png").read_bytes()
    assert (here / "IMG_0007.jpeg").read_bytes() == b"somebody's"


def test_a_name_that_is_taken_gets_a_number_and_its_ending_chooses_the_format(
    atelier: Run, here: Path
) -> None:
    said = [atelier("imagine", "a fox", "--out", "deep/night.jpg", "--quiet").out for _ in range(3)]
    assert said == ["deep/night.jpg\n", "deep/night_0002.jpg\n", "deep/night_0003.jpg\n"]
    assert inspect((here / "deep/night.jpg").read_bytes())[0] == "image/jpeg"


def test_a_prompt_that_is_not_given_is_asked_for(atelier: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a fox from a pipe\n"))
    assert json.loads(atelier("imagine", "--json").out)["prompt"] == "a fox from a pipe"


def test_a_picture_goes_on_as_edit_and_variation_and_remembers_from_what(atelier: Run, here: Path) -> None:
    first = json.loads(atelier("imagine", "a fox", "--json").out)["pictures"][0]
    edited = json.loads(atelier("edit", first["id"], "at night", "--json").out)["pictures"][0]
    assert edited["made_from"] == [first["id"]]
    varied = json.loads(
        atelier("variations", edited["id"], "--count", "2", "--strength", "0.3", "--json").out
    )
    assert [one["made_from"] for one in varied["pictures"]] == [[edited["id"], first["id"]]] * 2
    Image.new("L", (1024, 1024), 255).save(here / "mask.png")
    masked = atelier("edit", "IMG_0001.png", "a moon", "--mask", "mask.png", "--quiet")
    assert (masked.code, masked.out) == (0, "IMG_0005.png\n")
    # A file is known again by its content, whatever it is called now.
    (here / "IMG_0005.png").rename(here / "moon.png")
    grown = json.loads(atelier("edit", "moon.png", "a cloud", "--with", "mask.png", "--json").out)[
        "pictures"
    ][0]
    moon, fox = grown["made_from"]
    assert (moon[:4], fox) == ("img_", first["id"])
    Image.open(here / "moon.png").save(here / "saved-elsewhere.png")
    strange = atelier("edit", "saved-elsewhere.png", "a cloud", "--json")
    assert "made_from" not in json.loads(strange.out)["pictures"][0]
    shown = atelier("show", first["id"], "--out", "again.png", "--json")
    assert json.loads(shown.out)["pictures"][0]["id"] == first["id"]
    assert (here / "again.png").read_bytes() == (here / "IMG_0001.png").read_bytes()


def test_a_picture_is_made_larger_and_put_into_words(atelier: Run, here: Path) -> None:
    atelier("imagine", "a red boat", "--quiet")
    larger = json.loads(atelier("upscale", "IMG_0001.png", "--json").out)["pictures"][0]
    assert larger["width"] > 1024
    told = atelier("describe", "IMG_0001.png")
    assert (told.code, len(told.lines)) == (0, 1)
    assert atelier("ledger", "verify").code == 0


def test_an_equal_wish_is_free_where_that_is_allowed_and_marked(atelier: Run) -> None:
    first = json.loads(atelier("imagine", "a fox", "--json").out)
    again = json.loads(atelier("imagine", "a fox", "--cached", "--json").out)
    assert (again["id"], again["cached"], again["cost"]) == (first["id"], True, 0)
    for other in ("'two foxes'", "'a fox' --size 1536x1024", "'a fox' --seed 7", "'a fox' --count 2"):
        assert "cached" not in json.loads(atelier("imagine", *shlex.split(other), "--cached", "--json").out)
    assert "cached" not in json.loads(atelier("imagine", "a fox", "--json").out)
    assert len(json.loads(atelier("history", "--json").out)) == 6


def test_the_owner_may_turn_the_cache_on_and_nobody_gets_anothers_private_picture(
    atelier: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_PICTURES", "true")
    first = json.loads(atelier("imagine", "a fox", "--json").out)
    again = atelier("imagine", "a fox", "--out", "again.png")
    assert (again.code, again.err.rstrip().rpartition(" · ")[2]) == (0, "made before")
    assert (here / "again.png").read_bytes() == (here / "IMG_0001.png").read_bytes()
    assert "cached" not in json.loads(atelier("imagine", "a fox", "--no-cached", "--json").out)
    # Another account of this machine, on the same database.
    monkeypatch.setattr("os.getuid", lambda: 4711)
    theirs = json.loads(atelier("imagine", "a fox", "--json").out)
    assert "cached" not in theirs
    assert theirs["id"] != first["id"]
    edited = json.loads(atelier("edit", "IMG_0001.png", "at night", "--json").out)["pictures"][0]
    assert "made_from" not in edited
    monkeypatch.setattr("os.getuid", lambda: 4712)
    with sqlite3.connect(here / "data/atelier.db") as database:
        database.execute("UPDATE requests SET private = 0 WHERE id = ?", (first["id"],))
    shown = json.loads(atelier("imagine", "a fox", "--json").out)
    assert (shown["id"], shown["cached"]) == (first["id"], True)
    with sqlite3.connect(here / "data/atelier.db") as database:
        database.execute("UPDATE requests SET listed = 1 WHERE id = ?", (first["id"],))
    edited = json.loads(atelier("edit", "IMG_0001.png", "at dawn", "--json").out)["pictures"][0]
    assert edited["made_from"] == [first["pictures"][0]["id"]]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("imagine", ""), 2, "The prompt is empty. Say in a few words what you would like to see."),
        (
            ("imagine", "a fox", "--model", "nonsense"),
            2,
            "There is no model nonsense here. Did you mean demo/studio?",
        ),
        (("imagine", "a fox", "--model", "openai/gpt-image-2"), 2, "has not set up openai yet"),
        (("imagine", "a fox", "--count", "99"), 2, "count goes from 1 to 10, not 99."),
        (("imagine", "a fox", "--style", "no such"), 2, "does not fit style"),
        (
            ("edit", "nowhere.png", "night"),
            2,
            "nowhere.png is not there, or cannot be read. Look at its path.",
        ),
        (("edit", "img_aaaaaaaaaaaaa_1", "night"), 2, "That picture is not there any more."),
        (("show", "img_aaaaaaaaaaaaa"), 2, "That request is not there any more."),
        (("imagine", "a fox", "--out", "/proc/none/fox.png"), 1, "cannot be written to: /proc/none. "),
    ],
)
def test_what_cannot_be_is_one_line_and_a_code(
    arguments: tuple[str, ...], code: int, words: str, atelier: Run
) -> None:
    ended = atelier(*arguments)
    assert (ended.code, ended.out) == (code, "")
    assert words in ended.err
    assert len(ended.err.splitlines()) == 1
    assert atelier("ledger", "verify").out == "The ledger adds up.\n"


def test_limits_of_the_owner_hold_here_too(atelier: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OWNER_USD_PER_DAY", "0.001")
    ended = atelier("imagine", "a fox")
    assert ended.code == 3
    assert ended.err.startswith("This bot's budget is used up for now. It renews ")


def test_a_fallback_says_that_it_is_none_and_the_code_stays(
    atelier: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_TROUBLE_FILE", str(here / "trouble.json"))
    (here / "trouble.json").write_text('{"fail": "policy_refusal"}')
    assert atelier("imagine", "a fox").code == 5
    assert not list(here.glob("IMG_*"))
    ended = atelier("imagine", "a fox", "--fallback", "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["pictures"][0]["is_fallback"], told["failure"]["kind"]) == (
        5,
        True,
        "policy_refusal",
    )
    with Image.open(here / "IMG_0001.png") as shown:
        # Greys and white only: no model draws like this.
        bands = [band.tobytes() for band in shown.convert("RGB").split()]
    assert bands[0] == bands[1] == bands[2]
    assert "cached" not in json.loads(atelier("imagine", "a fox", "--cached", "--fallback", "--json").out)


def test_it_speaks_french_where_the_terminal_does(atelier: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = atelier("--help", "--language", "fr")
    assert asked.out.startswith("utilisation\u00a0: atelier")
    assert "dessiner à partir de mots" in asked.out
    monkeypatch.setenv("LANGUAGE", "")
    monkeypatch.setenv("LC_ALL", "fr_CA.UTF-8")
    drawn = atelier("imagine", "a fox")
    assert (drawn.code, drawn.out) == (0, "IMG_0001.png\n")
    assert " · gratuit · " in drawn.err
    picture = json.loads(atelier("imagine", "a fox", "--json").out)["pictures"][0]
    assert " Prêt " in atelier("history").lines[-1]
    shown = atelier("show", picture["id"])
    assert [line.strip().split(maxsplit=1) for line in shown.lines if line.strip()][-3:] == [
        ["taille", f"1024 × 1024, PNG, {picture['size_bytes'] // 1000} ko"],
        ["graine", str(picture["seed"])],
        ["coût", "gratuit"],
    ]
    assert atelier("imagine", "").err == "Le texte est vide. Dis en quelques mots ce que tu aimerais voir.\n"
    assert atelier("imagine", "--colour").err.endswith("erreur\u00a0: arguments inconnus\u00a0: --colour\n")
    monkeypatch.setenv("LANGUAGE", "de:en")
    assert atelier("imagine", "").err.startswith("The prompt is empty.")


def test_too_slow_is_given_up_and_released(atelier: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_LATENCY_SECONDS", "60")
    ended = atelier("imagine", "a fox", "--timeout", "0.3")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "It took too long, so it was cancelled; what was not made costs nothing.\n"
    assert json.loads(atelier("history", "--json").out)[0]["state"] == "cancelled"
    assert atelier("ledger", "verify").code == 0
