"""The simulated Discord with a crowd in it, noting to the moment when each wish was answered and its picture seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.playground import Interaction, Member, Message, SimulatedDiscord
from tests.bench.processes import listen_to_crowds

PATIENCE_SECONDS = 120.0


@dataclass(eq=False)
class Wish:
    """One /imagine. `seen_at` has the moments at which a file's hash appeared in the answer."""

    prompt: str
    interaction: Interaction
    seen_at: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def first_answer_seconds(self) -> float:
        return self.interaction.first_answer_seconds or PATIENCE_SECONDS


class Stage(SimulatedDiscord):
    """`final` is the hash of the picture that every wish ends with; set once the vendor has made one."""

    def __init__(self) -> None:
        super().__init__(keep_files=False)
        self.guild = self.add_guild("The bench")
        self.channel = self.guild.add_channel("pictures")
        self._members: list[Member] = []
        self._wishes: dict[Interaction, Wish] = {}
        self._number = 0
        self._moved = asyncio.Event()

    async def start(self) -> None:
        await super().start()
        listen_to_crowds(self.host, self.port)

    def changed(self, message: Message) -> None:
        super().changed(message)
        wish = self._wishes.get(message.interaction) if message.interaction else None
        if wish is not None and not message.loading:
            now = time.time()
            for file in message.shown_files:
                wish.seen_at.setdefault(file.sha256, now)
            self._moved.set()

    def crowd(self, count: int) -> Sequence[Member]:
        while len(self._members) < count:
            self._members.append(self.guild.add_member(f"member{len(self._members)}"))
        return self._members[:count]

    async def wish(self, member: Member, pictures: int = 1) -> Wish:
        self._number += 1
        prompt = f"wish {self._number}"
        options: dict[str, str | int] = {"prompt": prompt, **({"count": pictures} if pictures > 1 else {})}
        interaction = await self.slash(member, self.channel, "imagine", options)
        wish = self._wishes[interaction] = Wish(prompt, interaction)
        return wish

    async def burst(
        self, count: int, *, rounds: int = 1, pictures: int = 1, final: str | None = None
    ) -> list[Wish]:
        """`count` wishes of as many members at the same moment, for so many pictures each, `rounds` times."""
        wishes: list[Wish] = []
        for _ in range(rounds):
            asked = [await self.wish(member, pictures) for member in self.crowd(count)]
            await self.granted(asked, final)
            wishes += asked
        return wishes

    async def steady(self, a_second: float, seconds: float, *, final: str | None = None) -> list[Wish]:
        """Wishes at even distances, of forty members in turn."""
        loop = asyncio.get_running_loop()
        members = self.crowd(40)
        wishes: list[Wish] = []
        started = loop.time()
        for number in range(int(a_second * seconds)):
            await asyncio.sleep(max(0.0, started + number / a_second - loop.time()))
            wishes.append(await self.wish(members[number % len(members)]))
        await self.granted(wishes, final)
        return wishes

    async def granted(self, wishes: Sequence[Wish], final: str | None) -> None:
        """Until each shows its picture: the one with the hash `final`, or any."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not all(final in wish.seen_at if final else wish.seen_at for wish in wishes):
                self._moved.clear()
                await self._moved.wait()
