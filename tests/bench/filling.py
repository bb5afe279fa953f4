"""A database with a long past: requests, pictures and ledger rows of a year, written by SQL alone.

The rows are those that the bot writes for a delivered picture: the request, its image, a reservation and a settlement.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from storage.database import Database, open_database

MEMBERS, GUILDS, CHANNELS = 5_000, 20, 100

_NUMBERS = (
    "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}), "
    "k AS (SELECT i, {now} - 31536000.0 + i * (31536000.0 / {count}) AS at, {id} AS id, "
    "i % {members} + 1 AS member, i % {guilds} + 1 AS guild, i % {channels} + 1 AS channel FROM n)"
)
_ID = {"sqlite": "'img_' || printf('%013d', i)", "postgresql": "'img_' || lpad(i::text, 13, '0')"}
_DAY = {
    "sqlite": "date(at, 'unixepoch')",
    "postgresql": "to_char(to_timestamp(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}
_REQUEST = (
    """'{"kind": "generate", "model": "openai/gpt-image-2.6-flare", "prompt": "a lighthouse in the storm"}'"""
)
_STAGES = (
    '\'{"queued": [1.0, 0.1], "render_1": [1.1, 12.0], "store_1": [13.1, 0.01], "deliver": [13.2, 0.2]}\''
)
_REQUESTS = f"""INSERT INTO requests (id, interaction_id, kind, prompt, model, provider, request, user_id, guild_id,
    channel_id, locale, private, spoiler, door, state, estimate_microusd, cost_microusd, charged_microusd, count, made,
    provider_request_ids, message_id, message_channel_id, delivered_at, settled_at, stages, limits, created_at,
    updated_at)
    {{numbers}} SELECT id, i, 'generate', 'a lighthouse in the storm', 'openai/gpt-image-2.6-flare', 'openai',
    {_REQUEST}, member, guild, channel, 'en-US', false, false, 'discord', 'delivered', 40000, 40000, 40000, 1, 1,
    '["req_1"]', i, channel, at + 15, at + 14, {_STAGES}, '[]', at, at + 15 FROM k"""
_IMAGES = """INSERT INTO images (id, request_id, number, key, media_type, width, height, size_bytes, cost_microusd,
    created_at)
    {numbers} SELECT id || '_1', id, 1, id, 'image/png', 1024, 1024, 1500000, 40000, at + 13 FROM k"""
_RESERVED = """INSERT INTO ledger (reference, kind, request_id, guild_id, user_id, channel_id, provider, day, owner_day,
    reserved_images, reserved_microusd, at)
    {numbers} SELECT id, 'reserve', id, guild, member, channel, 'openai', {day}, {day}, 1, 40000, at FROM k"""
_SETTLED = """INSERT INTO ledger (reference, kind, request_id, guild_id, user_id, channel_id, provider, day, owner_day,
    reserved_images, used_images, reserved_microusd, used_microusd, pool_microusd, at)
    {numbers} SELECT id || '_1', 'settle', id, guild, member, channel, 'openai', {day}, {day}, -1, 1, -40000, 40000,
    40000, at + 14 FROM k"""


async def fill(url: str, count: int, *, now: float) -> None:
    """`count` delivered requests over the year before `now` (Unix seconds), in a database that has no rows yet."""
    async with open_database(url) as database:
        if not count:
            return
        await database.write(lambda connection: _fill(connection, count, now))
        await _analyze(database)


def _fill(connection: Connection, count: int, now: float) -> None:
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
    numbers = _NUMBERS.format(
        first=1,
        last=count,
        now=now,
        count=count,
        id=_ID[dialect],
        members=MEMBERS,
        guilds=GUILDS,
        channels=CHANNELS,
    )
    for statement in (_REQUESTS, _IMAGES, _RESERVED, _SETTLED):
        connection.exec_driver_sql(statement.replace("{numbers}", numbers).replace("{day}", _DAY[dialect]))


async def _analyze(database: Database) -> None:
    """What autovacuum and SQLite's own optimizer do for a database of that age."""
    await database.write(lambda connection: connection.exec_driver_sql("ANALYZE"))
