"""Limits, what is left of them and why they hold, in words: one line each."""

from __future__ import annotations

from bot.i18n import Texts
from bot.quotas import Explanation, Standing
from bot.rules import Decision
from storage.rows import LimitRow


def amount_words(t: Texts, unit: str, amount: int) -> str:
    return t.n("{n} picture", "{n} pictures", amount) if unit == "images" else t.money(amount)


def per(t: Texts, window: str) -> str:
    return {"day": t("a day"), "week": t("a week"), "month": t("a month")}[window]


def rule_words(t: Texts, rule: str, window: str, amount: int) -> str:
    """What a rule says, without whom."""
    match rule:
        case "jobs":
            return t.n("{n} request at once", "{n} requests at once", amount)
        case "cooldown":
            return t("a pause of {seconds} between two requests", seconds=t.seconds(amount))
        case "price":
            return t("at most {amount} for one picture", amount=t.money(amount))
        case "exempt":
            return t("exempt from limits") if amount else t("not exempt from limits")
        case _:
            return f"{amount_words(t, rule, amount)} {per(t, window)}"


def standing_line(t: Texts, limit: Standing) -> str:
    return t(
        "{left} of {amount} left {window}, renews {when}",
        left=amount_words(t, limit.unit, limit.left),
        amount=amount_words(t, limit.unit, limit.amount),
        window=per(t, limit.window),
        when=f"<t:{limit.renews_at}:R>",
    )


_BAR = 10


def budget_line(t: Texts, limit: Standing) -> str:
    """With a bar of how much is gone, what is reserved included."""
    percent = min(100, (limit.used + limit.reserved) * 100 // max(limit.amount, 1))
    full = percent * _BAR // 100
    return f"`{'█' * full}{'░' * (_BAR - full)}` {percent} % · {standing_line(t, limit)}"


def whom(t: Texts, kind: str, subject_id: str) -> str:
    match kind:
        case "user":
            return f"<@{subject_id}>"
        case "role":
            return t("Each member of {role}", role=f"<@&{subject_id}>")
        case "channel":
            return t("All of {channel} together", channel=f"<#{subject_id}>")
        case "server":
            return t("The whole server together")
        case "provider":
            return t("All of {provider} together", provider=subject_id)
        case _:
            return t("Every member")


def limit_line(t: Texts, row: LimitRow) -> str:
    said = f"{whom(t, row.subject_kind, row.subject_id)}: {rule_words(t, row.unit, row.window, row.amount)}"
    return f"- {said}" + (" · " + t("a cap") if row.cap else "")


def reason_words(t: Texts, decision: Decision) -> str:
    """Why this rule and not another."""
    role = f"<@&{decision.subject_id}>"
    match decision.source:
        case "user":
            return t("set for you, which goes before everything else")
        case "cap":
            return t("your role {role} is a cap: nothing else gives you more", role=role)
        case "role":
            others = sum(other.source == "role" for other in decision.passed_over)
            if others:
                return t("from {role}, the best of your roles", role=role)
            return t("from your role {role}", role=role)
        case "default":
            return t("the default of this bot's owner")
        case _:
            return t("what everyone here has")


def why_lines(t: Texts, explanation: Explanation) -> list[str]:
    """The whole explanation, one rule a paragraph."""
    lines: list[str] = []
    if explanation.exempt:
        lines.append("🕊️ " + t("You are exempt: no limit of your own holds."))
    for reason in explanation.reasons:
        decision = reason.decision
        if decision.rule == "exempt":
            continue
        said = rule_words(t, decision.rule, decision.window, decision.amount)
        lines.append(f"**{said}**: {reason_words(t, decision)}.")
        if reason.standing is not None:
            lines.append("> " + standing_line(t, reason.standing))
        if decision.passed_over:
            beaten = ", ".join(_passed_over(t, other) for other in decision.passed_over[:4])
            lines.append("-# " + t("Passed over: {rules}", rules=beaten))
    if not lines:
        lines.append(t("Nobody set a limit for you: draw as much as you like."))
    for pool in explanation.pools:
        name = t("The channel's share") if pool.scope == "channel" else t("The server's share")
        lines.append(f"**{name}**: {standing_line(t, pool)}")
    lines.append(
        "-# " + t("User before role, best role before everyone; a cap lowers roles; shares hold for all.")
    )
    return lines


def _passed_over(t: Texts, decision: Decision) -> str:
    said = rule_words(t, decision.rule, decision.window, decision.amount)
    match decision.source:
        case "role" | "cap":
            whose = f"<@&{decision.subject_id}>"
        case "everyone":
            whose = t("everyone")
        case _:
            whose = t("the default")
    return f"{said} ({whose})"
