"""Tells a server's admins, once per window each, that four fifths of a budget are spent, and that all of it is."""

from __future__ import annotations

from typing import Protocol

import structlog

from bot.i18n import Texts, texts_for
from bot.quotas import QuotaService, Standing
from bot.servers import Servers
from storage.rows import RequestRow
from storage.settings import SettingsRepository

WARN_PERCENT, STOP_PERCENT = 80, 100

_log = structlog.get_logger(__name__)


class Noticeboard(Protocol):
    """Where admins read what they should know."""

    async def tell_admins(self, guild_id: int, words: str) -> bool: ...


class BudgetWatch:
    """Neither method raises: pictures and refusals come before warnings about them."""

    def __init__(
        self, quotas: QuotaService, servers: Servers, settings: SettingsRepository, board: Noticeboard
    ) -> None:
        self._quotas, self._servers, self._settings, self._board = quotas, servers, settings, board

    async def after(self, row: RequestRow) -> None:
        """After a request was settled: what it really cost may have passed a mark."""
        if row.guild_id:
            await self._look(row.guild_id, None)

    async def used_up(self, guild_id: int, unit: str, window: str) -> None:
        """After a refusal for want of this budget: for people it is used up, whatever is left over."""
        await self._look(guild_id, (unit, window))

    async def _look(self, guild_id: int, refused: tuple[str, str] | None) -> None:
        try:
            for standing in await self._quotas.budgets(guild_id):
                if standing.scope == "server":
                    await self._mark(guild_id, standing, (standing.unit, str(standing.window)) == refused)
        except Exception:  # noqa: BLE001 - see the class
            _log.exception("the budgets could not be looked at", guild=guild_id)

    async def _mark(self, guild_id: int, standing: Standing, refused: bool) -> None:
        percent = standing.used * 100 // standing.amount if standing.amount else STOP_PERCENT
        if refused or percent >= STOP_PERCENT:
            level = STOP_PERCENT
        elif percent >= WARN_PERCENT:
            level = WARN_PERCENT
        else:
            return
        key = f"{standing.unit}:{standing.window}:{standing.renews_at}:{standing.amount}:{level}"
        if await self._settings.claim(f"budget:{guild_id}", key, level):
            server = await self._servers.of(guild_id)
            words = _words(texts_for(server.language), standing, level)
            told = await self._board.tell_admins(guild_id, words)
            _log.info("a budget passed a mark", guild=guild_id, percent=level, told=told)


def _words(t: Texts, standing: Standing, level: int) -> str:
    images = standing.unit == "images"
    used, amount = (
        t.n("{n} picture", "{n} pictures", number) if images else t.money(number)
        for number in (standing.used, standing.amount)
    )
    when = f"<t:{standing.renews_at}:R>"
    if level >= STOP_PERCENT:
        return t(
            "🛑 This server's budget is used up: {used} of {amount}. New requests are refused until it renews {when}.",
            used=used, amount=amount, when=when,
        )  # fmt: skip
    return t(
        "⚠️ {percent} % of this server's budget are spent: {used} of {amount}. It renews {when}.",
        percent=level, used=used, amount=amount, when=when,
    )  # fmt: skip
