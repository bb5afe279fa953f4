"""Which rule holds for a member, of all that admins set: pure functions over rows, and the reason beside each answer.

For each rule (and window) on its own: what was set for the user wins; else the best of what their roles have; else
what everyone has; else the owner's default. A role's rule that is marked as a cap only ever lowers: no role, and not
everyone's rule, gives more than it, only a rule for the user does. Who is exempt has no allowance, pause or limit of
jobs. Pools (channel, server, provider, owner) hold for all, whatever was decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.images import Requester
from storage.rows import LimitRow, Rule, Scope
from storage.windows import Window

Source = Literal["user", "role", "cap", "everyone", "default"]

_SMALLER_IS_KINDER: frozenset[Rule] = frozenset({"cooldown"})


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What holds: `amount` in the rule's unit, whose rule it is (`subject_id`: a role's or the user's id, or empty).

    `window` is empty for rules that do not count. `passed_over` are the rules that would have held without it.
    """

    rule: Rule
    window: str
    amount: int
    source: Source
    subject_id: str = ""
    passed_over: tuple[Decision, ...] = ()

    @property
    def scope(self) -> Scope:
        match self.source:
            case "user":
                return "user"
            case "role" | "cap":
                return "role"
            case _:
                return "everyone"


def decide(
    rows: Iterable[LimitRow],
    requester: Requester,
    rule: Rule,
    window: str = "",
    *,
    default: int | None = None,
) -> Decision | None:
    """The one rule that holds for this member, or None where nobody set any."""
    roles = {str(role_id) for role_id in requester.role_ids}
    mine: list[Decision] = []
    ordinary: list[Decision] = []
    caps: list[Decision] = []
    general: list[Decision] = []
    for row in rows:
        if (row.unit, row.window) != (rule, window):
            continue
        made = Decision(
            rule=rule, window=window, amount=row.amount, source="everyone", subject_id=row.subject_id
        )
        if row.subject_kind == "user" and row.subject_id == str(requester.user_id):
            mine.append(replace(made, source="user"))
        elif row.subject_kind == "role" and row.subject_id in roles:
            (caps if row.cap else ordinary).append(replace(made, source="cap" if row.cap else "role"))
        elif row.subject_kind == "everyone":
            general.append(made)
    if default is not None:
        general.append(Decision(rule=rule, window=window, amount=default, source="default"))
    ordinary.sort(key=_kindness, reverse=True)
    caps.sort(key=_kindness)
    return _first([*mine, *_below(caps, [*ordinary, *general])])


def decisions(
    rows: Sequence[LimitRow], requester: Requester, *, defaults: dict[tuple[Rule, str], int]
) -> list[Decision]:
    """The allowances that count: one for each unit and window that has any, none for who is exempt."""
    if is_exempt(rows, requester):
        return []
    named: set[tuple[Rule, str]] = set(defaults)
    for row in rows:
        if row.unit in ("images", "usd"):
            named.add((row.unit, row.window))
    order = {window.value: number for number, window in enumerate(Window)}
    found = (
        decide(rows, requester, rule, window, default=defaults.get((rule, window)))
        for rule, window in sorted(named, key=lambda key: (key[0], order.get(key[1], 9)))
    )
    return [decision for decision in found if decision is not None]


def is_exempt(rows: Sequence[LimitRow], requester: Requester) -> bool:
    decision = decide(rows, requester, "exempt")
    return decision is not None and decision.amount > 0


def _below(caps: list[Decision], candidates: list[Decision]) -> list[Decision]:
    """The candidates in their order; the strictest cap comes first where it gives less than the best of them."""
    if not caps:
        return candidates
    strictest = caps[0]
    if candidates and _kindness(candidates[0]) <= _kindness(strictest):
        return [*candidates, *caps]
    return [strictest, *candidates, *caps[1:]]


def _first(ranked: Sequence[Decision]) -> Decision | None:
    return replace(ranked[0], passed_over=tuple(ranked[1:])) if ranked else None


def _kindness(decision: Decision) -> int:
    return -decision.amount if decision.rule in _SMALLER_IS_KINDER else decision.amount
