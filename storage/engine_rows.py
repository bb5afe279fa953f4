"""The job engine's own rows, as far as we touch them in our transactions or look at them between two of its calls.

The engine writes them; what is here says that a job has ended, that one waits, or that one was taken and forgotten.
Names and states are DBOS's (`workflow_status` of its system schema).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, Text, bindparam, column, delete, select, table, update

_STATUS, _ENQUEUED, _PENDING = "status", "ENQUEUED", "PENDING"
_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_BATCH = 500


class Taken(NamedTuple):
    """A job that a process has begun; `owner` is new each time that somebody begins it."""

    id: str
    owner: str | None


class EngineRows:
    """Functions of a transaction's connection. `schema` is where the engine keeps its tables on Postgres."""

    def __init__(self, dialect: str, *, schema: str, queue: str) -> None:
        where = schema if dialect == "postgresql" else None
        names = ("workflow_uuid", _STATUS, "queue_name", "executor_id", "owner_xid")
        jobs = table("workflow_status", *(column(name, Text) for name in names), schema=where)
        jobs.append_column(column("completed_at", BigInteger))
        jobs.append_column(column("started_at_epoch_ms", BigInteger))
        self._parts = [
            table(name, column("workflow_uuid", Text), schema=where)
            for name in ("workflow_input", "workflow_output", "operation_outputs")
        ]
        self._jobs, mine = jobs, jobs.c.workflow_uuid == bindparam("job", type_=Text)
        self._end = delete(jobs).where(mine, jobs.c.owner_xid == bindparam("owner", type_=Text))
        self._forget_input = delete(self._parts[0]).where(
            self._parts[0].c.workflow_uuid == bindparam("job", type_=Text)
        )
        in_queue = jobs.c.queue_name == queue
        self._waiting = select(jobs.c.workflow_uuid).where(in_queue, jobs.c.status == _ENQUEUED).limit(1)
        self._taken = select(jobs.c.workflow_uuid, jobs.c.owner_xid).where(
            in_queue,
            jobs.c.status == _PENDING,
            jobs.c.executor_id == bindparam("executor", type_=Text),
        )

    def end(self, connection: Connection, job: str, owner: str) -> None:
        """Take away a job that was done without checkpoints, unless somebody else began it meanwhile."""
        if connection.execute(self._end, {"job": job, "owner": owner}).rowcount:
            connection.execute(self._forget_input, {"job": job})

    def any_waiting(self, connection: Connection) -> bool:
        return connection.execute(self._waiting).first() is not None

    def taken_by(self, connection: Connection, executor: str) -> set[Taken]:
        return {Taken(*row) for row in connection.execute(self._taken, {"executor": executor})}

    def put_back(self, connection: Connection, jobs: Collection[Taken]) -> int:
        """Into the queue again, unless somebody else began one meanwhile; how many."""
        back = 0
        for job in jobs:
            change = (
                update(self._jobs)
                .where(self._jobs.c.workflow_uuid == job.id, self._jobs.c.status == _PENDING)
                .where(self._jobs.c.owner_xid == job.owner)
                .values(status=_ENQUEUED, owner_xid=None, started_at_epoch_ms=None)
            )
            back += connection.execute(change).rowcount
        return back

    def forget_ended(self, connection: Connection, before: float) -> int:
        """Take away some of the jobs that ended before that instant, checkpoints and all; how many: 0 is the end."""
        old = select(self._jobs.c.workflow_uuid).where(
            self._jobs.c.completed_at < int(before * 1000), self._jobs.c.status.in_(_ENDED)
        )
        gone = list(connection.scalars(old.limit(_BATCH)))
        for part in (*self._parts, self._jobs):
            connection.execute(delete(part).where(part.c.workflow_uuid.in_(gone)))
        return len(gone)
