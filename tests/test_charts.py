"""The usage chart: a year of a busy server is drawn quickly, off the loop, and every series is to be seen."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Connection, insert

from bot import media
from bot.catalog import Catalog
from bot.charts import Chart, Series, draw
from bot.quotas import Defaults, QuotaService
from bot.usage import Usage
from storage.database import Database, open_database
from storage.guilds import GuildRepository
from storage.ledger import Ledger
from storage.limits import LimitRepository
from storage.tables import ledger, requests
from storage.usage import UsageRepository

GUILD = 81384788765712384
NOON = 1_795_262_400.0
"""2026-11-21 12:00 UTC."""
MODELS = (
    "demo/sketch",
    "openai/gpt-image-2",
    "openai/gpt-image-2-mini",
    "gemini/x",
    "stability/y",
    "a/b",
    "c/d",
)
REQUESTS = 100_000


def _fill(connection: Connection) -> None:
    """A year of requests, more of them in summer, each with its reservation and its settlement."""
    first = date(2025, 11, 22)
    asked: list[dict[str, Any]] = []
    booked: list[dict[str, Any]] = []
    for number in range(REQUESTS):
        day = (first + timedelta(days=number * 365 // REQUESTS)).isoformat()
        name = f"img_{number:013d}"
        asked.append(
            {
                "id": name,
                "kind": "generate",
                "prompt": "a fox",
                "model": MODELS[number * 7 % 11 % 7],
                "provider": "demo",
                "request": {},
                "user_id": number % 97,
                "guild_id": GUILD,
                "channel_id": 1,
                "locale": "fr",
                "private": False,
                "spoiler": False,
                "door": "discord",
                "state": "delivered",
                "estimate_microusd": 50_000,
                "count": 1,
                "provider_request_ids": [],
                "stages": {},
                "limits": [],
                "created_at": NOON,
                "updated_at": NOON,
                "settled_at": NOON,
            }
        )
        row = {
            "reference": name,
            "kind": "reserve",
            "request_id": name,
            "guild_id": GUILD,
            "user_id": number % 97,
            "channel_id": 1,
            "provider": "demo",
            "day": day,
            "owner_day": day,
            "at": NOON,
            "used_images": 0,
            "used_microusd": 0,
            "pool_microusd": 0,
            "reserved_images": 1,
        }
        booked += [
            row,
            {
                **row,
                "reference": f"{name}_1",
                "kind": "settle",
                "used_images": 1,
                "used_microusd": 40_000,
                "pool_microusd": 41_000,
                "reserved_images": -1,
            },
        ]
    for start in range(0, REQUESTS, 10_000):
        connection.execute(insert(requests), asked[start : start + 10_000])
        connection.execute(insert(ledger), booked[2 * start : 2 * start + 20_000])


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("year") / "atelier.db"

    async def fill() -> None:
        async with open_database(f"sqlite:///{path}") as database:
            await database.write(_fill)

    asyncio.run(fill())
    return path


@asynccontextmanager
async def usage_of(path: Path) -> AsyncGenerator[tuple[Usage, Database]]:
    pixels = media.Pixels()
    try:
        async with open_database(f"sqlite:///{path}") as database:
            quotas = QuotaService(
                LimitRepository(database),
                Ledger(database),
                GuildRepository(database),
                Defaults(),
                now=lambda: NOON,
            )
            yield Usage(UsageRepository(database), quotas, Catalog.load(None, ["demo"]), pixels), database
    finally:
        pixels.close()


async def test_a_year_of_a_hundred_thousand_requests_is_charted_off_the_loop(year: Path) -> None:
    async with usage_of(year) as (usage, _):
        longest, turns = 0.0, 0

        async def feel() -> None:
            nonlocal longest, turns
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.005)
                longest, turns = max(longest, time.perf_counter() - before - 0.005), turns + 1

        feeling = asyncio.create_task(feel())
        started = time.perf_counter()
        report = await usage.report(GUILD, "year")
        picture = await usage.chart(report, title="Pictures", others="others")
        seconds = time.perf_counter() - started
        feeling.cancel()
        print(f"{seconds:.3f} s, the loop was held for at most {longest * 1000:.0f} ms")
    assert report.images == REQUESTS
    assert (report.charged_microusd, report.cost_microusd) == (REQUESTS * 40_000, REQUESTS * 41_000)
    assert len(report.members) == 5
    with Image.open(io.BytesIO(picture)) as chart:
        assert chart.size == (1800, 920)
        assert chart.mode == "RGB"
    assert turns > 10, "the loop went on while it was summed up and drawn"


async def test_the_table_has_a_line_for_each_day_and_model(year: Path) -> None:
    async with usage_of(year) as (usage, _):
        report = await usage.report(GUILD, "week")
        lines = usage.csv(report).decode().splitlines()
    assert lines[0] == "day,model,pictures,charged_usd,cost_usd"
    assert len(lines) == 1 + len(report.rows)
    assert sum(int(line.split(",")[2]) for line in lines[1:]) == report.images


async def test_a_members_usage_is_theirs_alone(year: Path) -> None:
    async with usage_of(year) as (usage, _):
        report = await usage.report(GUILD, "year", user_id=5)
    assert report.images == sum(number % 97 == 5 for number in range(REQUESTS))
    assert report.members == []


def test_a_chart_without_anything_is_still_a_chart() -> None:
    with Image.open(io.BytesIO(draw(Chart(title="Rien à voir, même été", series=[], labels=[])))) as chart:
        assert chart.size == (1800, 920)


def test_every_series_is_drawn_in_a_colour_of_its_own() -> None:
    series = [Series(name=f"m{number}", values=[3, 4]) for number in range(6)]
    with Image.open(io.BytesIO(draw(Chart(title="t", series=series, labels=["1", "2"])))) as chart:
        colours = chart.getcolors(1 << 20)
    assert colours is not None
    assert sum(count > 20_000 for count, _ in colours) >= 7
