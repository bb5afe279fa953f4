"""The job engine's own rows, as far as we touch them in our transactions or look at them between two of its calls.

A job is written with its request's acceptance; what else is here says that one has ended, that one waits, or that one
was taken and forgotten. The rest of their life is the engine's.
Names and states are DBOS's (`workflow_status` of its system schema).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    Insert,
    Integer,
    Text,
    bindparam,
    column,
    delete,
    insert,
    select,
    table,
    update,
)

SCHEMA = "dbos"
"""Where the engine keeps its tables on Postgres; SQLite has no schemas and leaves the name out."""

_STATUS, _ENQUEUED, _PENDING = "status", "ENQUEUED", "PENDING"
_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_BATCH = 500


class Taken(NamedTuple):
    """A job that a process has begun; `owner` is new each time that somebody begins it."""

    id: str
    owner: str | None


class NewJob(NamedTuple):
    """What is in the engine's two rows of a job when it begins; `inputs` are its arguments in its `serialization`.

    With an `executor` it is begun by that process, whose `owner` marks it; without, it waits in the queue.
    """

    id: str
    name: str
    queue: str
    version: str
    application: str | None
    inputs: str
    serialization: str | None
    owner: str
    executor: str | None


def _inserts(dialect: str) -> tuple[Insert, Insert]:
    where = SCHEMA if dialect == "postgresql" else None
    texts = {
        "workflow_uuid": "job_id",
        _STATUS: "job_status",
        "name": "job_name",
        "queue_name": "job_queue",
        "executor_id": "job_executor",
        "application_version": "job_version",
        "application_name": "job_application",
        "serialization": "job_serialization",
        "creator_xid": "job_creator",
        "owner_xid": "job_owner",
    }
    numbers = {"recovery_attempts": "job_attempts", "priority": "job_priority"}
    columns = [column(name, Text) for name in texts] + [column(name, Integer) for name in numbers]
    job = table("workflow_status", *columns, schema=where)
    given = table("workflow_input", column("workflow_uuid", Text), column("inputs", Text), schema=where)
    return (
        insert(job).values({name: bindparam(value) for name, value in {**texts, **numbers}.items()}),
        insert(given).values(workflow_uuid=bindparam("job_id"), inputs=bindparam("job_inputs")),
    )


# The engine writes the same in four times the time: tests/storage/test_acceptance.py holds the two beside each other.
JOB_INSERTS = {dialect: _inserts(dialect) for dialect in ("sqlite", "postgresql")}
"""For `job_parameters`, in this order."""


def job_parameters(job: NewJob) -> dict[str, str | int | None]:
    begun = job.executor is not None
    return {
        "job_id": job.id,
        "job_status": _PENDING if begun else _ENQUEUED,
        "job_name": job.name,
        "job_queue": job.queue,
        "job_executor": job.executor,
        "job_version": job.version,
        "job_application": job.application,
        "job_serialization": job.serialization,
        "job_creator": job.owner,
        "job_owner": job.owner if begun else None,
        "job_attempts": int(begun),
        "job_priority": 0,
        "job_inputs": job.inputs,
    }


def write_job(connection: Connection, job: NewJob) -> None:
    parameters = job_parameters(job)
    for statement in JOB_INSERTS[connection.dialect.name]:
        connection.execute(statement, parameters)


class EngineRows:
    """Functions of a transaction's connection."""

    def __init__(self, dialect: str, *, queue: str) -> None:
        where = SCHEMA if dialect == "postgresql" else None
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
