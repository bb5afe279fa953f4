"""Reading component trees: what they show, what can be pressed, which files they point to."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from bot.playground.jsonic import Json, as_int, as_object, objects, present

if TYPE_CHECKING:
    from bot.playground.cdn import Attachment


class Kind(IntEnum):
    """Discord's numbers for components."""

    ACTION_ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    SECTION = 9
    TEXT_DISPLAY = 10
    THUMBNAIL = 11
    MEDIA_GALLERY = 12
    FILE = 13
    SEPARATOR = 14
    CONTAINER = 17
    LABEL = 18
    FILE_UPLOAD = 19
    RADIO_GROUP = 21
    CHECKBOX_GROUP = 22
    CHECKBOX = 23


SELECTS = frozenset(
    {Kind.STRING_SELECT, Kind.USER_SELECT, Kind.ROLE_SELECT, Kind.MENTIONABLE_SELECT, Kind.CHANNEL_SELECT}
)
ONLY_V2 = frozenset(
    {
        Kind.SECTION,
        Kind.TEXT_DISPLAY,
        Kind.THUMBNAIL,
        Kind.MEDIA_GALLERY,
        Kind.FILE,
        Kind.SEPARATOR,
        Kind.CONTAINER,
    }
)
LINK_STYLE, PREMIUM_STYLE = 5, 6


def walk(components: list[Json], at: str = "components") -> Iterator[tuple[str, Json]]:
    """Each component with its path, nested ones included, in the order in which they are shown."""
    for index, component in enumerate(components):
        here = f"{at}.{index}"
        yield here, component
        yield from walk(objects(component.get("components")), f"{here}.components")
        for slot in ("accessory", "component"):
            if child := as_object(component.get(slot)):
                yield f"{here}.{slot}", child


def each(components: list[Json]) -> Iterator[Json]:
    return (component for _, component in walk(components))


def media(components: list[Json]) -> Iterator[tuple[Json, str | None]]:
    """Each media object (the dict with `url`) with its description, in the order of showing."""
    for component in each(components):
        match component.get("type"):
            case Kind.THUMBNAIL:
                yield as_object(component.get("media")), component.get("description")
            case Kind.MEDIA_GALLERY:
                for item in objects(component.get("items")):
                    yield as_object(item.get("media")), item.get("description")
            case Kind.FILE:
                yield as_object(component.get("file")), None
            case _:
                pass


def with_ids(components: list[Json]) -> list[Json]:
    """A copy in which each component has an id, as Discord gives them: those that lack one are counted through."""
    own = copy.deepcopy(components)
    taken = {component["id"] for component in each(own) if component.get("id")}
    number = 0
    for component in each(own):
        if not component.get("id"):
            number += 1
            while number in taken:
                number += 1
            component["id"] = number
        if emoji := as_object(component.get("emoji")):
            component["emoji"] = present(emoji)  # an emoji of Unicode has no id
    return own


def resolved(components: list[Json], find: Callable[[str], Attachment | None]) -> list[Json]:
    """A copy in which every address of a file became the full media object that Discord sends back."""
    shown = copy.deepcopy(components)
    for target, _ in media(shown):
        url = str(target.get("url", ""))
        attachment = find(url)
        if attachment is not None:
            target |= attachment.to_media()
        else:
            target |= {"proxy_url": url, "width": None, "height": None, "loading_state": 2, "flags": 0}
    for component in each(shown):
        if component.get("type") == Kind.FILE:
            attachment = find(str(as_object(component.get("file")).get("url", "")))
            if attachment is not None:
                component |= {"name": attachment.filename, "size": attachment.size}
    return shown


def text_of(components: list[Json]) -> list[str]:
    """What a reader reads, without the labels of buttons."""
    return [
        str(component["content"])
        for component in each(components)
        if component.get("type") == Kind.TEXT_DISPLAY
    ]


@dataclass(frozen=True)
class Button:
    """A button as its reader sees it."""

    label: str
    custom_id: str | None
    style: int
    emoji: str
    disabled: bool
    url: str | None
    component_id: int


@dataclass(frozen=True)
class Select:
    """A select menu; `options` are (label, value) and empty for those that list users, roles or channels."""

    custom_id: str
    kind: Kind
    placeholder: str
    options: tuple[tuple[str, str], ...]
    min_values: int
    max_values: int
    disabled: bool
    component_id: int


def buttons_of(components: list[Json]) -> list[Button]:
    return [_button(component) for component in each(components) if component.get("type") == Kind.BUTTON]


def selects_of(components: list[Json]) -> list[Select]:
    return [_select(component) for component in each(components) if component.get("type") in SELECTS]


def _button(component: Json) -> Button:
    return Button(
        label=component.get("label") or "",
        custom_id=component.get("custom_id"),
        style=as_int(component.get("style")) or 0,
        emoji=str(as_object(component.get("emoji")).get("name") or ""),
        disabled=bool(component.get("disabled")),
        url=component.get("url"),
        component_id=as_int(component.get("id")) or 0,
    )


def _select(component: Json) -> Select:
    least = as_int(component.get("min_values"))
    return Select(
        custom_id=str(component.get("custom_id")),
        kind=Kind(component["type"]),
        placeholder=component.get("placeholder") or "",
        options=tuple((str(o.get("label")), str(o.get("value"))) for o in objects(component.get("options"))),
        min_values=1 if least is None else least,
        max_values=as_int(component.get("max_values")) or 1,
        disabled=bool(component.get("disabled")),
        component_id=as_int(component.get("id")) or 0,
    )
