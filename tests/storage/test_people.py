"""Blocks, keys, wishes for more, resets, erasing: what is written about people, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.audit import AuditRepository
from storage.blocks import BlockRepository
from storage.database import Database
from storage.errors import NoRoom, TooManyOpen, TooSoon
from storage.images import ImageRepository
from storage.keys import KeyRepository
from storage.ledger import Ledger
from storage.offers import OfferRepository
from storage.privacy import PrivacyRepository
from storage.requests import RequestRepository
from storage.rows import Booking, OfferRow, Pace
from storage.usage import UsageRepository
from tests.storage.builders import GUILD, NOON, TODAY, USER, Clock, a_limit, an_image, charges, new_request

ADMIN = 7
GRANT = Booking(
    reference="r1",
    kind="grant",
    guild_id=GUILD,
    user_id=USER,
    day=TODAY,
    owner_day=TODAY,
    at=NOON,
    actor_id=ADMIN,
)
OFFER = OfferRow(
    id="o1", guild_id=GUILD, user_id=USER, channel_id=1, locale="fr", scope="everyone", unit="images", window="day",
    window_start=TODAY, asked=2, request={"prompt": "a fox"}, cheaper=None, created_at=NOON,
)  # fmt: skip


async def test_a_block_ends_by_itself_and_both_changes_are_audited(database: Database, clock: Clock) -> None:
    blocks = BlockRepository(database)
    await blocks.add(GUILD, USER, "spam", None, actor_id=ADMIN)
    await blocks.add(GUILD, USER, "more spam", clock.now + 60, actor_id=ADMIN)
    assert [(row.reason, row.until) for row in await blocks.list(GUILD)] == [("more spam", NOON + 60)]
    clock.now += 61
    assert await blocks.list(GUILD) == []
    assert await blocks.remove(GUILD, USER, actor_id=ADMIN)
    assert not await blocks.remove(GUILD, USER, actor_id=ADMIN)
    told = [row.action for row in await AuditRepository(database).list(GUILD)]
    assert told == ["block.remove", "block.add", "block.add"]


async def test_a_key_is_replaced_and_its_audit_rows_do_not_hold_it(database: Database) -> None:
    keys = KeyRepository(database)
    await keys.save("guild:5", "openai", b"sealed-1", "1111", guild_id=GUILD, actor_id=ADMIN)
    await keys.save("guild:5", "openai", b"sealed-2", "2222", guild_id=GUILD, actor_id=ADMIN)
    (row,) = await keys.of(("guild:5", "user:1"))
    assert (row.sealed, row.last_four) == (b"sealed-2", "2222")
    assert await keys.remove("guild:5", "openai", guild_id=GUILD, actor_id=ADMIN)
    assert await keys.get("guild:5", "openai") is None
    assert all("sealed" not in str(row) for row in await AuditRepository(database).list(GUILD))


async def test_more_can_be_asked_for_once_a_window_and_decided_once(database: Database) -> None:
    offers = OfferRepository(database)
    await offers.add(OFFER)
    await offers.add(replace(OFFER, id="o2"))
    assert await offers.decide("o1", "approved", ADMIN) is None
    assert await offers.ask("o1", "today")
    assert not await offers.ask("o1", "today")
    assert not await offers.ask("o2", "today")
    assert await offers.ask("o2", "tomorrow")
    decided = await offers.decide("o1", "approved", ADMIN)
    assert decided is not None
    assert (decided.decision, decided.decided_by) == ("approved", ADMIN)
    assert await offers.decide("o1", "denied", ADMIN) is None


async def test_a_reset_gives_back_what_was_used_once_and_leaves_the_pools(
    requests: RequestRepository, ledger: Ledger
) -> None:
    row = new_request(1, count=2)
    limits = [a_limit(2), a_limit(10, subject="server", scope="server")]
    await requests.accept(row, limits)
    await ledger.settle(row.id, charges(row, 30_000, 20_000), NOON)
    given = await ledger.reset(GRANT, "2026-11-01", TODAY)
    assert (given.used_images, given.used_microusd) == (2, 50_000)
    again = await ledger.reset(replace(GRANT, reference="r2"), "2026-11-01", TODAY)
    assert (again.used_images, again.used_microusd) == (0, 0)
    shown = await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)
    assert (shown.used_images, shown.given_back_images, shown.given_back_microusd) == (2, 2, 50_000)
    await requests.accept(new_request(2, count=2), limits)
    assert (await ledger.counter(GUILD, "server", "day", TODAY)).used_images == 2
    with pytest.raises(NoRoom) as refused:
        await requests.accept(new_request(3, count=1), limits)
    told = refused.value
    assert (told.limit.amount, told.used, told.reserved) == (2, 0, 2)
    assert await ledger.verify() == []


async def test_a_pause_and_a_number_at_once_hold_in_one_server_only(requests: RequestRepository) -> None:
    await requests.accept(new_request(1), pace=Pace(at_once=1, cooldown_seconds=60))
    with pytest.raises(TooManyOpen):
        await requests.accept(new_request(2), pace=Pace(at_once=1))
    with pytest.raises(TooSoon) as caught:
        await requests.accept(new_request(3), pace=Pace(cooldown_seconds=60))
    assert caught.value.ready_at == NOON + 1 + 60
    await requests.accept(new_request(4, guild_id=GUILD + 1), pace=Pace(at_once=1, cooldown_seconds=60))
    await requests.set_state(new_request(1).id, "failed")
    await requests.accept(new_request(5), pace=Pace(at_once=1, cooldown_seconds=60))


async def test_what_somebody_elses_key_pays_is_not_the_owners(
    database: Database, requests: RequestRepository, ledger: Ledger
) -> None:
    owners = a_limit(10**9, unit="usd", subject="owner", scope="owner")
    await requests.accept(new_request(1), [owners, a_limit(100)])
    server = new_request(2, owner_day="", payer=f"guild:{GUILD}")
    await requests.accept(server, [a_limit(100)])
    member = new_request(3, owner_day="", day="", payer=f"user:{USER}")
    await requests.accept(member)
    for row in (server, member):
        await ledger.settle(row.id, charges(row, 40_000, 40_000), NOON)
    owner = await ledger.counter(0, "owner", "day", TODAY)
    assert (owner.reserved_microusd, owner.used_microusd) == (100_000, 0)
    mine = await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)
    assert (mine.used_images, mine.reserved_images) == (2, 2)
    usage = UsageRepository(database)
    assert await usage.own_key_of_guild(GUILD, TODAY, TODAY) == 80_000
    assert await usage.own_key_of_member(USER) == (2, 80_000)
    assert [(row.images, row.cost_microusd) for row in await usage.by_day(GUILD, TODAY, TODAY)] == [
        (2, 80_000)
    ]
    # All servers together: what the owner's keys paid.
    assert await usage.by_day(None, TODAY, TODAY) == []
    elsewhere = new_request(4, guild_id=GUILD + 1)
    await requests.accept(elsewhere)
    for row in (new_request(1), elsewhere):
        await ledger.settle(row.id, charges(row, 30_000, 30_000), NOON)
    assert [(row.day, row.images, row.cost_microusd) for row in await usage.by_day(None, TODAY, TODAY)] == [
        (TODAY, 4, 120_000)
    ]
    assert await usage.top_members(None, TODAY, TODAY) == [(USER, 4, 120_000)]
    assert await ledger.verify() == []


async def test_erasing_takes_words_and_pictures_but_what_others_went_on_from(
    database: Database, requests: RequestRepository, ledger: Ledger
) -> None:
    images, people = ImageRepository(database), PrivacyRepository(database)
    mine, shared = new_request(1), new_request(2)
    theirs = new_request(3, user_id=USER + 1, user_name="Bruno", parent_image_id=f"{shared.id}_1")
    for row in (mine, shared, theirs):
        await requests.accept(row, [a_limit(100, subject=f"user:{row.user_id}")])
        parent = row.parent_image_id
        await images.add([an_image(row, key=row.id.ljust(64, "0"), parent_image_id=parent)])
        await ledger.settle(row.id, charges(row, 40_000), NOON)
        await requests.set_state(row.id, "delivered")
    waiting = new_request(4)
    await requests.accept(waiting)
    erased = await people.erase(USER, guild_id=0, actor_id=USER)
    assert (erased.requests, erased.images) == (2, 1)
    kept = await images.get(f"{shared.id}_1")
    assert kept is not None
    assert kept.deleted_at is None
    stored = {row.id: row.prompt for row in await requests.of_user(USER)}
    assert stored == {mine.id: "(erased)", shared.id: "(erased)", waiting.id: "a fox"}
    assert (await ledger.counter(GUILD, f"user:{USER}", "day", TODAY)).used_images == 2
    person, rows, pictures = await people.of(USER)
    assert person is not None
    assert (person.name, len(rows), len(pictures)) == ("(erased)", 3, 1)


async def test_words_past_their_time_are_blanked_and_open_requests_keep_theirs(
    database: Database, requests: RequestRepository
) -> None:
    await requests.accept(new_request(1))
    await requests.accept(new_request(2))
    await requests.set_state(new_request(1).id, "delivered")
    people = PrivacyRepository(database)
    assert await people.forget_words(NOON) == 0
    assert await people.forget_words(NOON + 100) == 1
    assert await people.forget_words(NOON + 100) == 0
    assert {row.prompt for row in await requests.of_user(USER)} == {"(erased)", "a fox"}
