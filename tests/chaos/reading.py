"""What the storm left behind: in the database, and before people's eyes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import func, select

from bot.playground.messages import Message
from bot.playground.places import Channel
from bot.playground.sockets import SimulatedDiscord
from storage.database import Database, open_database
from storage.rows import RequestRow
from storage.tables import counters, requests

_REQUEST = re.compile(r"img_[a-z2-7]{13}")


@dataclass
class Seen:
    """How many finished cards of each request can be seen."""

    pictures: Counter[str] = field(default_factory=Counter[str])


async def all_rows(url: str) -> list[RequestRow]:
    async with open_database(url) as database:
        return await database.many(RequestRow, select(requests).order_by(requests.c.created_at))


async def reserved_left(database: Database) -> int:
    """What counters still hold back although nothing is under way: images and micro-dollars together."""
    held = select(func.coalesce(func.sum(counters.c.reserved_images + counters.c.reserved_microusd), 0))
    return int(await database.read(lambda connection: connection.execute(held).scalar_one()))


def cards_of(channels: Iterable[Channel], discord: SimulatedDiscord) -> Seen:
    seen = Seen()
    messages = [message for channel in channels for message in (*channel.messages, *channel.ephemerals)]
    for message in messages:
        if not message.deleted and _is_finished(message):
            found = _REQUEST.search(" ".join(button.custom_id or "" for button in message.buttons))
            if found:
                seen.pictures[found[0]] += 1
    return seen


def _is_finished(message: Message) -> bool:
    return bool(message.pictures) and any(button.label == "Repeat" for button in message.buttons)
