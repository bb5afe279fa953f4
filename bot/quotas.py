"""Which limits hold for a request, what is left of them, and what admins change about them.

Which rule holds for a member is `rules`' to decide; pools (channel, server, provider) and the owner's ceilings hold on
top of it. Counting is the ledger's: this module only names counters and limits.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from bot.errors import InvalidRequest, QuotaExceeded
from bot.images import Place, Requester
from bot.rules import Decision, decide, decisions, is_exempt
from storage.errors import NoRoom
from storage.guilds import GuildRepository
from storage.ledger import Ledger
from storage.limits import LimitRepository
from storage.rows import Booking, Limit, LimitRow, Pace, RequestRow, Rule, Scope, Spent, Unit
from storage.windows import Window, day_of, renews_at, window_start

SubjectKind = Literal["user", "role", "everyone", "channel", "server", "provider"]

UNITS: tuple[Unit, ...] = ("images", "usd")

_CACHE_SECONDS = 5.0
"""How long another process may go on with limits that an admin has just changed."""


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """The owner's settings: a member's defaults in images a day and micro-dollars a month, and the owner's ceilings."""

    images_per_day: int | None = None
    microusd_per_month: int | None = None
    owner_microusd_per_day: int | None = None
    owner_microusd_per_month: int | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One limit and how much of it is gone; images, or micro-dollars when `unit` is `usd`."""

    scope: str
    unit: Unit
    window: Window
    amount: int
    used: int
    reserved: int
    renews_at: int
    subject: str = ""
    """Whose counter it is, as the ledger names it: `user:ID`, `channel:ID`, `server`, `provider:NAME` or `owner`."""

    @property
    def left(self) -> int:
        return max(0, self.amount - self.used - self.reserved)


@dataclass(frozen=True, kw_only=True)
class Day:
    """The dates that a reservation counts for: in the guild's zone and, for the owner's ceilings, in UTC."""

    zone: ZoneInfo
    local: date
    owner: date


class _Rule(NamedTuple):
    scope: Scope
    unit: Unit
    window: Window
    amount: int


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One line of an explanation: the rule that holds, and what is left where it counts something."""

    decision: Decision
    standing: Standing | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """All that decides what a member may do somewhere, pools included."""

    exempt: bool
    reasons: Sequence[Reason]
    pools: Sequence[Standing]


_UTC = ZoneInfo("UTC")


class QuotaService:
    def __init__(
        self,
        limits: LimitRepository,
        ledger: Ledger,
        guilds: GuildRepository,
        defaults: Defaults,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._limits, self._ledger, self._guilds = limits, ledger, guilds
        self._defaults, self._now = defaults, now
        self._cache: dict[int, tuple[float, Sequence[LimitRow], ZoneInfo]] = {}

    async def day(self, guild_id: int) -> Day:
        _, zone = await self._of_guild(guild_id)
        now = self._now()
        return Day(zone=zone, local=day_of(now, zone), owner=day_of(now, UTC))

    async def limits_for(
        self, requester: Requester, place: Place, *, provider: str | None = None, payer: str | None = None
    ) -> list[Limit]:
        """In the order in which a refusal should name them: the member's own first, the owner's ceilings last.

        With the server's own key (`payer` `guild:ID`) nothing of the owner's holds; with the member's own nothing does.
        """
        if payer is not None and payer.startswith("user:"):
            return []
        rows, _ = await self._of_guild(place.guild_id)
        day = await self.day(place.guild_id)
        member = f"user:{requester.user_id}"
        mine = [
            self._limit(_rule_of(decision), place.guild_id, member, day)
            for decision in decisions(rows, requester, defaults={} if payer else self._default_rules())
        ]
        shared = self._pools(rows, place, day)
        return mine + shared if payer else mine + shared + await self._ceilings(day, provider)

    async def pace_for(self, requester: Requester, place: Place) -> Pace | None:
        """How many at once and how long a pause, where admins set that for this member."""
        rows, _ = await self._of_guild(place.guild_id)
        if is_exempt(rows, requester):
            return None
        jobs, cooldown = decide(rows, requester, "jobs"), decide(rows, requester, "cooldown")
        if jobs is None and cooldown is None:
            return None
        return Pace(
            at_once=jobs.amount if jobs else None, cooldown_seconds=cooldown.amount if cooldown else None
        )

    async def price_ceiling(self, requester: Requester, place: Place) -> Decision | None:
        """What one picture may cost this member, in micro-dollars."""
        rows, _ = await self._of_guild(place.guild_id)
        return decide(rows, requester, "price")

    async def explain(self, requester: Requester, place: Place) -> Explanation:
        rows, _ = await self._of_guild(place.guild_id)
        day = await self.day(place.guild_id)
        exempt = is_exempt(rows, requester)
        reasons: list[Reason] = []
        for decision in decisions(rows, requester, defaults=self._default_rules()):
            limit = self._limit(_rule_of(decision), place.guild_id, f"user:{requester.user_id}", day)
            reasons.append(Reason(decision=decision, standing=await self._standing(limit)))
        others: tuple[Rule, ...] = ("exempt", "price") if exempt else ("price", "jobs", "cooldown")
        for rule in others:
            if (decision := decide(rows, requester, rule)) is not None:
                reasons.append(Reason(decision=decision, standing=None))
        pools = [await self._standing(limit) for limit in self._pools(rows, place, day)]
        return Explanation(exempt=exempt, reasons=reasons, pools=pools)

    async def left_of(self, row: RequestRow) -> Sequence[Standing]:
        """What is left of the member's own limits under which this request was accepted."""
        limits = [Limit(**limit) for limit in row.limits]
        return [await self._standing(limit) for limit in limits if limit.subject.startswith("user:")]

    async def standing(self, requester: Requester, place: Place) -> list[Standing]:
        """The member's limits here and what is left of each; the owner's ceilings are not the members' business."""
        limits = await self.limits_for(requester, place)
        return [await self._standing(limit) for limit in limits if limit.scope not in ("owner", "provider")]

    async def budgets(self, guild_id: int, *, channel_id: int = 0) -> list[Standing]:
        """The server's own pools and how much of each is gone; with a channel its share as well."""
        rows, _ = await self._of_guild(guild_id)
        day = await self.day(guild_id)
        limits = self._pools(rows, Place(guild_id=guild_id, channel_id=channel_id), day)
        return [await self._standing(limit) for limit in limits]

    async def ceilings(self, provider: str | None = None) -> list[Standing]:
        """What the owner set above every server, for one provider or all of them, and how much of each is gone."""
        day = await self.day(0)
        rows, _ = await self._of_guild(0)
        named = {row.subject_id: None for row in rows if row.subject_kind == "provider"}
        limits = [
            limit
            for name in ([provider] if provider else named)
            for limit in await self._ceilings(day, name)
            if limit.scope == "provider"
        ]
        if provider is None:
            limits += [limit for limit in await self._ceilings(day, None) if limit.scope == "owner"]
        return [await self._standing(limit) for limit in limits]

    async def set(
        self,
        guild_id: int,
        *,
        actor_id: int,
        kind: SubjectKind,
        subject_id: int | str,
        images: int | None,
        microusd: int | None,
        window: Window,
        cap: bool = False,
    ) -> dict[Unit, int]:
        """Write the limits that were given (images, micro-dollars), with an audit row each; the amounts they replace.

        Raises InvalidRequest when neither is given or one is negative.
        """
        given: list[tuple[Unit, int]] = []
        if images is not None:
            given.append(("images", images))
        if microusd is not None:
            given.append(("usd", microusd))
        if not given:
            raise InvalidRequest(field="images", problem="missing", allowed=["images", "usd"])
        if cap and kind != "role":
            raise InvalidRequest(field="cap", problem="only_with", allowed=["role"])
        before: dict[Unit, int] = {}
        for unit, amount in given:
            was = await self.set_rule(
                guild_id, actor_id=actor_id, kind=kind, subject_id=subject_id, rule=unit, window=window,
                amount=amount, cap=cap,
            )  # fmt: skip
            if was is not None:
                before[unit] = was
        return before

    async def set_rule(
        self,
        guild_id: int,
        *,
        actor_id: int,
        kind: SubjectKind,
        subject_id: int | str,
        rule: Rule,
        amount: int,
        window: str = "",
        cap: bool = False,
    ) -> int | None:
        """Write one rule; the amount that it replaces. Raises InvalidRequest for a negative one."""
        if amount < 0:
            raise InvalidRequest(field=rule, problem="out_of_range", value=str(amount), allowed=["0…"])
        subject = str(subject_id) if subject_id else ""
        was = await self._limits.set(
            guild_id, kind, subject, rule, str(window), amount, actor_id=actor_id, cap=cap
        )
        self.forget(guild_id)
        return was

    async def remove(
        self, guild_id: int, *, actor_id: int, kind: SubjectKind, subject_id: int | str
    ) -> list[LimitRow]:
        """Take away every rule of a subject, each with its audit row; those that were there."""
        subject = str(subject_id) if subject_id else ""
        rows = [
            row
            for row in await self._limits.all_of(guild_id)
            if (row.subject_kind, row.subject_id) == (kind, subject)
        ]
        for row in rows:
            await self._limits.remove(guild_id, kind, subject, row.unit, row.window, actor_id=actor_id)
        self.forget(guild_id)
        return rows

    async def copy(
        self,
        guild_id: int,
        source: tuple[SubjectKind, int],
        target: tuple[SubjectKind, int],
        *,
        actor_id: int,
    ) -> int:
        """Give one role or member the rules of another; how many there were."""
        from_whom, to_whom = _named(*source), _named(*target)
        copied = await self._limits.copy(guild_id, from_whom, to_whom, actor_id=actor_id)
        self.forget(guild_id)
        return copied

    async def grant(
        self,
        guild_id: int,
        user_id: int,
        *,
        actor_id: int,
        images: int = 0,
        microusd: int = 0,
        reference: str | None = None,
        note: str | None = None,
    ) -> bool:
        """Widen a member's own limits in the windows of today; False when `reference` was booked before."""
        booking = await self._booking(
            guild_id, user_id, actor_id, reference or f"grant:{secrets.token_hex(8)}"
        )
        return await self._ledger.book(replace(booking, images=images, microusd=microusd, note=note))

    async def reset(self, guild_id: int, user_id: int, *, actor_id: int) -> Spent:
        """Give a member back what they used today, this week and this month; what that was."""
        booking = await self._booking(guild_id, user_id, actor_id, f"reset:{secrets.token_hex(8)}")
        today = date.fromisoformat(booking.day)
        first = min(window_start(Window.WEEK, today), window_start(Window.MONTH, today))
        return await self._ledger.reset(booking, first.isoformat(), booking.day)

    async def list(self, guild_id: int) -> Sequence[LimitRow]:
        return await self._limits.all_of(guild_id)

    def exceeded(self, refusal: NoRoom) -> QuotaExceeded:
        """The ledger's refusal as an error that the edge can word."""
        limit = refusal.limit
        return QuotaExceeded(
            scope=limit.scope, unit=limit.unit, limit=limit.amount, used=refusal.used, reserved=refusal.reserved,
            asked=refusal.asked, window=limit.window, renews_at=limit.renews_at,
        )  # fmt: skip

    def forget(self, guild_id: int) -> None:
        self._cache.pop(guild_id, None)

    async def _booking(self, guild_id: int, user_id: int, actor_id: int, reference: str) -> Booking:
        day = await self.day(guild_id)
        return Booking(
            reference=reference, kind="grant", guild_id=guild_id, user_id=user_id, day=day.local.isoformat(),
            owner_day=day.owner.isoformat(), at=self._now(), actor_id=actor_id,
        )  # fmt: skip

    def _default_rules(self) -> dict[tuple[Rule, str], int]:
        said: dict[tuple[Rule, str], int | None] = {
            ("images", Window.DAY.value): self._defaults.images_per_day,
            ("usd", Window.MONTH.value): self._defaults.microusd_per_month,
        }
        return {key: amount for key, amount in said.items() if amount is not None}

    def _pools(self, rows: Sequence[LimitRow], place: Place, day: Day) -> list[Limit]:
        """The channel's and the server's shares that hold here."""
        channel = str(place.parent_channel_id or place.channel_id)
        subjects: dict[tuple[Scope, str], str] = {
            ("channel", channel): f"channel:{channel}",
            ("server", ""): "server",
        }
        return [
            self._limit(
                _Rule(row.subject_kind, row.unit, Window(row.window), row.amount),
                place.guild_id,
                subject,
                day,
            )
            for row in rows
            if row.unit in ("images", "usd")
            and (subject := subjects.get((row.subject_kind, row.subject_id))) is not None
        ]

    async def provider_ceilings(self, provider: str | None) -> list[Limit]:
        """What the owner allows a provider, whoever asks."""
        day = await self.day(0)
        utc = Day(zone=_UTC, local=day.owner, owner=day.owner)
        rows, _ = await self._of_guild(0)
        return [
            self._limit(
                _Rule("provider", row.unit, Window(row.window), row.amount), 0, f"provider:{provider}", utc
            )
            for row in rows
            if row.unit in ("images", "usd") and (row.subject_kind, row.subject_id) == ("provider", provider)
        ]

    async def _ceilings(self, day: Day, provider: str | None) -> list[Limit]:
        """What the owner set above every server: for a provider, and for everything."""
        utc = Day(zone=_UTC, local=day.owner, owner=day.owner)
        providers = await self.provider_ceilings(provider)
        ceilings = (
            (Window.DAY, self._defaults.owner_microusd_per_day),
            (Window.MONTH, self._defaults.owner_microusd_per_month),
        )
        return providers + [
            self._limit(_Rule("owner", "usd", window, amount), 0, "owner", utc)
            for window, amount in ceilings
            if amount is not None
        ]

    def _limit(self, rule: _Rule, guild_id: int, subject: str, day: Day) -> Limit:
        return Limit(
            scope=rule.scope,
            guild_id=guild_id,
            subject=subject,
            unit=rule.unit,
            window=rule.window,
            window_start=window_start(rule.window, day.local).isoformat(),
            amount=rule.amount,
            renews_at=renews_at(rule.window, day.local, day.zone),
        )

    async def _standing(self, limit: Limit) -> Standing:
        counter = await self._ledger.counter(limit.guild_id, limit.subject, limit.window, limit.window_start)
        images = limit.unit == "images"
        given_back = counter.given_back_images if images else counter.given_back_microusd
        return Standing(
            scope=limit.scope, unit=limit.unit, window=Window(limit.window), renews_at=limit.renews_at,
            subject=limit.subject,
            amount=limit.amount + (counter.granted_images if images else counter.granted_microusd) - given_back,
            used=(counter.used_images if images else counter.used_microusd) - given_back,
            reserved=counter.reserved_images if images else counter.reserved_microusd,
        )  # fmt: skip

    async def _of_guild(self, guild_id: int) -> tuple[Sequence[LimitRow], ZoneInfo]:
        cached = self._cache.get(guild_id)
        if cached and cached[0] > time.monotonic():
            return cached[1], cached[2]
        rows = await self._limits.all_of(guild_id)
        guild = await self._guilds.get(guild_id) if guild_id else None
        zone = ZoneInfo(guild.time_zone) if guild and guild.time_zone else _UTC
        self._cache[guild_id] = (time.monotonic() + _CACHE_SECONDS, rows, zone)
        return rows, zone


def _rule_of(decision: Decision) -> _Rule:
    assert decision.rule in ("images", "usd")
    return _Rule(decision.scope, decision.rule, Window(decision.window), decision.amount)


def _named(kind: SubjectKind, subject: int) -> tuple[Scope, str]:
    return kind, str(subject) if subject else ""
