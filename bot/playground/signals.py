"""Waiting without polling: who changes something says so, who waits looks again. One bus tells the page of it."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bot.playground.errors import NoAnswer
from bot.playground.jsonic import Json

T = TypeVar("T")


class Shown(Protocol):
    """Whatever can be shown to a subscriber."""

    def to_dict(self) -> Json: ...


class Signal:
    """Belongs to one thing (a message, an interaction, a channel) and wakes those who wait for it."""

    def __init__(self) -> None:
        self._looks: list[Callable[[], None]] = []

    def notify(self) -> None:
        for look in tuple(self._looks):
            look()

    async def until(self, look: Callable[[], T | None], timeout: float, describe: Callable[[], str]) -> T:
        """What `look` finds as soon as it is not None.

        Raises NoAnswer with `describe()` after `timeout` seconds, and whatever `look` raises.
        """
        found: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def check() -> None:
            if found.done():
                return
            try:
                value = look()
            except Exception as error:  # noqa: BLE001 - the waiter gets it, not the one who changed something
                found.set_exception(error)
                return
            if value is not None:
                found.set_result(value)

        self._looks.append(check)
        try:
            check()
            async with asyncio.timeout(timeout):
                return await found
        except TimeoutError:
            raise NoAnswer(f"after {timeout:g} s: {describe()}") from None
        finally:
            self._looks.remove(check)


@dataclass(frozen=True)
class Event:
    """Something changed. `kind` is a noun and a verb ("message.edited"); `data` is the thing as it is now."""

    kind: str
    at: float
    data: Json

    def to_dict(self) -> Json:
        return {"kind": self.kind, "at": self.at, "data": self.data}


class Bus:
    """The one place where changes are told. Costs nothing while nobody listens."""

    def __init__(self, now: Callable[[], float], backlog: int = 1000) -> None:
        self._now = now
        self._backlog = backlog
        self._queues: list[asyncio.Queue[Event]] = []

    def publish(self, kind: str, thing: Shown) -> None:
        if not self._queues:
            return
        event = Event(kind, self._now(), thing.to_dict())
        for queue in self._queues:
            if queue.full():  # a page that does not read loses the oldest, the simulation does not wait
                queue.get_nowait()
            queue.put_nowait(event)

    @contextmanager
    def subscribe(self) -> Generator[asyncio.Queue[Event]]:
        queue: asyncio.Queue[Event] = asyncio.Queue(self._backlog)
        self._queues.append(queue)
        try:
            yield queue
        finally:
            self._queues.remove(queue)
