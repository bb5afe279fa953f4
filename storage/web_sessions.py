"""Who may open the pages: links that work once, and the sessions that they begin. Secrets are known by digest only."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select, update

from storage.database import Database
from storage.rows import Json, WebLinkRow, WebSessionRow
from storage.tables import web_links, web_sessions

_LINKS_KEPT_SECONDS = 30 * 86_400
"""So long a link that is used or over can still be told from one that never was."""


class WebSessionRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_link(self, row: WebLinkRow) -> None:
        too_old = row.created_at - _LINKS_KEPT_SECONDS

        def work(connection: Connection) -> None:
            connection.execute(delete(web_links).where(web_links.c.expires_at < too_old))
            connection.execute(insert(web_links).values(**asdict(row)))

        await self._database.write(work)

    async def link(self, digest: str) -> WebLinkRow | None:
        """Used ones and those that are over as well."""
        return await self._database.one(WebLinkRow, select(web_links).where(web_links.c.digest == digest))

    async def open(self, digest: str, session: WebSessionRow) -> bool:
        """Use the link up and write the session; False, and nothing, when somebody used it before or it is over."""
        now = self._database.now()
        use = (
            update(web_links)
            .where(web_links.c.digest == digest, web_links.c.used_at.is_(None), web_links.c.expires_at > now)
            .values(used_at=now)
        )

        def work(connection: Connection) -> bool:
            if not connection.execute(use).rowcount:
                return False
            connection.execute(delete(web_sessions).where(web_sessions.c.expires_at < now))
            connection.execute(insert(web_sessions).values(**asdict(session)))
            return True

        return await self._database.write(work)

    async def session(self, digest: str) -> WebSessionRow | None:
        """None for one that ended."""
        alive = web_sessions.c.expires_at > self._database.now()
        return await self._database.one(
            WebSessionRow, select(web_sessions).where(web_sessions.c.digest == digest, alive)
        )

    async def local(self) -> tuple[list[WebLinkRow], list[WebSessionRow]]:
        """Links that can still be used, and living sessions, of members without Discord (ids below zero)."""
        now = self._database.now()
        links = select(web_links).where(
            web_links.c.user_id < 0, web_links.c.used_at.is_(None), web_links.c.expires_at > now
        )
        sessions = select(web_sessions).where(web_sessions.c.user_id < 0, web_sessions.c.expires_at > now)
        return (
            await self._database.many(WebLinkRow, links.order_by(web_links.c.created_at)),
            await self._database.many(WebSessionRow, sessions.order_by(web_sessions.c.seen_at)),
        )

    async def seen(self, digest: str, expires_at: float) -> None:
        change = update(web_sessions).where(web_sessions.c.digest == digest)
        await self._database.change(change.values(seen_at=self._database.now(), expires_at=expires_at))

    async def set_facts(self, digest: str, facts: Json) -> None:
        await self._database.change(
            update(web_sessions).where(web_sessions.c.digest == digest).values(facts=facts)
        )

    async def end(self, digest: str) -> None:
        await self._database.change(delete(web_sessions).where(web_sessions.c.digest == digest))

    async def end_all(self, user_id: int) -> int:
        """How many browsers were signed in; links that nobody used yet are over as well."""
        now = self._database.now()

        def work(connection: Connection) -> int:
            mine = (web_links.c.user_id == user_id, web_links.c.used_at.is_(None))
            connection.execute(update(web_links).where(*mine).values(expires_at=now))
            gone = delete(web_sessions).where(web_sessions.c.user_id == user_id)
            return connection.execute(gone).rowcount

        return await self._database.write(work)
