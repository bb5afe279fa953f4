"""A part of a reservation in another provider's pool: moved exactly, refused where that pool is full, settled there."""

from __future__ import annotations

import asyncio

import pytest

from storage.errors import NoRoom
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import Hold, Limit, NewRequest, PictureCharge, Spent
from tests.storage.builders import NOON, TODAY, USER, a_limit, new_request

DEMO, GEMINI = ("provider:demo", "provider:gemini")


def the_pool_of(subject: str, amount: int) -> Limit:
    return a_limit(amount, unit="usd", subject=subject, scope="provider")


def to_gemini(row: NewRequest, *, first: int = 1, images: int = 1, microusd: int = 30_000) -> Hold:
    return Hold(request_id=row.id, first=first, provider="gemini", images=images, microusd=microusd)


async def pool(ledger: Ledger, subject: str) -> tuple[int, int]:
    """Micro-dollars reserved and used."""
    counter = await ledger.counter(0, subject, "day", TODAY)
    return counter.reserved_microusd, counter.used_microusd


async def test_a_part_moves_and_its_picture_is_paid_by_the_pool_of_who_made_it(
    requests: RequestRepository, ledger: Ledger
) -> None:
    row = new_request(count=2, estimate_microusd=100_000)
    member = a_limit(10**9, unit="usd")
    await requests.accept(
        row, [member, the_pool_of(DEMO, 10**9), a_limit(10**9, unit="usd", subject="owner", scope="owner")]
    )
    assert await ledger.hold(to_gemini(row), [the_pool_of(GEMINI, 30_000)], NOON)
    assert await pool(ledger, DEMO) == (70_000, 0)
    assert await pool(ledger, GEMINI) == (30_000, 0)
    assert await pool(ledger, "owner") == (100_000, 0)
    made = [
        PictureCharge(
            image_id=f"{row.id}_1", member_microusd=25_000, pool_microusd=25_000, provider="gemini"
        ),
        PictureCharge(image_id=f"{row.id}_2", member_microusd=40_000, pool_microusd=40_000, provider="demo"),
    ]
    settled = await ledger.settle(row.id, made, NOON)
    assert settled is not None
    assert (settled.charged_microusd, settled.cost_microusd, settled.released_microusd) == (
        65_000,
        65_000,
        35_000,
    )
    assert await pool(ledger, DEMO) == (0, 40_000)
    assert await pool(ledger, GEMINI) == (0, 25_000)
    assert await pool(ledger, "owner") == (0, 65_000)
    assert (await ledger.spent(row.guild_id, f"user:{USER}", TODAY, TODAY)) == Spent(
        used_images=2, used_microusd=65_000
    )
    assert await ledger.verify() == []


async def test_a_full_pool_takes_nothing_and_nothing_moves(
    requests: RequestRepository, ledger: Ledger
) -> None:
    row = new_request(count=1, estimate_microusd=50_000)
    await requests.accept(row, [the_pool_of(DEMO, 50_000)])
    with pytest.raises(NoRoom) as caught:
        await ledger.hold(to_gemini(row), [the_pool_of(GEMINI, 29_999)], NOON)
    assert (caught.value.limit.subject, caught.value.asked) == (GEMINI, 30_000)
    assert await pool(ledger, DEMO) == (50_000, 0)
    assert await pool(ledger, GEMINI) == (0, 0)
    assert await ledger.verify() == []


async def test_moving_twice_moves_once_and_on_to_a_third_leaves_nothing_behind(
    requests: RequestRepository, ledger: Ledger
) -> None:
    row = new_request(count=1, estimate_microusd=50_000)
    await requests.accept(row, [the_pool_of(DEMO, 50_000)])
    limits = [the_pool_of(GEMINI, 10**6)]
    assert await ledger.holder(row.id, 1) is None
    assert await asyncio.gather(*(ledger.hold(to_gemini(row), limits, NOON) for _ in range(4))) == [True] * 4
    assert await pool(ledger, GEMINI) == (30_000, 0)
    third = Hold(request_id=row.id, first=1, provider="replicate", images=1, microusd=40_000)
    assert (await ledger.holder(row.id, 1), await ledger.holder(row.id, 2)) == ("gemini", None)
    assert await ledger.hold(third, [the_pool_of("provider:replicate", 40_000)], NOON)
    assert await ledger.holder(row.id, 1) == "replicate"
    assert [await pool(ledger, name) for name in (DEMO, GEMINI, "provider:replicate")] == [
        (10_000, 0), (0, 0), (40_000, 0),
    ]  # fmt: skip
    assert await ledger.settle(row.id, [], NOON) is not None
    assert [await pool(ledger, name) for name in (DEMO, GEMINI, "provider:replicate")] == [(0, 0)] * 3
    assert not await ledger.hold(third, [], NOON), "what has ended holds nothing"
    assert await ledger.verify() == []


async def test_its_own_provider_may_make_it_after_all(requests: RequestRepository, ledger: Ledger) -> None:
    row = new_request(count=1, estimate_microusd=50_000)
    await requests.accept(row, [the_pool_of(DEMO, 50_000)])
    await ledger.hold(to_gemini(row), [the_pool_of(GEMINI, 10**6)], NOON)
    made = PictureCharge(
        image_id=f"{row.id}_1", member_microusd=20_000, pool_microusd=20_000, provider="demo"
    )
    assert await ledger.settle(row.id, [made], NOON) is not None
    assert [await pool(ledger, name) for name in (DEMO, GEMINI)] == [(0, 20_000), (0, 0)]
    assert await ledger.verify() == []


async def test_requests_that_cross_each_other_wait_in_one_order(
    requests: RequestRepository, ledger: Ledger
) -> None:
    """Halves go from one pool into the other while the others come back: no deadlock, and it adds up."""
    rows = [
        new_request(number, provider=("demo", "gemini")[number % 2], estimate_microusd=1000)
        for number in range(1, 13)
    ]
    limits = [the_pool_of(DEMO, 10**9), the_pool_of(GEMINI, 10**9)]
    for row in rows:
        await requests.accept(row, [limit for limit in limits if limit.subject.endswith(row.provider)])

    async def cross(row: NewRequest) -> None:
        other = "gemini" if row.provider == "demo" else "demo"
        wish = Hold(request_id=row.id, first=1, provider=other, images=1, microusd=400)
        await ledger.hold(wish, [limit for limit in limits if limit.subject.endswith(other)], NOON)
        made = [
            PictureCharge(
                image_id=f"{row.id}_{number}", member_microusd=300, pool_microusd=300, provider=maker
            )
            for number, maker in ((1, other), (2, row.provider))
        ]
        await ledger.settle(row.id, made, NOON)

    await asyncio.gather(*(cross(row) for row in rows))
    assert [await pool(ledger, name) for name in (DEMO, GEMINI)] == [(0, 3600), (0, 3600)]
    assert await ledger.verify() == []
