"""A picture grows on a page that another process serves than the one that draws it, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bot.web.signin import SignIn
from storage.database import open_database
from storage.tables import unfinished_pictures
from storage.web_sessions import WebSessionRepository
from tests.storage.postgres_server import PostgresServer
from tests.web.conftest import SECRET, Api
from tests.web.test_pages import Browser, browser
from tests.web.test_refusals import answered
from tests.web.test_split import split


async def invitation(api: Api, name: str) -> str:
    async with open_database(api.stage.bot.database_url) as database:
        path, _ = await SignIn(WebSessionRepository(database), SECRET).invite(name)
        return path


async def grown(visitor: Browser, request_id: str) -> list[tuple[str, bytes]]:
    """Each unfinished picture that the events told of: its address, and what was there at that moment."""
    seen: dict[str, bytes] = {}
    address = f"{visitor.root}/requests/{request_id}/events"
    async with asyncio.timeout(40), visitor.http.get(address) as events:
        async for line in events.content:
            if not line.startswith(b'data: {"'):
                continue
            told: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
            for preview in told.get("previews", []):
                if preview not in seen:
                    async with visitor.http.get(visitor.root + preview) as answer:
                        assert answer.status == 200
                        seen[preview] = await answer.read()
    return list(seen.items())


async def cleared(api: Api) -> None:
    """Once nothing unfinished is left in the database."""
    query = select(func.count()).select_from(unfinished_pictures)
    async with asyncio.timeout(30), open_database(api.stage.bot.database_url) as database:
        while True:
            if not await database.read(lambda connection: connection.execute(query).scalar_one()):
                return
            await asyncio.sleep(0.5)


async def test_a_picture_grows_on_the_pages_of_a_process_that_draws_nothing(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    async with split(tmp_path, postgres.empty_database(), DEMO_LATENCY_SECONDS="3") as api:
        async with browser(api.base) as noor, browser(api.base) as other:
            for visitor, name in ((noor, "Noor"), (other, "Other")):
                assert await answered(visitor, "POST", await invitation(api, name)) == 303
            status, told = await noor.post("/create", prompt="a kiln at night")
            assert status == 200, told
            request_id = json.loads(told)["id"]
            seen = await grown(noor, request_id)
            print("grew:", [(address, len(data)) for address, data in seen])
            assert len(seen) > 1
            assert all(data.startswith((b"\xff\xd8", b"RIFF")) for _, data in seen)
            assert len({data for _, data in seen}) == len(seen)
            # Still there for a moment; never for somebody else.
            assert await answered(noor, "GET", seen[-1][0]) == 200
            assert await answered(other, "GET", seen[-1][0]) == 404
            assert await answered(noor, "GET", f"/requests/{request_id}/previews/{10**30}") == 404
        await cleared(api)
