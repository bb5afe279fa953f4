"""One of several processes that reserve from limits that overlap: `python -m tests.storage.quota_storm <url> <n>`."""

from __future__ import annotations

import asyncio
import json
import sys

from storage.database import open_database
from storage.errors import NoRoom
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import Limit
from storage.windows import Window
from tests.storage.builders import NOON, a_limit, charges, new_request

REQUESTS = 500
MEMBERS = 20
MEMBER_IMAGES, ROLE_WEEK_IMAGES = 40, 45
CHANNEL_IMAGES, SERVER_MICROUSD, OWNER_MICROUSD = 250, 6_000_000, 7_000_000


def limits_of(member: int, channel: int) -> list[Limit]:
    """Each its own and what it shares with everybody: in two windows, in images and in money."""
    return [
        a_limit(MEMBER_IMAGES, subject=f"user:{member}"),
        a_limit(ROLE_WEEK_IMAGES, subject=f"user:{member}", scope="role", window=Window.WEEK),
        a_limit(CHANNEL_IMAGES, subject=f"channel:{channel}", scope="channel"),
        a_limit(SERVER_MICROUSD, unit="usd", subject="server", scope="server", window=Window.MONTH),
        a_limit(OWNER_MICROUSD, unit="usd", subject="owner", scope="owner"),
    ]


async def storm(url: str, number: int) -> dict[str, int]:
    """Accepted, refused and settled; a fifth of what is accepted fails and is released at once."""
    async with open_database(url) as database:
        requests, ledger = RequestRepository(database), Ledger(database)
        told = {"accepted": 0, "refused": 0, "kept": 0}
        # More than there are connections; all at once would wait for one longer than a pool does on a busy machine.
        at_once = asyncio.Semaphore(20)

        async def one(index: int) -> None:
            async with at_once:
                await turn(index)

        async def turn(index: int) -> None:
            serial = number * REQUESTS + index
            member, channel = serial % MEMBERS + 1, 1000 + serial % 3
            row = new_request(
                serial, count=serial % 3 + 1, estimate_microusd=20_000, user_id=member, channel_id=channel
            )
            try:
                await requests.accept(row, limits_of(member, channel))
            except NoRoom:
                told["refused"] += 1
                return
            told["accepted"] += 1
            if serial % 5 == 0:
                await ledger.settle(row.id, [], NOON)
            elif serial % 5 == 1:
                made = charges(row, *[5_000] * row.count)
                told["kept"] += row.count
                await ledger.settle(row.id, made, NOON)

        await asyncio.gather(*(one(index) for index in range(REQUESTS)))
        return told


if __name__ == "__main__":
    print(json.dumps(asyncio.run(storm(sys.argv[1], int(sys.argv[2])))))
