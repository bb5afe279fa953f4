"""Any history of roles, rules, midnights and crashes: the service's decisions, the ledger and a plain model agree.

Where `test_ledger_model` proves the counters, this proves what people see: the rules for users, roles, caps and
everyone, through the real service with a clock that stands at the night when clocks change.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.images import Place, Requester
from bot.quotas import Defaults, QuotaService
from storage.database import Database, open_database
from storage.errors import NoRoom
from storage.guilds import GuildRepository
from storage.ledger import Ledger
from storage.limits import LimitRepository
from storage.requests import RequestRepository
from storage.rows import NewRequest, PictureCharge
from storage.windows import Window
from tests.storage.builders import CHANNEL, GUILD, Clock, new_request
from tests.storage.postgres_server import PostgresServer

MEMBERS = (1, 2)
ROLES = (10, 20, 30)
DEFAULT_A_DAY = 3
PARIS = ZoneInfo("Europe/Paris")
# The evening before the clocks go forward: midnights, the night of 23 hours and the one of 25 are all within reach.
EVE = datetime(2026, 3, 28, 20, 0, tzinfo=PARIS).timestamp()

Subject = tuple[Literal["user", "role", "everyone"], int]
SUBJECTS: list[Subject] = [
    *(("user", member) for member in MEMBERS),
    *(("role", role) for role in ROLES),
    ("everyone", 0),
]


@dataclass
class Held:
    row: NewRequest
    pictures: int = 0
    is_open: bool = True


@dataclass
class Model:
    """What must be so, in the simplest terms."""

    roles: dict[int, set[int]] = field(default_factory=lambda: {member: set[int]() for member in MEMBERS})
    rules: dict[Subject, tuple[int, bool]] = field(default_factory=dict[Subject, tuple[int, bool]])
    pool: int | None = None
    requests: list[Held] = field(default_factory=list[Held])
    given: list[tuple[int, str, int, bool]] = field(default_factory=list[tuple[int, str, int, bool]])
    """(member, day, images, whether by a reset)."""

    def allowance(self, member: int) -> int:
        """As the written rule says: user, else best role, else everyone; a cap lowers the latter two."""
        if (mine := self.rules.get(("user", member))) is not None:
            return mine[0]
        mine = [self.rules[("role", role)] for role in self.roles[member] if ("role", role) in self.rules]
        ordinary = [amount for amount, cap in mine if not cap]
        caps = [amount for amount, cap in mine if cap]
        everyone = self.rules.get(("everyone", 0), (DEFAULT_A_DAY, False))[0]
        best = max(ordinary) if ordinary else everyone
        return min([best, *caps])

    def used(self, member: int | None, day: str) -> int:
        return sum(
            held.row.count if held.is_open else held.pictures
            for held in self.requests
            if held.row.day == day and member in (None, held.row.user_id)
        )

    def granted(self, member: int, day: str) -> int:
        return sum(images for who, when, images, _ in self.given if (who, when) == (member, day))

    def room(self, member: int, day: str) -> int:
        own = self.allowance(member) + self.granted(member, day) - self.used(member, day)
        return own if self.pool is None else min(own, self.pool - self.used(None, day))


class QuotaMachine(RuleBasedStateMachine):
    def __init__(self, connect: Callable[[], str]) -> None:
        super().__init__()
        self.runner, self.url, self.clock = asyncio.Runner(), connect(), Clock(EVE)
        self.model, self.number = Model(), 0
        self.open()
        self.runner.run(self.guilds.upsert(GUILD, "Studio", "fr"))
        self.runner.run(self.guilds.change(GUILD, actor_id=7, time_zone="Europe/Paris"))

    def open(self) -> None:
        self.opened = open_database(self.url, clock=self.clock)
        self.database: Database = self.runner.run(self.opened.__aenter__())
        self.repository, self.ledger = RequestRepository(self.database), Ledger(self.database)
        self.guilds = GuildRepository(self.database)
        self.quotas = QuotaService(
            LimitRepository(self.database), self.ledger, self.guilds, Defaults(images_per_day=DEFAULT_A_DAY),
            now=self.clock,
        )  # fmt: skip

    def teardown(self) -> None:
        self.runner.run(self.opened.__aexit__(None, None, None))
        self.runner.close()

    @property
    def today(self) -> str:
        return datetime.fromtimestamp(self.clock.now, PARIS).date().isoformat()

    def who(self, member: int) -> Requester:
        return Requester(user_id=member, name="m", role_ids=tuple(sorted(self.model.roles[member])))

    @rule(member=st.sampled_from(MEMBERS), count=st.integers(1, 3))
    def accept(self, member: int, count: int) -> None:
        place = Place(guild_id=GUILD, channel_id=CHANNEL)
        limits = self.runner.run(self.quotas.limits_for(self.who(member), place))
        day = self.runner.run(self.quotas.day(GUILD))
        assert day.local.isoformat() == self.today
        self.number += 1
        row = new_request(
            self.number, user_id=member, count=count, estimate_microusd=0, day=day.local.isoformat(),
            owner_day=day.owner.isoformat(),
        )  # fmt: skip
        fits = self.model.room(member, self.today) >= count
        try:
            self.runner.run(self.repository.accept(row, limits))
        except NoRoom as refusal:
            assert not fits
            assert refusal.limit.renews_at > self.clock.now  # noqa: PT017
        else:
            assert fits
            self.model.requests.append(Held(row))

    @precondition(lambda self: any(held.is_open for held in self.model.requests))
    @rule(data=st.data(), made=st.integers(0, 3))
    def settle_or_release(self, data: st.DataObject, made: int) -> None:
        """In the window that it was reserved in, however many midnights ago; 0 pictures release it all."""
        held = data.draw(st.sampled_from([held for held in self.model.requests if held.is_open]))
        held.pictures, held.is_open = min(made, held.row.count), False
        charges = [
            PictureCharge(image_id=f"{held.row.id}_{number}", member_microusd=0, pool_microusd=0)
            for number in range(1, held.pictures + 1)
        ]
        assert self.runner.run(self.ledger.settle(held.row.id, charges, self.clock.now)) is not None

    @rule(subject=st.sampled_from(SUBJECTS), amount=st.integers(0, 6), cap=st.booleans())
    def set_rule(self, subject: Subject, amount: int, cap: bool) -> None:
        kind, number = subject
        cap = cap and kind == "role"
        self.runner.run(
            self.quotas.set(
                GUILD,
                actor_id=7,
                kind=kind,
                subject_id=number,
                images=amount,
                microusd=None,
                window=Window.DAY,
                cap=cap,
            )
        )
        self.model.rules[subject] = (amount, cap)

    @precondition(lambda self: self.model.rules)
    @rule(data=st.data())
    def remove_rule(self, data: st.DataObject) -> None:
        subject = data.draw(st.sampled_from(sorted(self.model.rules)))
        self.runner.run(self.quotas.remove(GUILD, actor_id=7, kind=subject[0], subject_id=subject[1]))
        del self.model.rules[subject]

    @rule(amount=st.one_of(st.none(), st.integers(0, 12)))
    def change_pool(self, amount: int | None) -> None:
        self.runner.run(self.quotas.remove(GUILD, actor_id=7, kind="server", subject_id=0))
        if amount is not None:
            self.runner.run(
                self.quotas.set(
                    GUILD,
                    actor_id=7,
                    kind="server",
                    subject_id=0,
                    images=amount,
                    microusd=None,
                    window=Window.DAY,
                )
            )
        self.model.pool = amount

    @rule(member=st.sampled_from(MEMBERS), role=st.sampled_from(ROLES))
    def role_change(self, member: int, role: int) -> None:
        self.model.roles[member] ^= {role}

    @rule(member=st.sampled_from(MEMBERS), images=st.integers(1, 3))
    def grant(self, member: int, images: int) -> None:
        reference = f"grant {len(self.model.given)}"
        for expected in (True, False):  # the same event twice is one grant
            booked = self.runner.run(
                self.quotas.grant(GUILD, member, actor_id=7, images=images, reference=reference)
            )
            assert booked is expected
        self.model.given.append((member, self.today, images, False))

    @rule(member=st.sampled_from(MEMBERS))
    def reset(self, member: int) -> None:
        """Gives back what was used and not given back before; what is under way stays reserved."""
        self.runner.run(self.quotas.reset(GUILD, member, actor_id=7))
        month = self.today[:7]
        monday = date.fromisoformat(self.today)
        first = min(date.fromordinal(monday.toordinal() - monday.weekday()).isoformat(), f"{month}-01")
        days = {held.row.day for held in self.model.requests if first <= held.row.day <= self.today}
        for day in days:
            used = sum(
                held.pictures
                for held in self.model.requests
                if (held.row.user_id, held.row.day, held.is_open) == (member, day, False)
            )
            given = sum(
                images
                for who, when, images, by_reset in self.model.given
                if (who, when, by_reset) == (member, day, True)
            )
            self.model.given.append((member, day, used - given, True))

    @rule(hours=st.sampled_from([1, 4, 5, 23, 24, 25, 200 * 24]))
    def time_passes(self, hours: int) -> None:
        """Over midnights, the nights of 23 and 25 hours, into other months."""
        self.clock.now += hours * 3600

    @rule()
    def crash(self) -> None:
        """What was committed is there for the next process, and nothing else is."""
        self.runner.run(self.opened.__aexit__(None, None, None))
        self.open()

    @invariant()
    def the_ledger_adds_up_and_people_see_what_is_so(self) -> None:
        assert self.runner.run(self.ledger.verify()) == []
        for member in MEMBERS:
            place = Place(guild_id=GUILD, channel_id=CHANNEL)
            explanation = self.runner.run(self.quotas.explain(self.who(member), place))
            (reason,) = explanation.reasons
            assert reason.decision.amount == self.model.allowance(member)
            assert reason.standing is not None
            own = (
                self.model.allowance(member)
                + self.model.granted(member, self.today)
                - self.model.used(member, self.today)
            )
            assert reason.standing.left == max(0, own)
            by_hand = sum(
                images
                for who, day, images, by_reset in self.model.given
                if (who, day, by_reset) == (member, self.today, False)
            )
            assert reason.standing.amount == reason.decision.amount + by_hand, (
                "a reset is no allowance to people"
            )


def run(connect: Callable[[], str], *, examples: int) -> None:
    class Machine(QuotaMachine):
        def __init__(self) -> None:
            super().__init__(connect)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )  # fmt: skip


def test_any_history_of_rules_is_decided_as_written_on_sqlite(migrated_file: Path, tmp_path: Path) -> None:
    def connect() -> str:
        folder = tempfile.mkdtemp(dir=tmp_path)
        return f"sqlite:///{shutil.copy(migrated_file, folder)}"

    run(connect, examples=40)


def test_any_history_of_rules_is_decided_as_written_on_postgres(postgres: PostgresServer) -> None:
    run(postgres.fresh_database, examples=6)
