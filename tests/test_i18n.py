"""The two languages: every message has its French, and numbers look as people write them."""

from __future__ import annotations

import string
from collections.abc import Sequence

import pytest

from bot import i18n
from bot.i18n import texts_for, translate
from tests import texts

ROOT = texts.ROOT
EXTRACTED = texts.extracted()
FRENCH = texts.french()


def forms(value: str | Sequence[str] | None) -> list[str]:
    """The text alone, or singular and plural; None is how Babel says that there is none yet."""
    return [value or ""] if value is None or isinstance(value, str) else list(value)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_message_of_the_code_is_in_french() -> None:
    missing = [
        message.id
        for message in EXTRACTED
        if message.id and not ((found := FRENCH.get(message.id)) and all(forms(found.string)))
    ]
    assert not missing, "run `make texts`, then fill in what it lists"


def test_french_keeps_exactly_the_placeholders_of_its_message() -> None:
    wrong = [
        message.id
        for message in FRENCH
        if message.id
        and any(placeholders(text) != placeholders(forms(message.id)[-1]) for text in forms(message.string))
    ]
    assert not wrong


def test_no_translation_is_uncertain_or_left_over() -> None:
    assert not [message.id for message in FRENCH if message.fuzzy]
    assert not FRENCH.obsolete
    assert not [message.id for message in FRENCH if message.id and message.id not in EXTRACTED], (
        "run `make texts`"
    )


def test_every_placeholder_has_a_name() -> None:
    assert not [
        message.id
        for message in EXTRACTED
        for text in forms(message.id)
        if any(not name.isidentifier() for name in placeholders(text))
    ]


@pytest.mark.parametrize(
    ("locale", "language"),
    [("fr", "fr"), ("fr-CA", "fr"), ("FR_be", "fr"), ("en-US", "en"), ("de", "en"), ("", "en"), ("ar", "en")],
)
def test_a_locale_becomes_a_language_that_we_speak(locale: str, language: str) -> None:
    assert texts_for(locale).locale == language


def test_after_the_warm_up_no_file_is_read_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    i18n.warm_up()
    monkeypatch.setattr(i18n, "_FOLDER", ROOT / "nowhere")
    for locale in ("fr", "fr-CA", "en-US", "ja"):
        assert texts_for(locale).money(10_000)


def test_a_message_is_translated_and_filled_in() -> None:
    message = next(found.id for found in EXTRACTED if isinstance(found.id, str) and placeholders(found.id))
    values = dict.fromkeys(placeholders(message), "{braces}")
    assert texts_for("en-GB")(message, **values) == message.format(**values)
    assert texts_for("fr")(message, **values) != message.format(**values)


def test_a_marked_message_is_found_again_and_an_unknown_one_is_none() -> None:
    message = next(
        str(found.id)
        for found in FRENCH
        if isinstance(found.id, str) and found.id != found.string and found.id
    )
    assert i18n._(message) == message
    assert translate(message, "fr") == forms(FRENCH[message].string)[0]
    assert translate(message, "en-US") is None
    assert translate("never said anywhere", "fr") is None


def test_the_number_chooses_the_form_and_is_written_as_the_language_writes_it() -> None:
    one, many = "{n} never counted", "{n} never counted more"
    english = texts_for("en")
    assert [english.n(one, many, n) for n in (0, 1, 1234)] == [
        "0 never counted more",
        "1 never counted",
        "1,234 never counted more",
    ]


@pytest.mark.parametrize(
    ("microusd", "english", "french"),
    [
        (0, "$0.00", "0,00 $US"),
        (4_200, "$0.0042", "0,0042 $US"),
        (40_000, "$0.04", "0,04 $US"),
        (42_000, "$0.042", "0,042 $US"),
        (123_456, "$0.12", "0,12 $US"),
        (-1_234_500_000, "-$1,234.50", "-1 234,50 $US"),
    ],
)
def test_money_shows_as_much_as_it_takes(microusd: int, english: str, french: str) -> None:
    assert texts_for("en-US").money(microusd) == english
    assert " ".join(texts_for("fr").money(microusd).split()) == french


def test_a_span_is_told_in_seconds_and_minutes() -> None:
    english, french = texts_for("en"), texts_for("fr")
    assert [english.seconds(value) for value in (0, 8.44, 59.94, 59.96, 80)] == [
        "0 s", "8.4 s", "59.9 s", "1 min 0 s", "1 min 20 s",
    ]  # fmt: skip
    assert french.seconds(8.44) == "8,4 s"
