"""Requests and limits with everything filled in, so that a test says only what it is about."""

from __future__ import annotations

from datetime import date
from typing import Any

from storage.rows import ImageRow, Limit, NewRequest, PictureCharge, Scope, Unit
from storage.windows import Window, renews_at, window_start

GUILD = 81384788765712384
CHANNEL = 81384788765712385
USER = 80351110224678912
TODAY = "2026-11-21"
NOON = 1_795_262_400.0
"""2026-11-21 12:00 UTC, a Saturday."""


class Clock:
    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def new_request(number: int = 1, **changes: Any) -> NewRequest:
    """Two pictures for at most 0.10 dollars; `number` makes ids, and the order in which they came."""
    day = changes.get("day", TODAY)
    values: dict[str, Any] = {
        "id": f"img_{number:013d}",
        "interaction_id": 1_000_000 + number,
        "kind": "generate",
        "prompt": "a fox",
        "model": "demo/sketch",
        "provider": "demo",
        "request": {"kind": "generate", "prompt": "a fox", "model": "demo/sketch"},
        "user_id": USER,
        "user_name": "Ada",
        "guild_id": GUILD,
        "channel_id": CHANNEL,
        "locale": "en-US",
        "door": "discord",
        "count": 2,
        "estimate_microusd": 100_000,
        "day": day,
        "owner_day": day,
        "created_at": NOON + number,
    }
    return NewRequest(**{**values, **changes})


def a_limit(
    amount: int,
    *,
    unit: Unit = "images",
    window: Window = Window.DAY,
    subject: str = f"user:{USER}",
    scope: Scope = "everyone",
    day: str = TODAY,
) -> Limit:
    guild_id = 0 if scope in ("provider", "owner") else GUILD
    start = window_start(window, date.fromisoformat(day))
    return Limit(
        scope=scope,
        guild_id=guild_id,
        subject=subject,
        unit=unit,
        window=window.value,
        window_start=start.isoformat(),
        amount=amount,
        renews_at=renews_at(window, start),
    )


def charges(request: NewRequest, *costs: int) -> list[PictureCharge]:
    """One picture per cost, in micro-dollars, paid alike by member and pools."""
    return [
        PictureCharge(image_id=f"{request.id}_{number}", member_microusd=cost, pool_microusd=cost)
        for number, cost in enumerate(costs, 1)
    ]


def an_image(request: NewRequest, number: int = 1, **changes: Any) -> ImageRow:
    values: dict[str, Any] = {
        "id": f"{request.id}_{number}",
        "request_id": request.id,
        "number": number,
        "key": f"{number:064x}",
        "media_type": "image/png",
        "width": 1024,
        "height": 1024,
        "size_bytes": 1_500_000,
        "cost_microusd": 40_000,
        "created_at": NOON + number,
    }
    return ImageRow(**{**values, **changes})
