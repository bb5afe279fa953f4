"""Brings a schema from empty, or from any released revision, to this release's. The steps are in `migrations/`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, Table, Text, inspect, select

from storage.errors import DatabaseNewer
from storage.tables import SCHEMA_REVISION

_version = Table("alembic_version", MetaData(), Column("version_num", Text))


def upgrade(connection: Connection) -> None:
    """Inside the caller's transaction: all of it or nothing. Raises DatabaseNewer for a revision we do not know."""
    found = revision(connection)
    if found == SCHEMA_REVISION:
        return  # the common start, without the tenth of a second that importing Alembic takes
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise DatabaseNewer(found, SCHEMA_REVISION)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def revision(connection: Connection) -> str | None:
    """The revision that the database says it has; None when nothing of ours is in it."""
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.scalar(select(_version.c.version_num))
