"""Four processes with 500 requests each over limits that overlap: never one over, and the ledger adds up."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from storage.ledger import Ledger
from tests.storage.builders import GUILD, TODAY
from tests.storage.quota_storm import (
    CHANNEL_IMAGES,
    MEMBER_IMAGES,
    MEMBERS,
    OWNER_MICROUSD,
    REQUESTS,
    ROLE_WEEK_IMAGES,
    SERVER_MICROUSD,
)

ROOT = Path(__file__).parents[2]
PROCESSES = 4


@pytest.mark.timeout(300)
async def test_four_processes_with_five_hundred_requests_each_never_pass_any_limit(
    url: str, ledger: Ledger
) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.storage.quota_storm", url, str(number),
            cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    outputs = [(await process.communicate())[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    told = [json.loads(output) for output in outputs]
    accepted, refused = sum(one["accepted"] for one in told), sum(one["refused"] for one in told)
    print(f"accepted {accepted}, refused {refused}")
    assert accepted + refused == PROCESSES * REQUESTS
    assert refused > 0

    for member in range(1, MEMBERS + 1):
        day = await ledger.counter(GUILD, f"user:{member}", "day", TODAY)
        week = await ledger.counter(GUILD, f"user:{member}", "week", "2026-11-16")
        assert day.used_images + day.reserved_images <= MEMBER_IMAGES
        assert week.used_images + week.reserved_images <= ROLE_WEEK_IMAGES
    for channel in range(1000, 1003):
        pool = await ledger.counter(GUILD, f"channel:{channel}", "day", TODAY)
        assert pool.used_images + pool.reserved_images <= CHANNEL_IMAGES
    server = await ledger.counter(GUILD, "server", "month", "2026-11-01")
    owner = await ledger.counter(0, "owner", "day", TODAY)
    assert server.used_microusd + server.reserved_microusd <= SERVER_MICROUSD
    assert owner.used_microusd + owner.reserved_microusd <= OWNER_MICROUSD
    # What is used is what was kept, to the picture.
    assert server.used_images == sum(one["kept"] for one in told)
    assert await ledger.verify() == []
