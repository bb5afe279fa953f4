"""Acceptance: everything or nothing, once, and never past a limit."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import replace
from json import dumps, loads
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import IntegrityError

from bot.jobs import QUEUE, SHAPE, JobQueue, Start
from bot.workflow import WORKFLOW
from storage.database import Database
from storage.engine_rows import write_job
from storage.errors import NoRoom, TooManyOpen
from storage.ledger import Ledger
from storage.requests import RequestRepository
from storage.rows import Accepted, Limit, NewRequest
from storage.tables import metadata
from storage.users import UserRepository
from storage.windows import Window
from tests.storage.builders import CHANNEL, GUILD, NOON, TODAY, USER, a_limit, charges, new_request

ROOT = Path(__file__).parents[2]


async def rows_in(database: Database, *names: str) -> dict[str, int]:
    def count(connection: Connection) -> dict[str, int]:
        return {
            name: connection.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one()
            for name in names
        }

    return await database.read(count)


async def engine_rows(database: Database, job: str) -> dict[str, dict[str, Any]]:
    where = "dbos." if database.dialect == "postgresql" else ""

    def read(connection: Connection) -> dict[str, dict[str, Any]]:
        return {
            name: dict(
                connection.execute(
                    text(f"SELECT * FROM {where}{name} WHERE workflow_uuid = :job"), {"job": job}
                )
                .mappings()
                .one()
            )
            for name in ("workflow_status", "workflow_input")
        }

    return await database.read(read)


async def granted(requests: RequestRepository, rows: list[NewRequest], *limits: Limit) -> list[Accepted]:
    answers = await asyncio.gather(*(requests.accept(row, limits) for row in rows), return_exceptions=True)
    assert all(isinstance(answer, (Accepted, NoRoom)) for answer in answers), answers
    return [answer for answer in answers if isinstance(answer, Accepted)]


async def test_an_accepted_request_has_its_row_its_reservation_and_its_job(
    database: Database, requests: RequestRepository, ledger: Ledger, jobs: JobQueue
) -> None:
    row = new_request(token=b"sealed", token_expires_at=NOON + 900, private=True)
    accepted = await requests.accept(row, [a_limit(10)], job=jobs.job(row.id))

    stored = await requests.get(accepted.id)
    assert stored is not None
    assert (stored.state, stored.prompt, stored.private, stored.token) == (
        "accepted",
        "a fox",
        True,
        b"sealed",
    )
    assert stored.request == row.request
    assert (stored.stages, stored.provider_request_ids) == ({}, [])
    counter = await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)
    assert (counter.reserved_images, counter.reserved_microusd) == (2, 100_000)
    assert (await engine_rows(database, row.id))["workflow_status"]["status"] == "ENQUEUED"
    member = await UserRepository(database).get(USER)
    assert member is not None
    assert (member.name, member.locale) == ("Ada", "en-US")


async def test_when_the_job_cannot_be_written_nothing_is_left(
    database: Database, requests: RequestRepository, jobs: JobQueue
) -> None:
    row = new_request()
    await database.write(lambda connection: write_job(connection, jobs.job(row.id)))
    with pytest.raises(IntegrityError):
        await requests.accept(row, [a_limit(10)], job=jobs.job(row.id))
    left = await rows_in(database, "requests", "ledger", "counters", "users")
    assert left == {"requests": 0, "ledger": 0, "counters": 0, "users": 0}

    await requests.accept(row, [a_limit(10)])
    assert await UserRepository(database).get(USER) is not None


@pytest.mark.parametrize("executor", [None, "local"])
async def test_a_job_has_the_rows_that_the_engine_itself_writes(
    database: Database, jobs: JobQueue, executor: str | None
) -> None:
    ours = jobs.job("img_ours", None if executor is None else Start(new_request(), "me", executor))
    client = jobs._client
    assert client is not None
    name, theirs = client._build_enqueue_status(
        {"workflow_name": WORKFLOW, "queue_name": QUEUE, "workflow_id": "img_them", "app_version": SHAPE},
        "img_them",
    )
    if executor is not None:
        theirs["status"], theirs["executor_id"] = "PENDING", executor

    def write(connection: Connection) -> None:
        write_job(connection, ours)
        client._sys_db.init_workflow_with_connection(theirs, connection, creator_xid=ours.owner)

    await database.write(write)
    written, wanted = await engine_rows(database, "img_ours"), await engine_rows(database, name)
    for rows in (written, wanted):
        assert abs(rows["workflow_status"].pop("created_at") / 1000 - time.time()) < 60
        assert abs(rows["workflow_status"].pop("updated_at") / 1000 - time.time()) < 60
        assert abs(rows["workflow_input"].pop("retention_timestamp") / 1000 - time.time()) < 60
        # No attributes: a JSON null there, nothing here, None to whoever asks the engine.
        assert rows["workflow_status"].pop("attributes") in (None, "null")
    assert written == loads(dumps(wanted).replace("img_them", "img_ours"))


async def test_the_second_request_of_one_interaction_is_answered_with_the_first(
    database: Database, requests: RequestRepository, ledger: Ledger
) -> None:
    first = new_request(1)
    again = replace(new_request(2), interaction_id=first.interaction_id)
    answers = await asyncio.gather(*(requests.accept(row, [a_limit(10)]) for row in (first, again, again)))

    assert len({answer.id for answer in answers}) == 1
    assert sorted(answer.duplicate for answer in answers) == [False, True, True]
    assert await rows_in(database, "requests", "ledger") == {"requests": 1, "ledger": 1}
    assert (await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)).reserved_images == 2


async def test_a_refusal_names_the_first_limit_without_room_and_writes_nothing(
    database: Database, requests: RequestRepository, ledger: Ledger
) -> None:
    await requests.accept(new_request(1))
    await ledger.settle(new_request(1).id, charges(new_request(1), 30_000), NOON)
    await requests.accept(new_request(2))
    plenty = a_limit(1000)
    dollars = a_limit(200_000, unit="usd", window=Window.MONTH)
    pool = a_limit(3, subject="server", scope="server")

    with pytest.raises(NoRoom) as caught:
        await requests.accept(new_request(3), [plenty, dollars, pool])

    assert caught.value.limit == dollars
    assert (caught.value.used, caught.value.reserved, caught.value.asked) == (30_000, 100_000, 100_000)
    assert await rows_in(database, "requests", "counters") == {"requests": 2, "counters": 0}
    with pytest.raises(NoRoom) as caught:
        await requests.accept(new_request(3), [plenty, pool, dollars])
    assert caught.value.limit == pool
    assert (caught.value.used, caught.value.reserved, caught.value.asked) == (1, 2, 2)


async def test_the_last_of_the_allowance_can_be_booked_only_once(
    requests: RequestRepository, ledger: Ledger
) -> None:
    won = await granted(requests, [new_request(number) for number in range(20)], a_limit(15))
    assert len(won) == 7
    assert (await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)).reserved_images == 14
    assert await ledger.verify() == []


async def test_concurrent_members_share_a_pool_and_each_keep_to_their_allowance(
    requests: RequestRepository, ledger: Ledger
) -> None:
    def of(member: int) -> list[Limit]:
        owner = a_limit(1_000_000, unit="usd", subject="owner", scope="owner")
        return [a_limit(6, subject=f"user:{member}"), owner]

    answers = await asyncio.gather(
        *(
            requests.accept(new_request(number, user_id=number % 10, user_name="m"), of(number % 10))
            for number in range(60)
        ),
        return_exceptions=True,
    )
    won = [answer for answer in answers if isinstance(answer, Accepted)]
    assert len(won) == 10
    assert sum(isinstance(answer, NoRoom) for answer in answers) == 50
    assert (await ledger.counter(0, "owner", "day", TODAY)).reserved_microusd == 1_000_000
    assert await ledger.verify() == []


async def test_limits_that_are_born_at_the_same_time_count_everything(
    requests: RequestRepository, ledger: Ledger
) -> None:
    """The morning was unlimited; then accepting, settling and new limits of three kinds come at once."""
    morning = [new_request(number, count=1, estimate_microusd=1000) for number in range(10)]
    await granted(requests, morning)

    async def noon(number: int) -> None:
        row = new_request(number, count=1, estimate_microusd=1000)
        limits = {
            0: [],
            1: [a_limit(1000)],
            2: [a_limit(1000, window=Window.MONTH), a_limit(1000, subject="server", scope="server")],
            3: [a_limit(10**9, unit="usd", subject="provider:demo", scope="provider")],
        }
        await requests.accept(row, limits[number % 4])

    await asyncio.gather(
        *(noon(number) for number in range(10, 34)),
        *(ledger.settle(row.id, charges(row, 900), NOON) for row in morning),
    )
    assert await ledger.verify() == []
    day = await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)
    assert (day.reserved_images, day.used_images, day.used_microusd) == (24, 10, 9000)


@pytest.mark.parametrize("window", [Window.DAY, Window.WEEK, Window.MONTH])
async def test_a_limit_set_at_midday_counts_the_morning(requests: RequestRepository, window: Window) -> None:
    await requests.accept(new_request(1))
    await requests.accept(new_request(2, user_id=USER + 1))
    await requests.accept(new_request(3), [a_limit(4, window=window)])
    with pytest.raises(NoRoom) as caught:
        await requests.accept(new_request(4), [a_limit(5, window=window)])
    assert caught.value.reserved == 4


async def test_a_thread_is_counted_on_its_parents_pool(requests: RequestRepository, ledger: Ledger) -> None:
    await requests.accept(new_request(1, channel_id=CHANNEL + 1, counted_channel_id=CHANNEL))
    counted = await ledger.counter(GUILD, f"channel:{CHANNEL}", "day", TODAY)
    assert counted.reserved_images == 2
    stored = await requests.get(new_request(1).id)
    assert stored is not None
    assert stored.channel_id == CHANNEL + 1


async def test_a_limit_on_somebody_elses_counter_is_a_mistake(requests: RequestRepository) -> None:
    with pytest.raises(ValueError, match="does not move"):
        await requests.accept(new_request(1), [a_limit(5, subject="user:1")])


async def test_a_member_has_at_most_so_many_open_requests(requests: RequestRepository) -> None:
    answers = await asyncio.gather(
        *(requests.accept(new_request(number), open_limit=3) for number in range(8)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, TooManyOpen)]
    assert len(refused) == 5
    assert {(error.limit, error.open) for error in refused} == {(3, 3)}
    await requests.accept(new_request(20, user_id=USER + 1), open_limit=3)

    done = next(answer for answer in answers if isinstance(answer, Accepted))
    await requests.set_state(done.id, "delivered")
    await requests.accept(new_request(21), open_limit=3)


async def test_four_processes_never_pass_a_limit_together(
    url: str, requests: RequestRepository, ledger: Ledger
) -> None:
    """4 processes x 25 reservations of 3 images against 100: 33 fit."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.storage.reserving",
            url,
            str(number),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        for number in range(4)
    ]
    outputs = [(await process.communicate())[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert sum(json.loads(output) for output in outputs) == 33
    assert (await ledger.counter(GUILD, "server", "day", TODAY)).reserved_images == 99
    assert await ledger.verify() == []
