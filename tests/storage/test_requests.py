"""What is written down about a request between its acceptance and its end."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Connection, text

from storage.database import Database
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import RequestRow
from storage.tables import OPEN_STATES
from tests.storage.builders import GUILD, NOON, USER, Clock, new_request
from tests.storage.plans import multiply, plans_of

FIRST = new_request(1).id


@pytest.fixture
async def accepted(requests: RequestRepository) -> str:
    return (await requests.accept(new_request(1, token=b"sealed"))).id


async def test_a_request_is_what_its_acceptance_said_without_reading_it(requests: RequestRepository) -> None:
    row = new_request(1, token=b"sealed", state="rendering", limits=({"scope": "user"},), private=True)
    await requests.accept(row)
    assert await requests.get(row.id) == RequestRow.of(row)
    assert await requests.get("img_nobodys") is None


async def test_a_job_begins_and_says_how_long_it_waited(
    requests: RequestRepository, accepted: str, clock: Clock
) -> None:
    clock.now = NOON + 60
    assert await requests.begin(accepted, NOON + 2, 1.25) is True
    row = await requests.get(accepted)
    assert row is not None
    assert row.stages == {"queued": [NOON + 0.75, 1.25]}
    assert (row.state, row.updated_at) == ("rendering", NOON + 60)
    await requests.request_cancel(accepted, NOON + 3)
    assert await requests.begin(accepted, NOON + 4, 3.25) is False


async def test_the_first_end_is_the_one_that_stays(requests: RequestRepository, accepted: str) -> None:
    assert await requests.fail(accepted, "cancelled", {}, state="cancelled") is True
    assert await requests.fail(accepted, "provider_timeout", {}) is False
    assert await requests.set_state(accepted, "rendering") is False
    row = await requests.get(accepted)
    assert row is not None
    assert (row.state, row.failure_kind) == ("cancelled", "cancelled")


async def test_a_delivered_success_is_delivered_and_its_token_is_gone(
    requests: RequestRepository, accepted: str
) -> None:
    await requests.mark_delivered(accepted, NOON + 9, seconds=1.5)
    row = await requests.get(accepted)
    assert row is not None
    assert (row.state, row.delivered_at, row.delivery_note) == ("delivered", NOON + 9, None)
    assert (row.stages, row.token) == ({"deliver": [NOON + 7.5, 1.5]}, None)


async def test_what_goes_with_a_delivery_is_written_with_it_or_not_at_all(
    requests: RequestRepository, accepted: str
) -> None:
    def broken(connection: Connection) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await requests.mark_delivered(accepted, NOON + 9, also=broken)
    row = await requests.get(accepted)
    assert row is not None
    assert (row.state, row.delivered_at) == ("accepted", None)

    def other(connection: Connection) -> None:
        connection.execute(text("UPDATE requests SET spoiler = true"))

    await requests.mark_undelivered(accepted, NOON + 9, "gone", also=other)
    row = await requests.get(accepted)
    assert row is not None
    assert (row.state, row.spoiler) == ("undelivered", True)


async def test_a_failure_that_was_told_stays_a_failure(requests: RequestRepository, accepted: str) -> None:
    await requests.fail(accepted, "policy_refusal", {}, state="refused")
    await requests.mark_delivered(accepted, NOON + 9)
    row = await requests.get(accepted)
    assert row is not None
    assert (row.state, row.delivered_at) == ("refused", NOON + 9)


async def test_what_could_not_be_posted_says_why(requests: RequestRepository, accepted: str) -> None:
    await requests.mark_undelivered(accepted, NOON + 9, "channel deleted")
    row = await requests.get(accepted)
    assert row is not None
    assert (row.state, row.delivered_at, row.delivery_note) == ("undelivered", None, "channel deleted")
    assert row.token is None


async def test_a_cancellation_can_be_wished_once_and_only_while_it_is_open(
    requests: RequestRepository, accepted: str
) -> None:
    assert await requests.cancelled_among([accepted]) == []
    assert await requests.request_cancel(accepted, NOON) is True
    assert await requests.request_cancel(accepted, NOON + 1) is False
    assert await requests.cancelled_among([accepted, "img_nobodys"]) == [accepted]
    await requests.accept(new_request(2))
    await requests.set_state(new_request(2).id, "delivered")
    assert await requests.request_cancel(new_request(2).id, NOON) is False


async def test_the_queue_place_counts_the_open_ones_before(requests: RequestRepository) -> None:
    for number in range(5):
        await requests.accept(new_request(number, user_id=USER + number % 2))
    await requests.set_state(new_request(1).id, "delivered")
    assert [await requests.queue_place(new_request(number).id) for number in (0, 2, 4)] == [0, 1, 3]
    assert await requests.count_open(USER) == 3
    assert await requests.count_open(USER + 1) == 1


async def test_requests_of_the_same_instant_have_different_places(requests: RequestRepository) -> None:
    for number in range(3):
        await requests.accept(new_request(number, created_at=NOON))
    assert [await requests.queue_place(new_request(number).id) for number in range(3)] == [0, 1, 2]


async def test_open_requests_are_those_in_one_of_four_states(requests: RequestRepository) -> None:
    ends = ("delivered", "undelivered", "failed", "refused", "cancelled", "parked")
    for number, state in enumerate((*OPEN_STATES, *ends)):
        await requests.accept(new_request(number))
        await requests.set_state(new_request(number).id, state)
    assert [row.state for row in await requests.open_requests()] == list(OPEN_STATES)


async def test_open_requests_are_found_without_reading_the_ended_ones(
    requests: RequestRepository, database: Database
) -> None:
    """The reconciler asks each minute; a year's requests have ended."""
    await requests.accept(new_request(0))
    await requests.fail(new_request(0).id, "broken", {})
    await multiply(database, 3_000, created_at=lambda n: NOON + n)
    await requests.accept(new_request(9_000, created_at=NOON + 2))
    await requests.accept(new_request(9_001, created_at=NOON + 1))

    async def ask() -> None:
        assert [row.created_at for row in await requests.open_requests()] == [NOON + 1, NOON + 2]

    [(_, plan)] = await plans_of(database, ask)
    assert re.search(r"using (index )?requests_(open|unsettled)\b|on requests_open\b", plan, re.IGNORECASE)


async def test_unsettled_requests_are_found_also_when_they_have_ended(
    requests: RequestRepository, ledger: Ledger, clock: Clock
) -> None:
    for number in range(3):
        await requests.accept(new_request(number))
    await ledger.settle(new_request(0).id, [], NOON)
    clock.now = NOON + 50
    await requests.fail(new_request(1).id, "broken", {})
    assert [row.id for row in await requests.unsettled(NOON + 10)] == [new_request(2).id]
    assert [row.id for row in await requests.unsettled(NOON + 60)] == [new_request(2).id, new_request(1).id]


async def test_history_comes_newest_first_and_in_pages(requests: RequestRepository) -> None:
    for number in range(5):
        await requests.accept(new_request(number, guild_id=GUILD if number else 0))
    page = await requests.of_user(USER, limit=2)
    assert [row.id for row in page] == [new_request(4).id, new_request(3).id]
    rest = await requests.of_user(USER, limit=9, before=page[-1].created_at)
    assert [row.id for row in rest] == [new_request(number).id for number in (2, 1, 0)]
    assert [row.id for row in await requests.of_user(USER, guild_id=0)] == [new_request(0).id]
    assert await requests.of_user(1) == []
