"""One of several processes that reserve from the same pool: `python -m tests.storage.reserving <url> <number>`."""

from __future__ import annotations

import asyncio
import sys

from storage.database import open_database
from storage.errors import NoRoom
from storage.requests import RequestRepository
from tests.storage.builders import a_limit, new_request

REQUESTS = 25


async def reserve(url: str, number: int) -> int:
    """How many of ours were accepted."""
    limit = a_limit(100, subject="server", scope="server")
    async with open_database(url) as database:
        requests = RequestRepository(database)

        async def one(index: int) -> bool:
            try:
                await requests.accept(
                    new_request(number * REQUESTS + index, count=3, user_id=number + 1), [limit]
                )
            except NoRoom:
                return False
            return True

        return sum(await asyncio.gather(*(one(index) for index in range(REQUESTS))))


if __name__ == "__main__":
    print(asyncio.run(reserve(sys.argv[1], int(sys.argv[2]))))
