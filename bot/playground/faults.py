"""Trouble on demand for REST requests: statuses, delays, dropped connections, answers lost after they took effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from bot.playground.record import RequestRecord


@dataclass(eq=False)
class Fault:
    """Matches by method, by a part of the route's template and by `where`; counts down `times` as it strikes."""

    name: str
    method: str | None = None
    route: str = ""
    where: Callable[[RequestRecord], bool] | None = None
    times: float = 1
    delay: float = 0.0
    status: int | None = None
    code: int = 0
    message: str | None = None
    retry_after: float = 0.0
    cut: bool = False
    after: bool = False
    struck: int = 0

    def matches(self, record: RequestRecord) -> bool:
        return (
            self.struck < self.times
            and self.method in (None, record.method)
            and self.route in record.route
            and (self.where is None or self.where(record))
        )


class Faults:
    """Planned trouble, the first that matches strikes. `times=None` means until `clear()`."""

    def __init__(self) -> None:
        self.planned: list[Fault] = []

    def fail(
        self,
        status: int,
        *,
        code: int = 0,
        message: str | None = None,
        method: str | None = None,
        route: str = "",
        times: int | None = 1,
        retry_after: float = 0.0,
        delay: float = 0.0,
        where: Callable[[RequestRecord], bool] | None = None,
    ) -> Fault:
        """Answer with `status` instead of doing it. For 429 say `retry_after` (seconds)."""
        return self._plan(
            Fault(
                f"status {status}",
                method,
                route,
                where,
                inf if times is None else times,
                delay,
                status,
                code,
                message,
                retry_after,
            )
        )

    def drop(
        self,
        *,
        method: str | None = None,
        route: str = "",
        times: int | None = 1,
        where: Callable[[RequestRecord], bool] | None = None,
    ) -> Fault:
        """Cut the connection before anything is done."""
        return self._plan(Fault("dropped", method, route, where, inf if times is None else times, cut=True))

    def lose_answer(
        self,
        *,
        status: int | None = None,
        method: str | None = None,
        route: str = "",
        times: int | None = 1,
        where: Callable[[RequestRecord], bool] | None = None,
    ) -> Fault:
        """Do it, then cut the connection, or answer `status` as if it had failed."""
        name = "answer lost" if status is None else f"done, but status {status}"
        many = inf if times is None else times
        return self._plan(
            Fault(name, method, route, where, many, status=status, cut=status is None, after=True)
        )

    def slow(
        self,
        seconds: float,
        *,
        method: str | None = None,
        route: str = "",
        times: int | None = 1,
        where: Callable[[RequestRecord], bool] | None = None,
    ) -> Fault:
        """Wait `seconds` of real time, then do it."""
        return self._plan(
            Fault(f"{seconds:g} s late", method, route, where, inf if times is None else times, seconds)
        )

    def clear(self) -> None:
        self.planned.clear()

    def strike(self, record: RequestRecord) -> Fault | None:
        """The trouble for this request, if any was planned."""
        for fault in self.planned:
            if fault.matches(record):
                fault.struck += 1
                record.fault = fault.name
                return fault
        return None

    def _plan(self, fault: Fault) -> Fault:
        self.planned.append(fault)
        return fault
