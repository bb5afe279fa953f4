"""Puts the tables of a run into the page about the bench, between its marks; what people wrote around them stays."""

from __future__ import annotations

from pathlib import Path

from tests.bench.report import TABLES, Run, as_markdown

BEGIN, END = "<!-- results -->", "<!-- end of results -->"


def write_page(run: Run, page: Path) -> None:
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n{results(run)}\n{END}{after}")


def results(run: Run) -> str:
    machine = run.machine
    parts = [
        f"Measured {machine['day']} on {machine['cores']} cores of {machine['processor']}, {machine['system']}, "
        f"Python {machine['python']}; load before the run {machine['load_before']}."
    ]
    for title, table in TABLES.items():
        rows = table(run)
        if len(rows) > 1:
            parts.append(f"### {title}\n\n{as_markdown(rows)}")
    return "\n\n".join(parts)
