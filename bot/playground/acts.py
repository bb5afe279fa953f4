"""What a visitor does on the page, turned into what people do on Discord."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from bot.playground.cdn import Upload
from bot.playground.errors import NotPossible
from bot.playground.jsonic import Json, as_int, as_list, as_object

if TYPE_CHECKING:
    from bot.playground.acting import Acting
    from bot.playground.interactions import Interaction
    from bot.playground.messages import Message
    from bot.playground.people import Member, User
    from bot.playground.places import Channel
    from bot.playground.scene import Scene

UPLOADS_KEPT = 40


class Uploads:
    """Files that the page has sent ahead of the act that uses them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._count = 0

    def keep(self, upload: Upload) -> str:
        self._count += 1
        self._kept[str(self._count)] = upload
        while len(self._kept) > UPLOADS_KEPT:
            self._kept.popitem(last=False)
        return str(self._count)

    def get(self, number: object) -> Upload:
        upload = self._kept.get(str(number))
        if upload is None:
            raise NotPossible("that file is no longer here: please add it again")
        return upload


class Acts:
    """One person's hands in one place. Each act raises NotPossible for what an honest app would not send."""

    def __init__(self, sim: Acting, scene: Scene, uploads: Uploads, member: Member, place: Channel) -> None:
        self._sim, self._scene, self._uploads = sim, scene, uploads
        self._who: Member | User = scene.actor(member, place)
        self._place = place

    async def start(self, act: str, said: Json) -> Interaction:
        """Do what reaches the bot as an interaction."""
        hands: dict[str, Callable[[Json], Awaitable[Interaction]]] = {
            "slash": self._slash,
            "menu": self._menu,
            "person": self._person_menu,
            "click": self._click,
            "choose": self._choose,
            "submit": self._submit,
        }
        if act not in hands:
            raise NotPossible(f"{act!r} is not known here")
        return await hands[act](said)

    async def autocomplete(self, said: Json) -> list[Json]:
        name, text = [*as_list(said.get("focused")), "", ""][:2]
        values = {key: self._thing(value) for key, value in as_object(said.get("values")).items()}
        return await self._sim.autocomplete(
            self._who, self._place, str(said.get("command")), values, focused=(str(name), str(text))
        )

    def post(self, said: Json) -> None:
        files = [self._uploads.get(number) for number in as_list(said.get("files"))]
        text = str(said.get("text") or "").strip()
        if not text and not files:
            raise NotPossible("an empty message")
        self._place.post(self._who, text[:2000], files)

    def dismiss(self, said: Json) -> None:
        """Take an ephemeral message off one's own screen."""
        message = self._message(said)
        if message.ephemeral and message.reader is not None and message.reader.id == self._who.id:
            self._sim.delete(message)

    async def _slash(self, said: Json) -> Interaction:
        values = {key: self._thing(value) for key, value in as_object(said.get("values")).items()}
        return await self._sim.slash(self._who, self._place, str(said.get("command")), values)

    async def _menu(self, said: Json) -> Interaction:
        return await self._sim.menu(self._who, self._message(said), str(said.get("name")))

    async def _person_menu(self, said: Json) -> Interaction:
        target = self._sim.users.get(as_int(said.get("user")) or 0)
        if target is None:
            raise NotPossible("nobody has that id")
        return await self._sim.user_menu(self._who, self._place, target, str(said.get("name")))

    async def _click(self, said: Json) -> Interaction:
        return await self._sim.click(self._who, self._message(said), custom_id=str(said.get("custom_id")))

    async def _choose(self, said: Json) -> Interaction:
        values = [self._thing(value) for value in as_list(said.get("values"))]
        return await self._sim.choose(self._who, self._message(said), str(said.get("custom_id")), values)

    async def _submit(self, said: Json) -> Interaction:
        opener = self._sim.interactions.get(as_int(said.get("interaction")) or 0)
        if opener is None or opener.opened is None:
            raise NotPossible("that form is no longer open")
        values = {key: self._thing(value) for key, value in as_object(said.get("values")).items()}
        return await self._sim.submit(self._who, opener.opened, values)

    def _message(self, said: Json) -> Message:
        number = as_int(said.get("message")) or 0
        for place in self._sim.channels.values():
            if number in place.by_id:
                return place.by_id[number]
        raise NotPossible("the message is gone")

    def _thing(self, value: object) -> object:
        """`{"user": id}` and the like become what they name; lists likewise; all else is itself."""
        if isinstance(value, list):
            return [self._thing(one) for one in as_list(value)]
        reference = as_object(value)
        if not reference:
            return value
        kind, number = next(iter(reference.items()))
        if kind == "upload":
            return self._uploads.get(number)
        found = self._named(kind, as_int(number) or 0)
        if found is None:
            raise NotPossible(f"no {kind} has that id")
        return found

    def _named(self, kind: str, number: int) -> object:
        guild = self._scene.guild
        match kind:
            case "user":
                return guild.members.get(number) or self._sim.users.get(number)
            case "role":
                return guild.role(number)
            case "channel":
                return guild.channels.get(number)
            case _:
                return None
