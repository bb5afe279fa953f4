"""A picture grows on a page that another process serves than the one that draws it, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

from sqlalchemy import func, select

from bot.delivery.address import Address, address_of
from bot.delivery.growth import Growth, Seen
from bot.delivery.previews import PreviewBoard
from bot.vault import Vault
from bot.views import Card
from bot.web.signin import SignIn
from storage.database import open_database
from storage.rows import RequestRow
from storage.tables import unfinished_pictures
from storage.web_sessions import WebSessionRepository
from tests.fakes.a1111_server import FakeA1111
from tests.scenarios.conftest import StartStage, start_stage
from tests.scenarios.test_health import free_port
from tests.storage.builders import new_request
from tests.storage.postgres_server import PostgresServer
from tests.web.conftest import SECRET, Api
from tests.web.test_pages import Browser, browser, sign_in
from tests.web.test_refusals import answered
from tests.web.test_split import split

__all__ = ["start_stage"]


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


async def first_told(visitor: Browser, request_id: str, *, having: str) -> dict[str, Any]:
    """The first event of a request that says `having`."""
    async with (
        asyncio.timeout(30),
        visitor.http.get(f"{visitor.root}/requests/{request_id}/events") as events,
    ):
        async for line in events.content:
            if line.startswith(b'data: {"'):
                told: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                if told.get(having):
                    return told
    raise AssertionError(f"{request_id} ended without {having}")


async def test_what_was_asked_in_discord_grows_on_its_page_as_on_its_card(start_stage: StartStage) -> None:
    port = free_port()
    async with FakeA1111() as vendor:
        stage = await start_stage(HTTP_PORT=str(port), A1111_BASE_URL=vendor.url, QUEUE_CONCURRENCY="1")
        root = f"http://127.0.0.1:{port}"
        async with browser(root) as ada, browser(root) as bruno:
            await sign_in(stage, ada, stage.ada)
            await sign_in(stage, bruno, stage.bruno)
            vendor.will("hold")
            asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a slow fox"})
            await vendor.arrived(1)
            await stage.discord.slash(stage.bruno, stage.channel, "imagine", {"prompt": "a patient owl"})
            [first] = await stage.rows(stage.ada)
            told = await first_told(ada, first.id, having="previews")
            print("the first:", told)
            assert (told["words"], told["percent"]) == ("Drawing, 40 % done", 40)
            async with ada.http.get(root + told["previews"][0]) as answer:
                assert (answer.status, answer.content_type) == (200, "image/png")
            assert await answered(bruno, "GET", told["previews"][0]) == 200
            [second] = await stage.rows(stage.bruno)
            waiting = await first_told(bruno, second.id, having="words")
            print("the second:", waiting)
            assert waiting["words"] == "In the queue, 1 ahead"
            watching = asyncio.create_task(grown(ada, first.id))
            await first_told(ada, first.id, having="previews")
            vendor.release()
            await asked.card()
            assert await watching
            # Who watched can still fetch what was last told of.
            assert await answered(ada, "GET", told["previews"][0]) == 200


async def test_nothing_is_kept_of_what_nobody_watches() -> None:
    async def edit(_address: Address, _card: Card) -> None:
        raise AssertionError("no message is edited so early")

    async def place_of(_request_id: str) -> int:
        return 0

    vault = Vault(SECRET)
    growth = Growth(PreviewBoard(edit, lambda row: address_of(row, vault), place_of))
    for number, watching in ((1, nullcontext()), (2, growth.watched("img_0000000000002"))):
        asked = new_request(number, token=vault.seal("a token"))
        row = cast("RequestRow", asked)
        with watching:
            growth.begin(asked)
            growth.drawing(row)
            growth.progress(row.id, 1, 0.25)
            growth.preview(row.id, 1, b"half a fox")
            assert await growth.picture(row.id, 1) == b"half a fox"
            assert await growth.of(row.id) == Seen(0.25, {1: 1})
            await growth.end(row.id)
            kept = await growth.picture(row.id, 1)
        assert kept == (None if number == 1 else b"half a fox")
    assert await growth.of("img_0000000000001") is None
    await growth.close()
