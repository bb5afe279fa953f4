"""What was drawn and what it cost, for people: totals, a chart picture, a table as CSV."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot import media
from bot.catalog import Catalog
from bot.charts import DARK, Chart, Look, Series, draw
from bot.quotas import QuotaService
from storage.rows import UsageRow
from storage.usage import UsageRepository
from storage.windows import Window, window_start

SPANS = {"day": 1, "week": 7, "month": 30, "year": 365}
"""How far back each word looks, in days."""

_MODELS = 5
"""More colours than these cannot be told apart; the rest is one series."""


@dataclass(frozen=True, kw_only=True)
class Report:
    rows: Sequence[UsageRow]
    first: date
    last: date
    images: int
    charged_microusd: int
    cost_microusd: int
    own_key_microusd: int
    by_model: Sequence[tuple[str, int, int]]
    """(name, pictures, micro-dollars), the most pictures first."""
    members: Sequence[tuple[int, int, int]]
    """(user id, pictures, micro-dollars charged)."""


class Usage:
    def __init__(
        self, usage: UsageRepository, quotas: QuotaService, catalog: Catalog, pixels: media.Pixels
    ) -> None:
        self._usage, self._quotas, self._catalog, self._pixels = usage, quotas, catalog, pixels

    async def report(self, guild_id: int | None, span: str, *, user_id: int | None = None) -> Report:
        """Of one server (0: of none); None: what the owner's keys paid everywhere."""
        last = (await self._quotas.day(guild_id or 0)).local
        first = last - timedelta(days=SPANS[span] - 1)
        days = first.isoformat(), last.isoformat()
        rows = await self._usage.by_day(guild_id, *days, user_id=user_id)
        per_model: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for row in rows:
            per_model[self._name(row.model)][0] += row.images
            per_model[self._name(row.model)][1] += (
                row.cost_microusd if user_id is None else row.charged_microusd
            )
        by_model = [(name, images, money) for name, (images, money) in per_model.items()]
        by_model.sort(key=lambda entry: (-entry[1], entry[0]))
        return Report(
            rows=rows, first=first, last=last,
            images=sum(row.images for row in rows),
            charged_microusd=sum(row.charged_microusd for row in rows),
            cost_microusd=sum(row.cost_microusd for row in rows),
            own_key_microusd=0 if user_id or guild_id is None else await self._usage.own_key_of_guild(guild_id, *days),
            by_model=by_model,
            members=[] if user_id else await self._usage.top_members(guild_id, *days),
        )  # fmt: skip

    async def of_own_keys(self, user_id: int) -> tuple[int, int]:
        """(pictures, micro-dollars) that a member's own keys ever paid for: in nobody else's account."""
        return await self._usage.own_key_of_member(user_id)

    def figures(self, report: Report, *, title: str, others: str, look: Look = DARK) -> Chart:
        """Pictures by day or week and model: what `chart` draws, for a table that says the same."""
        return Chart(title=title, series=self._series(report, others), labels=_labels(report), look=look)

    async def chart(self, report: Report, *, title: str, others: str, look: Look = DARK) -> bytes:
        """A PNG, drawn in the pixels' thread."""
        return await self._pixels.run(draw, self.figures(report, title=title, others=others, look=look))

    def csv(self, report: Report) -> bytes:
        held = io.StringIO(newline="")
        writer = csv.writer(held)
        writer.writerow(["day", "model", "pictures", "charged_usd", "cost_usd"])
        for row in report.rows:
            money = (f"{amount / 1_000_000:.6f}" for amount in (row.charged_microusd, row.cost_microusd))
            writer.writerow([row.day, row.model, row.images, *money])
        return held.getvalue().encode()

    def _name(self, model: str) -> str:
        known = self._catalog.known(model)
        return known.name if known else model

    def _series(self, report: Report, others: str) -> list[Series]:
        slots = {start: number for number, start in enumerate(_starts(report))}
        window = _window(report)
        named = [name for name, _, _ in report.by_model[:_MODELS]]
        values: dict[str, list[int]] = {name: [0] * len(slots) for name in named}
        for row in report.rows:
            slot = slots[window_start(window, date.fromisoformat(row.day))]
            name = self._name(row.model)
            values.setdefault(name if name in named else others, [0] * len(slots))[slot] += row.images
        return [Series(name=name, values=numbers) for name, numbers in values.items()]


def _window(report: Report) -> Window:
    """A bar is a day for up to a month, a week beyond: more bars than some sixty are a carpet."""
    return Window.DAY if (report.last - report.first).days < 62 else Window.WEEK


def _starts(report: Report) -> list[date]:
    window = _window(report)
    step = timedelta(days=1 if window is Window.DAY else 7)
    start, found = window_start(window, report.first), list[date]()
    while start <= report.last:
        found.append(start)
        start += step
    return found


def _labels(report: Report) -> list[str]:
    return [
        f"{start:%d.%m.}" if (report.last - report.first).days < 62 else f"{start:%m/%y}"
        for start in _starts(report)
    ]
