"""One member's crowd waits for itself and for nobody else."""

from __future__ import annotations

import asyncio

from bot.turns import Turns


async def test_a_member_has_only_so_many_at_work_and_others_do_not_wait() -> None:
    turns, at_work, most = Turns(2), 0, 0
    gate, started = asyncio.Event(), asyncio.Semaphore(0)

    async def job(member: int) -> None:
        nonlocal at_work, most
        async with turns.of(member):
            if member == 1:
                at_work += 1
                most = max(most, at_work)
            started.release()
            await gate.wait()
            if member == 1:
                at_work -= 1

    jobs = [asyncio.create_task(job(1)) for _ in range(5)] + [asyncio.create_task(job(2))]
    for _ in range(3):
        await started.acquire()
    assert at_work == 2
    gate.set()
    await asyncio.gather(*jobs)
    assert most == 2
    assert not turns._members


async def test_a_cancelled_wait_leaves_nothing_behind() -> None:
    turns = Turns(1)
    async with turns.of(1):
        waiting = asyncio.create_task(turns.of(1).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert not turns._members
