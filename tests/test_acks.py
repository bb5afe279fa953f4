"""First answers before everything else, by so many connections at a time."""

import asyncio

import pytest

from bot.acks import Acks


async def test_no_more_answers_are_on_their_way_than_there_are_lines() -> None:
    acks, now, most = Acks(at_once=3), 0, 0

    async def answer() -> None:
        nonlocal now, most
        async with acks.answering():
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*(answer() for _ in range(20)))
    assert most == 3


async def test_work_begins_when_the_last_answer_is_out_those_that_wait_for_a_line_too() -> None:
    acks, done = Acks(at_once=1), list[str]()

    async def answer(name: str) -> None:
        async with acks.answering():
            await asyncio.sleep(0.01)
            done.append(name)

    async def work() -> None:
        async with acks.turn():
            done.append("work")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(answer("one"))
        tasks.create_task(answer("two"))
        await asyncio.sleep(0)
        tasks.create_task(work())
    assert done == ["one", "two", "work"]


async def test_an_answer_that_is_stuck_holds_nobody_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.acks._PATIENCE_SECONDS", 0.01)
    acks = Acks()
    async with acks.answering(), asyncio.timeout(5), acks.turn():
        pass
