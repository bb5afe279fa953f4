"""The results in words: tables for a terminal and for the page, and whether each promise was kept in this run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.bench.plans import AcceptanceResult
from tests.bench.results import CaseResult, LoadResult

Table = list[list[str]]


@dataclass(kw_only=True)
class Run:
    """Everything that one run measured, and on what."""

    machine: dict[str, Any]
    cases: list[CaseResult] = field(default_factory=list[CaseResult])
    acceptances: list[AcceptanceResult] = field(default_factory=list[AcceptanceResult])
    failures: dict[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "cases": [case.to_json() for case in self.cases],
            "acceptances": [one.to_json() for one in self.acceptances],
            "failures": self.failures,
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Run:
        return cls(
            machine=told["machine"],
            cases=[CaseResult.from_json(case) for case in told["cases"]],
            acceptances=[AcceptanceResult(**one) for one in told["acceptances"]],
            failures=told["failures"],
        )

    def case(self, name: str) -> CaseResult | None:
        return next((case for case in self.cases if case.name == name), None)


@dataclass(frozen=True, kw_only=True)
class Promise:
    what: str
    limit: str
    measured: str
    kept: bool


def loads_table(run: Run) -> Table:
    head = [
        "case", "load", "first answer p50/p99/max ms", "added p50/p99 ms", "wait p50/max s", "CPU ms", "REST",
        "stall ms", "peak MB", "database CPU ms",
    ]  # fmt: skip
    return [head, *([case.name, *_load_cells(load)] for case in run.cases for load in case.loads)]


def _load_cells(load: LoadResult) -> list[str]:
    first, added, wait = load.first_answer_ms, load.added_ms, load.wait_s
    return [
        load.load,
        f"{first.p50:.0f} / {first.p99:.0f} / {first.max:.0f}",
        f"{added.p50:.0f} / {added.p99:.0f}",
        f"{wait.p50:.2f} / {wait.max:.2f}",
        f"{load.cpu_ms:.1f}",
        f"{load.requests:.2f}",
        f"{load.stall_ms:.0f}" + (f" ({load.stalls}×)" if load.stalls else ""),
        f"{load.peak_mb:.0f}",
        f"{load.database_cpu_ms:.1f}" if load.database_cpu_ms else "",
    ]


def cases_table(run: Run) -> Table:
    head = ["case", "start s", "idle MB", "idle CPU %"]
    return [
        head,
        *([c.name, f"{c.start_s:.2f}", f"{c.idle_mb:.0f}", f"{c.idle_cpu_percent:.1f}"] for c in run.cases),
    ]


def stages_table(run: Run) -> Table:
    """Median milliseconds by stage, from the rows that the bot wrote itself."""
    told = [(case, load) for case in run.cases for load in case.loads if load.stages_ms]
    names = list(dict.fromkeys(name for _, load in told for name in load.stages_ms))
    return [
        ["case", "load", *names],
        *(
            [case.name, load.load, *(f"{load.stages_ms.get(name, 0):.0f}" for name in names)]
            for case, load in told
        ),
    ]


def threads_table(run: Run) -> Table:
    """Where the bot's own CPU time went at the steady load, by kind of thread."""
    told = [
        (case, load) for case in run.cases for load in case.loads if load.threads_ms and load.load == "5/s"
    ]
    names = list(
        dict.fromkeys(name for _, load in told for name, ms in load.threads_ms.items() if ms >= 0.05)
    )
    return [
        ["case", *names],
        *([case.name, *(f"{load.threads_ms.get(name, 0):.1f}" for name in names)] for case, load in told),
    ]


def servers_table(run: Run) -> Table:
    """What the other two programs took: neither may be what limits the bot."""
    return [
        ["case", "load", "simulated Discord CPU ms", "vendor CPU ms"],
        *(
            [case.name, load.load, f"{load.stage_cpu_ms:.1f}", f"{load.vendor_cpu_ms:.1f}"]
            for case in run.cases
            for load in case.loads
        ),
    ]


def acceptances_table(run: Run) -> Table:
    head = [
        "database",
        "rows",
        "bare commit ms",
        "acceptance ms",
        "times",
        "first of a day ms",
        "statements",
        "scans",
    ]
    return [
        head,
        *(
            [
                one.database, f"{one.rows:,}", f"{one.bare_commit_ms:.2f}", f"{one.accept_ms:.2f}", f"{one.ratio:.1f}",
                f"{one.first_of_the_day_ms:.2f}", str(one.statements), "; ".join(one.scans) or "none",
            ]
            for one in run.acceptances
        ),
    ]  # fmt: skip


def promises(run: Run) -> list[Promise]:
    """Read in this run against the bare bot's figures of the same run."""
    bare, ours = run.case("bare"), run.case("atelier")
    made: list[Promise] = []
    if bare is not None and ours is not None:
        shared = by_load_names(bare) & by_load_names(ours)
        by_load = {name: (bare.load(name), ours.load(name)) for name in shared}
        made += _steady_promises(*by_load["5/s"]) if "5/s" in by_load else []
        made += _burst_promises(*by_load["200"]) if "200" in by_load else []
        if "200x4" in by_load_names(ours):
            # Four times the pictures must not take four times the memory.
            once, four = ours.load("200").peak_mb, ours.load("200x4").peak_mb
            made.append(_at_most("peak memory at 200 of four pictures", four, round(once * 1.5), "MB"))
        stall = max(load.stall_ms for load in ours.loads)
        made.append(_at_most("longest stall of the event loop", stall, 60, "ms"))
        made.append(_at_most("idle memory", ours.idle_mb, 180, "MB"))
    for one in run.acceptances:
        name = f"acceptance to a bare commit, {one.database}, {one.rows:,} rows"
        made.append(_at_most(name, one.ratio, 3, "times"))
        scans = Promise(what=f"full scans, {one.database}", limit="none", measured="; ".join(one.scans) or "none",
                        kept=not one.scans)  # fmt: skip
        made.append(scans)
    return made


def by_load_names(case: CaseResult) -> set[str]:
    return {load.load for load in case.loads}


def _steady_promises(bare: LoadResult, ours: LoadResult) -> list[Promise]:
    return [
        _at_most(
            "CPU per picture at 5/s to the bare bot's", round(ours.cpu_ms / bare.cpu_ms, 2), 1.6, "times"
        ),
        _at_most("time added at 5/s, p50", ours.added_ms.p50, bare.added_ms.p50 + 30, "ms"),
        _at_most("whole wait at 5/s, p50", ours.wait_s.p50, 2.3, "s"),
    ]


def _burst_promises(bare: LoadResult, ours: LoadResult) -> list[Promise]:
    first = min(100.0, bare.first_answer_ms.p99)
    return [
        _at_most("first answers at 200, p99", ours.first_answer_ms.p99, first, "ms"),
        _at_most("time added at 200, p50", ours.added_ms.p50, bare.added_ms.p50, "ms"),
        _at_most("peak memory at 200", ours.peak_mb, 350, "MB"),
    ]


def _at_most(what: str, value: float, limit: float, unit: str) -> Promise:
    return Promise(what=what, limit=f"{limit:g} {unit}", measured=f"{value:g} {unit}", kept=value <= limit)


def promises_table(run: Run) -> Table:
    head = ["promise", "at most", "measured", "kept"]
    return [
        head,
        *([one.what, one.limit, one.measured, "yes" if one.kept else "no"] for one in promises(run)),
    ]


TABLES = {
    "Promises": promises_table,
    "Under load": loads_table,
    "At rest": cases_table,
    "Stages of a request": stages_table,
    "CPU by thread at 5/s, ms a picture": threads_table,
    "Acceptance": acceptances_table,
    "The other programs": servers_table,
}


def as_text(table: Table) -> str:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table
    )


def as_markdown(table: Table) -> str:
    head, *rows = table
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
