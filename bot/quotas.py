"""Which limits hold for a request, what is left of them, and what admins change about them.

A member's allowance, for each unit and window on its own, is the first of: the one set for the user, the best of those
set for the member's roles, the one set for everyone, the owner's default. Pools (channel, server) and the owner's
ceilings hold on top of it. Counting is the ledger's: this module only names counters and limits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from bot.errors import InvalidRequest, QuotaExceeded
from bot.images import Place, Requester
from storage.errors import NoRoom
from storage.guilds import GuildRepository
from storage.ledger import Ledger
from storage.limits import LimitRepository
from storage.rows import Limit, LimitRow, RequestRow, Scope, Unit
from storage.windows import Window, day_of, renews_at, window_start

SubjectKind = Literal["user", "role", "everyone", "channel"]

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


_RANKS: tuple[Scope, ...] = ("user", "role", "everyone")


def _given(scope: Scope, amount: int | None) -> dict[Scope, int]:
    return {} if amount is None else {scope: amount}


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
        self._limits, self._ledger, self._guilds, self._defaults, self._now = (
            limits,
            ledger,
            guilds,
            defaults,
            now,
        )
        self._cache: dict[int, tuple[float, Sequence[LimitRow], ZoneInfo]] = {}

    async def day(self, guild_id: int) -> Day:
        _, zone = await self._of_guild(guild_id)
        now = self._now()
        return Day(zone=zone, local=day_of(now, zone), owner=day_of(now, UTC))

    async def limits_for(self, requester: Requester, place: Place) -> list[Limit]:
        """In the order in which a refusal should name them: the member's own first, the owner's ceilings last."""
        rows, _ = await self._of_guild(place.guild_id)
        day = await self.day(place.guild_id)
        channel, member = str(place.parent_channel_id or place.channel_id), f"user:{requester.user_id}"
        mine = [self._limit(rule, place.guild_id, member, day) for rule in self._allowances(rows, requester)]
        shared = [
            self._limit(
                _Rule("channel", row.unit, Window(row.window), row.amount),
                place.guild_id,
                f"channel:{channel}",
                day,
            )
            for row in rows
            if row.subject_kind == "channel" and row.subject_id == channel
        ]
        return mine + shared + self._ceilings(day)

    async def left_of(self, row: RequestRow) -> Sequence[Standing]:
        """What is left of the member's own limits under which this request was accepted."""
        limits = [Limit(**limit) for limit in row.limits]
        return [await self._standing(limit) for limit in limits if limit.subject.startswith("user:")]

    async def standing(self, requester: Requester, place: Place) -> list[Standing]:
        """The member's limits here and what is left of each; the owner's ceilings are not the members' business."""
        limits = [limit for limit in await self.limits_for(requester, place) if limit.scope != "owner"]
        return [await self._standing(limit) for limit in limits]

    async def set(
        self,
        guild_id: int,
        *,
        actor_id: int,
        kind: SubjectKind,
        subject_id: int,
        images: int | None,
        microusd: int | None,
        window: Window,
    ) -> dict[Unit, int]:
        """Write the limits that were given (images, micro-dollars), with an audit row each; the amounts they replace.

        Raises InvalidRequest when neither is given or one is negative.
        """
        wanted: list[tuple[Unit, int]] = []
        for unit, amount in zip(UNITS, (images, microusd), strict=True):
            if amount is None:
                continue
            if amount < 0:
                raise InvalidRequest(field=unit, problem="out_of_range", value=str(amount), allowed=["0…"])
            wanted.append((unit, amount))
        if not wanted:
            raise InvalidRequest(field="images", problem="missing", allowed=["images", "usd"])
        before: dict[Unit, int] = {}
        subject = str(subject_id) if subject_id else ""
        for unit, amount in wanted:
            was = await self._limits.set(guild_id, kind, subject, unit, window, amount, actor_id=actor_id)
            if was is not None:
                before[unit] = was
        self._cache.pop(guild_id, None)
        return before

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

    def _allowances(self, rows: Iterable[LimitRow], requester: Requester) -> list[_Rule]:
        """The one allowance that counts, for each unit and window that has any."""
        roles = {str(role_id) for role_id in requester.role_ids}
        ranked: dict[tuple[Unit, Window], dict[Scope, int]] = {
            ("images", Window.DAY): _given("everyone", self._defaults.images_per_day),
            ("usd", Window.MONTH): _given("everyone", self._defaults.microusd_per_month),
        }
        for row in rows:
            named = ranked.setdefault((row.unit, Window(row.window)), {})
            if row.subject_kind == "user" and row.subject_id == str(requester.user_id):
                named["user"] = row.amount
            elif row.subject_kind == "role" and row.subject_id in roles:
                named["role"] = max(row.amount, named.get("role", 0))
            elif row.subject_kind == "everyone":
                named["everyone"] = row.amount
        return [
            next(_Rule(scope, unit, window, named[scope]) for scope in _RANKS if scope in named)
            for (unit, window), named in sorted(ranked.items())
            if named
        ]

    def _ceilings(self, day: Day) -> list[Limit]:
        utc = Day(zone=ZoneInfo("UTC"), local=day.owner, owner=day.owner)
        ceilings = (
            (Window.DAY, self._defaults.owner_microusd_per_day),
            (Window.MONTH, self._defaults.owner_microusd_per_month),
        )
        return [
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
        return Standing(
            scope=limit.scope, unit=limit.unit, window=Window(limit.window), renews_at=limit.renews_at,
            amount=limit.amount + (counter.granted_images if images else counter.granted_microusd),
            used=counter.used_images if images else counter.used_microusd,
            reserved=counter.reserved_images if images else counter.reserved_microusd,
        )  # fmt: skip

    async def _of_guild(self, guild_id: int) -> tuple[Sequence[LimitRow], ZoneInfo]:
        cached = self._cache.get(guild_id)
        if cached and cached[0] > time.monotonic():
            return cached[1], cached[2]
        rows = await self._limits.all_of(guild_id)
        guild = await self._guilds.get(guild_id) if guild_id else None
        zone = ZoneInfo(guild.time_zone) if guild and guild.time_zone else ZoneInfo("UTC")
        self._cache[guild_id] = (time.monotonic() + _CACHE_SECONDS, rows, zone)
        return rows, zone
