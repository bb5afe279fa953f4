"""A look into the books of a bot that runs in another process, for the playground's side panel."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from storage.overview import overview

SHOWN = 12


async def peek(folder: Path) -> dict[str, Any]:
    """The newest requests and bookings, counters and limits; nothing while the database is not there yet."""
    return await asyncio.to_thread(overview, folder / "atelier.db", shown=SHOWN)
