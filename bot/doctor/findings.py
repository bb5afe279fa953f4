"""What a check says: well, worth a look, or wrong, and then what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    WELL = "ok"
    LOOK = "look"
    WRONG = "wrong"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`what` was looked at (a word for programs, in no language), how it is, and what helps where it is not well."""

    what: str
    verdict: Verdict
    words: str
    advice: str = ""


def well(what: str, words: str) -> Finding:
    return Finding(what=what, verdict=Verdict.WELL, words=words)


def look(what: str, words: str, advice: str = "") -> Finding:
    return Finding(what=what, verdict=Verdict.LOOK, words=words, advice=advice)


def wrong(what: str, words: str, advice: str = "") -> Finding:
    return Finding(what=what, verdict=Verdict.WRONG, words=words, advice=advice)


def worst(findings: Sequence[Finding]) -> Verdict:
    order = [Verdict.WELL, Verdict.LOOK, Verdict.WRONG]
    return max((finding.verdict for finding in findings), key=order.index, default=Verdict.WELL)
