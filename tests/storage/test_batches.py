"""Batches: written once, worked on by one at a time, and each part asked for once a round."""

from __future__ import annotations

from dataclasses import replace

from storage.batches import BatchRepository, BatchRow
from storage.database import Database
from storage.folding import folded
from storage.images import ImageRepository
from storage.privacy import PrivacyRepository
from storage.requests import RequestRepository
from tests.storage.builders import CHANNEL, GUILD, NOON, USER, Clock, an_image, new_request


def a_batch(number: int = 1, **changes: object) -> BatchRow:
    row = BatchRow(
        id=f"bat_{number:013d}", interaction_id=500 + number, kind="illustrate", title="Coffee", user_id=USER,
        guild_id=GUILD, channel_id=CHANNEL, door="discord", requester={"user_id": USER, "name": "Ada"},
        place={"guild_id": GUILD, "channel_id": CHANNEL}, request={"kind": "generate", "prompt": "", "model": "m"},
        segments=[{"text": "a fox"}, {"text": "a crow"}], estimate_microusd=80_000, created_at=NOON + number,
        updated_at=NOON + number,
    )  # fmt: skip
    return replace(row, **changes)


async def test_the_same_interaction_is_one_batch(database: Database) -> None:
    batches = BatchRepository(database)
    first = await batches.add(a_batch())
    again = await batches.add(replace(a_batch(), id="bat_other", title="Tea"))
    assert again == first == a_batch()
    assert await batches.get("bat_other") is None


async def test_states_move_only_where_they_may(database: Database) -> None:
    batches = BatchRepository(database)
    row = await batches.add(a_batch())
    assert not await batches.next_round(row.id)
    assert await batches.move(row.id, "running", only_from=("draft",))
    assert not await batches.move(row.id, "running", only_from=("draft",))
    assert not await batches.fill(row.id, title="late")
    await batches.refuse(row.id, 2, "invalid_request", {"field": "size"})
    await batches.move(row.id, "done", only_from=("running",))
    assert await batches.told(row.id, 1)
    assert await batches.next_round(row.id)
    stored = await batches.get(row.id)
    assert stored is not None
    assert (stored.state, stored.round, stored.refusals, stored.told_at) == ("running", 2, {}, None)
    assert not await batches.told(row.id, 1), "the card of the round before must not end this one"


async def test_one_worker_has_a_batch_until_its_time_is_up(database: Database, clock: Clock) -> None:
    batches = BatchRepository(database)
    row = await batches.add(a_batch())
    assert await batches.take("a", seconds=30, doors=["discord"]) == [], "drafts are nobody's"
    await batches.move(row.id, "running", only_from=("draft",))
    assert await batches.take("a", seconds=30, doors=["cli"]) == []
    for worker, count in (("a", 1), ("b", 0), ("a", 1)):
        assert len(await batches.take(worker, seconds=30, doors=["discord", "cli"])) == count
    clock.now += 31
    assert len(await batches.take("b", seconds=30, doors=["discord"])) == 1
    await batches.told(row.id, 1)
    assert await batches.take("b", seconds=30, doors=["discord"]) == []


async def test_a_part_is_one_request_for_each_round(database: Database, requests: RequestRepository) -> None:
    batches = BatchRepository(database)
    row = await batches.add(a_batch())
    part = {"batch_id": row.id, "batch_position": 1, "batch_round": 1, "interaction_id": None}
    first = await requests.accept(new_request(1, **part))
    again = await requests.accept(new_request(2, **part))
    assert (again.id, again.duplicate) == (first.id, True)
    other = await requests.accept(new_request(3, **{**part, "batch_round": 2}))
    assert not other.duplicate
    await ImageRepository(database).add([an_image(new_request(3), key="k")])
    asked, made = await batches.parts(row.id)
    assert [(one.batch_position, one.batch_round) for one in asked] == [(1, 1), (1, 2)]
    assert [image.request_id for image in made] == [other.id]
    assert asked[0].words == "a fox"


async def test_a_member_has_one_vote_that_can_move_and_be_taken_back(database: Database) -> None:
    batches = BatchRepository(database)
    row = await batches.add(a_batch())
    assert await batches.vote(row.id, 1, 1)
    assert await batches.vote(row.id, 2, 1)
    assert await batches.vote(row.id, 1, 2)
    assert await batches.votes(row.id) == {1: 1, 2: 1}
    assert not await batches.vote(row.id, 1, 2)
    assert await batches.votes(row.id) == {1: 1}


async def test_scripts_are_erased_with_their_author_and_drafts_with_time(database: Database) -> None:
    batches = BatchRepository(database)
    for number in (1, 2):
        await batches.add(a_batch(number, user_id=USER + number))
    await batches.vote("bat_0000000000001", USER + 2, 1)
    await PrivacyRepository(database).erase(USER + 1, guild_id=0, actor_id=USER + 1)
    assert await batches.get("bat_0000000000001") is None
    assert await batches.forget_drafts(NOON) == 0
    assert await batches.forget_drafts(NOON + 100) == 1


def test_searched_words_have_no_case_and_no_accents() -> None:
    assert folded("  L’ÉTÉ  à\nStraße ﬁn ") == "l’ete a strasse fin"
    assert folded("Ｆｏｘ") == "fox"
