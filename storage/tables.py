"""The tables as they are after the newest migration; `migrations/` says how they came to be.

Every instant (`*_at`, `*_seen`, `at`) is a float of Unix seconds, UTC. Every date (`day`, `window_start`, …) is ISO
text, so that it sorts the same everywhere. Money is an integer of micro-dollars. Ids of Discord are 64-bit integers.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

SCHEMA_REVISION = "0001"

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

# SQLite numbers rows by itself only where the column is declared INTEGER.
_RowId = BigInteger().with_variant(Integer(), "sqlite")
_Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

OPEN_STATES = ("accepted", "queued", "rendering", "rendered")
# Written out: SQLite uses a partial index only when the query repeats its condition without parameters.
IS_OPEN = text("state IN ('accepted', 'queued', 'rendering', 'rendered')")
IS_UNSETTLED = text("settled_at IS NULL")
IS_UNTOLD = text("told_at IS NULL")
_IS_REFERRED_TO = text("reference IS NOT NULL")
IS_WAITING = text("state = 'waiting'")


def _json(name: str) -> Column[object]:
    return Column(name, _Json)


def _amount(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


users = Table(
    "users",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("locale", Text),
    Column("settings", _Json, nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
)

guilds = Table(
    "guilds",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("locale", Text),
    Column("time_zone", Text),
    Column("settings", _Json, nullable=False),
    Column("joined_at", Double, nullable=False),
    Column("left_at", Double),
)

requests = Table(
    "requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("interaction_id", BigInteger, unique=True),
    Column("kind", Text, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("request", _Json, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("locale", Text, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("spoiler", Boolean, nullable=False),
    Column("door", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("cancel_requested_at", Double),
    Column("estimate_microusd", BigInteger, nullable=False),
    Column("cost_microusd", BigInteger),
    Column("charged_microusd", BigInteger),
    Column("count", Integer, nullable=False),
    Column("made", Integer, nullable=False, server_default=text("0")),
    Column("provider_request_ids", _Json, nullable=False),
    Column("failure_kind", Text),
    _json("failure_facts"),
    Column("raw_error_code", Text),
    Column("application_id", BigInteger),
    Column("token", LargeBinary),
    Column("token_expires_at", Double),
    Column("message_id", BigInteger),
    Column("message_channel_id", BigInteger),
    Column("file_limit_bytes", BigInteger),
    Column("delivered_at", Double),
    Column("delivery_note", Text),
    Column("settled_at", Double),
    Column("parent_image_id", Text),
    Column("stages", _Json, nullable=False),
    _json("told"),
    Column("reference", Text),
    Column("limits", _Json, nullable=False),
    Column("payer", Text),
    Column("batch_id", Text),
    Column("batch_position", Integer),
    Column("batch_round", Integer),
    Column("listed", Boolean, nullable=False, server_default=text("false")),
    Column("words", Text, nullable=False, server_default=text("''")),
    _json("client"),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    UniqueConstraint("batch_id", "batch_position", "batch_round"),
    Index("requests_open", "user_id", "created_at", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
    Index("requests_unsettled", "updated_at", sqlite_where=IS_UNSETTLED, postgresql_where=IS_UNSETTLED),
    Index("requests_reference", "reference", sqlite_where=_IS_REFERRED_TO, postgresql_where=_IS_REFERRED_TO),
    Index(None, "user_id", "created_at"),
    Index(None, "guild_id", "created_at"),
    # Of all servers at once, as those read them who look after the whole installation.
    Index(None, "created_at"),
)

images = Table(
    "images",
    metadata,
    Column("id", Text, primary_key=True),
    Column("request_id", Text, ForeignKey("requests.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", Text, nullable=False, index=True),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("seed", BigInteger),
    Column("revised_prompt", Text),
    Column("cost_microusd", BigInteger, nullable=False),
    Column("parent_image_id", Text, index=True),
    Column("created_at", Double, nullable=False, index=True),
    Column("deleted_at", Double),
    Column("model", Text),
    UniqueConstraint("request_id", "number"),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("interaction_id", BigInteger, unique=True),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("door", Text, nullable=False),
    Column("requester", _Json, nullable=False),
    Column("place", _Json, nullable=False),
    Column("request", _Json, nullable=False),
    Column("segments", _Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("estimate_microusd", BigInteger, nullable=False),
    Column("refusals", _Json, nullable=False),
    Column("failure_kind", Text),
    _json("failure_facts"),
    Column("message_id", BigInteger),
    Column("message_channel_id", BigInteger),
    Column("thread_id", BigInteger),
    Column("told_at", Double),
    Column("taken_by", Text),
    Column("taken_until", Double),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Index("batches_untold", "created_at", sqlite_where=IS_UNTOLD, postgresql_where=IS_UNTOLD),
)

votes = Table(
    "votes",
    metadata,
    Column("batch_id", Text, ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False),
    Column("at", Double, nullable=False),
)

favourites = Table(
    "favourites",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("image_id", Text, ForeignKey("images.id"), primary_key=True),
    Column("at", Double, nullable=False),
    Index(None, "image_id"),
)

boards = Table(
    "boards",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("folded_name", Text, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("created_by", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    UniqueConstraint("owner", "folded_name"),
    Index(None, "guild_id"),
)

board_pictures = Table(
    "board_pictures",
    metadata,
    Column("board_id", Text, ForeignKey("boards.id", ondelete="CASCADE"), primary_key=True),
    Column("image_id", Text, ForeignKey("images.id"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("added_by", BigInteger, nullable=False),
    Column("added_at", Double, nullable=False),
    Index(None, "image_id"),
)

limits = Table(
    "limits",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("subject_kind", Text, primary_key=True),
    Column("subject_id", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("window", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("cap", Boolean, nullable=False, server_default=text("false")),
    Column("updated_by", BigInteger, nullable=False),
    Column("updated_at", Double, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Text, primary_key=True),
    Column("window", Text, primary_key=True),
    Column("window_start", Text, primary_key=True),
    Column("window_end", Text, nullable=False),
    _amount("reserved_images"),
    _amount("used_images"),
    _amount("granted_images"),
    _amount("reserved_microusd"),
    _amount("used_microusd"),
    _amount("granted_microusd"),
    CheckConstraint("reserved_images >= 0", name="reserved_images"),
    CheckConstraint("used_images >= 0", name="used_images"),
    CheckConstraint("reserved_microusd >= 0", name="reserved_microusd"),
    CheckConstraint("used_microusd >= 0", name="used_microusd"),
    sqlite_with_rowid=False,
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("reference", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("request_id", Text),
    Column("guild_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger),
    Column("provider", Text),
    Column("day", Text, nullable=False),
    Column("owner_day", Text, nullable=False),
    _amount("reserved_images"),
    _amount("used_images"),
    _amount("granted_images"),
    _amount("reserved_microusd"),
    _amount("used_microusd"),
    _amount("granted_microusd"),
    _amount("pool_microusd"),
    Column("actor_id", BigInteger),
    Column("note", Text),
    Column("at", Double, nullable=False),
    UniqueConstraint("reference", "kind"),
    Index(None, "guild_id", "user_id", "day"),
    Index(None, "guild_id", "channel_id", "day"),
    Index(None, "guild_id", "day"),
    Index(None, "owner_day"),
    Index(None, "provider", "owner_day"),
    Index(None, "request_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("at", Double, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("actor_id", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    _json("before"),
    _json("after"),
    Index(None, "guild_id", "id"),
)

settings = Table(
    "settings",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _json("value"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("until", Double),
    Column("blocked_by", BigInteger, nullable=False),
    Column("blocked_at", Double, nullable=False),
)

provider_keys = Table(
    "provider_keys",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("last_four", Text, nullable=False),
    Column("added_by", BigInteger, nullable=False),
    Column("added_at", Double, nullable=False),
)

provider_paces = Table(
    "provider_paces",
    metadata,
    Column("account", Text, primary_key=True),
    Column("held_until", Double, nullable=False),
    Column("next_at", Double, nullable=False),
    Column("gap", Double, nullable=False),
)

provider_health = Table(
    "provider_health",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("process", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("until", Double),
    Column("latency_seconds", Double),
    Column("at", Double, nullable=False),
)

offers = Table(
    "offers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("locale", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("window", Text, nullable=False),
    Column("window_start", Text, nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("request", _Json, nullable=False),
    Column("cheaper", Text),
    Column("asked_key", Text, unique=True),
    Column("decision", Text),
    Column("decided_by", BigInteger),
    Column("created_at", Double, nullable=False),
    Index(None, "user_id"),
)

web_links = Table(
    "web_links",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("facts", _Json, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("used_at", Double),
)

unfinished_pictures = Table(
    "unfinished_pictures",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("came", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("share", Double),
    Column("at", Double, nullable=False, index=True),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("facts", _Json, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("user_name", Text, nullable=False),
    Column("guild_id", BigInteger, nullable=False, index=True),
    Column("role_ids", _Json, nullable=False),
    Column("scopes", _Json, nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    Column("last_used_at", Double),
    Column("created_by", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("request_id", Text, nullable=False, index=True),
    Column("event", Text, nullable=False),
    Column("url", Text),
    Column("key_id", Text),
    Column("progress", Integer),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_at", Double, nullable=False),
    Column("leased_until", Double),
    Column("problem", Text),
    Column("created_at", Double, nullable=False),
    Column("ended_at", Double),
    Index("webhooks_waiting", "due_at", sqlite_where=IS_WAITING, postgresql_where=IS_WAITING),
    Index(None, "state", "created_at"),
)
