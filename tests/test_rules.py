"""Which rule holds, line by line as `docs/quotas.md` says it."""

from __future__ import annotations

import pytest

from bot.images import Requester
from bot.rules import Decision, decide, decisions, is_exempt
from storage.rows import LimitRow, Rule, Scope

ADA = Requester(user_id=1, name="Ada", role_ids=(10, 20, 30))


def a_rule(kind: Scope, subject: int, amount: int, *, rule: Rule = "images", cap: bool = False) -> LimitRow:
    return LimitRow(
        guild_id=5, subject_kind=kind, subject_id=str(subject) if subject else "", unit=rule,
        window="day" if rule in ("images", "usd") else "", amount=amount, updated_by=7, updated_at=0.0, cap=cap,
    )  # fmt: skip


EVERYONE = a_rule("everyone", 0, 5)
CASES: dict[str, tuple[list[LimitRow], int, str]] = {
    "nobody set anything": ([], 3, "default"),
    "everyone before the default": ([EVERYONE], 5, "everyone"),
    "a role before everyone, even when it gives less": ([EVERYONE, a_rule("role", 10, 2)], 2, "role"),
    "the best of several roles": ([a_rule("role", 10, 2), a_rule("role", 20, 9)], 9, "role"),
    "the role of somebody else": ([EVERYONE, a_rule("role", 99, 50)], 5, "everyone"),
    "the user before the best role": ([a_rule("user", 1, 1), a_rule("role", 20, 9)], 1, "user"),
    "another user": ([a_rule("user", 2, 1)], 3, "default"),
    "a cap lowers the best role": ([a_rule("role", 20, 9), a_rule("role", 30, 4, cap=True)], 4, "cap"),
    "a cap lowers everyone's": ([EVERYONE, a_rule("role", 30, 4, cap=True)], 4, "cap"),
    "a cap lowers the default": ([a_rule("role", 30, 2, cap=True)], 2, "cap"),
    "a cap that is higher changes nothing": ([EVERYONE, a_rule("role", 30, 8, cap=True)], 5, "everyone"),
    "the strictest of two caps": (
        [a_rule("role", 10, 9), a_rule("role", 20, 4, cap=True), a_rule("role", 30, 3, cap=True)], 3, "cap",
    ),
    "the user before a cap": ([a_rule("user", 1, 9), a_rule("role", 30, 4, cap=True)], 9, "user"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_the_written_rule(name: str) -> None:
    rows, amount, source = CASES[name]
    for ordered in (rows, rows[::-1]):
        decision = decide(ordered, ADA, "images", "day", default=3)
        assert decision is not None
        assert (decision.amount, decision.source) == (amount, source)


def test_the_shortest_pause_is_the_kindest_and_a_cap_makes_it_longer() -> None:
    short, long = a_rule("role", 10, 5, rule="cooldown"), a_rule("role", 20, 60, rule="cooldown")
    assert _amount(decide([short, long], ADA, "cooldown")) == 5
    cap = a_rule("role", 30, 30, rule="cooldown", cap=True)
    assert _amount(decide([short, long, cap], ADA, "cooldown")) == 30


def test_without_any_rule_nothing_holds() -> None:
    assert decide([], ADA, "jobs") is None
    assert decisions([], ADA, defaults={}) == []


def test_each_unit_and_window_is_decided_on_its_own() -> None:
    rows = [a_rule("user", 1, 2), a_rule("role", 10, 500_000, rule="usd"), EVERYONE]
    found = decisions(rows, ADA, defaults={("usd", "month"): 9})
    assert [(one.rule, one.window, one.amount, one.source) for one in found] == [
        ("images", "day", 2, "user"), ("usd", "day", 500_000, "role"), ("usd", "month", 9, "default"),
    ]  # fmt: skip


def test_the_exempt_have_no_allowance_and_a_rule_for_the_user_ends_it() -> None:
    rows = [EVERYONE, a_rule("role", 10, 1, rule="exempt")]
    assert is_exempt(rows, ADA)
    assert decisions(rows, ADA, defaults={}) == []
    assert not is_exempt([*rows, a_rule("user", 1, 0, rule="exempt")], ADA)


def _amount(decision: Decision | None) -> int | None:
    return decision.amount if decision else None
