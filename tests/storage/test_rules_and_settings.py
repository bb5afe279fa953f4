"""Limits, audit, settings, servers and members: small tables, each change written with who made it."""

from __future__ import annotations

from storage.audit import AuditRepository
from storage.database import Database
from storage.guilds import GuildRepository
from storage.limits import LimitRepository
from storage.settings import SettingsRepository
from storage.users import UserRepository
from tests.storage.builders import GUILD, NOON, USER, Clock

ADMIN = 7


async def test_a_limit_and_its_audit_row_are_written_together(database: Database) -> None:
    limits, audit = LimitRepository(database), AuditRepository(database)
    assert await limits.set(GUILD, "user", str(USER), "images", "day", 3, actor_id=ADMIN) is None
    assert await limits.set(GUILD, "user", str(USER), "images", "day", 5, actor_id=ADMIN) == 3
    await limits.set(GUILD, "everyone", "", "usd", "month", 2_000_000, actor_id=ADMIN)
    await limits.set(0, "owner", "", "usd", "day", 1_000_000, actor_id=ADMIN)

    mine = await limits.all_of(GUILD)
    assert [(row.subject_kind, row.unit, row.window, row.amount) for row in mine] == [
        ("everyone", "usd", "month", 2_000_000),
        ("user", "images", "day", 5),
    ]
    assert (mine[1].updated_by, mine[1].updated_at) == (ADMIN, NOON)
    assert [row.guild_id for row in await limits.list()] == [0, GUILD, GUILD]

    assert await limits.remove(GUILD, "user", str(USER), "images", "day", actor_id=ADMIN) == 5
    assert await limits.remove(GUILD, "user", str(USER), "images", "day", actor_id=ADMIN) is None
    told = [(row.action, row.subject, row.before, row.after) for row in await audit.list(GUILD)]
    day = {"unit": "images", "window": "day"}
    assert told == [
        ("limit.remove", f"user:{USER}", {**day, "amount": 5}, None),
        ("limit.set", "everyone", None, {"unit": "usd", "window": "month", "amount": 2_000_000}),
        ("limit.set", f"user:{USER}", {**day, "amount": 3}, {**day, "amount": 5}),
        ("limit.set", f"user:{USER}", None, {**day, "amount": 3}),
    ]


async def test_the_audit_log_comes_newest_first_in_pages_by_action_by_whom_and_by_time(
    database: Database, clock: Clock
) -> None:
    audit = AuditRepository(database)
    for number in range(4):
        await audit.add(GUILD, ADMIN, f"action.{number % 2}", "server", after=number)
    page = await audit.list(GUILD, limit=2)
    assert [row.after for row in page] == [3, 2]
    assert [row.after for row in await audit.list(GUILD, before_id=page[-1].id)] == [1, 0]
    assert [row.after for row in await audit.list(GUILD, action="action.0")] == [2, 0]
    assert await audit.list(GUILD + 1) == []
    before = clock.now
    clock.now += 60
    await audit.add(GUILD, USER, "action.0", "server", after=4)
    await audit.add(GUILD + 1, USER + 1, "action.0", "server", after=5)
    assert [row.after for row in await audit.list(GUILD, actor_id=USER)] == [4]
    assert [row.after for row in await audit.list(GUILD, actor_id=ADMIN, action="action.1")] == [3, 1]
    assert [row.after for row in await audit.list(GUILD, since=clock.now)] == [4]
    assert [row.after for row in await audit.list(GUILD, since=before, until=clock.now)] == [3, 2, 1, 0]
    assert await audit.actors(GUILD) == [USER, ADMIN]
    assert await audit.actors(GUILD, limit=1) == [USER]


async def test_settings_are_json_by_scope_and_key(database: Database) -> None:
    settings = SettingsRepository(database)
    assert await settings.get("commands", "hash") is None
    await settings.set("commands", "hash", "abc")
    await settings.set("commands", "hash", {"global": "def"})
    await settings.set("commands", "list", [1, 2])
    assert await settings.get("commands", "hash") == {"global": "def"}
    assert await settings.all_of("commands") == {"hash": {"global": "def"}, "list": [1, 2]}
    assert await settings.delete("commands", "hash") is True
    assert await settings.delete("commands", "hash") is False
    assert await settings.all_of("elsewhere") == {}


async def test_a_server_keeps_its_settings_when_the_bot_comes_back(database: Database, clock: Clock) -> None:
    guilds, audit = GuildRepository(database), AuditRepository(database)
    await guilds.upsert(GUILD, "Studio", "fr")
    assert await guilds.change(GUILD, actor_id=ADMIN, settings={"private": True}, time_zone="Europe/Paris")
    await guilds.mark_left(GUILD, NOON + 5)
    clock.now = NOON + 10
    await guilds.upsert(GUILD, "Atelier", "fr")

    row = await guilds.get(GUILD)
    assert row is not None
    assert (row.name, row.settings, row.time_zone) == ("Atelier", {"private": True}, "Europe/Paris")
    assert (row.joined_at, row.left_at) == (NOON, None)
    assert await guilds.list() == [row]
    assert await guilds.get(1) is None
    assert await guilds.change(1, actor_id=ADMIN, settings={}) is False
    assert await guilds.change(GUILD, actor_id=ADMIN, time_zone="Europe/Paris") is True
    (entry,) = await audit.list(GUILD)
    assert entry.before == {"settings": {}, "time_zone": None}


async def test_a_member_is_remembered_with_their_choices(database: Database, clock: Clock) -> None:
    users = UserRepository(database)
    await users.see(USER, "Ada", "en-US")
    await users.see(USER + 1, "Bea", None)
    await users.set_settings(USER, {"model": "demo/sketch"})
    clock.now = NOON + 5
    await users.see(USER, "Ada L.", "fr")
    row = await users.get(USER)
    assert row is not None
    assert (row.name, row.locale, row.settings) == ("Ada L.", "fr", {"model": "demo/sketch"})
    assert (row.first_seen, row.last_seen) == (NOON, NOON + 5)
    assert await users.with_settings() == [row]
    assert await users.get(5) is None
