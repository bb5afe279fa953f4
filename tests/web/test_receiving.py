"""Room for pictures that come in."""

from __future__ import annotations

import asyncio

from bot.web.api.receiving import Receiving


async def test_one_key_leaves_places_for_others() -> None:
    receiving, inside, go = Receiving(at_once=3, of_one=2), list[str](), asyncio.Event()

    async def slow(key: str) -> None:
        async with receiving.place(key):
            inside.append(key)
            await go.wait()

    tasks = [asyncio.create_task(slow(key)) for key in ("a", "a", "a", "a", "b", "c")]
    await asyncio.sleep(0.01)
    assert sorted(inside) == ["a", "a", "b"]
    go.set()
    await asyncio.gather(*tasks)
    assert sorted(inside) == ["a", "a", "a", "a", "b", "c"]
    assert not receiving._own, "who is not here takes no memory"
