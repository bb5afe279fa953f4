"""Mood boards: who may see, fill and change them, and what of them goes home.

A member's board is theirs alone until they share it in a server. A server's board is everybody's to fill there; who
moderates looks after it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import InvalidRequest, NotAllowed, NotFound
from bot.exports import Packed, packed
from bot.images import Requester
from bot.membership import Membership, Unanswered
from bot.studio import Studio
from storage.boards import BoardRepository, BoardRow, Pinned
from storage.errors import BoardFull, NameTaken, StorageError
from storage.folding import folded
from storage.image_store import ImageStore

NAME_LENGTH = 60
_MICRO = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who comes, from where (`guild_id` 0: direct messages), and whether they moderate there."""

    requester: Requester
    guild_id: int
    moderator: bool = False

    @property
    def user_id(self) -> int:
        return self.requester.user_id


class Boards:
    def __init__(
        self, rows: BoardRepository, studio: Studio, store: ImageStore, membership: Membership
    ) -> None:
        self._rows, self._studio, self._store, self._membership = rows, studio, store, membership

    async def create(self, name: str, visitor: Visitor, *, server: bool = False) -> BoardRow:
        """Raises InvalidRequest for a name that is taken or empty, NotAllowed for a server's by a mere member."""
        if server and not (visitor.guild_id and visitor.moderator):
            raise NotAllowed(what="moderator" if visitor.guild_id else "server_only")
        owner = f"guild:{visitor.guild_id}" if server else f"user:{visitor.user_id}"
        with _Worded():
            return await self._rows.create(
                owner, _tidy(name), guild_id=visitor.guild_id, created_by=visitor.user_id
            )

    async def visible(self, visitor: Visitor) -> list[tuple[BoardRow, int]]:
        """Each with how many pictures it has; by name."""
        rows = await self._rows.visible(visitor.user_id, visitor.guild_id)
        counts = await self._rows.counts([row.id for row in rows])
        return [(row, counts.get(row.id, 0)) for row in rows]

    async def fillable(self, visitor: Visitor) -> list[BoardRow]:
        """Those that this person may add to here."""
        owners = [f"user:{visitor.user_id}"]
        if visitor.guild_id:
            owners.append(f"guild:{visitor.guild_id}")
        return await self._rows.of(*owners)

    async def find(self, named: str, visitor: Visitor) -> BoardRow:
        """By id or name, this person's own first. Raises NotFound, also for what they may not see."""
        rows = await self._rows.visible(visitor.user_id, visitor.guild_id)
        mine = f"user:{visitor.user_id}"
        for row in sorted(rows, key=lambda row: row.owner != mine):
            if named == row.id or folded(named) == folded(row.name):
                return row
        raise NotFound(what="board", id=named)

    def may_change(self, board: BoardRow, visitor: Visitor) -> bool:
        if board.owner == f"user:{visitor.user_id}":
            return True
        return visitor.moderator and board.owner == f"guild:{visitor.guild_id}"

    async def covers(
        self, boards: Sequence[BoardRow], visitor: Visitor, *, each: int
    ) -> dict[str, list[str]]:
        """The ids of the first pictures that this person sees on each."""
        return await self._rows.covers([board.id for board in boards], visitor.user_id, each=each)

    async def pictures(self, board: BoardRow, visitor: Visitor) -> list[Pinned]:
        """Those that this person may see where they were made; in their order."""
        pinned = await self._rows.pictures(board.id, visitor.user_id)
        seen = await asyncio.gather(*(self._sees(one, visitor) for one in pinned))
        return [one for one, is_seen in zip(pinned, seen, strict=True) if is_seen]

    async def _sees(self, one: Pinned, visitor: Visitor) -> bool:
        """Their own; what everyone of its server saw; what is in a channel that they see now."""
        row, user_id = one.request, visitor.user_id
        if row.user_id == user_id:
            return True
        if not row.guild_id:
            # Made in direct messages: who made it let others see it, or nobody may.
            return one.added_by == row.user_id
        try:
            if not row.listed:
                return await self._membership.sees(row.guild_id, row.channel_id, user_id)
            is_here = row.guild_id == visitor.guild_id
            return is_here or await self._membership.of(row.guild_id, user_id) is not None
        except Unanswered:
            return False

    async def add(self, board: BoardRow, image_id: str, visitor: Visitor) -> bool:
        """False when it is there already. Raises NotFound for a picture that this person may not see, NotAllowed."""
        if board.owner not in (f"user:{visitor.user_id}", f"guild:{visitor.guild_id}"):
            raise NotAllowed(what="board")
        await self._studio.image_of(image_id, visitor.requester)
        with _Worded():
            return await self._rows.add(board.id, image_id, added_by=visitor.user_id)

    async def remove(self, board: BoardRow, image_id: str, visitor: Visitor) -> bool:
        """By whoever looks after the board, or who put it there. Raises NotAllowed."""
        if not self.may_change(board, visitor):
            pinned = await self._rows.pictures(board.id, visitor.user_id)
            if not any(one.image.id == image_id and one.added_by == visitor.user_id for one in pinned):
                raise NotAllowed(what="board")
        return await self._rows.remove(board.id, image_id)

    async def move(self, board: BoardRow, image_id: str, to: int, visitor: Visitor) -> bool:
        """Into place `to`, from 1. Raises NotAllowed."""
        self._check(board, visitor)
        return await self._rows.move(board.id, image_id, to)

    async def rename(self, board: BoardRow, name: str, visitor: Visitor) -> None:
        """Raises as `create`, and NotAllowed."""
        self._check(board, visitor)
        with _Worded():
            await self._rows.rename(board.id, _tidy(name))

    async def share(self, board: BoardRow, visitor: Visitor, *, shared: bool) -> None:
        """Let the members of this server see it, or not any more. Raises NotAllowed."""
        self._check(board, visitor)
        if not visitor.guild_id:
            raise NotAllowed(what="server_only")
        await self._rows.share(board.id, shared=shared, guild_id=visitor.guild_id)

    async def delete(self, board: BoardRow, visitor: Visitor) -> None:
        """The board alone; its pictures stay. Raises NotAllowed."""
        self._check(board, visitor)
        await self._rows.delete(board.id)

    async def export(self, board: BoardRow, visitor: Visitor, limit_bytes: int) -> Packed:
        """Its pictures and a `board.json` with their prompts, as zip files below the limit."""
        pinned = await self.pictures(board, visitor)
        files = [file_name(number, one) for number, one in enumerate(pinned, 1)]
        held: list[tuple[str, bytes]] = []
        for name, one in zip(files, pinned, strict=True):
            try:
                held.append((name, await self._store.get(one.image.key)))
            except StorageError:
                continue
        there = {name for name, _ in held}
        told = board_json(
            board, [(name if name in there else None, one) for name, one in zip(files, pinned, strict=True)]
        )
        return await asyncio.to_thread(packed, {"board.json": told}, held, limit_bytes)

    def _check(self, board: BoardRow, visitor: Visitor) -> None:
        if not self.may_change(board, visitor):
            raise NotAllowed(what="board")


class _Worded:
    """Turns what storage refuses into what people are told."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        match error:
            case NameTaken(name=name):
                raise InvalidRequest(field="name", problem="taken", value=name) from error
            case BoardFull(limit=limit):
                raise InvalidRequest(field="board", problem="full", allowed=[str(limit)]) from error
            case _:
                return


def _tidy(name: str) -> str:
    tidy = " ".join(name.split())[:NAME_LENGTH]
    if not tidy:
        raise InvalidRequest(field="name", problem="missing", allowed=["name"])
    return tidy


def board_json(board: BoardRow, pictures: Sequence[tuple[str | None, Pinned]]) -> bytes:
    """What `board.json` says of a board: each picture with the name of its file, None where its bytes are gone."""
    entries = [_entry(name, one) for name, one in pictures]
    return json.dumps({"name": board.name, "pictures": entries}, ensure_ascii=False, indent=2).encode()


def file_name(number: int, one: Pinned) -> str:
    """In the board's order in every file manager."""
    return f"{number:03}_{one.image.id}.{one.image.media_type.removeprefix('image/')}"


def _entry(file: str | None, one: Pinned) -> dict[str, object]:
    return {
        "file": file,
        "id": one.image.id,
        "prompt": one.request.prompt,
        "model": one.image.model or one.request.model,
        "style": one.request.request.get("style"),
        "seed": one.image.seed,
        "width": one.image.width,
        "height": one.image.height,
        "cost": one.image.cost_microusd / _MICRO,
        "by": str(one.request.user_id),
    }
