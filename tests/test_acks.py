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


async def test_work_begins_when_a_crowd_is_answered_those_that_wait_for_a_line_too() -> None:
    acks, done = Acks(at_once=1, few=1), list[str]()
    arrived = {"one": asyncio.Event(), "two": asyncio.Event()}

    async def answer(name: str) -> None:
        async with acks.answering():
            await arrived[name].wait()
            done.append(name)
        await acks.calm()
        done.append("what comes after it")

    async def work() -> None:
        async with acks.turn():
            done.append("work")

    async with asyncio.TaskGroup() as tasks:
        for name in arrived:
            tasks.create_task(answer(name))
        await asyncio.sleep(0)
        tasks.create_task(work())
        arrived["one"].set()
        for _ in range(10):
            await asyncio.sleep(0)
        assert done == ["one"]
        arrived["two"].set()
    assert done[1] == "two"
    assert sorted(done[2:]) == ["what comes after it", "what comes after it", "work"]


async def test_a_few_answers_on_their_way_hold_nobody_up() -> None:
    acks = Acks(few=2)
    async with acks.answering(), acks.answering(), asyncio.timeout(0.01), acks.turn():
        pass


async def test_a_crowd_that_is_stuck_holds_nobody_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.acks._PATIENCE_SECONDS", 0.05)
    acks = Acks(few=1)
    async with acks.answering(), acks.answering(), asyncio.timeout(5):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(acks.calm(), 0.01)
        async with acks.turn():
            pass
