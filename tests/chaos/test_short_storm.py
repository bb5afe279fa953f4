"""A few kills on each database in the daily check; `make chaos` does hundreds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.__main__ import report
from tests.chaos.storm import Plan, blow
from tests.storage.postgres_server import postgres_server


@pytest.mark.timeout(400)
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_kills_and_faults_lose_nothing_and_double_nothing(database: str, tmp_path: Path) -> None:
    plan = Plan(kills=15, restarts=1 if database == "postgres" else 0, disks=1, jumps=1, seed=7)
    if database == "postgres":
        # A server of its own: this one is restarted.
        with postgres_server() as server:
            damage = await blow(tmp_path, plan, server)
    else:
        damage = await blow(tmp_path, plan)
    told = "\n".join(report(database, plan, damage, 0))
    print(told)
    assert damage.accepted > 0
    assert damage.is_none, told
