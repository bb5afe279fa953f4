"""`make chaos`: kills on both databases, as many as asked; exits with 1 when anything was lost, doubled or wrong."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.chaos.storm import Damage, Plan, blow
from tests.storage.postgres_server import postgres_server


def main() -> int:
    options = _parser().parse_args()
    # The simulated vendor notices each kill as a connection that broke.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="atelier-chaos-"))
    whole = True
    for database in ("sqlite", "postgres") if options.database == "both" else (options.database,):
        plan = Plan(
            kills=options.kills,
            restarts=options.restarts if database == "postgres" else 0,
            disks=max(1, options.kills // 20),
            jumps=max(1, options.kills // 20),
            in_flight=options.in_flight,
            latency_seconds=options.latency,
            seed=options.seed,
            faults=not options.no_faults,
        )
        started = time.monotonic()
        if database == "postgres":
            with postgres_server() as server:
                damage = asyncio.run(blow(folder / database, plan, server))
        else:
            damage = asyncio.run(blow(folder / database, plan))
        print("\n".join(report(database, plan, damage, time.monotonic() - started)), flush=True)
        whole = whole and damage.is_none
    print(f"The bots' logs: {folder}")
    return 0 if whole else 1


def report(database: str, plan: Plan, damage: Damage, seconds: float) -> list[str]:
    return [
        f"{database}: {damage.kills} kills, {damage.restarts} restarts of the database, {damage.disks} full "
        f"disks, {damage.jumps} jumps of the clock; {plan.in_flight} in flight, seed {plan.seed}, {seconds:.0f} s",
        f"  faults               {_listed(damage.faults)}",
        f"  asked                {damage.asked}, of these accepted {damage.accepted}",
        f"  delivered            {damage.delivered}",
        f"  ended otherwise      {_listed(damage.told)}",
        f"  lost                 {len(damage.lost)} {'; '.join(damage.lost[:5])}",
        f"  delivered twice      {len(damage.doubled)} {'; '.join(damage.doubled[:5])}",
        *damage.purchases.report(),
        f"  ledger difference    {damage.differences}, still reserved {damage.still_reserved}",
    ]


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{what} {times}" for what, times in counted.most_common()) or "none"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="kills on each database (20)")
    parser.add_argument("--restarts", type=int, default=2, help="restarts of Postgres between them (2)")
    parser.add_argument("--in-flight", type=int, default=8, help="requests under way at all times (8)")
    parser.add_argument("--latency", type=float, default=0.3, help="seconds that the vendor takes (0.3)")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument(
        "--seed", type=int, default=1, help="the same number is the same storm, as far as time allows"
    )
    parser.add_argument("--no-faults", action="store_true", help="kill only: Discord and the vendor behave")
    return parser


if __name__ == "__main__":
    sys.exit(main())
