"""One open page: who sits before it and looks where, what is told to it as it happens, what is asked through it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from bot.playground import looks
from bot.playground.acts import Acts
from bot.playground.errors import NoAnswer, NotPossible
from bot.playground.interactions import ANSWER_SECONDS, Answer, Interaction
from bot.playground.jsonic import Json, as_int, as_object, dumps, loads
from bot.playground.signals import Event

if TYPE_CHECKING:
    from bot.playground.messages import Message
    from bot.playground.playground import Playground

MESSAGES_SHOWN = 100
REQUESTS_SHOWN = 80
LOCALES = ("en-US", "fr")
PEEK_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Visitor:
    """Serves one WebSocket. Each frame from the page is an act with a number; its answer carries the same number."""

    def __init__(self, playground: Playground, socket: web.WebSocketResponse) -> None:
        self._playground, self._socket = playground, socket
        self._sim, self._scene = playground.discord, playground.scene
        self._person = self._scene.person(None)
        self._place = self._scene.place(None, self._person.member)
        self._tasks: set[asyncio.Task[None]] = set()
        self._panel: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        with self._sim.bus.subscribe() as events:
            self._start(self._tell_events(events))
            try:
                async for frame in self._socket:
                    if frame.type is WSMsgType.TEXT:
                        self._start(self._answer(as_object(loads(frame.data))))
            finally:
                for task in tuple(self._tasks):
                    task.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a part of the page failed", exc_info=error)

    async def _send(self, told: Json) -> None:
        with suppress(ConnectionError):
            await self._socket.send_str(dumps(told).decode())

    # What the page asks

    async def _answer(self, said: Json) -> None:
        answer: Json = {"re": said.get("id"), "ok": True}
        try:
            answer["value"] = await self._do(str(said.get("do")), said)
        except (NotPossible, TypeError, ValueError) as error:
            answer = {**answer, "ok": False, "error": str(error)}
        except NoAnswer:
            answer = {**answer, "ok": False, "error": "the bot gave no answer"}
        except Exception:  # noqa: BLE001 - whatever it is, the page must not wait for an answer for ever
            _log.exception("an act failed: %s", said.get("do"))
            answer = {**answer, "ok": False, "error": "the playground failed; its terminal knows more"}
        await self._send(answer)

    async def _do(self, act: str, said: Json) -> Any:
        match act:
            case "look":
                return self._look(said)
            case "locale":
                return self._speak(str(said.get("locale")))
            case "panel":
                return self._open_panel(wanted=bool(said.get("open")))
            case "trouble":
                self._playground.trouble.make(str(said.get("kind")), said.get("value"))
                return self._playground.tell()
            case "log":
                return self._playground.bot.log_tail()
            case _:
                return await self._perform(act, said)

    async def _perform(self, act: str, said: Json) -> Any:
        """What a person does, as opposed to what a visitor of the page wants to see."""
        acts = Acts(self._sim, self._scene, self._playground.uploads, self._person.member, self._place)
        match act:
            case "autocomplete":
                return await acts.autocomplete(said)
            case "post":
                return acts.post(said)
            case "dismiss":
                return acts.dismiss(said)
            case _:
                interaction = await acts.start(act, said)
                self._start(self._watch(interaction))
                return {"interaction": str(interaction.id)}

    def _speak(self, locale: str) -> Json:
        """The person sets their Discord to another language."""
        if locale not in LOCALES:
            raise NotPossible(f"{locale!r} is not offered here")
        self._person.member.user.locale = locale
        return self._shown()

    def _look(self, said: Json) -> Json:
        """Be that person, look at that place."""
        self._person = self._scene.person(said.get("person"))
        self._place = self._scene.place(said.get("place"), self._person.member)
        return self._shown()

    def _shown(self) -> Json:
        member, place = self._person.member, self._place
        actor = self._scene.actor(member, place)
        commands = list(looks.offered(place, actor))
        messages = [looks.message(one) for one in place.by_id.values() if self._sees(one)]
        ids = {"commands": {one["id"]: one["name"] for one in commands}}
        return {
            "person": str(member.id),
            "place": str(place.id),
            "locale": member.locale,
            "people": [person.to_dict() for person in self._scene.people.values()],
            "places": self._scene.places(member),
            "guild": self._scene.guild.name,
            "bot": {"id": str(self._sim.bot.id), "name": self._sim.bot.name},
            "names": {**self._scene.names(), **ids},
            "upload_limit": place.upload_limit,
            "commands": commands,
            "messages": messages[-MESSAGES_SHOWN:],
            "state": self._playground.state(),
        }

    def _sees(self, message: Message) -> bool:
        return not message.ephemeral or (
            message.reader is not None and message.reader.id == self._person.member.id
        )

    async def _watch(self, interaction: Interaction) -> None:
        """Tell the page how the bot answered, or that it did not within Discord's three seconds."""
        told: Json = {"event": "answer", "interaction": str(interaction.id)}
        try:
            answer = await interaction.answered(ANSWER_SECONDS + 0.2)
        except NoAnswer:
            await self._send({**told, "answer": None})
            return
        told["answer"] = answer.name.lower()
        if answer is Answer.MODAL and interaction.opened is not None:
            told["modal"] = interaction.opened.to_dict()
        await self._send(told)

    # What the page is told

    async def _tell_events(self, events: asyncio.Queue[Event]) -> None:
        while True:
            event = await events.get()
            told = self._event(event)
            if told is not None:
                await self._send(told)

    def _event(self, event: Event) -> Json | None:
        match event.kind.partition("."):
            case "message", _, verb:
                return self._message_event(verb, event.data)
            case "request", _, _ if self._panel is not None:
                return {"event": "request", "request": event.data}
            case "commands", _, _:
                return {"event": "scene", "scene": self._shown()}
            case (("gateway" | "bot"), _, _):
                return {"event": "state", "state": self._playground.state()}
            case _:
                return None

    def _message_event(self, verb: str, data: Json) -> Json | None:
        place = self._sim.channels.get(as_int(data.get("channel_id")) or 0)
        told: Json = {"event": "message", "verb": verb, "place": str(data.get("channel_id"))}
        if verb == "deleted":
            return {**told, "id": str(data.get("id"))}
        message = place.by_id.get(as_int(data.get("id")) or 0) if place else None
        if message is None or not self._sees(message):
            return None
        if place is not self._place:
            return {**told, "id": str(message.id)}
        return {**told, "id": str(message.id), "message": looks.message(message)}

    # The side panel

    def _open_panel(self, *, wanted: bool) -> Json:
        if self._panel is not None:
            self._panel.cancel()
            self._panel = None
        if not wanted:
            return {}
        self._panel = self._start(self._tell_books())
        recent = [record.to_dict() for record in list(self._sim.requests)[-REQUESTS_SHOWN:]]
        return {"requests": recent}

    async def _tell_books(self) -> None:
        """The bot's own books, whenever they have changed."""
        last: Json = {}
        while True:
            books = await self._playground.books()
            if books != last:
                last = books
                await self._send({"event": "books", "books": books})
            await asyncio.sleep(PEEK_SECONDS)
