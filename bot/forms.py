"""The windows (Discord's modals) in which a member says how to go on, and what comes back from them.

Only their shapes are here: what they send is read from the event (`AtelierBot.on_interaction`), so that a window which
was opened before a restart works after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.directions import VARIED
from bot.i18n import Texts
from bot.uploads import Found
from bot.wording import cut

STRENGTHS = {"subtle": 0.3, "medium": 0.55, "strong": 0.8}
"""How far from the picture: 0.0 keeps it, 1.0 forgets it."""

PROMPT, WHICH, SIZE, QUALITY, FILES, DIRECTION, STRENGTH = (
    "prompt", "which", "size", "quality", "files", "direction", "strength",
)  # fmt: skip
"""The fields' custom ids."""

_SECONDS = 15 * 60.0
"""A dismissed window sends nothing: without an end each would stay in the library's memory."""

_TITLE, _LABEL, _HINT, _OPTIONS, _FILES, _WORDS = 45, 45, 100, 25, 10, 4000
"""Discord's limits."""

Pictures = Sequence[tuple[str, str]]
"""(value, label) of each picture that may be meant; one alone is not asked for."""


class Form(ui.Modal):
    def __init__(self, title: str, custom_id: str) -> None:
        super().__init__(title=cut(title, _TITLE), custom_id=custom_id, timeout=_SECONDS)

    def ask(self, label: str, item: ui.Item[ui.Modal], hint: str | None = None) -> None:
        described = cut(hint, _HINT) if hint else None
        self.add_item(ui.Label(text=cut(label, _LABEL), component=item, description=described))

    def ask_words(
        self, label: str, hint: str, *, words: str = "", required: bool = True, note: str | None = None
    ) -> None:
        item = ui.TextInput[ui.Modal](
            custom_id=PROMPT,
            style=discord.TextStyle.paragraph,
            max_length=_WORDS,
            default=words[:_WORDS] or None,
            required=required,
            placeholder=cut(hint, 100),
        )
        self.ask(label, item, note)

    def ask_choice(self, name: str, label: str, hint: str, words: Sequence[str], chosen: str | None) -> None:
        """A menu that may be left alone; it is not there when there is nothing to choose."""
        options = [
            discord.SelectOption(label=word, value=word, default=word == chosen) for word in words[:_OPTIONS]
        ]
        if len(options) > 1:
            menu = ui.Select[ui.Modal](
                custom_id=name, placeholder=cut(hint, 150), options=options, required=False, min_values=0
            )
            self.ask(label, menu)

    def ask_one_picture(self, t: Texts, pictures: Pictures) -> None:
        if len(pictures) > 1:
            choice = ui.RadioGroup[ui.Modal](custom_id=WHICH, required=True)
            for place, (value, label) in enumerate(pictures):
                choice.add_option(label=cut(label, 100), value=value, default=place == 0)
            self.ask(t("Which picture"), choice)

    def ask_pictures(self, t: Texts, pictures: Pictures) -> None:
        if len(pictures) > 1:
            boxes = ui.CheckboxGroup[ui.Modal](custom_id=WHICH, required=True, min_values=1)
            for place, (value, label) in enumerate(pictures):
                boxes.add_option(label=cut(label, 100), value=value, default=place == 0)
            self.ask(t("Which picture"), boxes, t("Several go into one new picture together"))


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What a model lets one choose, and what is chosen already."""

    sizes: Sequence[str]
    qualities: Sequence[str]
    more_files: int = 0
    size: str | None = None
    quality: str | None = None


def edit_form(t: Texts, custom_id: str, pictures: Pictures, offered: Offered) -> Form:
    form = Form(t("Edit this picture"), custom_id)
    form.ask_words(t("What should change"), t("Make it night, add a lantern…"))
    form.ask_pictures(t, pictures)
    _ask_how(t, form, offered, as_is=t("As the picture"))
    if offered.more_files > 0:
        upload = ui.FileUpload[ui.Modal](
            custom_id=FILES, required=False, min_values=0, max_values=min(_FILES, offered.more_files)
        )
        form.ask(t("More pictures to take from"), upload)
    return form


def change_form(t: Texts, custom_id: str, prompt: str, offered: Offered) -> Form:
    form = Form(t("Change and repeat"), custom_id)
    whole = len(prompt) <= _WORDS
    note = None if whole else t("It was longer than this window holds: the end is missing")
    form.ask_words(t("The prompt"), t("What you would like to see"), words=prompt, note=note)
    _ask_how(t, form, offered, as_is=t("As it was"))
    return form


def vary_form(t: Texts, custom_id: str, pictures: Pictures) -> Form:
    form = Form(t("Vary this picture"), custom_id)
    form.ask_one_picture(t, pictures)
    direction = ui.RadioGroup[ui.Modal](custom_id=DIRECTION, required=True)
    direction.add_option(label=t("As it comes"), value="free", default=True)
    for name, one in VARIED.items():
        direction.add_option(label=f"{one.emoji} {t(one.label)}", value=name)
    form.ask(t("In which direction"), direction)
    strength = ui.RadioGroup[ui.Modal](custom_id=STRENGTH, required=True)
    for name, label in (("subtle", t("subtle")), ("medium", t("medium")), ("strong", t("strong"))):
        strength.add_option(label=label, value=name, default=name == "medium")
    form.ask(t("How far from the picture"), strength)
    form.ask_words(t("In your words, if you like"), t("What may be different"), required=False)
    return form


def which_form(t: Texts, title: str, custom_id: str, pictures: Pictures) -> Form:
    form = Form(title, custom_id)
    form.ask_one_picture(t, pictures)
    return form


def _ask_how(t: Texts, form: Form, offered: Offered, *, as_is: str) -> None:
    form.ask_choice(SIZE, t("Size"), as_is, offered.sizes, offered.size)
    form.ask_choice(QUALITY, t("Quality"), as_is, offered.qualities, offered.quality)


class Filled:
    """What a window sent, by the fields' custom ids, from the event as Discord sends it."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._values: dict[str, Any] = {}
        self._files: Mapping[str, Any] = data.get("resolved", {}).get("attachments", {})
        pending: list[Any] = list(data.get("components", ()))
        while pending:
            component = pending.pop()
            pending += component.get("components", ())
            if isinstance(inner := component.get("component"), dict):
                pending.append(inner)
            if "custom_id" in component:
                self._values[component["custom_id"]] = component.get("value", component.get("values"))

    def text(self, name: str) -> str:
        value = self._values.get(name)
        return value if isinstance(value, str) else ""

    def chosen(self, name: str) -> list[str]:
        """Of any kind of choice; none where nothing was chosen."""
        value = self._values.get(name)
        return [value] if isinstance(value, str) else [str(one) for one in value or ()]

    def choice(self, name: str) -> str | None:
        return next(iter(self.chosen(name)), None)

    def files(self, name: str) -> list[Found]:
        found = [self._files[number] for number in self.chosen(name) if number in self._files]
        return [Found(filename=one["filename"], size=int(one["size"]), url=one["url"]) for one in found]
