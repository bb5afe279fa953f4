"""Any order of acceptances, settlements, grants, limits and midnights: a plain list of bookings says what must be."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from storage.database import Database, open_database
from storage.errors import NoRoom
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import Booking, Hold, Limit, NewRequest, PictureCharge
from storage.windows import Window, window_end, window_start
from tests.storage.builders import CHANNEL, GUILD, NOON, TODAY, a_limit, new_request
from tests.storage.postgres_server import PostgresServer

MEMBERS = st.sampled_from([1, 2])
CHANNELS = st.sampled_from([CHANNEL, CHANNEL + 1])
MAKERS = ["demo", "gemini", "replicate"]
STRANGERS = {f"provider:{name}" for name in MAKERS[1:]}
WINDOWS = st.sampled_from(list(Window))


@dataclass
class Held:
    """What the model knows of one accepted request."""

    row: NewRequest
    charged: int = 0
    costs: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Who made each picture that came out, and for how much."""
    moved: dict[int, tuple[str, int]] = field(default_factory=dict[int, tuple[str, int]])
    """The pictures that somebody else is to make, and for at most how much."""
    asked: set[str] = field(default_factory=set[str])
    is_open: bool = True

    def at(self, provider: str | None) -> tuple[int, int]:
        """Images and micro-dollars that count for a provider, or with None for everybody else."""
        if not self.is_open:
            made = [cost for maker, cost in self.costs if provider in (None, maker)]
            return len(made), sum(made)
        moved = [most for maker, most in self.moved.values() if provider in (None, maker)]
        if provider not in (None, self.row.provider):
            return len(moved), sum(moved)
        if provider is None:
            return self.row.count, self.row.estimate_microusd
        gone = [most for _, most in self.moved.values()]
        return self.row.count - len(gone), self.row.estimate_microusd - sum(gone)


@dataclass
class Model:
    requests: list[Held] = field(default_factory=list[Held])
    grants: list[Booking] = field(default_factory=list[Booking])

    def room(self, limit: Limit) -> int:
        """How much of `limit` is left."""
        kind, _, identity = limit.subject.partition(":")
        start = date.fromisoformat(limit.window_start)
        end = window_end(Window(limit.window), start)

        def counts(row: NewRequest | Booking, day: str) -> bool:
            whose = {
                "user": str(row.user_id) == identity,
                "channel": str(row.channel_id) == identity,
            }
            return whose.get(kind, True) and start <= date.fromisoformat(day) < end

        is_owners = kind in ("owner", "provider")
        total = limit.amount
        for held in self.requests:
            if counts(held.row, held.row.owner_day if is_owners else held.row.day):
                images, microusd = held.at(identity if kind == "provider" else None)
                if kind == "user" and not held.is_open:
                    microusd = held.charged
                total -= images if limit.unit == "images" else microusd
        for grant in self.grants:
            if kind == "user" and counts(grant, grant.day):
                total += grant.images if limit.unit == "images" else grant.microusd
        return total


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self, connect: Callable[[], str]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.opened = open_database(connect())
        self.database: Database = self.runner.run(self.opened.__aenter__())
        self.repository, self.ledger = RequestRepository(self.database), Ledger(self.database)
        self.model = Model()
        self.limits: dict[tuple[str, str, str], int] = {}
        self.day = self.owner_day = date.fromisoformat(TODAY)
        self.number = 0

    def teardown(self) -> None:
        self.runner.run(self.opened.__aexit__(None, None, None))
        self.runner.close()

    @rule(member=MEMBERS, channel=CHANNELS, count=st.integers(1, 4), estimate=st.integers(0, 100))
    def accept(self, member: int, channel: int, count: int, estimate: int) -> None:
        self.number += 1
        row = new_request(
            self.number,
            user_id=member,
            channel_id=channel,
            count=count,
            estimate_microusd=estimate,
            day=self.day.isoformat(),
            owner_day=self.owner_day.isoformat(),
        )
        limits = [limit for limit in self.limits_for(row) if limit.subject not in STRANGERS]
        asked = [(limit, row.count if limit.unit == "images" else row.estimate_microusd) for limit in limits]
        expected = next((limit for limit, amount in asked if self.model.room(limit) < amount), None)
        refusal = self.refused(row, limits)
        if expected is None:
            assert refusal is None
            self.model.requests.append(Held(row))
        else:
            assert refusal is not None
            assert (refusal.limit.key, refusal.limit.unit) == (expected.key, expected.unit)
            assert refusal.limit.amount - refusal.used - refusal.reserved == self.model.room(expected)

    @precondition(lambda self: any(held.is_open for held in self.model.requests))
    @rule(data=st.data(), maker=st.sampled_from(MAKERS[1:]), share=st.integers(0, 100))
    def hold(self, data: st.DataObject, maker: str, share: int) -> None:
        held = data.draw(st.sampled_from([held for held in self.model.requests if held.is_open]))
        number = data.draw(st.integers(1, held.row.count))
        most = held.row.estimate_microusd // held.row.count * share // 100
        wish = Hold(request_id=held.row.id, first=number, provider=maker, images=1, microusd=most)
        limits = [limit for limit in self.limits_for(held.row) if limit.subject == f"provider:{maker}"]
        is_there = held.moved.get(number, ("", 0))[0] == maker
        asked = [(limit, 1 if limit.unit == "images" else most) for limit in limits]
        fits = is_there or all(self.model.room(limit) >= amount for limit, amount in asked)
        try:
            assert self.runner.run(self.ledger.hold(wish, limits, NOON))
        except NoRoom:
            assert not fits
        else:
            assert fits
            held.asked.add(maker)
            if not is_there:
                held.moved[number] = (maker, most)

    @precondition(lambda self: any(held.is_open for held in self.model.requests))
    @rule(data=st.data(), costs=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4))
    def settle(self, data: st.DataObject, costs: list[tuple[int, int]]) -> None:
        held = data.draw(st.sampled_from([held for held in self.model.requests if held.is_open]))
        costs = costs[: held.row.count]
        makers = [data.draw(st.sampled_from(MAKERS)) for _ in costs]
        charges = [
            PictureCharge(
                image_id=f"{held.row.id}_{number}", member_microusd=member, pool_microusd=pool, provider=maker
            )
            for number, ((member, pool), maker) in enumerate(zip(costs, makers, strict=True), 1)
        ]
        assert self.runner.run(self.ledger.settle(held.row.id, charges, NOON)) is not None
        held.is_open = False
        held.costs = [
            (maker if maker in held.asked else held.row.provider, pool)
            for maker, (_, pool) in zip(makers, costs, strict=True)
        ]
        held.charged = min(sum(member for member, _ in costs), held.row.estimate_microusd)

    @precondition(lambda self: any(not held.is_open for held in self.model.requests))
    @rule(data=st.data())
    def settle_again(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from([held for held in self.model.requests if not held.is_open]))
        assert self.runner.run(self.ledger.settle(held.row.id, [], NOON)) is None

    @rule(
        subject=st.sampled_from(
            [
                "user:1",
                "user:2",
                "server",
                f"channel:{CHANNEL}",
                "owner",
                *(f"provider:{name}" for name in MAKERS),
            ]
        ),
        unit=st.sampled_from(["images", "usd"]),
        window=WINDOWS,
        amount=st.integers(0, 200),
    )
    def set_limit(self, subject: str, unit: str, window: Window, amount: int) -> None:
        self.limits[(subject, unit, window.value)] = amount // 10 if unit == "images" else amount

    @precondition(lambda self: self.limits)
    @rule(data=st.data())
    def remove_limit(self, data: st.DataObject) -> None:
        del self.limits[data.draw(st.sampled_from(sorted(self.limits)))]

    @rule(member=MEMBERS, images=st.integers(0, 3), microusd=st.integers(0, 50))
    def grant(self, member: int, images: int, microusd: int) -> None:
        booking = Booking(
            reference=f"grant {len(self.model.grants)}",
            kind="grant",
            guild_id=GUILD,
            user_id=member,
            day=self.day.isoformat(),
            owner_day=self.owner_day.isoformat(),
            images=images,
            microusd=microusd,
            at=NOON,
        )
        assert self.runner.run(self.ledger.book(booking)) is True
        self.model.grants.append(booking)

    @rule(days=st.integers(1, 12), is_local_first=st.booleans())
    def midnight(self, days: int, is_local_first: bool) -> None:
        self.owner_day += timedelta(days=days)
        self.day = self.owner_day + timedelta(days=int(is_local_first))

    @invariant()
    def counters_are_the_ledgers_sums(self) -> None:
        assert self.runner.run(self.ledger.verify()) == []

    def refused(self, row: NewRequest, limits: list[Limit]) -> NoRoom | None:
        try:
            self.runner.run(self.repository.accept(row, limits))
        except NoRoom as refusal:
            return refusal
        return None

    def limits_for(self, row: NewRequest) -> list[Limit]:
        mine = {f"user:{row.user_id}": "everyone", f"channel:{row.channel_id}": "channel", "server": "server"}
        theirs = {"owner": "owner", **{f"provider:{name}": "provider" for name in MAKERS}}
        limits: list[Limit] = []
        for (subject, unit, window), amount in sorted(self.limits.items()):
            scope = {**mine, **theirs}.get(subject)
            if scope is not None:
                day = row.owner_day if subject in theirs else row.day
                start = window_start(Window(window), date.fromisoformat(day)).isoformat()
                limits.append(
                    a_limit(amount, unit=unit, window=Window(window), subject=subject, scope=scope, day=start)  # type: ignore[arg-type] # keys of the dictionaries above
                )
        return limits


def run(connect: Callable[[], str], *, examples: int) -> None:
    class Machine(LedgerMachine):
        def __init__(self) -> None:
            super().__init__(connect)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


def test_any_history_adds_up_on_sqlite(migrated_file: Path, tmp_path: Path) -> None:
    def connect() -> str:
        folder = tempfile.mkdtemp(dir=tmp_path)
        return f"sqlite:///{shutil.copy(migrated_file, folder)}"

    run(connect, examples=40)


def test_any_history_adds_up_on_postgres(postgres: PostgresServer) -> None:
    run(postgres.fresh_database, examples=8)
