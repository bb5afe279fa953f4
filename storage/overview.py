"""What a stranger to the running bot may read of its SQLite file: newest requests and bookings, counters, limits.

It opens the file for reading only and never migrates it: the bot that owns it may be starting, working or dead.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, create_engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from storage.database import JSON_CODEC
from storage.tables import counters, images, ledger, limits, requests

Rows = list[dict[str, Any]]
Query = Select[*tuple[Any, ...]]


def overview(path: Path, *, shown: int) -> dict[str, Rows]:
    """At most `shown` rows of each kind, newest first, ids as text; empty when the file or its tables are not there."""
    if not path.exists():
        return {}
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)) as file:
            engine = create_engine("sqlite://", creator=lambda: file, poolclass=StaticPool, **JSON_CODEC)
            with engine.connect() as connection:
                return {name: _rows(connection, query.limit(shown)) for name, query in _queries().items()}
    except (DBAPIError, sqlite3.Error):
        return {}  # in the middle of being made


def _queries() -> dict[str, Query]:
    r, b = requests.c, ledger.c
    return {
        "requests": select(
            r.id, r.kind, r.prompt, r.model, r.state, r.user_id, r.count, r.made, r.stages,
            r.cost_microusd, r.charged_microusd, r.failure_kind, r.delivery_note, r.created_at, r.updated_at,
        ).order_by(r.created_at.desc()),
        "ledger": select(
            b.id, b.kind, b.request_id, b.user_id, b.reserved_images, b.used_images, b.granted_images,
            b.reserved_microusd, b.used_microusd, b.granted_microusd, b.pool_microusd, b.note, b.at,
        ).order_by(b.id.desc()),
        "counters": select(counters).order_by(counters.c.window_start.desc(), counters.c.subject),
        "limits": select(limits).order_by(limits.c.updated_at.desc()),
        "images": select(
            images.c.id, images.c.width, images.c.height, images.c.size_bytes, images.c.created_at
        ).order_by(images.c.created_at.desc()),
    }  # fmt: skip


def _rows(connection: Connection, query: Query) -> Rows:
    return [_shown(dict(row)) for row in connection.execute(query).mappings()]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    # As text: JavaScript would round a snowflake. And plain names: a column's own is not what a JSON writer takes.
    return {
        str(name): str(value) if name.endswith("_id") and isinstance(value, int) else value
        for name, value in row.items()
    }
