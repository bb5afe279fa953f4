"""A whole database as rows: copied between SQLite and PostgreSQL, and compared afterwards by count, sum and hash.

The job engine's own tables are left out on purpose: what it had begun on one database cannot go on from another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, Integer, Table, create_engine, func, insert, select, text

from storage.database import JSON_CODEC, Database
from storage.errors import StorageError
from storage.tables import metadata

_BATCH = 2000


@dataclass(eq=False)
class NotEmpty(StorageError):
    """The database to copy into has rows already; `table` names one that does."""

    table: str


@dataclass(eq=False)
class CopyDiffers(StorageError):
    """What was written is not what was read; nothing of it was kept."""

    tables: list[str]


@dataclass(frozen=True)
class Content:
    """One table's rows: how many, the sum of every whole number, and a hash over all of them in the order of keys."""

    rows: int
    total: int
    digest: str


def copy_all(source: Database, target: Database) -> dict[str, Content]:
    """Every row of ours, in one transaction; what each table holds. Blocks: call it off the loop.

    Raises NotEmpty before anything is written, CopyDiffers after it was taken back.
    """
    with source.sync_engine().connect() as reading, target.sync_engine().connect() as writing:
        if source.dialect == "postgresql":
            reading.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        with writing.begin():
            return _copy(reading, writing)


def save(source: Database, path: Path) -> None:
    """The database into a SQLite file of its own, as it was at one instant, while others go on writing. Blocks.

    `path` must not exist. On SQLite the job engine's tables come along; `copy_all` leaves them behind.
    """
    engine = source.sync_engine()
    if source.dialect == "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(path),))
        return
    made = create_engine(f"sqlite:///{path}", hide_parameters=True, **JSON_CODEC)
    try:
        with engine.connect() as reading, made.connect() as writing:
            reading.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            with writing.begin():
                metadata.create_all(writing)
                _set_revision(reading, writing)
                _copy(reading, writing)
    finally:
        made.dispose()


def content_of(connection: Connection, table: Table) -> Content:
    whole = [column.name for column in table.columns if isinstance(column.type, (BigInteger, Integer))]
    digest, rows, total = hashlib.sha256(), 0, 0
    for batch in _batches(connection, table):
        rows += len(batch)
        for row in batch:
            total += sum(row[name] or 0 for name in whole)
            digest.update(orjson.dumps(list(row.values()), option=orjson.OPT_SORT_KEYS, default=_plain))
    return Content(rows, total, digest.hexdigest())


def _copy(reading: Connection, writing: Connection) -> dict[str, Content]:
    for table in metadata.sorted_tables:
        if writing.execute(select(func.count()).select_from(table)).scalar_one():
            raise NotEmpty(table.name)
    read: dict[str, Content] = {}
    for table in metadata.sorted_tables:
        for batch in _batches(reading, table):
            writing.execute(insert(table), batch)
        read[table.name] = content_of(reading, table)
    _go_on_counting(writing)
    written = {table.name: content_of(writing, table) for table in metadata.sorted_tables}
    if differing := [name for name, content in read.items() if written[name] != content]:
        raise CopyDiffers(differing)
    return written


def _batches(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    # By every key column as bytes: the two databases sort text by different rules.
    keys = [_as_bytes(connection, column) for column in table.primary_key.columns]
    found = connection.execution_options(yield_per=_BATCH).execute(select(table).order_by(*keys))
    for rows in found.mappings().partitions(_BATCH):
        yield [{str(name): value for name, value in row.items()} for row in rows]


def _as_bytes(connection: Connection, column: Any) -> Any:
    is_text = connection.dialect.name == "postgresql" and column.type.python_type is str
    return column.collate("C") if is_text else column


def _go_on_counting(connection: Connection) -> None:
    """Rows came with their numbers: the next own one must be above them."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        number = table.autoincrement_column
        if number is not None:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{number.name}'), "  # noqa: S608 - our own names
                    f"COALESCE((SELECT max({number.name}) FROM {table.name}), 0) + 1, false)"
                )
            )


def _set_revision(reading: Connection, writing: Connection) -> None:
    writing.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    revision = reading.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    writing.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})


def _plain(value: object) -> object:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    raise TypeError(type(value).__name__)
