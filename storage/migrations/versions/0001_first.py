"""The first schema: people, requests, images, limits, counters, the ledger, the audit log, settings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state IN ('accepted', 'queued', 'rendering', 'rendered')")
UNSETTLED = sa.text("settled_at IS NULL")
UNTOLD = sa.text("told_at IS NULL")
WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    _users()
    _guilds()
    _requests()
    _indexes_of_requests()
    _images()
    _batches()
    _kept_pictures()
    _limits()
    _counters()
    _ledger()
    _audit()
    _settings()
    _blocks()
    _provider_keys()
    _provider_paces()
    _provider_health()
    _offers()
    _web()
    _api_keys()
    _webhooks()


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text()),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
    )


def _guilds() -> None:
    op.create_table(
        "guilds",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text()),
        sa.Column("time_zone", sa.Text()),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("joined_at", sa.Double(), nullable=False),
        sa.Column("left_at", sa.Double()),
        sa.PrimaryKeyConstraint("id", name=op.f("guilds_pkey")),
    )


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.BigInteger()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("request", JSON, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("spoiler", sa.Boolean(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cancel_requested_at", sa.Double()),
        sa.Column("estimate_microusd", sa.BigInteger(), nullable=False),
        sa.Column("cost_microusd", sa.BigInteger()),
        sa.Column("charged_microusd", sa.BigInteger()),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("made", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("provider_request_ids", JSON, nullable=False),
        sa.Column("failure_kind", sa.Text()),
        sa.Column("failure_facts", JSON),
        sa.Column("raw_error_code", sa.Text()),
        sa.Column("application_id", sa.BigInteger()),
        sa.Column("token", sa.LargeBinary()),
        sa.Column("token_expires_at", sa.Double()),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("message_channel_id", sa.BigInteger()),
        sa.Column("file_limit_bytes", sa.BigInteger()),
        sa.Column("delivered_at", sa.Double()),
        sa.Column("delivery_note", sa.Text()),
        sa.Column("settled_at", sa.Double()),
        sa.Column("parent_image_id", sa.Text()),
        sa.Column("stages", JSON, nullable=False),
        sa.Column("told", JSON),
        sa.Column("reference", sa.Text()),
        sa.Column("limits", JSON, nullable=False),
        sa.Column("payer", sa.Text()),
        sa.Column("batch_id", sa.Text()),
        sa.Column("batch_position", sa.Integer()),
        sa.Column("batch_round", sa.Integer()),
        sa.Column("listed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("words", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("client", JSON),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("requests_pkey")),
        sa.UniqueConstraint(
            "batch_id",
            "batch_position",
            "batch_round",
            name=op.f("requests_batch_id_batch_position_batch_round_key"),
        ),
        sa.UniqueConstraint("interaction_id", name=op.f("requests_interaction_id_key")),
    )


def _indexes_of_requests() -> None:
    op.create_index(op.f("requests_created_at"), "requests", ["created_at"])
    op.create_index(op.f("requests_guild_id_created_at"), "requests", ["guild_id", "created_at"])
    op.create_index(
        "requests_open", "requests", ["user_id", "created_at"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index(
        "requests_unsettled", "requests", ["updated_at"], sqlite_where=UNSETTLED, postgresql_where=UNSETTLED
    )
    op.create_index(
        "requests_reference",
        "requests",
        ["reference"],
        sqlite_where=sa.text("reference IS NOT NULL"),
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.create_index(op.f("requests_user_id_created_at"), "requests", ["user_id", "created_at"])


def _images() -> None:
    op.create_table(
        "images",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("seed", sa.BigInteger()),
        sa.Column("revised_prompt", sa.Text()),
        sa.Column("cost_microusd", sa.BigInteger(), nullable=False),
        sa.Column("parent_image_id", sa.Text()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("deleted_at", sa.Double()),
        sa.Column("model", sa.Text()),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("images_request_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("images_pkey")),
        sa.UniqueConstraint("request_id", "number", name=op.f("images_request_id_number_key")),
    )
    op.create_index(op.f("images_created_at"), "images", ["created_at"])
    op.create_index(op.f("images_key"), "images", ["key"])
    op.create_index(op.f("images_parent_image_id"), "images", ["parent_image_id"])


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.BigInteger()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("requester", JSON, nullable=False),
        sa.Column("place", JSON, nullable=False),
        sa.Column("request", JSON, nullable=False),
        sa.Column("segments", JSON, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("estimate_microusd", sa.BigInteger(), nullable=False),
        sa.Column("refusals", JSON, nullable=False),
        sa.Column("failure_kind", sa.Text()),
        sa.Column("failure_facts", JSON),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("message_channel_id", sa.BigInteger()),
        sa.Column("thread_id", sa.BigInteger()),
        sa.Column("told_at", sa.Double()),
        sa.Column("taken_by", sa.Text()),
        sa.Column("taken_until", sa.Double()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("batches_pkey")),
        sa.UniqueConstraint("interaction_id", name=op.f("batches_interaction_id_key")),
    )
    op.create_index(op.f("batches_user_id"), "batches", ["user_id"])
    op.create_index("batches_untold", "batches", ["created_at"], sqlite_where=UNTOLD, postgresql_where=UNTOLD)
    op.create_table(
        "votes",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("votes_batch_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "user_id", name=op.f("votes_pkey")),
    )


def _kept_pictures() -> None:
    op.create_table(
        "favourites",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("image_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("favourites_image_id_fkey")),
        sa.PrimaryKeyConstraint("user_id", "image_id", name=op.f("favourites_pkey")),
    )
    op.create_index(op.f("favourites_image_id"), "favourites", ["image_id"])
    op.create_table(
        "boards",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded_name", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("boards_pkey")),
        sa.UniqueConstraint("owner", "folded_name", name=op.f("boards_owner_folded_name_key")),
    )
    op.create_index(op.f("boards_guild_id"), "boards", ["guild_id"])
    op.create_table(
        "board_pictures",
        sa.Column("board_id", sa.Text(), nullable=False),
        sa.Column("image_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.id"], name=op.f("board_pictures_board_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("board_pictures_image_id_fkey")),
        sa.PrimaryKeyConstraint("board_id", "image_id", name=op.f("board_pictures_pkey")),
    )
    op.create_index(op.f("board_pictures_image_id"), "board_pictures", ["image_id"])


def _limits() -> None:
    op.create_table(
        "limits",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("cap", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_by", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "guild_id", "subject_kind", "subject_id", "unit", "window", name=op.f("limits_pkey")
        ),
    )


def _counters() -> None:
    op.create_table(
        "counters",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("window_start", sa.Text(), nullable=False),
        sa.Column("window_end", sa.Text(), nullable=False),
        _amount("reserved_images"),
        _amount("used_images"),
        _amount("granted_images"),
        _amount("reserved_microusd"),
        _amount("used_microusd"),
        _amount("granted_microusd"),
        sa.CheckConstraint("reserved_images >= 0", name=op.f("counters_reserved_images")),
        sa.CheckConstraint("reserved_microusd >= 0", name=op.f("counters_reserved_microusd")),
        sa.CheckConstraint("used_images >= 0", name=op.f("counters_used_images")),
        sa.CheckConstraint("used_microusd >= 0", name=op.f("counters_used_microusd")),
        sa.PrimaryKeyConstraint("guild_id", "subject", "window", "window_start", name=op.f("counters_pkey")),
        sqlite_with_rowid=False,
    )


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger()),
        sa.Column("provider", sa.Text()),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("owner_day", sa.Text(), nullable=False),
        _amount("reserved_images"),
        _amount("used_images"),
        _amount("granted_images"),
        _amount("reserved_microusd"),
        _amount("used_microusd"),
        _amount("granted_microusd"),
        _amount("pool_microusd"),
        sa.Column("actor_id", sa.BigInteger()),
        sa.Column("note", sa.Text()),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("ledger_pkey")),
        sa.UniqueConstraint("reference", "kind", name=op.f("ledger_reference_kind_key")),
    )
    op.create_index(op.f("ledger_guild_id_channel_id_day"), "ledger", ["guild_id", "channel_id", "day"])
    op.create_index(op.f("ledger_guild_id_day"), "ledger", ["guild_id", "day"])
    op.create_index(op.f("ledger_guild_id_user_id_day"), "ledger", ["guild_id", "user_id", "day"])
    op.create_index(op.f("ledger_owner_day"), "ledger", ["owner_day"])
    op.create_index(op.f("ledger_provider_owner_day"), "ledger", ["provider", "owner_day"])
    op.create_index(op.f("ledger_request_id"), "ledger", ["request_id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", JSON),
        sa.Column("after", JSON),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_pkey")),
    )
    op.create_index(op.f("audit_guild_id_id"), "audit", ["guild_id", "id"])


def _settings() -> None:
    op.create_table(
        "settings",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", JSON),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("settings_pkey")),
    )


def _blocks() -> None:
    op.create_table(
        "blocks",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.Double()),
        sa.Column("blocked_by", sa.BigInteger(), nullable=False),
        sa.Column("blocked_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name=op.f("blocks_pkey")),
    )


def _provider_keys() -> None:
    op.create_table(
        "provider_keys",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_four", sa.Text(), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "provider", name=op.f("provider_keys_pkey")),
    )


def _provider_paces() -> None:
    op.create_table(
        "provider_paces",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("held_until", sa.Double(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("gap", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("provider_paces_pkey")),
    )


def _provider_health() -> None:
    op.create_table(
        "provider_health",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("until", sa.Double()),
        sa.Column("latency_seconds", sa.Double()),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "process", name=op.f("provider_health_pkey")),
    )


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("window_start", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("request", JSON, nullable=False),
        sa.Column("cheaper", sa.Text()),
        sa.Column("asked_key", sa.Text()),
        sa.Column("decision", sa.Text()),
        sa.Column("decided_by", sa.BigInteger()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("offers_pkey")),
        sa.UniqueConstraint("asked_key", name=op.f("offers_asked_key_key")),
    )
    op.create_index(op.f("offers_user_id"), "offers", ["user_id"])


def _web() -> None:
    op.create_table(
        "web_links",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double()),
        sa.PrimaryKeyConstraint("digest", name=op.f("web_links_pkey")),
    )
    op.create_index(op.f("web_links_expires_at"), "web_links", ["expires_at"])
    op.create_table(
        "unfinished_pictures",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("came", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("share", sa.Double()),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "number", name=op.f("unfinished_pictures_pkey")),
    )
    op.create_index(op.f("unfinished_pictures_at"), "unfinished_pictures", ["at"])
    op.create_table(
        "web_sessions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("web_sessions_pkey")),
    )
    op.create_index(op.f("web_sessions_expires_at"), "web_sessions", ["expires_at"])
    op.create_index(op.f("web_sessions_user_id"), "web_sessions", ["user_id"])


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("role_ids", JSON, nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.Double()),
        sa.Column("revoked_at", sa.Double()),
        sa.Column("last_used_at", sa.Double()),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
    )
    op.create_index(op.f("api_keys_user_id"), "api_keys", ["user_id"])
    op.create_index(op.f("api_keys_guild_id"), "api_keys", ["guild_id"])


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("key_id", sa.Text()),
        sa.Column("progress", sa.Integer()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("leased_until", sa.Double()),
        sa.Column("problem", sa.Text()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double()),
        sa.PrimaryKeyConstraint("id", name=op.f("webhooks_pkey")),
    )
    op.create_index(op.f("webhooks_request_id"), "webhooks", ["request_id"])
    op.create_index(op.f("webhooks_state_created_at"), "webhooks", ["state", "created_at"])
    op.create_index(
        "webhooks_waiting", "webhooks", ["due_at"], sqlite_where=WAITING, postgresql_where=WAITING
    )


def _amount(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)
