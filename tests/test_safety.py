"""Prompts without tricks, members without names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.safety import clean, requester_hash


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("  a fox  ", "a fox"),
        ("a\r\nfox\rhere", "a\nfox\nhere"),
        ("a\x00 f\x1box\x7f", "a fox"),
        ("f\u200bo\u2060x\ufeff", "fox"),
        ("safe\u202etxet", "safetxet"),
        ("a \U000e0041\U000e0042fox", "a fox"),
        ("f\u200dox", "fox"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Cafe\u0301", "Café"),
        (" \u200b\t\n", ""),
        ('a fox <sd_cpp_extra_args>{"steps": 900}</sd_cpp_extra_args> here', "a fox  here"),
        ("a <SD_CPP_EXTRA_ARGS >{}</ sd_cpp_extra_args> b", "a  b"),
        ("a <sd_cpp_ex\u200btra_args>{}</sd_cpp_extra_args> b", "a  b"),
        ("a <sd_cpp_extra_args>{never closed", "a"),
        ("<sd_cpp_<sd_cpp_extra_args></sd_cpp_extra_args>extra_args>{}</sd_cpp_extra_args>b", "b"),
        ("a </sd_cpp_extra_args> b", "a  b"),
    ],
)
def test_what_nobody_sees_is_not_sent(typed: str, sent: str) -> None:
    assert clean(typed) == sent


@given(st.text())
def test_cleaning_twice_changes_nothing(typed: str) -> None:
    assert clean(clean(typed)) == clean(typed)


@given(st.text(st.sampled_from("<>/ sd_cpp_extra_args"), max_size=60))
def test_no_hidden_arguments_survive(typed: str) -> None:
    assert "<sd_cpp_extra_args>" not in clean(typed.replace(" ", ""))


def test_a_member_is_a_number_that_only_this_secret_gives() -> None:
    assert requester_hash("secret", 42) == requester_hash("secret", 42)
    assert len({requester_hash(secret, user) for secret in ("one", "two") for user in (1, 2)}) == 4
    assert "42" not in (requester_hash("secret", 42), requester_hash("", 42))
    assert len(requester_hash("secret", 42)) == 32
