"""Every command, menu, button and window, by everybody, in every place, in both languages; after a restart.

What is registered and stands in none of the tables below fails the test. `pytest -s` prints who was answered what.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.client import COGS, AtelierBot
from bot.errors import AtelierError, NotAllowed, NotFound
from bot.playground import NoAnswer, NotPossible, Upload
from bot.playground.interactions import Interaction
from bot.playground.messages import V2, Message
from tests.scenarios.conftest import Stage
from tests.scenarios.everybody import (
    PEOPLE,
    Cell,
    Told,
    errors_logged,
    everybody,
    foreign,
    in_corners,
    is_said,
    table,
    told,
)
from tests.scenarios.test_admins import paths
from tests.scenarios.test_first_pictures import png

PROMPT = "zorro"
NOBODY = "img_aaaaaaaaaaaaa"
_SECONDS = 400
"""Some hundred interactions each: 20 s on two cores of their own."""
SMALL = {"size": "256x256"}
ADMINS, MODERATORS = ("admin",), ("moderator", "member")
NOT_ADMIN, NOT_YOURS = NotAllowed(what="admin"), NotAllowed(what="not_yours")
NO_BOARD, NO_REQUEST = NotFound(what="board", id=""), NotFound(what="request", id="")
SERVER_ONLY = NotAllowed(what="server_only")
REFUSALS = [
    *(NotAllowed(what=what) for what in ("admin", "owner", "channel", "role", "cannot_post", "board", "not_yours")),
    *(NotFound(what=what, id="") for what in ("image", "board", "batch", "request", "picture_in_message")),
    NotAllowed(what="moderator"), SERVER_ONLY, AtelierError(),
]  # fmt: skip


@dataclass
class Things:
    """What the deeds of a corner are about, all of it its member's: ids."""

    image: str = ""
    described: str = ""
    wall: str = ""
    gone: str = ""
    batch: str = ""
    dropped: str = ""
    compared: str = ""
    comparison: Message | None = None


@dataclass(frozen=True, kw_only=True)
class Deed:
    """`who` may do it; the others are told `refusal`. `fill` is what goes into a window that opens.

    `drawn` is for pictures; `speaks` is off where a model's own words are the answer.
    """

    who: Collection[str] = PEOPLE
    refusal: AtelierError | None = None
    in_direct_messages: bool = True
    drawn: bool = False
    speaks: bool = True
    fill: Mapping[str, object] | None = None

    def expected(self, cell: Cell) -> AtelierError | None:
        if cell.place == "dm" and not self.in_direct_messages:
            return SERVER_ONLY
        return None if cell.person in self.who and self.who else self.refusal


@dataclass(frozen=True, kw_only=True)
class Typed(Deed):
    options: Callable[[Cell], dict[str, object]] = field(default=lambda _: {})


@dataclass(frozen=True, kw_only=True)
class Pressed(Deed):
    """`id` of the button, or of the menu in which `choose` is chosen."""

    id: Callable[[Cell, Things], str]
    choose: Callable[[Cell, Things], list[str]] | None = None


def picture() -> Upload:
    return Upload("zorro.png", png(64, 64), "image/png")


def drawing(options: Callable[[Cell], dict[str, object]], **how: Any) -> Typed:
    return Typed(options=options, drawn=True, **how)


def admins(options: Callable[[Cell], dict[str, object]] = lambda _: {}, **how: Any) -> Typed:
    return Typed(options=options, who=ADMINS, refusal=NOT_ADMIN, in_direct_messages=False, **how)


def own_board(name: str, **options: object) -> Typed:
    return Typed(
        options=lambda cell: {"name": f"{PROMPT} {name} {cell.place}", **options},
        who=("member",),
        refusal=NO_BOARD,
    )


COMMANDS: dict[str, Typed] = {
    "imagine": drawing(lambda _: {"prompt": PROMPT, **SMALL}),
    "edit": drawing(lambda _: {"prompt": PROMPT, "image": picture(), **SMALL}),
    "variations": drawing(lambda _: {"image": picture()}),
    "upscale": drawing(lambda _: {"image": picture()}),
    "blend": drawing(lambda _: {"image1": picture(), "image2": picture(), **SMALL}),
    "describe": drawing(lambda _: {"image": picture()}, speaks=False),
    "compare": drawing(
        lambda _: {"prompt": PROMPT, "model1": "demo/studio", "model2": "demo/sketch", **SMALL}
    ),
    "illustrate": Typed(fill={"script": f"{PROMPT}\n{PROMPT}"}),
    "batch": Typed(fill={"script": f"{PROMPT}\n{PROMPT}"}),
    "cancel": Typed(),
    "history": Typed(),
    "gallery": Typed(in_direct_messages=False),
    "models": Typed(),
    "settings": Typed(),
    "help": Typed(),
    "web": Typed(),
    "quota show": Typed(),
    "quota why": Typed(),
    "quota set": admins(lambda cell: {"role": cell.stage.guild.roles[0], "images": 500}),
    "quota remove": admins(lambda cell: {"role": cell.stage.guild.roles[0]}),
    "quota grant": admins(lambda cell: {"user": cell.stage.bruno, "images": 3}),
    "quota reset": admins(lambda cell: {"user": cell.stage.bruno}),
    "quota copy": admins(lambda cell: {"source": cell.stage.bruno, "target": cell.stage.ada}),
    "quota list": admins(),
    "privacy export": Typed(),
    "privacy erase": Typed(),
    "key add": Typed(options=lambda _: {"provider": "openai"}, fill={"key": "sk-zorro"}),
    "key remove": Typed(options=lambda _: {"provider": "openai"}),
    "key list": Typed(),
    "board create": Typed(options=lambda cell: {"name": f"{PROMPT} {cell}"[:40]}),
    "board list": Typed(),
    "board show": own_board("wall"),
    "board rename": own_board("named", to=f"{PROMPT} renamed"),
    "board reorder": own_board("wall"),
    "board share": Typed(
        options=lambda cell: {"name": f"{PROMPT} shared {cell.place}", "on": False},
        who=("member",), refusal=NO_BOARD, in_direct_messages=False,
    ),
    "board export": own_board("wall"),
    "board delete": own_board("wall"),
    "setup": admins(),
    "admin apikey create": admins(lambda _: {"name": PROMPT}),
    "admin apikey list": admins(),
    "admin apikey revoke": admins(lambda _: {"id": PROMPT}),
    "admin webhooks": admins(),
    "admin status": admins(),
    "admin parked": admins(),
    "admin audit": admins(),
    "admin requests": admins(),
    "admin doctor": admins(),
    "admin erase-user": admins(lambda cell: {"user": cell.stage.bruno}),
    "admin settings": admins(),
    "admin block add": admins(lambda cell: {"user": cell.stage.bruno, "reason": PROMPT}),
    "admin block remove": admins(lambda cell: {"user": cell.stage.bruno}),
    "admin block list": admins(),
    "admin models": admins(),
    "admin style": admins(),
    "admin budget": admins(),
    "admin usage": admins(),
}  # fmt: skip
MENUS: dict[str, Typed] = {
    "Edit image": Typed(fill={"prompt": PROMPT}),
    "Vary image": Typed(fill={}),
    "Describe image": Typed(drawn=True, speaks=False),
}


def card(action: str, argument: str = "", **how: Any) -> Pressed:
    """A button of a card's."""
    tail = f":{argument}" if argument else ""
    return Pressed(id=lambda _, things: f"v1:{action}:{things.image}{tail}", **how)


def words(action: str, **how: Any) -> Pressed:
    """A button under a picture in words."""
    return Pressed(id=lambda _, things: f"v1:{action}:{things.described}", **how)


def of_board(action: str, argument: Callable[[Things], str], **how: Any) -> Pressed:
    return Pressed(
        id=lambda _, things: f"v1:p:{action}:{argument(things)}", who=("member",), refusal=NO_BOARD, **how
    )


def page(action: str, argument: Callable[[Things], str], **how: Any) -> Pressed:
    return Pressed(id=lambda _, things: f"v1:p:{action}:{argument(things)}", **how)


def desk(action: str, argument: str, **how: Any) -> Pressed:
    how = {"who": ADMINS, "refusal": NOT_ADMIN, "in_direct_messages": False, **how}
    return Pressed(id=lambda _, __: f"v1:q:{action}:{argument}", **how)


def picked(name: str, sign: str, choose: list[str]) -> Pressed:
    return Pressed(
        id=lambda _, __: f"v1:{sign}:{name}", choose=lambda _, __: choose,
        who=ADMINS, refusal=NOT_ADMIN, in_direct_messages=False,
    )  # fmt: skip


PRESSES: dict[str, list[Pressed]] = {
    "repeat": [card("repeat", drawn=True)],
    "swap": [card("swap", "demo/sketch", drawn=True)],
    "change": [card("change", fill={"prompt": PROMPT})],
    "vary": [card("vary", fill={})],
    "edit": [card("edit", fill={"prompt": PROMPT})],
    "upscale": [card("upscale", drawn=True), card("upscale", "1,2", fill={"which": "1"})],
    "cancel": [card("cancel", who=MODERATORS, refusal=NOT_YOURS)],
    "details": [card("details")],
    "back": [card("back")],
    "copy": [card("copy", speaks=False)],
    "original": [card("original")],
    "direct": [card("direct")],
    "region": [card("region")],
    "keep": [card("keep")],
    "imagine": [words("imagine", drawn=True, speaks=False)],
    "retell": [words("retell", fill={"prompt": PROMPT})],
    "delete": [card("delete", who=MODERATORS, refusal=NOT_YOURS)],
}
DESKS: dict[str, list[Pressed]] = {
    "history": [page("history", lambda _: "0|||||")],
    "gallery": [page("gallery", lambda _: "0|||||", in_direct_messages=False)],
    "past_open": [
        Pressed(id=lambda _, __: "v1:s:past_open:page", choose=lambda _, things: [things.image]),
    ],
    "like": [page("like", lambda things: things.image)],
    "unlike": [page("unlike", lambda things: things.image)],
    "board_add": [
        Pressed(
            id=lambda _, things: f"v1:s:board_add:{things.image}",
            choose=lambda _, __: ["new"],
            fill={"name": "zorro new"},
        ),
    ],
    "board_open": [
        Pressed(
            id=lambda _, __: "v1:s:board_open:list", choose=lambda _, things: [things.wall],
            who=("member",), refusal=NO_BOARD,
        ),
    ],
    "board_page": [of_board("board_page", lambda things: f"{things.wall}:0:f")],
    "board_order": [of_board("board_order", lambda things: things.wall)],
    "board_pick": [
        Pressed(
            id=lambda _, things: f"v1:s:board_pick:{things.wall}", choose=lambda _, things: [things.image],
            who=("member",), refusal=NO_BOARD,
        ),
    ],
    "board_move": [of_board("board_move", lambda things: f"{things.wall}:{things.image}:1:t")],
    "board_export": [of_board("board_export", lambda things: things.wall)],
    "board_take": [of_board("board_take", lambda things: f"{things.wall}:{things.image}")],
    "board_delete": [
        Pressed(id=lambda _, things: f"v1:q:board_delete:{things.gone}", who=("member",), refusal=NO_BOARD)
    ],
    "vote": [page("vote", lambda things: f"{things.compared}:1")],
    "batch_drop": [page("batch_drop", lambda things: things.dropped, who=("member",), refusal=NOT_YOURS)],
    "batch_confirm": [page("batch_confirm", lambda things: things.batch, who=("member",), refusal=NOT_YOURS)],
    "batch_cancel": [page("batch_cancel", lambda things: things.batch, who=MODERATORS, refusal=NOT_YOURS)],
    "batch_resume": [page("batch_resume", lambda things: things.batch, who=("member",), refusal=NOT_YOURS)],
    "batch_export": [page("batch_export", lambda things: things.batch)],
    "cheaper": [desk("cheaper", f"{NOBODY}:p", who=(), refusal=NO_REQUEST, in_direct_messages=True)],
    "ask": [desk("ask", NOBODY, who=(), refusal=NO_REQUEST, in_direct_messages=True)],
    "approve": [desk("approve", f"{NOBODY}:1")],
    "deny": [desk("deny", NOBODY)],
    "request": [desk("request", NOBODY)],
    "parked_retry": [desk("parked_retry", NOBODY)],
    "parked_close": [desk("parked_close", NOBODY)],
    "erase_user": [desk("erase_user", "1")],
    "erase_me": [
        Pressed(
            id=lambda cell, _: f"v1:q:erase_me:{cell.who.id if cell.person == 'stranger' else 1}",
            who=("stranger",), refusal=NOT_YOURS,
        ),
    ],
    "setup": [desk("setup", "begin")],
    "setup_limits": [desk("setup_limits", "ask", fill={"images": "500"})],
    "pick_language": [picked("language", "t", ["fr"])],
    "pick_channels": [picked("channels", "c", [])],
    "pick_model": [picked("model", "t", ["demo/studio"])],
    "pick_log": [picked("log", "c", [])],
}  # fmt: skip
NOT_THERE = {"approve", "deny", "request", "parked_retry", "parked_close"}
"""What admins are told here: that it is gone. Their real deeds are in test_admins, test_admin_story and test_parked."""


@pytest.fixture
async def registered() -> AsyncIterator[AtelierBot]:
    async with AtelierBot(user_install=False) as bot:
        for cog in COGS:
            await bot.load_extension(cog)
        yield bot


class Tour:
    """Does each deed in each cell and judges what came of it."""

    def __init__(self, stage: Stage, corners: list[list[Cell]]) -> None:
        self.stage, self.corners = stage, corners
        self.things = {(corner[0].language, corner[0].place): Things() for corner in corners}
        self.seen: dict[str, dict[Cell, str]] = {}
        self.windows: set[str] = set()
        self.carriers: set[int] = set()
        self.wrong: list[str] = []

    def of(self, cell: Cell) -> Things:
        return self.things[cell.language, cell.place]

    async def judge(
        self, name: str, deed: Deed, cell: Cell, asked: Interaction, *, hidden: bool = False
    ) -> None:
        expected = deed.expected(cell)
        try:
            heard = await told(asked, drawn=deed.drawn and expected is None, refused=expected is not None)
        except NoAnswer as silent:
            self.wrong.append(f"silent: {name} · {cell}: {silent}")
            return
        sign = self._judged(name, deed, cell, heard, expected)
        if heard.modal is not None and deed.fill is not None:
            self.windows.add(heard.modal.custom_id.split(":")[1])
            sent = await self.stage.discord.submit(cell.who, heard.modal, deed.fill)
            then = await told(sent, drawn=heard.modal.custom_id.split(":")[1] in _DRAWS)
            sign += " → " + self._judged(name, deed, cell, then, None)
        self.seen.setdefault(name, {})[cell] = f"(hidden) {sign}" if hidden else sign

    def _judged(self, name: str, deed: Deed, cell: Cell, heard: Told, expected: AtelierError | None) -> str:
        where = f"{name} · {cell}: {heard.text[:300]!r}"
        if expected is not None and not is_said(expected, heard, cell):
            self.wrong.append(f"not refused ({expected}): {where}")
        if expected is None and name not in NOT_THERE:
            self.wrong += [f"refused: {where}" for one in REFUSALS if is_said(one, heard, cell)]
        if (deed.speaks or expected) and (found := foreign(heard.text, cell.language)):
            self.wrong.append(f"not {cell.language} {found}: {where}")
        if not heard.text and heard.sign != "done" and not (heard.message and heard.message.pictures):
            self.wrong.append(f"nothing: {where}")
        return f"no ({getattr(expected, 'what', '')})" if expected is not None else heard.sign

    async def type(self, name: str, deed: Typed, cell: Cell) -> None:
        discord, hidden = self.stage.discord, False
        try:
            asked = await discord.slash(cell.who, cell.channel, name, deed.options(cell))
        except NotPossible:
            hidden = True
            asked = await discord.slash(cell.who, cell.channel, name, deed.options(cell), force=True)
        await self.judge(f"/{name}", deed, cell, asked, hidden=hidden)

    async def choose_from_menu(self, name: str, deed: Typed, cell: Cell) -> None:
        posted = cell.channel.post(cell.owner.user if cell.place == "dm" else cell.owner, "", [picture()])
        await self.judge(name, deed, cell, await self.stage.discord.menu(cell.who, posted, name))

    async def press(self, name: str, deed: Pressed, cell: Cell) -> None:
        custom_id, things = deed.id(cell, self.of(cell)), self.of(cell)
        values = deed.choose(cell, things) if deed.choose else None
        # A vote is counted on the card itself, which has the pictures.
        carrier = things.comparison if name == "vote" else self._carrier(cell, custom_id, values)
        assert carrier is not None
        discord = self.stage.discord
        if values is None:
            asked = await discord.click(cell.who, carrier, custom_id=custom_id)
        else:
            asked = await discord.choose(cell.who, carrier, custom_id, values)
        await self.judge(name, deed, cell, asked)

    def _carrier(self, cell: Cell, custom_id: str, values: list[str] | None) -> Message:
        """A message of the bot's with that button or menu, as its own are: plain ones under words, the others V2."""
        plain = custom_id.split(":")[1] in ("q", "t", "c")
        message = cell.channel.post(self.stage.discord.bot, PROMPT if plain else "")
        self.carriers.add(message.id)
        component: dict[str, object] = {
            "type": 2,
            "style": 2,
            "label": PROMPT,
            "custom_id": custom_id,
            "id": 900,
        }
        if values is not None:
            options = [{"label": one, "value": one} for one in values]
            component = {"type": 3, "custom_id": custom_id, "options": options, "id": 900}
            if custom_id.startswith("v1:c:"):
                component = {"type": 8, "custom_id": custom_id, "min_values": 0, "id": 900}
        rows: list[dict[str, object]] = [{"type": 1, "id": 899, "components": [component]}]
        if not plain:
            message.flags |= V2
            rows.insert(0, {"type": 10, "id": 898, "content": PROMPT})
        message.components[:] = rows
        return message

    async def look_at_choices(self) -> list[str]:
        """What is offered while each option is typed that offers something, to admins in their language."""
        told: list[str] = []
        options = [
            (name, str(option["name"]))
            for command in self.stage.discord.commands
            for name, known in paths(command)
            for option in known
            if option.get("autocomplete")
        ]
        admins_here = [cell for corner in self.corners for cell in corner if cell.person == "admin"]
        for name, option in options:
            counts: list[str] = []
            for cell in (one for one in admins_here if one.place == "server"):
                choices = await self.stage.discord.autocomplete(
                    cell.who, cell.channel, name, focused=(option, "")
                )
                shown = "\n".join(str(one["name"]) for one in choices if one["name"] != one["value"])
                if found := foreign(shown, cell.language):
                    self.wrong.append(f"not {cell.language} {found}: /{name} {option}: {shown[:200]!r}")
                counts.append(f"{cell.language} {len(choices)}")
            told.append(f"- `/{name} {option}`: {', '.join(counts)}")
        return told

    async def make_boards(self, cell: Cell) -> None:
        for name in ("wall", "gone", "named", "shared") if cell.person == "member" else ():
            options = {"name": f"{PROMPT} {name} {cell.place}"}
            asked = await self.stage.discord.slash(cell.who, cell.channel, "board create", options)
            await asked.says(PROMPT, 10)

    async def prepare(self, cell: Cell) -> None:
        """What the deeds are about, by the member of each corner."""
        if cell.person != "member":
            return
        discord, things = self.stage.discord, self.of(cell)
        asked = await discord.slash(
            cell.who, cell.channel, "imagine", {"prompt": PROMPT, "count": 2, **SMALL}
        )
        things.image = _id(await asked.card(30), "repeat")
        asked = await discord.slash(cell.who, cell.channel, "describe", {"image": picture()})
        things.described = _id(await asked.card(30), "imagine")
        await self.make_boards(cell)
        listed = await (await discord.slash(cell.who, cell.channel, "board list")).says(PROMPT, 10)
        boards = dict(listed.selects[0].options)
        things.wall, things.gone = (boards[f"{PROMPT} {name} {cell.place}"] for name in ("wall", "gone"))
        keeping = self._carrier(cell, f"v1:s:board_add:{things.image}", [things.wall])
        await (await discord.choose(cell.who, keeping, None, [things.wall])).answered()
        drafts: list[str] = []
        for _ in range(2):
            window = await (await discord.slash(cell.who, cell.channel, "batch")).modal()
            offer = await discord.submit(cell.who, window, {"script": f"{PROMPT}\n{PROMPT}"})
            drafts.append(
                _id(await offer.until(lambda one: one if one.buttons else None, 10), "p:batch_confirm")
            )
        things.batch, things.dropped = drafts
        options = COMMANDS["compare"].options(cell)
        asked = await discord.slash(cell.who, cell.channel, "compare", options)
        voted = await asked.until(lambda one: one if len(one.buttons) > 1 else None, 30)
        things.compared, things.comparison = _id(voted, "p:vote").partition(":")[0], voted


_DRAWS = frozenset({"change", "vary", "edit", "upscale", "retell", "editfound", "varyfound"})


def _id(message: Message, action: str) -> str:
    """What a button of that action is about."""
    found = re.search(rf"v1:{action}:([^\"']+)", str([one.custom_id for one in message.buttons]))
    assert found, (action, message)
    return found[1]


OPENED_BY_COMMANDS = {"script", "key", "editfound", "varyfound"}
OPENED_BY_BUTTONS = {"change", "vary", "edit", "upscale", "retell", "board_new", "limits"}


def test_nothing_that_is_registered_is_missing_here(registered: AtelierBot) -> None:
    assert set(registered.presses) == PRESSES.keys(), "say here who may press a new button"
    assert set(registered.desks) == DESKS.keys()
    assert set(registered.submits) == OPENED_BY_COMMANDS | OPENED_BY_BUTTONS


@pytest.mark.timeout(_SECONDS)
async def test_every_command_answers_everybody_everywhere_in_their_language(whole: Stage) -> None:
    typed = {name for command in whole.discord.commands if command["type"] == 1 for name, _ in paths(command)}
    assert typed == COMMANDS.keys(), "say here who may type a new command, and how"
    assert {str(one["name"]) for one in whole.discord.commands if one["type"] == 3} == MENUS.keys()
    tour = Tour(whole, everybody(whole))
    await in_corners(tour.corners, tour.make_boards)
    for name, deed in COMMANDS.items():
        await in_corners(tour.corners, lambda cell, n=name, d=deed: tour.type(n, d, cell))
    for name, deed in MENUS.items():
        await in_corners(tour.corners, lambda cell, n=name, d=deed: tour.choose_from_menu(n, d, cell))
    offered = await tour.look_at_choices()
    print(table("command", tour.seen), "", "Offered while typing, for nothing typed:", *offered, sep="\n")
    assert tour.windows == OPENED_BY_COMMANDS
    assert not tour.wrong, "\n".join(tour.wrong)
    assert not errors_logged(whole)


@pytest.mark.timeout(_SECONDS)
async def test_every_button_menu_and_window_works_after_a_restart_for_everybody_everywhere(
    whole: Stage,
) -> None:
    tour = Tour(whole, everybody(whole))
    await in_corners(tour.corners, tour.prepare)
    await whole.bot.stop()
    await whole.bot.start()
    # What the others are about goes last.
    for name, deeds in sorted((PRESSES | DESKS).items(), key=lambda one: one[0] == "delete"):
        for deed in deeds:
            await in_corners(tour.corners, lambda cell, n=name, d=deed: tour.press(n, d, cell))
    print(table("button or menu, after a restart", tour.seen))
    assert tour.windows == OPENED_BY_BUTTONS
    assert not tour.wrong, "\n".join(tour.wrong)
    assert not errors_logged(whole)
