"""What a database says of how it answers: the plans of the statements that a piece of work made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Connection, Engine, event, insert, select, text

from storage.database import Database
from storage.tables import requests


async def multiply(database: Database, count: int, **changed: Callable[[int], Any]) -> None:
    """`count` copies of the only request there is, each with an id of its own and these columns by its number."""

    def fill(connection: Connection) -> None:
        row = dict(connection.execute(select(requests)).mappings().one())
        copies = (
            {"id": f"img_{n:013d}", "interaction_id": n, **{name: of(n) for name, of in changed.items()}}
            for n in range(1, count + 1)
        )
        connection.execute(insert(requests), [row | one for one in copies])
        if database.dialect == "postgresql":
            connection.execute(text("ANALYZE"))

    await database.write(fill)


async def plans_of(database: Database, work: Callable[[], Awaitable[Any]]) -> list[tuple[str, str]]:
    """Each SELECT of the work, and its plan in one line."""
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("SELECT"):
            statements.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await work()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
    plans: list[tuple[str, str]] = []
    for statement, parameters in statements:
        rows = await database.read(
            lambda c, s=statement, p=parameters: c.exec_driver_sql(explain + s, p).all()
        )
        plans.append((statement, " | ".join(str(row[-1]).strip() for row in rows)))
        print(f"{database.dialect}: {plans[-1][1]}")
    return plans
