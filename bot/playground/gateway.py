"""The gateway: sessions, shards, events with sequence numbers, resuming, and breaking all that on demand."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import WSMsgType, web

from bot.playground.jsonic import Json, as_int, as_list, as_object, dumps, loads
from bot.playground.signals import Signal

if TYPE_CHECKING:
    from bot.playground.places import Guild
    from bot.playground.simulation import Simulation

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
HEARTBEAT_MS = 41250
REPLAYED_EVENTS = 5000
DEAD_SESSIONS_KEPT = 4
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15
GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 9, 1 << 12, 1 << 15

BAD_TOKEN, BAD_SHARD, FORBIDDEN_INTENTS, NOT_AUTHENTICATED = 4004, 4010, 4014, 4003


@dataclass(eq=False)
class Session:
    """Outlives its socket, so that a bot that comes back gets what it missed."""

    id: str
    shard: int
    shards: int
    intents: int
    socket: web.WebSocketResponse | None = None
    transport: asyncio.BaseTransport | None = None
    sequence: int = 0
    events: deque[tuple[int, bytes]] = field(
        default_factory=lambda: deque[tuple[int, bytes]](maxlen=REPLAYED_EVENTS), repr=False
    )
    outbox: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue[bytes], repr=False)

    def serves(self, guild_id: int | None) -> bool:
        """Direct messages (None) belong to shard 0."""
        return self.shard == (0 if guild_id is None else (guild_id >> 22) % self.shards)

    def dispatch(self, event: str, data: Json) -> None:
        self.sequence += 1
        text = dumps({"op": DISPATCH, "s": self.sequence, "t": event, "d": data})
        self.events.append((self.sequence, text))
        if self.socket is not None:
            self.outbox.put_nowait(text)

    def send(self, op: int, data: Any = None) -> None:
        self.outbox.put_nowait(dumps({"op": op, "d": data, "s": None, "t": None}))

    def cut(self) -> None:
        """End the connection below the protocol, as a broken network does."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        self.socket = self.transport = None

    def replay(self, after: int) -> None:
        """Everything since `after`, then RESUMED."""
        self.outbox = asyncio.Queue()
        for sequence, text in self.events:
            if sequence > after:
                self.outbox.put_nowait(text)
        self.dispatch("RESUMED", {"_trace": []})


class Gateway:
    """All sessions. Set `duplicates` to deliver that many of the next interactions twice."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self.sessions: dict[str, Session] = {}
        self.identifies = 0
        self.resumes = 0
        self.duplicates = 0
        self.allow_privileged_intents = False
        self.signal = Signal()

    @property
    def connected(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.socket is not None]

    def to_dict(self) -> Json:
        return {"connected": len(self.connected), "identifies": self.identifies, "resumes": self.resumes}

    def _changed(self) -> None:
        self.signal.notify()
        self._sim.bus.publish("gateway", self)

    # Events

    def broadcast(self, event: str, data: Json, *, guild: Guild | None, intent: int = GUILDS) -> None:
        """To each session of the right shard that asked for `intent`."""
        guild_id = guild.id if guild else None
        for session in self.sessions.values():
            if session.serves(guild_id) and session.intents & intent:
                session.dispatch(event, data)

    def message(self, event: str, data: Json, *, guild: Guild | None) -> None:
        """A MESSAGE_* event; who lacks the content intent gets other people's words emptied."""
        intent = GUILD_MESSAGES if guild else DIRECT_MESSAGES
        own = as_object(data.get("author")).get("id") == str(self._sim.bot.id)
        hidden: Json = (
            {} if own or guild is None else {"content": "", "embeds": [], "attachments": [], "components": []}
        )
        for session in self.sessions.values():
            if session.serves(guild.id if guild else None) and session.intents & intent:
                keep_all = session.intents & MESSAGE_CONTENT or "content" not in data
                session.dispatch(event, data if keep_all else {**data, **hidden})

    def interact(self, data: Json, *, guild_id: int | None) -> bool:
        """To each session of the shard, as all events: two bots with one token both hear it. False with no session."""
        serving = [session for session in self.sessions.values() if session.serves(guild_id)]
        live = [session for session in serving if session.socket is not None] or serving
        if not live:
            return False
        times = 1
        if self.duplicates > 0:
            self.duplicates -= 1
            times = 2
        for session in live * times:
            session.dispatch("INTERACTION_CREATE", data)
        return True

    # Trouble on demand

    def drop(self) -> None:
        """Cut every socket without a goodbye; sessions can be resumed."""
        for session in self.connected:
            session.cut()
        self._changed()

    def reconnect(self) -> None:
        """Op 7: the bot is asked to come back and resume."""
        for session in self.connected:
            session.send(RECONNECT)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9. Without `resumable` the sessions are gone and the bot must identify anew."""
        for session in self.connected:
            session.send(INVALID, resumable)
            if not resumable:
                del self.sessions[session.id]

    # The socket

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=None, compress=False, max_msg_size=1 << 20)
        await socket.prepare(request)
        await socket.send_str(
            dumps({"op": HELLO, "d": {"heartbeat_interval": HEARTBEAT_MS}, "s": None}).decode()
        )
        session: Session | None = None
        writer: asyncio.Task[None] | None = None
        try:
            async for frame in socket:
                if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    continue
                message = as_object(loads(frame.data))
                if message.get("op") == HEARTBEAT:
                    await socket.send_str(dumps({"op": ACK, "d": None}).decode())
                    continue
                if session is None:
                    session = await self._open(socket, message)
                    if session is not None:
                        session.transport = request.transport
                        writer = asyncio.create_task(_write(session, socket))
        except (ConnectionError, orjson.JSONDecodeError):
            await socket.close(code=4002)
        finally:
            if writer is not None:
                writer.cancel()
                with suppress(asyncio.CancelledError):
                    await writer
            self._closed(session, socket)
        return socket

    async def _open(self, socket: web.WebSocketResponse, message: Json) -> Session | None:
        data = as_object(message.get("d"))
        match message.get("op"):
            case op if op in (IDENTIFY, RESUME) and data.get("token") != self._sim.token:
                await socket.close(code=BAD_TOKEN, message=b"Authentication failed.")
            case 2:
                return await self._identify(socket, data)
            case 6:
                return await self._resume(socket, data)
            case _:
                await socket.close(code=NOT_AUTHENTICATED, message=b"Not authenticated.")
        return None

    async def _identify(self, socket: web.WebSocketResponse, data: Json) -> Session | None:
        shard = [as_int(number) for number in as_list(data.get("shard"))] or [0, 1]
        number, count = shard[0], shard[-1]
        if number is None or count is None or not 0 <= number < count:
            await socket.close(code=BAD_SHARD, message=b"Invalid shard.")
            return None
        intents = as_int(data.get("intents")) or 0
        if intents & PRIVILEGED and not self.allow_privileged_intents:
            await socket.close(code=FORBIDDEN_INTENTS, message=b"Disallowed intent(s).")
            return None
        session = Session(secrets.token_hex(16), number, count, intents, socket)
        self.sessions[session.id] = session
        self._forget_the_dead()
        self.identifies += 1
        guilds = [guild for guild in self._sim.guilds.values() if guild.me and session.serves(guild.id)]
        session.dispatch("READY", self._ready(session, guilds))
        if intents & GUILDS:
            for guild in guilds:
                session.dispatch("GUILD_CREATE", {**guild.to_gateway(), "unavailable": False})
        self._changed()
        return session

    async def _resume(self, socket: web.WebSocketResponse, data: Json) -> Session | None:
        session = self.sessions.get(str(data.get("session_id")))
        if session is None:
            await socket.send_str(dumps({"op": INVALID, "d": False, "s": None}).decode())
            return None
        if session.socket is not None:
            session.cut()
        session.socket = socket
        session.replay(as_int(data.get("seq")) or 0)
        self.resumes += 1
        self._changed()
        return session

    def _ready(self, session: Session, guilds: list[Guild]) -> Json:
        return {
            "v": 10,
            "user": self._sim.me(),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self._sim.gateway_url,
            "shard": [session.shard, session.shards],
            "application": {"id": str(self._sim.application_id), "flags": 0},
            "private_channels": [],
            "relationships": [],
            "_trace": [],
        }

    def _forget_the_dead(self) -> None:
        """A bot that is killed and started many times leaves sessions that nobody will resume."""
        dead = [session for session in self.sessions.values() if session.socket is None]
        for session in dead[:-DEAD_SESSIONS_KEPT]:
            del self.sessions[session.id]

    def _closed(self, session: Session | None, socket: web.WebSocketResponse) -> None:
        if session is None or session.socket is not socket:
            return
        session.socket = None
        if socket.close_code in (1000, 1001):  # a bot that says goodbye cannot resume
            self.sessions.pop(session.id, None)
        self._changed()


async def _write(session: Session, socket: web.WebSocketResponse) -> None:
    outbox = session.outbox
    with suppress(ConnectionError):
        while True:
            text = await outbox.get()
            await socket.send_str(text.decode())
