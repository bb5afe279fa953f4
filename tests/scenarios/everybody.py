"""Everybody in every place: two languages, a server, a thread and direct messages, four kinds of people; and a judge.

The judge reads an answer as its reader would: in time, in their language, refused in the words of the refusal.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from bot.errors import AtelierError
from bot.i18n import texts_for
from bot.marks import with_links
from bot.playground import Answer
from bot.playground.errors import NoAnswer
from bot.playground.forms import Modal
from bot.playground.interactions import ANSWER_SECONDS, Interaction
from bot.playground.messages import Message
from bot.playground.people import Member, User
from bot.playground.places import Channel
from bot.replies import reply_to
from tests.scenarios.conftest import Stage
from tests.texts import french

LANGUAGES = ("en-US", "fr")
PLACES = ("server", "thread", "dm")
PEOPLE = ("stranger", "moderator", "admin", "member")
"""The member comes last: things that the deeds are about are theirs, and so is what ends them."""

_WHOLE_SECONDS = 30.0
_PATIENCE = 0.4
"""For a button that may say nothing, as Cancel does where all is over."""
_ENGLISH = re.compile(
    r"\b(?:the|and|with|your|you|of|is|are|was|not|this|that|what|which|from|by|may|its)\b", re.IGNORECASE
)
_FRENCH = re.compile(r"\b(?:les|des|une|pour|avec|dans|ton|tes|qui|pas|est|sont|sur|cette)\b", re.IGNORECASE)
_NOBODYS = re.compile(r"```.*?```|`[^`]*`|<[^>]*>|https?://\S+|\*\*zorro[^*]*\*\*|zorro\w*", re.DOTALL)
"""What is in no language, or a person's own words: code, mentions, links, and the prompts of these tests."""


@dataclass(frozen=True, eq=False)
class Cell:
    """Somebody in a place. `owner` is the member of this language, whose things are here."""

    stage: Stage
    language: str
    place: str
    person: str
    who: Member | User
    owner: Member
    channel: Channel

    def __str__(self) -> str:
        return f"{self.language} {self.place} {self.person}"


def everybody(stage: Stage) -> list[list[Cell]]:
    """The corners (a language in a place), each with its people in order; a direct message has one."""
    corners: list[list[Cell]] = []
    for language in LANGUAGES:
        rights = {"moderator": "manage_messages", "admin": "manage_guild"}
        people = {
            person: stage.guild.add_member(
                f"{person}-{language}", permissions=rights.get(person, 0), locale=language
            )
            for person in PEOPLE
        }
        owner = people["member"]
        for place in PLACES:
            channel = {
                "server": lambda: stage.guild.add_channel(f"studio-{language}"),  # noqa: B023
                "thread": lambda: stage.channel.add_thread(f"thread-{language}", owner=owner),  # noqa: B023
                "dm": lambda: stage.discord.dm(owner),  # noqa: B023
            }[place]()
            here = {"member": owner.user} if place == "dm" else people
            corners.append(
                [
                    Cell(stage, language, place, person, here[person], owner, channel)
                    for person in PEOPLE
                    if person in here
                ]
            )
    return corners


@dataclass(frozen=True)
class Told:
    """What somebody got: `sign` for the table, `text` all that can be read."""

    sign: str
    text: str
    message: Message | None = None
    modal: Modal | None = None


async def told(asked: Interaction, *, drawn: bool, refused: bool = False) -> Told:
    """The answer once it is whole; a picture's after it is finished. Raises AssertionError for a late one."""
    answer = await asked.answered()
    assert asked.first_answer_seconds is not None
    assert asked.first_answer_seconds < ANSWER_SECONDS, asked
    if answer is Answer.MODAL:
        modal = await asked.modal()
        return Told("window", "\n".join(modal_texts(modal)), modal=modal)
    if answer in (Answer.DEFERRED_UPDATE, Answer.UPDATE):
        return await _updated(asked, _WHOLE_SECONDS if refused else _PATIENCE)
    message = await asked.channel.signal.until(
        lambda: _whole(asked, drawn=drawn),
        _WHOLE_SECONDS,
        lambda: f"no whole answer: {asked!r}, {asked.followups}",
    )
    return Told(_sign(message), read(message), message=message)


async def _updated(asked: Interaction, patience: float) -> Told:
    """A refusal comes as a word of its own; without one the message itself changes, or goes."""
    source = asked.source
    assert source is not None

    def look() -> Message | None:
        if asked.followups:
            return asked.followups[-1]
        return source if source.edits or source.deleted else None

    try:
        message = await asked.channel.signal.until(look, patience, lambda: "")
    except NoAnswer:
        message = source
    if message is source:
        return Told("done", "" if source.deleted else read(source), message=source)
    return Told(_sign(message), read(message), message=message)


def _whole(asked: Interaction, *, drawn: bool) -> Message | None:
    if asked.followups:
        return asked.followups[-1]
    message = asked.message
    if message is None or message.loading or message.text.startswith("-# "):
        return None
    if drawn and not message.pictures and "v1:cancel:" in str(message.components):
        return None
    preview = any(file.filename.startswith("preview_") for file in message.shown_files)
    return message if (message.text or message.pictures) and not preview else None


def _sign(message: Message) -> str:
    what = "picture" if message.pictures else "words"
    return f"{what}, alone" if message.ephemeral else what


def read(message: Message) -> str:
    """All that its reader reads: words, labels, menus."""
    parts = [message.text, *(button.label for button in message.buttons)]
    for select in message.selects:
        parts += [select.placeholder, *(label for label, value in select.options if label != value)]
    return "\n".join(part for part in parts if part)


def modal_texts(modal: Modal) -> Iterator[str]:
    yield modal.title
    for field in modal.fields:
        yield field.label
        yield from (label for label, value in field.options if label != value)


def is_said(error: AtelierError, heard: Told, cell: Cell) -> bool:
    words = with_links(reply_to(error, texts_for(cell.language)))
    return _plain(words) in _plain(heard.text)


def _plain(text: str) -> str:
    """Links and times differ from process to process."""
    return re.sub(r"</([^:>]+):\d+>", r"`/\1`", text)


def foreign(text: str, language: str) -> list[str]:
    """What in an answer is in the other language: pieces of its catalogue, and words that only it has."""
    own = _NOBODYS.sub(" ", text)
    if language == "fr":
        return [piece for piece in _PIECES if piece in own] + _ENGLISH.findall(own)
    return _FRENCH.findall(own)


def _pieces() -> list[str]:
    """What the English messages consist of between their values, where French says it in another way."""
    catalogue = [
        (found.id, found.string) if isinstance(found.id, str) else (found.id[-1], (found.string or ("",))[-1])
        for found in french()
        if found.id
    ]
    said = "\n".join(str(own) for _, own in catalogue)
    pieces = {
        piece.strip(" *_-#·:.,")
        for message, _ in catalogue
        for piece in re.split(r"\{[^}]*\}|\n|`[^`]*`", str(message))
    }
    return [piece for piece in pieces if len(piece) > 9 and " " in piece and piece not in said]


_PIECES = _pieces()


def errors_logged(stage: Stage) -> list[str]:
    found: list[str] = []
    for line in stage.bot.log().splitlines():
        try:
            entry: Mapping[str, object] = json.loads(line)
        except ValueError:
            found += [line] if "Traceback" in line or "Error" in line else []
            continue
        if entry.get("level") in ("error", "critical"):
            found.append(line)
    return found


def table(title: str, seen: Mapping[str, Mapping[Cell, str]]) -> str:
    """What each got, by place; where all people of a place got the same, once. French differs nowhere, or is named."""
    lines = [f"| {title} | {' | '.join(PLACES)} |", "|---|" + "---|" * len(PLACES)]
    for name, cells in seen.items():
        columns: list[str] = []
        for place in PLACES:
            here = sorted(
                ((sign, cell.person, cell.language) for cell, sign in cells.items() if cell.place == place)
            )
            groups = [
                (sign, list(dict.fromkeys(person for _, person, _ in rows)))
                for sign, rows in ((sign, list(rows)) for sign, rows in groupby(here, key=lambda one: one[0]))
            ]
            columns.append(
                groups[0][0]
                if len(groups) == 1
                else "; ".join(f"{', '.join(people)}: {sign}" for sign, people in groups)
            )
        lines.append(f"| `{name}` | {' | '.join(columns)} |")
    return "\n".join(lines)


async def in_corners(
    corners: list[list[Cell]], each: Callable[[Cell], Awaitable[None]], *, at_once: int = 6
) -> None:
    """`each` for every cell: corners side by side, the people of one in their order."""
    room = asyncio.Semaphore(at_once)

    async def one(corner: list[Cell]) -> None:
        for cell in corner:
            async with room:
                await each(cell)

    await asyncio.gather(*(one(corner) for corner in corners))
