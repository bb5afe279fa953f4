"""What was bought more often than once, by kind of vendor, and what the evidence says of why.

Evidence is what the vendor wrote down (when a call came, when its whole answer was sent), when the kills came and when
the disk was full (the bot's own log is silent then), what the database had noted, and what the bot had logged before it
died.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from storage.rows import RequestRow
from tests.fakes.openai_script import Call

_ALIVE_SECONDS = 1.0
"""Between an answer's last byte and its row lie milliseconds; with eight under way on a busy machine a part of this."""


@dataclass(kw_only=True)
class Purchases:
    """`wrong` must be empty: bought again although it had been noted, or with no kill that explains it.

    A vendor without job ids is asked again for what a kill cut off: calls without a whole answer (`cut_off`), and the
    one window of ours: answers that were sent whole but not noted when the kill came; `unread` were still on their way
    through our sockets, `unnoted` read, `storage_away` waited for a database or disk. `window_seconds` are their ages.
    """

    calls: int = 0
    cut_off: int = 0
    unread: int = 0
    unnoted: int = 0
    storage_away: int = 0
    window_seconds: list[float] = field(default_factory=list[float])
    wrong: list[str] = field(default_factory=list[str])
    jobs: int = 0
    jobs_twice: list[str] = field(default_factory=list[str])

    def report(self) -> list[str]:
        ages = [f"{age * 1000:.0f}" for age in sorted(self.window_seconds)]
        middle = (
            f", {median(self.window_seconds) * 1000:.0f} ms in the middle, {ages[-1]} ms at most"
            if ages
            else ""
        )
        return [
            f"  bought twice         with job ids: {len(self.jobs_twice)} of {self.jobs} "
            f"{'; '.join(self.jobs_twice[:5])}",
            f"                       without: {len(self.wrong)} of {self.calls} that had come back "
            f"{'; '.join(self.wrong[:5])}",
            f"                       without, inevitably: {self.cut_off} calls cut off before their answer; "
            f"{self.unread + self.unnoted} killed between answer and row ({self.unread} unread, {self.unnoted} read"
            f"{middle}); {self.storage_away} while the storage was away",
        ]


def count(
    rows: Sequence[RequestRow],
    calls: Sequence[Call],
    jobs: Sequence[dict[str, Any]],
    kills: Sequence[float],
    full: Sequence[tuple[float, float]],
    log: str,
) -> Purchases:
    """`kills` and the beginnings and ends in `full` are Unix seconds.

    `jobs` are the predictions of a vendor with job ids; every prompt is one request for one picture.
    """
    found = Purchases(calls=len(calls), jobs=len(jobs))
    by_prompt = defaultdict[str, list[Call]](list)
    for call in calls:
        by_prompt[call.fields["prompt"]].append(call)
    requests = {row.prompt: row for row in rows}
    for prompt, asked in by_prompt.items():
        for call in asked:
            if any(later.at > call.ended for later in asked):
                _judge(found, requests[prompt], call, kills, full, log)
    ordered = defaultdict[str, list[str]](list)
    for job in jobs:
        ordered[job["input"]["prompt"]].append(job["id"])
    found.jobs_twice = [f"{prompt}: {' '.join(ids)}" for prompt, ids in ordered.items() if len(ids) > 1]
    return found


def _judge(
    found: Purchases,
    row: RequestRow,
    call: Call,
    kills: Sequence[float],
    full: Sequence[tuple[float, float]],
    log: str,
) -> None:
    """A call after which the same was asked for again."""
    name = f"req_{call.number}"
    if call.outcome == "abandoned":
        found.cut_off += 1
        return
    if call.outcome != "answered":
        return
    killed = min((kill for kill in kills if kill > call.at), default=None)
    age = None if killed is None else killed - call.ended
    if name in row.provider_request_ids or killed is None or age is None:
        found.wrong.append(f"{row.id}: {name}")
    elif age < 0:
        # The caller was dead before the vendor's last word.
        found.cut_off += 1
    elif _had_nowhere(call.ended, killed, full) or any(
        f'"request": "{row.id}", "what": "{what}' in log for what in ("keeping", "noting")
    ):
        found.storage_away += 1
    elif age > _ALIVE_SECONDS:
        found.wrong.append(f"{row.id}: {name}, {age:.2f} s before a kill")
    else:
        found.window_seconds.append(age)
        if f'"{name}"' in log:
            found.unnoted += 1
        else:
            found.unread += 1


def _had_nowhere(answered: float, killed: float, full: Sequence[tuple[float, float]]) -> bool:
    """Whether the disk was full from about the answer to the kill: who waits for it looks in ever longer steps."""
    return any(
        begin - _ALIVE_SECONDS < answered < end and begin < killed <= end + (end - begin)
        for begin, end in full
    )
