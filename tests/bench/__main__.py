"""`make bench`: the bare bot and Atelier under the same loads, one after the other, in one run."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from storage.errors import DatabaseError
from tests.bench import chart
from tests.bench.cases import Case, Plan, run_case
from tests.bench.databases import Databases, databases
from tests.bench.page import write_page
from tests.bench.plans import measure_acceptance
from tests.bench.processes import ROOT
from tests.bench.report import TABLES, Run, as_text

LAST = ROOT / ".cache" / "bench" / "last.json"
PICTURE = ROOT / "docs" / "pictures" / "bench.png"
RESULTS = ROOT / "docs" / "benchmark.json"
PAGE = ROOT / "docs" / "benchmark.md"

BARE = Case(name="bare", bot="bare", database="none")
MANY = ("1", "20", "5/s", "200", "200x4")
FEW = ("5/s", "200")
FULL = (
    BARE,
    Case(name="atelier", loads=MANY),
    Case(name="atelier 10k rows", rows=10_000, loads=FEW),
    Case(name="atelier 1M rows", rows=1_000_000),
    Case(name="atelier postgres", database="postgres", loads=MANY),
    Case(name="atelier postgres 10k rows", database="postgres", rows=10_000, loads=FEW),
    Case(name="atelier postgres 1M rows", database="postgres", rows=1_000_000, loads=FEW),
    Case(name="bare previews", bot="bare", database="none", previews=True, loads=FEW),
    Case(name="atelier previews", previews=True, loads=FEW),
)
QUICK = (BARE, Case(name="atelier"))
QUICK_PLAN = Plan(steady_seconds=10, idle_seconds=2, alone=2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two cases, short loads: under two minutes")
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--seconds", type=float, default=30.0, help="of the steady load")
    parser.add_argument("--rate", type=float, default=5.0, help="wishes a second of the steady load")
    parser.add_argument(
        "--loads", default="", help="such as 1,200,200x4,5/s: wishes at once, wishes of four, wishes a second"
    )
    parser.add_argument("--set", action="append", default=[], help="a setting of Atelier, NAME=VALUE")
    parser.add_argument(
        "--publish", action="store_true", help="write docs/benchmark.md and its picture as well"
    )
    parser.add_argument(
        "--from", dest="past", type=Path, help="show a run from its JSON file, measure nothing"
    )
    options = parser.parse_args()
    if sys.platform != "linux":
        sys.exit("The bench reads /proc: it needs Linux.")
    run = Run.from_json(json.loads(options.past.read_text())) if options.past else asyncio.run(_run(options))
    for title, table in TABLES.items():
        rows = table(run)
        if len(rows) > 1:
            print(f"\n{title}\n{as_text(rows)}")
    if not options.past:
        _write(run, LAST)
        print(f"\nAll of it: {LAST.relative_to(ROOT)}")
    for name, error in run.failures.items():
        print(f"{name} could not be measured: {error}")
    if options.publish:
        _write(run, RESULTS)
        chart.draw(run, PICTURE)
        write_page(run, PAGE)
    sys.exit(1 if run.failures else 0)


async def _run(options: argparse.Namespace) -> Run:
    plan = _plan(options)
    run = Run(machine=_machine())
    with databases() as made:
        for case in [one for one in (QUICK if options.quick else FULL) if options.only in one.name]:
            _tell(f"{case.name} …")
            ready = await _with_database(case, made)
            try:
                run.cases.append(await run_case(ready, plan, _tell))
                if ready.url and (case.rows or options.quick):
                    run.acceptances.append(await measure_acceptance(ready.url, case.rows))
            except (RuntimeError, TimeoutError, DatabaseError) as error:
                # One case that failed is no reason to throw away what took the others ten minutes.
                _tell(f"{case.name} FAILED: {error!r}")
                run.failures[case.name] = repr(error)[:300]
            made.discard(ready.url)
    return run


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _plan(options: argparse.Namespace) -> Plan:
    steady = f"{options.rate:g}/s"
    loads = tuple(options.loads.split(",")) if options.loads else ()
    if not loads and steady != "5/s":
        loads = (steady,)
    settings = dict[str, str](pair.split("=", 1) for pair in options.set)
    if options.quick:
        return replace(QUICK_PLAN, loads=loads, settings=settings)
    return Plan(loads=loads, steady_seconds=options.seconds, settings=settings)


async def _with_database(case: Case, made: Databases) -> Case:
    if case.database == "sqlite":
        return case.at(await made.sqlite(case.rows))
    if case.database == "postgres":
        return case.at(*await made.postgres(case.rows))
    return case


def _machine() -> dict[str, object]:
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
        "day": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def _processor() -> str:
    with closing(Path("/proc/cpuinfo").open()) as lines:
        return next(
            (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
        )


def _write(run: Run, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(run.to_json(), indent=1) + "\n")


if __name__ == "__main__":
    main()
