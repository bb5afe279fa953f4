"""Settling, releasing, granting: integers that add up, once."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.errors import NoRoom
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import Booking, CounterKey, End, PictureCharge, Settled, Spent
from storage.windows import Window
from tests.storage.builders import (
    CHANNEL,
    GUILD,
    NOON,
    TODAY,
    USER,
    a_limit,
    charges,
    new_request,
)


def a_booking(**changes: object) -> Booking:
    values = {
        "reference": "grant-1",
        "kind": "grant",
        "guild_id": GUILD,
        "user_id": USER,
        "day": TODAY,
        "owner_day": TODAY,
        "at": NOON,
        "actor_id": 7,
    }
    return Booking(**{**values, **changes})  # type: ignore[arg-type] # the tests' own keywords


async def test_a_full_settlement_turns_the_reservation_into_use(
    requests: RequestRepository, ledger: Ledger
) -> None:
    row = new_request(count=2, estimate_microusd=100_001)
    await requests.accept(row, [a_limit(10), a_limit(10**9, unit="usd", subject="owner", scope="owner")])

    settled = await ledger.settle(row.id, charges(row, 40_000, 41_000), NOON + 9)

    assert settled == Settled(
        request_id=row.id,
        images=2,
        charged_microusd=81_000,
        cost_microusd=81_000,
        released_images=0,
        released_microusd=19_001,
    )
    stored = await requests.get(row.id)
    assert stored is not None
    assert (stored.made, stored.cost_microusd, stored.charged_microusd, stored.settled_at) == (
        2,
        81_000,
        81_000,
        NOON + 9,
    )
    for key in (CounterKey(GUILD, f"user:{USER}", "day", TODAY), CounterKey(0, "owner", "day", TODAY)):
        counter = await ledger.counter(*key)
        assert (counter.reserved_images, counter.reserved_microusd) == (0, 0)
        assert (counter.used_images, counter.used_microusd) == (2, 81_000)
    assert await ledger.verify() == []


async def test_settling_twice_does_nothing_the_second_time(
    requests: RequestRepository, ledger: Ledger
) -> None:
    row = new_request()
    await requests.accept(row, [a_limit(10)])
    answers = await asyncio.gather(*(ledger.settle(row.id, charges(row, 30_000), NOON) for _ in range(5)))
    assert sum(answer is not None for answer in answers) == 1
    assert await ledger.settle(row.id, [], NOON) is None
    counter = await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)
    assert (counter.used_images, counter.used_microusd, counter.reserved_images) == (1, 30_000, 0)
    assert await ledger.verify() == []


async def test_the_end_is_written_with_the_settlement_or_not_at_all(
    requests: RequestRepository, ledger: Ledger
) -> None:
    row = new_request()
    await requests.accept(row)
    end = End(
        state="failed", failure_kind="timeout", failure_facts={"provider": "demo"}, raw_error_code="504"
    )
    assert await ledger.settle(row.id, [], NOON, end=end) is not None
    assert await ledger.settle(row.id, [], NOON, end=End(state="rendered")) is None
    stored = await requests.get(row.id)
    assert stored is not None
    assert (stored.state, stored.failure_kind, stored.raw_error_code) == ("failed", "timeout", "504")
    assert stored.failure_facts == {"provider": "demo"}


async def test_an_unknown_request_cannot_be_settled(ledger: Ledger) -> None:
    assert await ledger.settle("img_nobodys", [], NOON) is None


async def test_what_did_not_come_out_is_released(requests: RequestRepository, ledger: Ledger) -> None:
    row = new_request(count=4, estimate_microusd=100)
    await requests.accept(row, [a_limit(4)])
    settled = await ledger.settle(row.id, charges(row, 25), NOON)
    assert settled is not None
    assert (settled.released_images, settled.released_microusd) == (3, 75)
    await requests.accept(new_request(2, count=3), [a_limit(4)])
    with pytest.raises(NoRoom):
        await requests.accept(new_request(3, count=1), [a_limit(4)])


async def test_a_failure_costs_the_member_nothing(requests: RequestRepository, ledger: Ledger) -> None:
    row = new_request()
    await requests.accept(row, [a_limit(10)])
    settled = await ledger.settle(row.id, [], NOON)
    assert settled is not None
    assert (settled.images, settled.charged_microusd, settled.released_microusd) == (0, 0, 100_000)
    assert await ledger.spent(GUILD, f"user:{USER}", TODAY, TODAY) == Spent()


async def test_the_member_pays_at_most_the_estimate_and_the_pools_pay_what_it_cost(
    requests: RequestRepository, ledger: Ledger
) -> None:
    row = new_request(count=2, estimate_microusd=100)
    await requests.accept(
        row, [a_limit(10**9, unit="usd"), a_limit(10**9, unit="usd", subject="owner", scope="owner")]
    )
    dear = [
        PictureCharge(image_id=f"{row.id}_1", member_microusd=70, pool_microusd=70),
        PictureCharge(image_id=f"{row.id}_2", member_microusd=70, pool_microusd=75),
    ]
    settled = await ledger.settle(row.id, dear, NOON)
    assert settled is not None
    assert (settled.charged_microusd, settled.cost_microusd) == (100, 145)
    assert (await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)).used_microusd == 100
    assert (await ledger.counter(0, "owner", "day", TODAY)).used_microusd == 145
    assert (await ledger.counter(0, "provider:demo", "month", "2026-11-01")).used_microusd == 145
    assert await ledger.verify() == []


async def test_more_pictures_than_were_asked_for_are_a_present(
    requests: RequestRepository, ledger: Ledger
) -> None:
    row = new_request(count=1, estimate_microusd=10)
    await requests.accept(row, [a_limit(1)])
    settled = await ledger.settle(row.id, charges(row, 10, 10), NOON)
    assert settled is not None
    assert (settled.images, settled.charged_microusd) == (2, 10)
    assert (await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)).used_images == 1
    assert await ledger.verify() == []


async def test_a_job_that_spans_midnight_settles_the_day_it_reserved(
    requests: RequestRepository, ledger: Ledger
) -> None:
    tomorrow = "2026-11-22"
    row = new_request(1)
    await requests.accept(row, [a_limit(2), a_limit(10**6, unit="usd", subject="owner", scope="owner")])
    await requests.accept(new_request(2, day=tomorrow), [a_limit(2, day=tomorrow)])
    await ledger.settle(row.id, charges(row, 10, 10), NOON + 86_400)
    assert (await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)).used_images == 2
    assert (await ledger.counter(GUILD, f"user:{USER}", "day", tomorrow)).used_images == 0
    assert await ledger.verify() == []


async def test_the_owners_day_is_not_the_servers(requests: RequestRepository, ledger: Ledger) -> None:
    early = new_request(day="2026-11-22", owner_day=TODAY)
    await requests.accept(
        early, [a_limit(10, day="2026-11-22"), a_limit(10**6, unit="usd", subject="owner", scope="owner")]
    )
    assert (await ledger.counter(0, "owner", "day", TODAY)).reserved_images == 2
    assert (await ledger.counter(0, "owner", "day", "2026-11-22")).reserved_images == 0
    assert await ledger.verify() == []


async def test_a_counter_that_outlives_its_limit_keeps_moving(
    requests: RequestRepository, ledger: Ledger
) -> None:
    await requests.accept(new_request(1), [a_limit(10)])
    await requests.accept(new_request(2))
    await ledger.settle(new_request(2).id, charges(new_request(2), 5), NOON)
    counter = await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)
    assert (counter.reserved_images, counter.used_images) == (2, 1)
    assert await ledger.verify() == []


async def test_a_grant_widens_the_members_limits_but_no_pool(
    requests: RequestRepository, ledger: Ledger
) -> None:
    await requests.accept(new_request(1), [a_limit(2)])
    assert await ledger.book(a_booking(images=2)) is True
    assert await ledger.book(a_booking(images=2)) is False
    await requests.accept(new_request(2), [a_limit(2), a_limit(10, window=Window.WEEK)])
    with pytest.raises(NoRoom) as caught:
        await requests.accept(new_request(3), [a_limit(2)])
    assert caught.value.limit.amount == 4
    with pytest.raises(NoRoom) as caught:
        await requests.accept(new_request(3), [a_limit(4, subject="server", scope="server")])
    assert caught.value.limit.amount == 4
    with pytest.raises(NoRoom):
        await requests.accept(new_request(4, day="2026-11-22"), [a_limit(1, day="2026-11-22")])
    assert await ledger.verify() == []


async def test_a_refund_gives_back_and_never_more_than_was_used(
    requests: RequestRepository, ledger: Ledger
) -> None:
    row = new_request()
    await requests.accept(row, [a_limit(10)])
    await ledger.settle(row.id, charges(row, 500, 500), NOON)
    refund = a_booking(
        reference=row.id, kind="refund", images=-1, microusd=-500, pool_microusd=0, request_id=row.id
    )
    assert await ledger.book(refund) is True
    counter = await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)
    assert (counter.used_images, counter.used_microusd) == (1, 500)
    with pytest.raises(IntegrityError):
        await ledger.book(a_booking(reference="twice", kind="refund", images=-2))
    assert await ledger.verify() == []


async def test_sums_are_there_without_a_counter(requests: RequestRepository, ledger: Ledger) -> None:
    for number, day in enumerate(("2026-10-31", "2026-11-16", "2026-11-20", TODAY)):
        row = new_request(number, day=day)
        await requests.accept(row)
        await ledger.settle(row.id, charges(row, 100), NOON)
    subject = f"user:{USER}"
    asked = [
        CounterKey(GUILD, subject, "day", TODAY),
        CounterKey(GUILD, subject, "week", "2026-11-16"),
        CounterKey(GUILD, subject, "month", "2026-11-01"),
        CounterKey(0, "provider:demo", "month", "2026-10-01"),
    ]
    assert [row.used_images for row in await ledger.counters(asked)] == [1, 3, 3, 1]
    assert (await ledger.usage(GUILD, USER, "2026-10-01", TODAY)).used_microusd == 400
    assert (await ledger.usage(GUILD, None, "2026-11-20", "2026-11-20")).used_images == 1
    assert (await ledger.spent(GUILD, f"channel:{CHANNEL}", TODAY, TODAY)).used_images == 1
    with pytest.raises(ValueError, match="no counter counts"):
        await ledger.spent(GUILD, "moon", TODAY, TODAY)


async def test_verify_finds_a_counter_that_was_tampered_with(
    database: Database, requests: RequestRepository, ledger: Ledger
) -> None:
    await requests.accept(new_request(), [a_limit(10)])
    tamper = text("UPDATE counters SET used_images = used_images + 1")
    await database.write(lambda connection: connection.execute(tamper))
    (difference,) = await ledger.verify()
    assert difference.key == CounterKey(GUILD, f"user:{USER}", "day", TODAY)
    assert (difference.counted.used_images, difference.booked.used_images) == (1, 0)


async def test_a_picture_belongs_to_one_settlement(requests: RequestRepository, ledger: Ledger) -> None:
    """The unique reference is the last guard: even a mistaken caller cannot charge one picture twice."""
    first, second = new_request(1), new_request(2)
    await requests.accept(first)
    await requests.accept(second)
    await ledger.settle(first.id, charges(first, 10), NOON)
    with pytest.raises(IntegrityError):
        await ledger.settle(second.id, charges(first, 10), NOON)
    stored = await requests.get(second.id)
    assert stored is not None
    assert stored.settled_at is None
